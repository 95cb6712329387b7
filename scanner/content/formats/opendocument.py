"""Documents that are ZIP packages: OpenDocument and iWork say in a member what is encrypted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from scanner.content.formats.zip_directory import Member
from scanner.content.ranges import Asking
from scanner.content.sealed import is_plain
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late

_MANIFEST: Final = b"META-INF/manifest.xml"
_ENTRY: Final = late(rb"<(?:\w{1,20}:)?file-entry\b([^>]{0,2000})>")
_PATH: Final = late(rb"full-path\s{0,4}=\s{0,4}[\"']([^\"']{0,500})[\"']")
_SEALED: Final = late(rb"<(?:\w{1,20}:)?encryption-data\b")
_ALGORITHM: Final = late(rb"algorithm-name\s{0,4}=\s{0,4}[\"']([^\"']{0,200})[\"']")
_PLAIN: Final = late(rb"mimetype|META-INF/.*|Thumbnails/.*|.*/")
_IWORK: Final = (b".iwph", b".iwpv2")


def recognise_package(
    members: Sequence[Member], read: Callable[[Member], Asking[bytes]]
) -> Asking[ContentFacts | None]:
    """Return facts of a document package, None for any other archive.

    ``clear`` facts only say what it is: its parts are still to be read.
    """
    by_name = {member.name: member for member in members}
    if _MANIFEST in by_name:
        return (yield from _open_document(by_name, read))
    if any(name.rpartition(b"/")[2] in _IWORK for name in by_name):
        return ContentFacts(format="iwork", state=ContentState.ENCRYPTED)
    if b"[Content_Types].xml" in by_name:
        return ContentFacts(format="ooxml", state=ContentState.CLEAR)
    return None


def _open_document(
    by_name: dict[bytes, Member], read: Callable[[Member], Asking[bytes]]
) -> Asking[ContentFacts]:
    """Judge an OpenDocument by its manifest (ODF 1.3 part 2 section 4)."""
    manifest = yield from read(by_name[_MANIFEST])
    locked, algorithms = _encrypted_paths(manifest)
    if not locked:
        return ContentFacts(format="opendocument", state=ContentState.CLEAR)
    for name in (b"content.xml", *sorted(locked))[:3]:
        if name in by_name and name in locked and is_plain((yield from read(by_name[name]))):
            return ContentFacts(format="opendocument", state=ContentState.MALFORMED,
                                notes=(Note.SPOOFED,))  # fmt: skip
    open_parts = {name for name in by_name if not _PLAIN.fullmatch(name)} - locked
    if open_parts:
        return ContentFacts(format="opendocument", state=ContentState.PARTIAL, unread=True)
    if any(b"blowfish" in name.lower() for name in algorithms):
        return ContentFacts(format="opendocument", state=ContentState.WEAK,
                            notes=(Note.OLD_CIPHER,))  # fmt: skip
    return ContentFacts(format="opendocument", state=ContentState.ENCRYPTED)


def _encrypted_paths(manifest: bytes) -> tuple[set[bytes], set[bytes]]:
    """Return the paths whose entries hold encryption data, and the ciphers named."""
    locked: set[bytes] = set()
    algorithms: set[bytes] = set()
    entries = list(_ENTRY.finditer(manifest))
    for number, entry in enumerate(entries):
        end = entries[number + 1].start() if number + 1 < len(entries) else len(manifest)
        body = manifest[entry.end() : end]
        path = _PATH.search(entry[1])
        if path and _SEALED.search(body):
            locked.add(path[1])
            algorithms.update(_ALGORITHM.findall(body))
    return locked, algorithms
