"""Excel's built-in password: what is locked with it opens for everybody (MS-OFFCRYPTO)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

from scanner.content.cursor import Cursor, EndError
from scanner.content.formats.ciphers import aes_block_decrypted, aes_cbc_decrypted, md5, rc4, sha1
from scanner.model.frozen import dataclass
from scanner.model.late import late

BUILT_IN: Final = "VelvetSweatshop"
_MOST_SPINS: Final = 200_000
_STANDARD_SPINS: Final = 50_000
_KEY_VALUE: Final = bytes.fromhex("146e0be7abacd0d6")
_HASHES: Final = {b"SHA1": "sha1", b"SHA256": "sha256", b"SHA384": "sha384", b"SHA512": "sha512"}
_KEY_DATA: Final = late(rb"<keyData\b([^>]{0,2000})>")
_PASSWORD_KEY: Final = late(rb"<(?:\w{1,20}:)?encryptedKey\b([^>]{0,4000})>")
_ATTRIBUTE: Final = late(rb"\b(\w{1,40})\s{0,4}=\s{0,4}[\"']([^\"']{0,400})[\"']")
_ARCHIVE: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Package:
    """How an OOXML package is locked: by AES or not, and whether the built-in password fits."""

    strong: bool
    built_in: bool


def read_package(info: bytes, start: bytes) -> Package | None:
    """Judge an EncryptionInfo and the first bytes of its EncryptedPackage.

    The password is tried by decrypting: what comes out must be an archive. None where the
    information is of no known kind.
    """
    try:
        cursor = Cursor(info)
        version = (cursor.little(2), cursor.little(2))
        if version == (4, 4):
            return _agile(info[8:], start)
        return _standard(cursor, start) if version[1] == 2 and version[0] in {2, 3, 4} else None
    except (EndError, ValueError, binascii.Error):
        return None


def _agile(xml: bytes, start: bytes) -> Package | None:
    data = _KEY_DATA.search(xml)
    if data is None:
        return None
    cipher = dict(_ATTRIBUTE.findall(data[1]))
    strong = cipher.get(b"cipherAlgorithm") == b"AES" and int(cipher.get(b"keyBits", b"0")) >= 128
    locked = _PASSWORD_KEY.search(xml)
    if locked is None or not strong:
        return Package(strong, built_in=False)
    return Package(strong, _agile_opens(cipher, dict(_ATTRIBUTE.findall(locked[1])), start))


def _agile_opens(cipher: dict[bytes, bytes], locked: dict[bytes, bytes], start: bytes) -> bool:
    """Section 2.3.4.11 to 2.3.4.15, with the built-in password, for the first block."""
    spins = int(locked.get(b"spinCount", b"-1"))
    name, data_name = (_HASHES.get(each.get(b"hashAlgorithm", b"")) for each in (locked, cipher))
    if not (0 <= spins <= _MOST_SPINS and name and data_name) or len(start) < 24:
        return False
    salt = base64.b64decode(locked.get(b"saltValue", b""))
    digest = hashlib.new(name, salt + BUILT_IN.encode("utf-16-le")).digest()
    for number in range(spins):
        digest = hashlib.new(name, struct.pack("<I", number) + digest).digest()
    length = int(locked.get(b"keyBits", b"0")) // 8
    key = hashlib.new(name, digest + _KEY_VALUE).digest().ljust(length, b"\x36")[:length]
    secret = aes_cbc_decrypted(key, salt, base64.b64decode(locked.get(b"encryptedKeyValue", b"")))
    secret = secret[: int(cipher[b"keyBits"]) // 8]
    data_salt = base64.b64decode(cipher.get(b"saltValue", b""))
    vector = hashlib.new(data_name, data_salt + bytes(4)).digest()[:16]
    return aes_cbc_decrypted(secret, vector, start[8:24]).startswith(_ARCHIVE)


def _standard(cursor: Cursor, start: bytes) -> Package:
    """Section 2.3.4.5 to 2.3.4.9: SHA-1, and AES without chaining."""
    cursor.take(4)
    header = Cursor(cursor.take(cursor.little(4)))
    header.take(8)
    algorithm = header.little(4)
    header.take(4)
    bits = header.little(4)
    if algorithm not in {0x660E, 0x660F, 0x6610} or bits not in {128, 192, 256}:
        return Package(strong=False, built_in=False)
    salt = cursor.take(cursor.little(4))
    digest = sha1(salt + BUILT_IN.encode("utf-16-le"))
    for number in range(_STANDARD_SPINS):
        digest = sha1(struct.pack("<I", number) + digest)
    digest = sha1(digest + bytes(4))
    parts = [sha1(bytes(a ^ b for a, b in zip(digest.ljust(64, b"\x00"), pad, strict=True)))
             for pad in (b"\x36" * 64, b"\x5c" * 64)]  # fmt: skip
    key = b"".join(parts)[: bits // 8]
    return Package(strong=True, built_in=aes_block_decrypted(key, start[8:24]).startswith(_ARCHIVE))


def workbook_opens(lock: bytes) -> bool:
    """Whether the built-in password fits a FILEPASS record (MS-XLS section 2.4.117)."""
    try:
        cursor = Cursor(lock)
        if cursor.little(2) == 0:
            cursor.take(2)
            return cursor.little(2) == _verifier(BUILT_IN.encode("ascii"))
        version = (cursor.little(2), cursor.little(2))
        if version == (1, 1):
            return _rc4_opens(cursor)
        return _cryptoapi_opens(cursor) if version[1] == 2 else False
    except EndError:
        return False


def _verifier(password: bytes) -> int:
    """Section 2.3.7.1."""
    found = 0
    for byte in reversed(bytes([len(password)]) + password):
        found = ((found >> 14 & 1) | (found << 1 & 0x7FFF)) ^ byte
    return found ^ 0xCE4B


def _rc4_opens(cursor: Cursor) -> bool:
    """Section 2.3.6.2 and 2.3.6.4."""
    salt, verifier, digest = cursor.take(16), cursor.take(16), cursor.take(16)
    start = md5(BUILT_IN.encode("utf-16-le"))[:5]
    key = md5(md5((start + salt) * 16)[:5] + bytes(4))
    plain = rc4(key, verifier + digest)
    return hmac.compare_digest(md5(plain[:16]), plain[16:])


def _cryptoapi_opens(cursor: Cursor) -> bool:
    """Section 2.3.5.2 and 2.3.5.6."""
    cursor.take(4)
    header = Cursor(cursor.take(cursor.little(4)))
    header.take(16)
    bits = header.little(4) or 40
    salt = cursor.take(cursor.little(4))
    verifier = cursor.take(16)
    digest = cursor.take(cursor.little(4))
    key = sha1(sha1(salt + BUILT_IN.encode("utf-16-le")) + bytes(4))[: bits // 8]
    plain = rc4(key.ljust(16, b"\x00") if bits == 40 else key, verifier + digest)
    return hmac.compare_digest(sha1(plain[:16]), plain[16:36])
