"""Tape archives (POSIX.1-2001 pax, GNU tar): clear always; their members are looked into."""

from __future__ import annotations

from typing import Final

from scanner.content.joint import Inner, join
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.verdict import clear, malformed, opaque
from scanner.model.content import ContentFacts, Note
from scanner.model.late import late

_BLOCK: Final = 512
_MEMBER: Final = 16_384
_MOST_MEMBERS: Final = 48
_MOST_HEADERS: Final = 192
_FILES: Final = frozenset(b"0\x007S")
_NUMBER: Final = late(rb"[ \x00]*([0-7]{1,12})[ \x00]*")


def recognise_tar(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a tar archive, joined from its first members."""
    if not _is_header(scene.head[:_BLOCK]):
        return None
    seen: list[Inner] = []
    count = at = 0
    for _ in range(_MOST_HEADERS):
        header = yield from scene.source.read(at, _BLOCK + _MEMBER)
        if not header.strip(b"\x00") and header:
            break
        size = _size(header)
        if not _is_header(header[:_BLOCK]) or size is None:
            return _broken(scene, seen, count, at)
        if header[156] in _FILES and size:
            count += 1
            if len(seen) < _MOST_MEMBERS:
                seen.append(_member(scene, header, size))
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
        if at >= scene.source.size:
            break
    else:
        count += 1
    count += not scene.source.complete
    return join("tar", seen, count) if count else clear("tar")


def _member(scene: Scene, header: bytes, size: int) -> Inner:
    data = header[_BLOCK : _BLOCK + size]
    name = header[:100].split(b"\x00")[0]
    return Inner(name, scene.inside(data, len(data) == size) if data else opaque("unknown"))


def _broken(scene: Scene, seen: list[Inner], count: int, at: int) -> ContentFacts:
    """Judge an archive whose next header is none, or lies beyond what may be read."""
    if not scene.source.complete or at >= scene.source.size or scene.source.budget.left <= 0:
        return join("tar", seen, count + 1)
    if count:
        return join("tar", seen, count + 1)
    return malformed("tar", Note.CUT_OFF)


def _is_header(block: bytes) -> bool:
    """Whether a block's sum is the one that it tells: every real header's is."""
    told = _NUMBER.fullmatch(block[148:156])
    if len(block) < _BLOCK or told is None or not block[0]:
        return False
    return int(told[1], 8) == sum(block[:148]) + 8 * 32 + sum(block[156:_BLOCK])


def _size(block: bytes) -> int | None:
    field = block[124:136]
    if len(field) == 12 and field[0] & 0x80:
        size = int.from_bytes(field[4:], "big")
        return size if size < 1 << 62 else None
    told = _NUMBER.fullmatch(field)
    return int(told[1], 8) if told else None
