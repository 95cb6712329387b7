"""Does the empty password open a PDF? ISO 32000-2 section 7.6.4, revisions 2 to 6."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from scanner.content.formats.ciphers import aes_cbc_encrypted, md5, rc4
from scanner.model.frozen import dataclass

_PADDING: Final = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_MOST_ROUNDS: Final = 512
_TOLD_ROUNDS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What the encryption dictionary says. ``length`` is the key's, in bytes."""

    revision: int
    length: int
    owner: bytes
    user: bytes
    permissions: int
    identifier: bytes
    metadata: bool


def opens_without_password(lock: Lock) -> bool:
    """Whether the empty user password opens the file: then it needs none."""
    if lock.revision in {2, 3, 4}:
        return _opens_old(lock)
    if len(lock.user) < 48:
        return False
    salt = lock.user[32:40]
    if lock.revision == 5:
        return hmac.compare_digest(hashlib.sha256(salt).digest(), lock.user[:32])
    return hmac.compare_digest(_hardened(salt), lock.user[:32])


def _opens_old(lock: Lock) -> bool:
    """Algorithms 2, 4 and 5: the key from the padded password, then what it makes of padding."""
    data = _PADDING + lock.owner[:32] + (lock.permissions & 0xFFFFFFFF).to_bytes(4, "little")
    data += lock.identifier
    if lock.revision == 4 and not lock.metadata:
        data += b"\xff\xff\xff\xff"
    key = md5(data)
    if lock.revision == 2:
        return hmac.compare_digest(rc4(key[:5], _PADDING), lock.user[:32])
    length = min(max(lock.length, 5), 16)
    for _ in range(50):
        key = md5(key[:length])
    key = key[:length]
    told = md5(_PADDING + lock.identifier)
    for number in range(20):
        told = rc4(bytes(byte ^ number for byte in key), told)
    return hmac.compare_digest(told, lock.user[:16])


def _hardened(salt: bytes) -> bytes:
    """Algorithm 2.B for an empty user password."""
    key = hashlib.sha256(salt).digest()
    for number in range(_MOST_ROUNDS):
        text = aes_cbc_encrypted(key[:16], key[16:32], key * 64)
        digest = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(text[:16]) % 3]
        key = digest(text).digest()
        if number >= _TOLD_ROUNDS - 1 and text[-1] <= number - 31:
            break
    return key[:32]
