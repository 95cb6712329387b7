"""Facts of an SSH public key blob (RFC 4253 section 6.6, RFC 5656, RFC 8709)."""

from __future__ import annotations

import base64
import hashlib

from scanner.model.frozen import dataclass
from scanner.model.text import neutralise
from scanner.wire.ssh import Fields, SshSyntaxError

_CERTIFICATE = "-cert-v01@openssh.com"
_PLAIN_TYPES: dict[str, tuple[str, ...]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
    "ssh-dss": ("ssh-dss",),
    "ssh-ed448": ("ssh-ed448",),
}
HOST_KEY_TYPES: dict[str, tuple[str, ...]] = _PLAIN_TYPES | {
    f"{kind}{_CERTIFICATE}": tuple(f"{name}{_CERTIFICATE}" for name in names)
    for kind, names in _PLAIN_TYPES.items()
}
"""Types of host keys, and the algorithms that make a server show one (RFC 8332: one RSA key, three
algorithms). Certificates come behind the plain keys."""

_FIXED_BITS = {
    "ssh-ed25519": 256,
    "sk-ssh-ed25519@openssh.com": 256,
    "ssh-ed448": 456,
    "ecdsa-sha2-nistp256": 256,
    "sk-ecdsa-sha2-nistp256@openssh.com": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
}
# How many strings follow the type of a plain key.
_KEY_FIELDS = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ssh-dss": 4,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """``bits`` is the modulus of RSA, the prime of DSA, or the size of the curve.

    ``fingerprint`` is ``SHA256:`` + base64 of the blob's hash, without padding; of a certificate,
    as in ``ssh-keygen -l``, that of the plain key inside.
    """

    algorithm: str
    bits: int | None
    fingerprint: str


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint that OpenSSH shows."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def read_key(blob: bytes) -> KeyFacts:
    """Read a public key or OpenSSH certificate blob. Raises ``SshSyntaxError``.

    An unknown type keeps its name and has no bits.
    """
    fields = Fields(blob)
    algorithm = neutralise(fields.string(), 80)
    if not algorithm:
        raise SshSyntaxError("the key has no type")
    if algorithm.endswith(_CERTIFICATE):
        fields.string()  # the certificate's nonce
    return KeyFacts(algorithm, _bits(plain_type(algorithm), fields), fingerprint(plain_key(blob)))


def plain_type(name: str) -> str:
    """Return the type of the key inside a certificate type; another type as it is."""
    plain = name.removesuffix(_CERTIFICATE)
    return f"{plain}@openssh.com" if plain != name and plain.startswith("sk-") else plain


def is_certificate(blob: bytes) -> bool:
    """Whether a blob begins like an OpenSSH certificate of a known type."""
    name = key_type(blob)
    return plain_type(name) != name and plain_type(name) in _KEY_FIELDS


def key_fields(blob: bytes) -> int:
    """Return how many strings the key of a known type has, beside the type; 0 for others."""
    return _KEY_FIELDS.get(plain_type(key_type(blob)), 0)


def plain_key(blob: bytes) -> bytes:
    """Return the plain key that a certificate holds, whoever signed it; other blobs as they are.

    Raises ``SshSyntaxError``.
    """
    if not is_certificate(blob):
        return blob
    fields = Fields(blob)
    fields.string(), fields.string()  # the type, and the nonce
    parts = [plain_type(key_type(blob)).encode()]
    parts += [fields.string() for _ in range(key_fields(blob))]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def key_type(blob: bytes) -> str:
    """Return the type that a blob names, or an empty string when it names none."""
    try:
        return neutralise(Fields(blob).string(), 80)
    except SshSyntaxError:
        return ""


def _bits(algorithm: str, fields: Fields) -> int | None:
    if algorithm == "ssh-rsa":
        fields.string()  # the public exponent
        return _magnitude(fields.string())
    if algorithm == "ssh-dss":
        return _magnitude(fields.string())
    return _FIXED_BITS.get(algorithm)


def _magnitude(number: bytes) -> int:
    return int.from_bytes(number, "big").bit_length()
