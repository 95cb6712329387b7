"""The header of a 7z archive (7zFormat.txt): its folders, their coders, and its files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scanner.content.cursor import Cursor, EndError
from scanner.model.frozen import dataclass

_HEADER: Final = 0x01
_ENCODED: Final = 0x17
_MOST_CODERS: Final = 32
_MOST_FOLDERS: Final = 20_000


class TooManyError(EndError):
    """There are more folders than are looked at."""


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of a folder's packing: its method and that method's properties."""

    method: bytes
    properties: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """Some files packed as one: how, where from the end of the start header, how long.

    ``sizes`` are those of its files, unpacked.
    """

    coders: tuple[Coder, ...]
    streams: int
    offset: int = 0
    packed: int = 0
    unpacked: int = 0
    sizes: tuple[int, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether AES is among its coders."""
        return any(coder.method == b"\x06\xf1\x07\x01" for coder in self.coders)


@dataclass(frozen=True, slots=True)
class Header:
    """A header: the real one with its names, or the packed place of it (``encoded``)."""

    encoded: bool
    folders: tuple[Folder, ...]
    names: tuple[bytes, ...] = ()


def read_header(data: bytes) -> Header:
    """Read a header; ``EndError`` where it is none or ends before its folders do."""
    cursor = Cursor(data)
    kind = cursor.byte()
    if kind == _ENCODED:
        return Header(encoded=True, folders=_streams(cursor))
    if kind != _HEADER:
        raise EndError
    folders: tuple[Folder, ...] = ()
    part = cursor.byte()
    if part == 0x02:
        _skip_properties(cursor)
        part = cursor.byte()
    if part == 0x03:
        _streams(cursor)
        part = cursor.byte()
    if part == 0x04:
        folders = _streams(cursor)
    return Header(encoded=False, folders=folders, names=_names(cursor))


def _number(cursor: Cursor) -> int:
    """Read a number whose first byte's leading ones say how many bytes follow."""
    first = cursor.byte()
    value = 0
    for count in range(8):
        mask = 0x80 >> count
        if not first & mask:
            return value | (first & (mask - 1)) << (8 * count)
        value |= cursor.byte() << (8 * count)
    return value


def _count(cursor: Cursor) -> int:
    """Read how many things follow; each takes a bit at least."""
    count = _number(cursor)
    if count > 8 * cursor.left + 8:
        raise EndError
    return count


def _skip_properties(cursor: Cursor) -> None:
    while cursor.byte():
        cursor.take(_number(cursor))


def _streams(cursor: Cursor) -> tuple[Folder, ...]:
    offset = 0
    packed: list[int] = []
    folders: list[Folder] = []
    part = cursor.byte()
    if part == 0x06:
        offset = _number(cursor)
        packed = _pack_sizes(cursor)
        part = cursor.byte()
    if part == 0x07:
        folders = list(_folders(cursor))
        part = cursor.byte()
    folders = list(_placed(folders, offset, packed))
    if part == 0x08:
        folders = _substreams(cursor, folders)
    return tuple(folders)


def _pack_sizes(cursor: Cursor) -> list[int]:
    count = _count(cursor)
    sizes: list[int] = []
    while part := cursor.byte():
        if part == 0x09:
            sizes = [_number(cursor) for _ in range(count)]
        elif part == 0x0A:
            _skip_digests(cursor, count)
        else:
            raise EndError
    return sizes


def _skip_digests(cursor: Cursor, count: int) -> None:
    defined = count if cursor.byte() else sum(_bits(cursor, count))
    cursor.take(4 * defined)


def _bits(cursor: Cursor, count: int) -> list[bool]:
    data = cursor.take((count + 7) // 8)
    return [bool(data[index // 8] & 0x80 >> index % 8) for index in range(count)]


def _folders(cursor: Cursor) -> Iterator[Folder]:
    if cursor.byte() != 0x0B:
        raise EndError
    count = _count(cursor)
    if count > _MOST_FOLDERS:
        raise TooManyError
    if cursor.byte():
        raise EndError  # the folders stand elsewhere: no known program writes that
    read = [_folder(cursor) for _ in range(count)]
    unpacked = [0] * count
    while part := cursor.byte():
        if part == 0x0C:
            unpacked = [max(_number(cursor) for _ in range(outputs)) for _, outputs in read]
        elif part == 0x0A:
            _skip_digests(cursor, count)
        else:
            raise EndError
    for (folder, _), size in zip(read, unpacked, strict=True):
        yield replace(folder, unpacked=size, sizes=(size,))


def _folder(cursor: Cursor) -> tuple[Folder, int]:
    """Read a folder; return it with how many outputs its coders have."""
    coders: list[Coder] = []
    inputs = outputs = 0
    count = _number(cursor)
    if not 0 < count <= _MOST_CODERS:
        raise EndError
    for _ in range(count):
        flags = cursor.byte()
        method = cursor.take(flags & 15)
        more = (_number(cursor), _number(cursor)) if flags & 0x10 else (1, 1)
        if not (0 < more[0] <= _MOST_CODERS and 0 < more[1] <= _MOST_CODERS):
            raise EndError
        inputs, outputs = inputs + more[0], outputs + more[1]
        properties = cursor.take(_number(cursor)) if flags & 0x20 else b""
        coders.append(Coder(method, properties))
    for _ in range(2 * (outputs - 1)):
        _number(cursor)
    streams = max(inputs - (outputs - 1), 0)
    if streams > 1:
        for _ in range(streams):
            _number(cursor)
    return Folder(tuple(coders), streams), outputs


def _placed(folders: list[Folder], offset: int, packed: list[int]) -> Iterator[Folder]:
    """Say of each folder where its packed bytes start, and how many there are."""
    at = 0
    for folder in folders:
        length = sum(packed[at : at + folder.streams])
        yield replace(folder, offset=offset, packed=length)
        offset += length
        at += folder.streams


def _substreams(cursor: Cursor, folders: list[Folder]) -> list[Folder]:
    """Say of each folder how long its files are."""
    counts = [1] * len(folders)
    part = cursor.byte()
    if part == 0x0D:
        counts = [_count(cursor) for _ in folders]
        part = cursor.byte()
    found: list[Folder] = []
    for folder, count in zip(folders, counts, strict=True):
        sizes = [_number(cursor) for _ in range(count - 1)] if part == 0x09 else []
        if count:
            sizes.append(max(folder.unpacked - sum(sizes), 0))
        found.append(replace(folder, sizes=tuple(sizes)))
    if part == 0x09:
        part = cursor.byte()
    if part == 0x0A:
        undefined = sum(count for count in counts)
        _skip_digests(cursor, undefined)
        part = cursor.byte()
    if part:
        raise EndError
    return found


def _names(cursor: Cursor) -> tuple[bytes, ...]:
    """Return the names of the files that hold bytes, as UTF-8; none where they are not here."""
    try:
        while (part := cursor.byte()) == 0x00:
            pass
        if part != 0x05:
            return ()
        count = _count(cursor)
        empty = [False] * count
        names: list[bytes] = []
        while kind := cursor.byte():
            field = Cursor(cursor.take(_number(cursor)))
            if kind == 0x0E:
                empty = _bits(field, count)
            elif kind == 0x11 and field.byte() == 0:
                text = field.take(field.left).decode("utf-16-le", "replace")
                names = [name.encode("utf-8", "replace") for name in text.split("\x00")][:count]
    except EndError:
        return ()
    return tuple(name for name, none in zip(names, empty, strict=False) if not none)
