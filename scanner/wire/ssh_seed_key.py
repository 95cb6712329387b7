"""The public half of an Ed25519 key as SSH writes it (RFC 8709 section 4)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.wire.ssh_fields import string


def public_blob(seed: bytes) -> bytes:
    """Return the public key blob of the private key that ``seed`` (32 bytes) is."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return string(b"ssh-ed25519") + string(public)
