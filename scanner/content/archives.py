"""ZIP and 7z: what the directory says of encryption, then a look into the first members."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from scanner.content.compressed import unpack
from scanner.content.ranges import Asking, Source
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts, ContentState, DataKind

_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_TAIL: Final = 65_557
_MOST_DIRECTORY: Final = 262_144
_MOST_MEMBERS: Final = 4
_MEMBER_BYTES: Final = 65_536
_AES_METHOD: Final = 99
_AES_EXTRA: Final = 0x9901
_SEVEN_ZIP: Final = b"7z\xbc\xaf\x27\x1c"
_SEVEN_ZIP_AES: Final = b"\x06\xf1\x07\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One ZIP entry of the central directory that holds bytes."""

    locked: bool
    strong: bool
    method: int
    packed: int
    offset: int


def recognise_zip(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a ZIP archive: AES, ZipCrypto (``weak``), mixed (``partial``), or inside.

    Without a readable directory it is ``opaque``: nobody can say what its other entries are.
    """
    if not scene.head.startswith((_LOCAL, _END)):
        return None
    directory = yield from _directory(scene.source)
    if directory is None:
        return ContentFacts(format="zip", state=ContentState.OPAQUE)
    members = list(_members(directory))
    locked = [member for member in members if member.locked]
    for member in locked[:_MOST_MEMBERS]:
        local = yield from scene.source.read(member.offset, 8)
        if not local.startswith(_LOCAL) or not local[6] & 1:
            return ContentFacts(format="zip", state=ContentState.MALFORMED)
    if locked and len(locked) < len(members):
        return ContentFacts(format="zip", state=ContentState.PARTIAL)
    if locked:
        strong = all(member.strong for member in locked)
        state = ContentState.ENCRYPTED if strong else ContentState.WEAK
        return ContentFacts(format="zip", state=state)
    return (yield from _inside(scene, members))


def recognise_seven_zip(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a 7z archive: encrypted when its very header is, else undecided."""
    if not scene.head.startswith(_SEVEN_ZIP) or len(scene.head) < 32:
        return None
    offset, size = struct.unpack_from("<QQ", scene.head, 12)
    header = yield from scene.source.read(32 + offset, min(size, _MOST_DIRECTORY))
    # An encoded header (0x17) that lists the AES coder hides names and content alike; a plain
    # one may list it for some folders only.
    hidden = header.startswith(b"\x17") and _SEVEN_ZIP_AES in header
    state = ContentState.ENCRYPTED if hidden else ContentState.OPAQUE
    return ContentFacts(format="7z", state=state)


def _directory(source: Source) -> Asking[bytes | None]:
    """Return the central directory, or None where it cannot be had whole."""
    start = max(source.size - _TAIL, 0)
    tail = yield from source.read(start, _TAIL)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return None
    count, size, offset = struct.unpack_from("<HII", tail, at + 10)
    if size > _MOST_DIRECTORY or (count and size < 46) or offset + size > source.size:
        return None
    directory = yield from source.read(offset, size)
    return directory if len(directory) == size else None


def _members(directory: bytes) -> Iterator[Member]:
    at = 0
    while directory[at : at + 4] == _CENTRAL and len(directory) >= at + 46:
        flags, method = struct.unpack_from("<HH", directory, at + 8)
        packed, size, name, extra, comment = struct.unpack_from("<IIHHH", directory, at + 20)
        (offset,) = struct.unpack_from("<I", directory, at + 42)
        fields = directory[at + 46 + name : at + 46 + name + extra]
        if packed and size:
            yield Member(
                locked=bool(flags & 1),
                strong=method == _AES_METHOD and _has_aes(fields),
                method=method,
                packed=packed,
                offset=offset,
            )
        at += 46 + name + extra + comment


def _has_aes(fields: bytes) -> bool:
    at = 0
    while at + 4 <= len(fields):
        kind, length = struct.unpack_from("<HH", fields, at)
        if kind == _AES_EXTRA:
            return True
        at += 4 + length
    return False


def _inside(scene: Scene, members: list[Member]) -> Asking[ContentFacts]:
    """Look into the first members. Clear only when all of them could be read."""
    kinds: list[DataKind] = []
    seen: list[ContentFacts] = []
    for member in members[:_MOST_MEMBERS]:
        facts = yield from _member(scene, member)
        seen.append(facts)
        # A column's index means nothing outside its own member.
        kinds += [replace(kind, column=None) for kind in facts.kinds]
    facts = ContentFacts(format="zip", state=_joint(seen, len(members)), kinds=tuple(kinds))
    if len(members) == 1 and seen:
        return replace(facts, format=f"zip/{seen[0].format}", kinds=seen[0].kinds,
                       columns=seen[0].columns, rows=seen[0].rows)  # fmt: skip
    return facts


def _joint(seen: list[ContentFacts], count: int) -> ContentState:
    states = {facts.state for facts in seen}
    if any(facts.kinds for facts in seen):
        return ContentState.CLEAR if states == {ContentState.CLEAR} else ContentState.PARTIAL
    if len(seen) < count:
        return ContentState.OPAQUE
    if len(states) == 1:
        return states.pop()
    return ContentState.OPAQUE if states else ContentState.CLEAR


def _member(scene: Scene, member: Member) -> Asking[ContentFacts]:
    unread = ContentFacts(format="unknown", state=ContentState.OPAQUE)
    local = yield from scene.source.read(member.offset, 30)
    if len(local) < 30 or not local.startswith(_LOCAL) or member.method not in {0, 8}:
        return unread
    name, extra = struct.unpack_from("<HH", local, 26)
    start = member.offset + 30 + name + extra
    packed = yield from scene.source.read(start, min(member.packed, _MEMBER_BYTES))
    if member.method == 0:
        return scene.inside(packed, len(packed) == member.packed)
    unpacked = unpack(packed, "deflate")
    return scene.inside(*unpacked) if unpacked else unread
