"""PDF: whether the last trailer names an encryption dictionary, and whom it keeps out."""

from __future__ import annotations

import re
import zlib
from typing import Final

from scanner.content.cursor import EndError
from scanner.content.formats.pdf_password import Lock, opens_without_password
from scanner.content.formats.pdf_syntax import Dictionary, Name, Parser, Reference, Value
from scanner.content.formats.pdf_xref import Section, read_section
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import is_plain
from scanner.content.verdict import (
    clear_unread,
    encrypted,
    keyless,
    malformed,
    opaque,
    partial,
    weak,
)
from scanner.model.content import ContentFacts, Note
from scanner.model.late import late

_TAIL: Final = 65_536
_OBJECT: Final = 16_384
_MOST_SECTIONS: Final = 8
_MOST_STREAMS: Final = 8
_START: Final = late(rb"startxref\s{1,8}(\d{1,12})")
_TRAILER: Final = late(rb"trailer\s{0,8}(?=<<)")
_STREAM: Final = late(rb">>\s{0,8}stream\r?\n")


def recognise_pdf(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a PDF: ``keyless`` where the empty user password opens it.

    RC4 is ``weak``. The text of a PDF in clear is not read: its facts are ``unread``.
    """
    start = scene.head.find(b"%PDF-", 0, 1024)
    if start < 0:
        return None
    tail = yield from scene.source.read(max(scene.source.size - _TAIL, 0), _TAIL)
    sections = yield from _sections(scene, tail, start)
    if not sections:
        return opaque("pdf", Note.CUT_OFF if b"%%EOF" not in tail[-2048:] else Note.OUT_OF_REACH)
    trailer = sections[0].trailer
    locks = [section.trailer[b"Encrypt"] for section in sections if b"Encrypt" in section.trailer]
    if not locks:
        return clear_unread("pdf")
    lock = yield from _resolved(scene, locks[0], sections, tail, start)
    if lock is None:
        return opaque("pdf", Note.OUT_OF_REACH)
    if _is_spoofed(scene.head):
        return malformed("pdf", Note.SPOOFED)
    identifier = trailer.get(b"ID")
    return _judge(lock, identifier[0] if isinstance(identifier, list) and identifier else b"")


def _sections(scene: Scene, tail: bytes, start: int) -> Asking[list[Section]]:
    """Return the cross-reference sections, the last first; only trailers where those are lost."""
    found: list[Section] = []
    seen: set[int] = set()
    starts = [int(match[1]) for match in _START.finditer(tail)]
    at = starts[-1] if starts else None
    while at is not None and at not in seen and len(found) < _MOST_SECTIONS:
        seen.add(at)
        section = yield from read_section(scene.source, at + start)
        if section is None:
            break
        found.append(section)
        before = section.trailer.get(b"Prev")
        at = before if isinstance(before, int) else None
    return found or _lost_trailers(tail) or _lost_trailers(scene.head)


def _lost_trailers(data: bytes) -> list[Section]:
    found: list[Section] = []
    for match in list(_TRAILER.finditer(data))[-_MOST_SECTIONS:]:
        try:
            value = Parser(data, match.end()).value()
        except EndError:
            continue
        if isinstance(value, dict):
            found.insert(0, Section(value, {}))
    return found


def _resolved(
    scene: Scene, lock: Value, sections: list[Section], tail: bytes, start: int
) -> Asking[Dictionary | None]:
    """Return the encryption dictionary, which stands in the trailer or is an object of its own."""
    if isinstance(lock, dict):
        return lock
    if not isinstance(lock, Reference):
        return None
    label = re.compile(rb"(?<!\d)%d\s{1,4}\d{1,5}\s{1,4}obj" % lock.number)
    places = [offset for section in sections if (offset := section.offsets.get(lock.number))]
    for offset in places[:_MOST_SECTIONS]:
        data = yield from scene.source.read(offset + start, _OBJECT)
        if (match := label.match(data)) and (value := _dictionary(data, match.end())):
            return value
    for data in (tail, scene.head):
        for match in label.finditer(data):
            if value := _dictionary(data, match.end()):
                return value
    return None


def _dictionary(data: bytes, at: int) -> Dictionary | None:
    try:
        value = Parser(data, at).value()
    except EndError:
        return None
    return value if isinstance(value, dict) else None


def _judge(lock: Dictionary, identifier: Value) -> ContentFacts:
    """Judge an encryption dictionary (ISO 32000-2 table 20)."""
    ciphers = _ciphers(lock)
    if ciphers == {b"Identity"}:
        return partial("pdf")  # nothing but attached files is encrypted
    old = not ciphers <= {b"AESV2", b"AESV3", b"Identity"}
    handler = lock.get(b"Filter")
    if handler == Name(b"Adobe.PubSec"):
        return weak("pdf") if old else encrypted("pdf")
    read = _lock(lock, identifier)
    if handler != Name(b"Standard") or read is None:
        return opaque("pdf")
    if opens_without_password(read):
        return keyless("pdf", Note.EMPTY_PASSWORD)
    return weak("pdf") if old or read.revision < 4 else encrypted("pdf")


def _ciphers(lock: Dictionary) -> set[bytes]:
    """Return the ciphers of strings and streams; RC4 where none is named."""
    if lock.get(b"V") not in {4, 5}:
        return {b"V2"}
    filters = lock.get(b"CF")
    found: set[bytes] = set()
    for use in (b"StmF", b"StrF"):
        name = lock.get(use, Name(b"Identity"))
        kind = filters.get(name.text) if isinstance(filters, dict) and isinstance(name, Name) else 0
        method = kind.get(b"CFM") if isinstance(kind, dict) else Name(b"Identity")
        found.add(method.text if isinstance(method, Name) else b"None")
    return found


def _lock(lock: Dictionary, identifier: Value) -> Lock | None:
    revision, length = lock.get(b"R"), lock.get(b"Length", 40)
    owner, user, permissions = lock.get(b"O"), lock.get(b"U"), lock.get(b"P")
    if not (isinstance(owner, bytes) and isinstance(user, bytes) and isinstance(permissions, int)):
        return None
    if not isinstance(revision, int) or revision not in {2, 3, 4, 5, 6}:
        return None
    bits = length if isinstance(length, int) else 40
    return Lock(
        revision=revision,
        # Revision 4 always has 128 bits, whatever its length entry says.
        length=16 if revision == 4 else bits // 8 if bits >= 40 else bits,
        owner=owner,
        user=user,
        permissions=permissions,
        identifier=identifier if isinstance(identifier, bytes) else b"",
        metadata=lock.get(b"EncryptMetadata") is not False,
    )


def _is_spoofed(head: bytes) -> bool:
    """Whether a stream near the start is in clear, against what the trailer says."""
    for match in list(_STREAM.finditer(head))[:_MOST_STREAMS]:
        before = head[max(match.start() - 512, 0) : match.start()]
        before = before[before.rfind(b" obj") + 1 :]
        if re.search(rb"/(?:XRef|Metadata|Identity|Crypt)\b", before):
            continue
        body = head[match.end() : match.end() + 4096].split(b"endstream")[0]
        if is_plain(body) and not re.search(rb"/ASCII(?:85|Hex)Decode", before):
            return True
        if b"FlateDecode" in before and _inflates(body):
            return True
    return False


def _inflates(body: bytes) -> bool:
    try:
        return len(zlib.decompressobj().decompress(body, 4096)) >= 32
    except zlib.error:
        return False
