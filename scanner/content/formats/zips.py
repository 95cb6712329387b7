"""ZIP: what the directory says of encryption, then a look into the first members."""

from __future__ import annotations

import struct
from typing import Final

from scanner.content.formats.compressed import (
    MOST_BZIP2,
    MOST_OUTPUT,
    as_bomb,
    is_bomb,
    lzma_filter,
    unpack,
    unpack_raw,
)
from scanner.content.formats.opendocument import recognise_package
from scanner.content.formats.zip_directory import (
    END,
    LOCAL,
    Directory,
    Member,
    local_members,
    read_directory,
)
from scanner.content.joint import Inner, join
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import WINDOW, is_plain
from scanner.content.verdict import clear_unread
from scanner.model.content import ContentFacts, ContentState, Note

_MOST_CHECKED: Final = 4
_MOST_MEMBERS: Final = 32
_MEMBER_BYTES: Final = 65_536
_ENCRYPTED_HEADERS: Final = 1 << 13
_OPAQUE: Final = ContentFacts(format="unknown", state=ContentState.OPAQUE)
_SPANNED: Final = (b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
_LZMA: Final = 14
_METHODS: Final = {8: "deflate", 12: "bzip2", 93: "zstd", 95: "xz"}


def recognise_zip(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a ZIP archive: AES, ZipCrypto (``weak``), mixed (``partial``), or inside.

    Where its directory is missing, only local headers up to the very end of the file can say
    that all of it is locked.
    """
    program = scene.head.startswith(b"MZ")
    if not (program or scene.head.startswith((LOCAL, END, *_SPANNED))):
        return None
    directory = yield from read_directory(scene.source)
    if directory is None or (program and not directory.members):
        return None if program else _without_directory(scene)
    if directory.hidden:
        state = ContentState.ENCRYPTED if directory.strong else ContentState.WEAK
        return ContentFacts(format="zip", state=state, notes=(Note.NAMES_HIDDEN,))
    package = yield from recognise_package(directory.members, lambda one: member_data(scene, one))
    locked = [member for member in directory.members if member.locked]
    if not locked:
        return (yield from _inside(scene, directory, package))
    return (yield from _locked(scene, directory, locked))


def _locked(scene: Scene, directory: Directory, locked: list[Member]) -> Asking[ContentFacts]:
    """Judge an archive by its locked members; some of them are held against their own bytes."""
    for member in locked[:_MOST_CHECKED]:
        local = yield from scene.source.read(member.offset, 30)
        if not local.startswith(LOCAL) or len(local) < 8 or not local[6] & 1:
            return ContentFacts(format="zip", state=ContentState.MALFORMED)
        window = yield from _packed(scene, member, local, WINDOW)
        if is_plain(window):
            return _spoofed(scene.inside(window, False))  # noqa: FBT003 - a cut of the member
    if len(locked) < len(directory.members):
        return (yield from _partial(scene, directory))
    if not directory.whole:
        return ContentFacts(format="zip", state=ContentState.OPAQUE, notes=(Note.OUT_OF_REACH,))
    if all(member.strong for member in locked):
        return ContentFacts(format="zip", state=ContentState.ENCRYPTED)
    return ContentFacts(format="zip", state=ContentState.WEAK, notes=(Note.OLD_CIPHER,))


def _spoofed(inner: ContentFacts) -> ContentFacts:
    """Return facts of an archive that calls its plain members locked."""
    state = ContentState.CLEAR if inner.kinds else ContentState.MALFORMED
    return ContentFacts(format="zip", state=state, kinds=inner.kinds, notes=(Note.SPOOFED,))


def _partial(scene: Scene, directory: Directory) -> Asking[ContentFacts]:
    """Look into the members that are not locked, for data and for keys to the others."""
    state = ContentState.ENCRYPTED
    seen = [Inner(one.name, ContentFacts(format="zip", state=state))
            for one in directory.members if one.locked][:_MOST_MEMBERS]  # fmt: skip
    for member in [one for one in directory.members if not one.locked][:_MOST_MEMBERS]:
        seen.append(Inner(member.name, (yield from _member(scene, member))))
    return join("zip", seen, len(directory.members))


def _without_directory(scene: Scene) -> ContentFacts:
    """Judge a cut archive, or the first of several volumes, by its local headers."""
    start = 4 if scene.head.startswith(_SPANNED) else 0
    members, end = local_members(scene.head[start:])
    locked = [member for member in members if member.locked]
    notes = (Note.CUT_OFF,)
    if locked and len(locked) < len(members):
        return ContentFacts(format="zip", state=ContentState.PARTIAL, unread=True, notes=notes)
    hidden = any(_headers_hidden(scene.head, member) for member in members)
    if locked and (hidden or end + start >= scene.source.size):
        strong = all(member.strong for member in locked)
        state = ContentState.ENCRYPTED if strong else ContentState.WEAK
        return ContentFacts(format="zip", state=state, notes=notes)
    return ContentFacts(format="zip", state=ContentState.OPAQUE, notes=notes)


def _headers_hidden(head: bytes, member: Member) -> bool:
    (flags,) = struct.unpack_from("<H", head, member.offset + 6)
    return bool(flags & _ENCRYPTED_HEADERS)


def _inside(
    scene: Scene, directory: Directory, package: ContentFacts | None
) -> Asking[ContentFacts]:
    """Look into the first members. Clear only when all of them could be read."""
    if package is not None and package.state is not ContentState.CLEAR:
        return package
    members = directory.members
    seen: list[Inner] = []
    for member in members[:_MOST_MEMBERS]:
        if scene.allowance.output <= 0:
            break
        seen.append(Inner(member.name, (yield from _member(scene, member))))
    count = len(members) if directory.whole else len(members) + 1
    facts = join("zip", seen, count)
    if package is not None:
        # Its parts are known ones: what was not read of them is readable all the same. Its tables
        # are not read as tables: that nobody was found there says nothing.
        state = facts.state if facts.state is ContentState.PARTIAL else ContentState.CLEAR
        facts = ContentFacts(format=package.format, state=state, kinds=facts.kinds,
                             unread=facts.unread or not facts.kinds, notes=facts.notes)  # fmt: skip
    return facts


def _member(scene: Scene, member: Member) -> Asking[ContentFacts]:
    local = yield from scene.source.read(member.offset, 30)
    most = MOST_BZIP2 if member.method == 12 else _MEMBER_BYTES
    packed = yield from _packed(scene, member, local, most)
    if not packed:
        return _OPAQUE
    if member.method == 0:
        return scene.inside(packed, len(packed) == member.packed)
    if member.method not in {*_METHODS, _LZMA}:
        return clear_unread("unknown")
    unpacked = (
        _unlzma(packed) if member.method == _LZMA else unpack(packed, _METHODS[member.method])
    )
    if unpacked is None or not unpacked[0]:
        return _OPAQUE
    facts = scene.inside(*unpacked)
    data, complete = unpacked
    return as_bomb(facts) if is_bomb(len(packed), len(data), complete=complete) else facts


def _unlzma(packed: bytes) -> tuple[bytes, bool] | None:
    """Unpack a member by LZMA: a version, then the properties that its own header would have."""
    size = int.from_bytes(packed[2:4], "little")
    fields = lzma_filter(packed[4 : 4 + size])
    data = unpack_raw(packed[4 + size :], fields) if fields else None
    return (data, len(data) < MOST_OUTPUT) if data is not None else None


def member_data(scene: Scene, member: Member) -> Asking[bytes]:
    """Return the first bytes of a member that is stored or deflated; empty where it is neither."""
    local = yield from scene.source.read(member.offset, 30)
    packed = yield from _packed(scene, member, local, _MEMBER_BYTES)
    if member.method == 0:
        return packed
    unpacked = unpack(packed, "deflate") if member.method == 8 and packed else None
    return unpacked[0] if unpacked else b""


def _packed(scene: Scene, member: Member, local: bytes, most: int) -> Asking[bytes]:
    if len(local) < 30 or not local.startswith(LOCAL):
        return b""
    name, extra = struct.unpack_from("<HH", local, 26)
    start = member.offset + 30 + name + extra
    return (yield from scene.source.read(start, min(member.packed, most)))
