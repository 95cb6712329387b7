"""Whether a server holds the host key that it shows: its signature over the key exchange.

RSA and DSA are reckoned by hand, because the keys worth reporting are those that a library will
not load any more.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from scanner.wire.ssh import Fields, SshSyntaxError

CERTIFICATE = "-cert-v01@openssh.com"
"""What the name of an OpenSSH certificate ends in."""

_LARGEST_MODULUS = 16_384
_LARGEST_EXPONENT = 64
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "ecdsa-sha2-nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "ecdsa-sha2-nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "ecdsa-sha2-nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_RSA_HASHES = {
    "rsa-sha2-512": ("sha512", "3051300d060960864801650304020305000440"),
    "rsa-sha2-256": ("sha256", "3031300d060960864801650304020105000420"),
    "ssh-rsa": ("sha1", "3021300906052b0e03021a05000414"),
}
"""Hash and the DigestInfo in front of it (RFC 8017 section 9.2)."""

VERIFIABLE = frozenset({"ssh-ed25519", "ssh-dss", *_CURVES, *_RSA_HASHES})
"""Signature algorithms that can be checked here; so can certificates of such keys."""


def verify(algorithm: str, blob: bytes, signature: bytes, signed: bytes) -> None:
    """Check the signature blob of ``signed`` by the key in ``blob``.

    ``algorithm`` is the one that was negotiated (RFC 8332 section 3); that of a certificate is
    checked with the key inside. Raises ``SshSyntaxError`` where anything does not fit.
    """
    plain = algorithm.removesuffix(CERTIFICATE)
    fields = Fields(blob)
    kind = fields.string().decode("ascii", "replace")
    wanted = "ssh-rsa" if plain in _RSA_HASHES else plain
    if kind != wanted + (CERTIFICATE if plain != algorithm else ""):
        raise SshSyntaxError("the host key is of another type than negotiated")
    if plain != algorithm:
        fields.string()  # the certificate's nonce
    sent = Fields(signature)
    if sent.string().decode("ascii", "replace") != plain:
        raise SshSyntaxError("the signature is of another algorithm than negotiated")
    if not _fits(plain, fields, sent.string(), signed):
        raise SshSyntaxError("the signature of the host key does not verify")


def _fits(algorithm: str, key: Fields, signature: bytes, signed: bytes) -> bool:
    if algorithm in _RSA_HASHES:
        return _rsa(algorithm, key, signature, signed)
    if algorithm == "ssh-dss":
        return _dsa(key, signature, signed)
    try:
        if algorithm == "ssh-ed25519":
            Ed25519PublicKey.from_public_bytes(key.string()).verify(signature, signed)
        else:
            _ecdsa(algorithm, key, signature, signed)
    except ValueError as error:
        raise SshSyntaxError("the host key is no point of its curve") from error
    except InvalidSignature:
        return False
    return True


def _ecdsa(algorithm: str, key: Fields, signature: bytes, signed: bytes) -> None:
    curve, digest = _CURVES[algorithm]
    key.string()  # the name of the curve
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.string())
    numbers = Fields(signature)
    der = encode_dss_signature(_number(numbers.string()), _number(numbers.string()))
    public.verify(der, signed, ec.ECDSA(digest))


def _rsa(algorithm: str, key: Fields, signature: bytes, signed: bytes) -> bool:
    exponent, modulus = _number(key.string()), _number(key.string())
    if modulus.bit_length() > _LARGEST_MODULUS or exponent.bit_length() > _LARGEST_EXPONENT:
        raise SshSyntaxError("the RSA key is too large")
    size = (modulus.bit_length() + 7) // 8
    name, prefix = _RSA_HASHES[algorithm]
    tail = bytes.fromhex(prefix) + hashlib.new(name, signed).digest()
    if size < len(tail) + 11:
        raise SshSyntaxError("the RSA key is too small for its signature")
    padded = b"\0\1" + b"\xff" * (size - len(tail) - 3) + b"\0" + tail
    return pow(_number(signature), exponent, modulus) == _number(padded)


def _dsa(key: Fields, signature: bytes, signed: bytes) -> bool:
    p, q, g, y = (_number(key.string()) for _ in range(4))
    if p.bit_length() > _LARGEST_MODULUS // 4 or q.bit_length() > 256 or min(p, q) < 3:
        raise SshSyntaxError("the DSA key is out of bounds")
    r, s = _number(signature[:20]), _number(signature[20:])
    if len(signature) != 40 or not 0 < r < q or not 0 < s < q:
        return False
    digest = _number(hashlib.sha1(signed, usedforsecurity=False).digest())
    try:
        w = pow(s, -1, q)
    except ValueError:
        return False
    return pow(g, digest * w % q, p) * pow(y, r * w % q, p) % p % q == r


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
