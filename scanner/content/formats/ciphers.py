"""The ciphers and digests that built-in and empty passwords are tried with."""

from __future__ import annotations

import hashlib

# The library is loaded where a file needs it: most runs meet none.


def md5(data: bytes) -> bytes:
    """Return the MD5 digest that an old format wants."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def sha1(data: bytes) -> bytes:
    """Return the SHA-1 digest that an old format wants."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def rc4(key: bytes, data: bytes) -> bytes:
    """Return what RC4 makes of ``data``. ``ValueError`` for an empty key."""
    if not key:
        raise ValueError
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 0xFF
        state[i], state[j] = state[j], state[i]
    output = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) & 0xFF
        j = (j + state[i]) & 0xFF
        state[i], state[j] = state[j], state[i]
        output.append(byte ^ state[(state[i] + state[j]) & 0xFF])
    return bytes(output)


def aes_cbc_encrypted(key: bytes, vector: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks. ``ValueError`` for a key or vector of a wrong length."""
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.modes import CBC  # noqa: PLC0415 - see above

    machine = Cipher(AES(key), CBC(vector)).encryptor()
    return machine.update(data) + machine.finalize()


def aes_cbc_decrypted(key: bytes, vector: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks. ``ValueError`` for a key or vector of a wrong length."""
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.modes import CBC  # noqa: PLC0415 - see above

    machine = Cipher(AES(key), CBC(vector)).decryptor()
    return machine.update(data) + machine.finalize()


def aes_block_decrypted(key: bytes, block: bytes) -> bytes:
    """Decrypt one block without chaining. ``ValueError`` for a key of a wrong length."""
    return aes_cbc_decrypted(key, bytes(16), block)
