"""RAR archives: what the headers say of each member; stored ones are looked into."""

from __future__ import annotations

from typing import Final

from scanner.content.formats.rar_headers import (
    MAGIC_4,
    MAGIC_5,
    MAGIC_OLDEST,
    Member,
    Volume,
    read_new,
    read_old,
    read_oldest,
)
from scanner.content.joint import Inner, join
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import WINDOW, is_plain
from scanner.content.verdict import (
    clear,
    clear_unread,
    encrypted,
    malformed,
    opaque,
    weak,
)
from scanner.model.content import ContentFacts, Note

_READERS: Final = ((MAGIC_4, read_old), (MAGIC_5, read_new), (MAGIC_OLDEST, read_oldest))
_MEMBER_BYTES: Final = 32_768
_MOST_MEMBERS: Final = 16
_MOST_CHECKED: Final = 4


def recognise_rar(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a RAR archive. Ciphers older than AES are ``weak``.

    Members that RAR packed are clear and unread: nothing here unpacks them.
    """
    for magic, read in _READERS:
        if scene.head.startswith(magic):
            volume = yield from read(scene.source)
            return (yield from _judge(scene, volume))
    return None


def _judge(scene: Scene, volume: Volume) -> Asking[ContentFacts]:
    if volume.hidden:
        window = yield from scene.source.read(scene.source.size // 2, WINDOW)
        if is_plain(window):
            return malformed("rar", Note.SPOOFED)
        return encrypted("rar", Note.NAMES_HIDDEN)
    locked = [member for member in volume.members if member.locked]
    for member in locked[:_MOST_CHECKED]:
        window = yield from scene.source.read(member.start, min(member.packed, WINDOW))
        if is_plain(window):
            return malformed("rar", Note.SPOOFED)
    if not volume.members:
        return clear("rar") if volume.whole else opaque("rar", Note.CUT_OFF)
    if len(locked) == len(volume.members):
        return _locked(volume)
    seen: list[Inner] = []
    for number, member in enumerate(volume.members):
        if member.locked:
            seen.append(Inner(member.name, encrypted("rar") if member.strong else weak("rar")))
        else:
            wanted = member.stored and number < _MOST_MEMBERS
            facts = (yield from _member(scene, member)) if wanted else clear_unread("unknown")
            seen.append(Inner(member.name, facts))
    return join("rar", seen, len(seen) + (not volume.whole))


def _locked(volume: Volume) -> ContentFacts:
    """Judge an archive of which every member seen is locked."""
    if not volume.whole:
        return opaque("rar", Note.OUT_OF_REACH)
    return encrypted("rar") if all(one.strong for one in volume.members) else weak("rar")


def _member(scene: Scene, member: Member) -> Asking[ContentFacts]:
    data = yield from scene.source.read(member.start, min(member.packed, _MEMBER_BYTES))
    return scene.inside(data, len(data) == member.packed) if data else opaque("unknown")
