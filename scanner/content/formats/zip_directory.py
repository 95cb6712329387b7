"""The directory of a ZIP archive (APPNOTE 6.3.10): where it stands, and its entries."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from scanner.content.ranges import Asking, Source
from scanner.model.frozen import dataclass

LOCAL: Final = b"PK\x03\x04"
END: Final = b"PK\x05\x06"
_CENTRAL: Final = b"PK\x01\x02"
_END64: Final = b"PK\x06\x06"
_LOCATOR64: Final = b"PK\x06\x07"
_TAIL: Final = 65_557
_MOST_DIRECTORY: Final = 524_288
_UNTOLD32: Final = 0xFFFFFFFF
_AES_METHOD: Final = 99
_AES_EXTRA: Final = 0x9901
_STRONG_EXTRA: Final = 0x0017
_AES_ALGORITHMS: Final = frozenset({0x660E, 0x660F, 0x6610})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry that holds bytes. ``offset`` is where its local header stands."""

    name: bytes
    locked: bool
    strong: bool
    method: int
    packed: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The entries that hold bytes; ``whole`` unless the directory was too long to be read.

    ``hidden``: it is encrypted itself, by ``strong`` means or not.
    """

    members: tuple[Member, ...] = ()
    whole: bool = True
    hidden: bool = False
    strong: bool = False


def read_directory(source: Source) -> Asking[Directory | None]:
    """Return the directory, or None where the file has none."""
    start = max(source.size - _TAIL, 0)
    tail = yield from source.read(start, _TAIL)
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        return None
    count, size, offset = struct.unpack_from("<HII", tail, at + 10)
    algorithm = 0
    end = start + at
    if _UNTOLD32 in {size, offset} or count == 0xFFFF:
        told = yield from _read_end64(source, tail[max(at - 20, 0) : at])
        if told is None:
            return None
        size, offset, algorithm, end = told
    # What stands before the first entry, such as a program that unpacks, shifts all offsets.
    shift = max(end - (offset + size), 0)
    if size > source.size or (count and size < 46):
        return None
    data = yield from source.read(offset + shift, min(size, _MOST_DIRECTORY))
    if len(data) < min(size, _MOST_DIRECTORY):
        return None
    if data and not data.startswith(_CENTRAL):
        hidden = algorithm != 0
        return Directory(hidden=True, strong=algorithm in _AES_ALGORITHMS) if hidden else None
    members = tuple(_members(data, shift))
    return Directory(members=members, whole=len(data) == size)


def _read_end64(source: Source, locator: bytes) -> Asking[tuple[int, int, int, int] | None]:
    """Return size and offset of the directory, its cipher, and where the end record stands."""
    if not locator.startswith(_LOCATOR64) or len(locator) < 20:
        return None
    (at,) = struct.unpack_from("<Q", locator, 8)
    record = yield from source.read(at, 84)
    if not record.startswith(_END64) or len(record) < 56:
        return None
    size, offset = struct.unpack_from("<QQ", record, 40)
    (length,) = struct.unpack_from("<Q", record, 4)
    algorithm = 0
    if length >= 72 and len(record) == 84:
        # Version 2 of the record: compression, sizes, then the cipher of the directory.
        (algorithm,) = struct.unpack_from("<H", record, 74)
    return size, offset, algorithm, at


def _members(data: bytes, shift: int) -> Iterator[Member]:
    at = 0
    while data[at : at + 4] == _CENTRAL and len(data) >= at + 46:
        flags, method = struct.unpack_from("<HH", data, at + 8)
        packed, size, name, extra, comment = struct.unpack_from("<IIHHH", data, at + 20)
        (offset,) = struct.unpack_from("<I", data, at + 42)
        fields = dict(_fields(data[at + 46 + name : at + 46 + name + extra]))
        size, packed, offset = _long(fields.get(1, b""), size, packed, offset)
        if packed and size:
            yield Member(
                name=data[at + 46 : at + 46 + name],
                locked=bool(flags & 1),
                strong=is_strong(method, fields),
                method=method,
                packed=packed,
                offset=offset + shift,
            )
        at += 46 + name + extra + comment


def local_members(head: bytes) -> tuple[list[Member], int]:
    """Return the entries told by local headers, and where the walk ended.

    It ends before its time where an entry does not tell its size ahead.
    """
    found: list[Member] = []
    at = 0
    while head[at : at + 4] == LOCAL and len(head) >= at + 30:
        flags, method = struct.unpack_from("<HH", head, at + 6)
        packed, _, name, extra = struct.unpack_from("<IIHH", head, at + 18)
        fields = dict(_fields(head[at + 30 + name : at + 30 + name + extra]))
        if packed or flags & 8:
            found.append(
                Member(
                    name=head[at + 30 : at + 30 + name],
                    locked=bool(flags & 1),
                    strong=is_strong(method, fields),
                    method=method,
                    packed=packed,
                    offset=at,
                )
            )
        if flags & 8 or packed == _UNTOLD32:
            break
        at += 30 + name + extra + packed
    return found, at


def is_strong(method: int, fields: dict[int, bytes]) -> bool:
    """Whether an entry that is locked is so by AES, and not by ZipCrypto, DES or RC4."""
    strong = fields.get(_STRONG_EXTRA, b"")
    algorithm = int.from_bytes(strong[2:4], "little") if len(strong) >= 4 else 0
    return (method == _AES_METHOD and _AES_EXTRA in fields) or algorithm in _AES_ALGORITHMS


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _long(field: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Return sizes and offset, from the extra field where they do not fit into 32 bits."""
    values = [value for (value,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
    told = [
        values.pop(0) if number == _UNTOLD32 and values else number
        for number in (size, packed, offset)
    ]
    return told[0], told[1], told[2]
