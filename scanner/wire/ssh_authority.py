"""Whether an authority signed an OpenSSH certificate."""

from __future__ import annotations

import base64
import warnings

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from cryptography.utils import CryptographyDeprecationWarning

from scanner.wire.ssh import Fields, SshSyntaxError
from scanner.wire.ssh_keys import key_type

_LARGEST_MODULUS = 16_384
_RSA_HASHES = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_CURVE_HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def is_signed(authority: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is the authority's over ``message``, in a way that is known.

    ``authority`` is a public key blob, ``signature`` one of a signature. Never raises.
    """
    try:
        fields = Fields(signature)
        algorithm, value = fields.string(), fields.string()
        if fields.left or _is_huge(authority):
            return False
        line = key_type(authority).encode() + b" " + base64.b64encode(authority)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            key = load_ssh_public_key(line)
        _verify(key, algorithm, value, message)
    except (SshSyntaxError, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _is_huge(authority: bytes) -> bool:
    """Whether verifying would take long: RSA keys have no bound of their own."""
    return len(authority) > _LARGEST_MODULUS // 8 + 1_024


def _verify(key: object, algorithm: bytes, value: bytes, message: bytes) -> None:
    """Raise ``InvalidSignature`` unless the value is the key's signature of the message."""
    match key:
        case ed25519.Ed25519PublicKey() if algorithm == b"ssh-ed25519":
            key.verify(value, message)
        case rsa.RSAPublicKey() if algorithm in _RSA_HASHES:
            # RFC 8332 section 3 lets no zeros be left out, and servers do so all the same.
            padded = value.rjust((key.key_size + 7) // 8, b"\0")
            key.verify(padded, message, padding.PKCS1v15(), _RSA_HASHES[algorithm])
        case ec.EllipticCurvePublicKey() if algorithm == _ecdsa_name(key):
            numbers = Fields(value)
            r, s = (int.from_bytes(numbers.string(), "big") for _ in range(2))
            digest = _CURVE_HASHES[key.curve.key_size]
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
        case _:
            raise InvalidSignature


def _ecdsa_name(key: ec.EllipticCurvePublicKey) -> bytes:
    return b"ecdsa-sha2-nistp%d" % key.curve.key_size
