"""Office documents: packages locked by msoffcrypto-tool, old binary ones built here."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import sys
import zipfile
from pathlib import Path

import pytest
from msoffcrypto.method.rc4 import DocumentRC4
from msoffcrypto.method.xor_obfuscation import DocumentXOR

from scanner.content.formats.ciphers import aes_cbc_encrypted, rc4
from scanner.content.formats.office_password import BUILT_IN
from scanner.model.content import ContentState, Note
from tests.content.compound_writer import compound
from tests.content.driving import asked, facts_of
from tests.content.programs import SECRET, run
from tests.content.samples import EXPORT, RANDOM

SALT = bytes(range(16))


def package(filler: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/media/a.bin", random.Random(3).randbytes(filler))
    return file.getvalue()


def agile(folder: Path, password: str, plain: bytes) -> bytes:
    (folder / "plain.xlsx").write_bytes(plain)
    words = ["-m", "msoffcrypto", "-e", "-p", password, "plain.xlsx", "locked.xlsx"]
    run(folder, sys.executable, *words)
    return (folder / "locked.xlsx").read_bytes()


@pytest.mark.parametrize("filler", [5000, 100_000, 9_000_000])
def test_an_agile_package_is_encrypted(tmp_path: Path, filler: int) -> None:
    facts, ranges = asked(agile(tmp_path, SECRET, package(filler)))
    assert (facts.format, facts.state) == ("ooxml", ContentState.ENCRYPTED)
    assert len(ranges) < 12


@pytest.mark.parametrize("filler", [5000, 100_000])
def test_the_built_in_password_keeps_nobody_out(tmp_path: Path, filler: int) -> None:
    facts = facts_of(agile(tmp_path, BUILT_IN, package(filler)))
    assert (facts.state, facts.notes) == (ContentState.KEYLESS, (Note.BUILT_IN_PASSWORD,))
    assert facts.unread


def standard(password: str, algorithm: int = 0x660E, bits: int = 128) -> bytes:
    """Return a package locked as Office 2007 does (MS-OFFCRYPTO section 2.3.4.5)."""
    digest = hashlib.sha1(SALT + password.encode("utf-16-le")).digest()
    for number in range(50_000):
        digest = hashlib.sha1(struct.pack("<I", number) + digest).digest()
    digest = hashlib.sha1(digest + bytes(4)).digest()
    inner = bytes(byte ^ 0x36 for byte in digest.ljust(64, b"\x00"))
    key = hashlib.sha1(inner).digest()[: bits // 8]
    plain = package(5000)[:4800]
    sealed = b"".join(
        aes_cbc_encrypted(key, bytes(16), plain[at : at + 16]) for at in range(0, len(plain), 16)
    )
    header = struct.pack("<8I", 0x24, 0, algorithm, 0x8004, bits, 24, 0, 0) + "AES\0".encode(
        "utf-16-le"
    )
    info = struct.pack("<HHII", 4, 2, 0x24, len(header)) + header + struct.pack("<I", 16) + SALT
    info += RANDOM[:16] + struct.pack("<I", 20) + RANDOM[:32]
    size = struct.pack("<Q", len(plain))
    return compound({"EncryptionInfo": info, "EncryptedPackage": size + sealed})


def test_a_standard_package_is_encrypted_unless_its_password_is_built_in() -> None:
    assert facts_of(standard(SECRET)).state is ContentState.ENCRYPTED
    assert facts_of(standard(BUILT_IN)).state is ContentState.KEYLESS
    assert facts_of(standard(SECRET, algorithm=0x6801)).state is ContentState.WEAK


def test_a_package_in_clear_is_clear_and_unread() -> None:
    facts = facts_of(package(5000))
    assert (facts.format, facts.state, facts.unread) == ("ooxml", ContentState.CLEAR, True)


def test_a_package_in_clear_within_a_compound_file_is_not_believed() -> None:
    for plain in (package(), EXPORT):
        data = compound(
            {
                "EncryptionInfo": b"\x04\x00\x04\x00" + bytes(90),
                "EncryptedPackage": bytes(8) + plain,
            }
        )
        assert facts_of(data).state is ContentState.MALFORMED


def test_rights_management_and_zed_are_encrypted() -> None:
    for streams in (("\tDRMContent",), ("_ctlfile", "_catalog", "content")):
        data = compound(dict.fromkeys(streams, RANDOM[:5000]))
        assert facts_of(data).state is ContentState.ENCRYPTED
    assert facts_of(compound({"_ctlfile": RANDOM[:5000]})).state is ContentState.CLEAR


def workbook(lock: bytes | None) -> bytes:
    records = struct.pack("<HH", 0x809, 16) + bytes(16)
    if lock is not None:
        records += struct.pack("<HH", 0x2F, len(lock)) + lock
    return compound({"Workbook": records + struct.pack("<HH", 0x0A, 0) + RANDOM[:6000]})


def rc4_lock(password: str) -> bytes:
    start = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
    key = hashlib.md5(hashlib.md5((start + SALT) * 16).digest()[:5] + bytes(4)).digest()
    verifier = RANDOM[:16]
    sealed = rc4(key, verifier + hashlib.md5(verifier).digest())
    return struct.pack("<HHH", 1, 1, 1) + SALT + sealed


def cryptoapi_lock(password: str, bits: int) -> bytes:
    key = hashlib.sha1(
        hashlib.sha1(SALT + password.encode("utf-16-le")).digest() + bytes(4)
    ).digest()[: bits // 8]
    verifier = RANDOM[:16]
    sealed = rc4(
        key.ljust(16, b"\x00") if bits == 40 else key, verifier + hashlib.sha1(verifier).digest()
    )
    header = struct.pack("<8I", 4, 0, 0x6801, 0x8004, bits, 1, 0, 0) + b"M\0\0\0"
    info = struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header + struct.pack("<I", 16) + SALT
    return info + sealed[:16] + struct.pack("<I", 20) + sealed[16:]


def xor_lock(password: str) -> bytes:
    return struct.pack("<HHH", 0, 0x1234, 0x9A0A if password == BUILT_IN else 7)


def weakest_lock(password: str) -> bytes:
    return cryptoapi_lock(password, 40)


def better_lock(password: str) -> bytes:
    return cryptoapi_lock(password, 128)


LOCKS = {"xor": xor_lock, "rc4": rc4_lock, "40": weakest_lock, "128": better_lock}


@pytest.mark.parametrize("way", LOCKS)
def test_old_workbooks_are_weak_or_keyless(way: str) -> None:
    facts = facts_of(workbook(LOCKS[way](SECRET)))
    assert (facts.format, facts.state) == ("xls", ContentState.WEAK)
    assert facts_of(workbook(LOCKS[way](BUILT_IN))).state is ContentState.KEYLESS


def test_our_locks_are_those_of_an_independent_library() -> None:
    lock = rc4_lock(BUILT_IN)
    assert DocumentRC4.verifypw(BUILT_IN, lock[6:22], lock[22:38], lock[38:54])
    assert DocumentXOR.verifypw(BUILT_IN, 0x9A0A)


def test_old_documents_tell_it_by_their_flags() -> None:
    def word(flags: int) -> ContentState:
        return facts_of(
            compound(
                {"WordDocument": struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0, 0, flags) + bytes(600)}
            )
        ).state

    def slides(token: int) -> ContentState:
        user = struct.pack("<IIII", 0, 20, 20, token) + bytes(30)
        return facts_of(compound({"Current User": user, "PowerPoint Document": bytes(600)})).state

    assert (word(0x0100), word(0x0200)) == (ContentState.WEAK, ContentState.CLEAR)
    assert (slides(0xF3D1C4DF), slides(0xE391C05F)) == (ContentState.WEAK, ContentState.CLEAR)
    assert facts_of(workbook(None)).state is ContentState.CLEAR


def test_a_cut_package_is_never_clear(tmp_path: Path) -> None:
    data = agile(tmp_path, SECRET, package(20_000))
    for end in range(8, len(data), 997):
        assert facts_of(data[:end]).state not in {ContentState.CLEAR, ContentState.KEYLESS}
