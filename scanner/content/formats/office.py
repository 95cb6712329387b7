"""Office documents in compound files: packages under encryption, old binary ones, and Zed!."""

from __future__ import annotations

import struct
from typing import Final

from scanner.content.cursor import EndError
from scanner.content.formats.compound import MAGIC, Compound
from scanner.content.formats.office_password import read_package, workbook_opens
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import is_plain
from scanner.content.verdict import clear_unread, encrypted, keyless, malformed, opaque, weak
from scanner.model.content import ContentFacts, Note

_HEADER: Final = 512
_MOST_INFO: Final = 16_384
_RECORDS: Final = 16_384
_FILEPASS: Final = 0x2F
_RIGHTS: Final = frozenset({"DRMEncryptedDataSpace", "DRMEncryptedTransform", "\tDRMContent"})
_SLIDES_LOCKED: Final = 0xF3D1C4DF


def recognise_office(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a compound file: ``keyless`` where Excel's built-in password fits.

    What is not encrypted is clear, and not read here.
    """
    if not scene.head.startswith(MAGIC):
        return None
    if len(scene.head) < _HEADER:
        return malformed("ole", Note.CUT_OFF)
    try:
        file = Compound(scene.source, scene.head)
        yield from file.load()
        return (yield from _document(file))
    except EndError:
        # A name in the first sectors is no proof: what it stands for cannot be found.
        return opaque("ole", Note.OUT_OF_REACH)


def _document(file: Compound) -> Asking[ContentFacts]:
    names = file.top.keys()
    if "EncryptedPackage" in names:
        return (yield from _package(file))
    if {"_ctlfile", "_catalog"} <= {name.lower() for name in names}:
        return encrypted("zed")
    if file.names & _RIGHTS:
        return encrypted("office-rights")
    for name in ("Workbook", "Book", "WordDocument", "PowerPoint Document"):
        if name in names:
            return (yield from _old(file, name))
    return clear_unread("msg" if "__properties_version1.0" in names else "ole")


def _package(file: Compound) -> Asking[ContentFacts]:
    """Judge an OOXML document under a password or under rights management."""
    start = yield from file.stream(file.top["EncryptedPackage"], 4096)
    if is_plain(start[8:]) or start[8:].startswith(b"PK\x03\x04"):
        return malformed("ooxml", Note.SPOOFED)
    if "EncryptionInfo" not in file.top:
        return encrypted("ooxml") if file.names & _RIGHTS else opaque("ooxml")
    info = yield from file.stream(file.top["EncryptionInfo"], _MOST_INFO)
    package = read_package(info, start)
    if package is None:
        return opaque("ooxml")
    if package.built_in:
        return keyless("ooxml", Note.BUILT_IN_PASSWORD)
    return encrypted("ooxml") if package.strong else weak("ooxml")


def _old(file: Compound, name: str) -> Asking[ContentFacts]:
    """Judge a binary document: whatever locks one is RC4 or XOR, so ``weak`` at best."""
    if name == "WordDocument":
        start = yield from file.stream(file.top[name], 32)
        flags = int.from_bytes(start[10:12], "little")
        return weak("doc") if flags & 0x0100 else clear_unread("doc")
    if name == "PowerPoint Document":
        user = file.top.get("Current User")
        start = (yield from file.stream(user, 32)) if user else b""
        locked = int.from_bytes(start[12:16], "little") == _SLIDES_LOCKED
        return weak("ppt") if locked else clear_unread("ppt")
    lock = _filepass((yield from file.stream(file.top[name], _RECORDS)))
    if lock is None:
        return clear_unread("xls")
    return keyless("xls", Note.BUILT_IN_PASSWORD) if workbook_opens(lock) else weak("xls")


def _filepass(records: bytes) -> bytes | None:
    """Return the record that locks a workbook; it stands in the first of its parts."""
    at = 0
    while at + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, at)
        if kind == _FILEPASS:
            return records[at + 4 : at + 4 + length]
        if kind == 0x0A:
            return None
        at += 4 + length
    return None
