"""The headers of RAR archives, of versions 1.4, 1.5 to 4, and 5: which members are locked."""

from __future__ import annotations

import struct
from typing import Final

from scanner.content.cursor import Cursor, EndError
from scanner.content.ranges import Asking, Source
from scanner.model.frozen import dataclass

MAGIC_OLDEST: Final = b"RE\x7e\x5e"
MAGIC_4: Final = b"Rar!\x1a\x07\x00"
MAGIC_5: Final = b"Rar!\x1a\x07\x01\x00"
_HEADER: Final = 1024
_MOST_HEADERS: Final = 256
_AES_SINCE: Final = 29


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member that holds bytes. ``stored``: they lie there as they are."""

    name: bytes
    locked: bool
    strong: bool
    stored: bool
    start: int
    packed: int


@dataclass(frozen=True, slots=True)
class Volume:
    """What the headers say. ``whole``: they were read to the end of this volume."""

    members: tuple[Member, ...]
    hidden: bool = False
    whole: bool = True


def read_old(source: Source) -> Asking[Volume]:
    """Walk the headers of versions 1.5 to 4 (technote of RAR 4)."""
    members: list[Member] = []
    at = len(MAGIC_4)
    for _ in range(_MOST_HEADERS):
        data = yield from source.read(at, _HEADER)
        if len(data) < 7:
            # Older programs write no end mark.
            return Volume(tuple(members), whole=at == source.size)
        kind, flags, size = struct.unpack_from("<BHH", data, 2)
        if size < 7 or not 0x72 <= kind <= 0x7B:
            return Volume(tuple(members), whole=False)
        if kind == 0x73 and flags & 0x80:
            return Volume((), hidden=True)
        if kind == 0x7B:
            return Volume(tuple(members))
        more = struct.unpack_from("<I", data, 7)[0] if flags & 0x8000 and len(data) >= 11 else 0
        if kind == 0x74 and len(data) >= 32:
            member = _old_member(data, flags, at + size)
            more = member.packed
            if (flags & 0xE0) != 0xE0 and more:
                members.append(member)
        at += size + more
    return Volume(tuple(members), whole=False)


def _old_member(data: bytes, flags: int, start: int) -> Member:
    packed, version, method, name = struct.unpack_from("<I13xBBH", data, 7)
    name_at = 32
    if flags & 0x100 and len(data) >= 40:
        packed |= struct.unpack_from("<I", data, 32)[0] << 32
        name_at = 40
    return Member(
        name=data[name_at : name_at + name].split(b"\x00")[0],
        locked=bool(flags & 4),
        strong=version >= _AES_SINCE,
        stored=method == 0x30,
        start=start,
        packed=packed,
    )


def read_new(source: Source) -> Asking[Volume]:
    """Walk the headers of version 5 (technote of RAR 5)."""
    members: list[Member] = []
    at = len(MAGIC_5)
    for _ in range(_MOST_HEADERS):
        data = yield from source.read(at, _HEADER)
        try:
            cursor = Cursor(data, 4)
            size = cursor.varint()
            end = cursor.at + size
            kind, flags = cursor.varint(), cursor.varint()
            extra = cursor.varint() if flags & 1 else 0
            more = cursor.varint() if flags & 2 else 0
            if kind == 4:
                return Volume((), hidden=True)
            if kind == 5:
                return Volume(tuple(members))
            if kind == 2 and more:
                members.append(_new_member(cursor, end, extra, at + end, more))
        except EndError:
            return Volume(tuple(members), whole=False)
        if not 1 <= kind <= 3 or not size:
            return Volume(tuple(members), whole=False)
        at += end + more
    return Volume(tuple(members), whole=False)


def _new_member(cursor: Cursor, end: int, extra: int, start: int, packed: int) -> Member:
    flags = cursor.varint()
    cursor.varint()
    cursor.varint()
    cursor.take(4 * bool(flags & 2) + 4 * bool(flags & 4))
    method = cursor.varint() >> 7 & 7
    cursor.varint()
    name = cursor.take(cursor.varint())
    return Member(
        name=name,
        locked=_is_locked(Cursor(cursor.data[:end], end - extra)),
        strong=True,
        stored=method == 0,
        start=start,
        packed=packed,
    )


def _is_locked(extra: Cursor) -> bool:
    """Look for the encryption record in a member's extra area."""
    while extra.left > 0:
        record = Cursor(extra.take(extra.varint()))
        if record.varint() == 1:
            return True
    return False


def read_oldest(source: Source) -> Asking[Volume]:
    """Walk the headers of version 1.4, from before 1993."""
    members: list[Member] = []
    start = yield from source.read(0, 7)
    if len(start) < 7:
        return Volume((), whole=False)
    at = struct.unpack_from("<H", start, 4)[0]
    for _ in range(_MOST_HEADERS):
        if at >= source.size:
            break
        data = yield from source.read(at, _HEADER)
        if len(data) < 21 or at < 7:
            return Volume(tuple(members), whole=False)
        packed, _, _, size, _, _, flags, _, name, method = struct.unpack_from("<IIHHIBBBBB", data)
        if size < 21:
            return Volume(tuple(members), whole=False)
        if packed:
            members.append(
                Member(name=data[21 : 21 + name], locked=bool(flags & 4), strong=False,
                       stored=method == 0, start=at + size, packed=packed)
            )  # fmt: skip
        at += size + packed
    return Volume(tuple(members), whole=at == source.size)
