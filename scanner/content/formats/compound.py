"""Compound files (MS-CFB), the container of old Office documents: names and first bytes."""

from __future__ import annotations

import struct
from typing import Final

from scanner.content.cursor import EndError
from scanner.content.ranges import Asking, Source
from scanner.model.frozen import dataclass

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PIECE: Final = 16_384
_MOST_ENTRIES: Final = 2048
_MOST_TABLES: Final = 64
_LAST: Final = 0xFFFFFFFA
_NONE: Final = 0xFFFFFFFF
_STREAM: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry: a storage or a stream."""

    name: str
    kind: int
    start: int
    size: int
    left: int
    right: int
    child: int


class Compound:
    """A compound file that is read in pieces. Reads raise ``EndError`` for what cannot be.

    ``top`` are the entries of the root, ``names`` those of all storages.
    """

    def __init__(self, source: Source, header: bytes) -> None:
        self._source = source
        self._sector = 1 << (struct.unpack_from("<H", header, 30)[0] & 15)
        self._mini_sector = 1 << (struct.unpack_from("<H", header, 32)[0] & 15)
        if self._sector not in {512, 4096} or self._mini_sector != 64:
            raise EndError
        self._directory, _, self._cutoff, self._mini_table = struct.unpack_from("<4I", header, 48)
        self._table_chain = struct.unpack_from("<I", header, 68)[0]
        self._tables = [n for n in struct.unpack_from("<109I", header, 76) if n < _LAST]
        self._root: Entry | None = None
        self.top: dict[str, Entry] = {}
        self.names: set[str] = set()

    def load(self) -> Asking[None]:
        """Read the directory."""
        yield from self._load_tables()
        entries: list[Entry] = []
        chain = yield from self._chain(self._directory, _MOST_ENTRIES * 128 // self._sector)
        for sector in chain:
            data = yield from self._read((sector + 1) * self._sector, self._sector)
            entries += [_entry(data[at : at + 128]) for at in range(0, len(data) - 127, 128)]
        if not entries:
            raise EndError
        self._root = entries[0]
        self.names = {entry.name for entry in entries if entry.kind}
        self.top = _children(entries)

    def stream(self, entry: Entry, most: int) -> Asking[bytes]:
        """Return the first bytes of a stream."""
        most = min(most, entry.size)
        if entry.kind != _STREAM or most <= 0:
            return b""
        if entry.size >= self._cutoff:
            return (yield from self._big(entry.start, most))
        return (yield from self._small(entry.start, most))

    def _big(self, start: int, most: int) -> Asking[bytes]:
        data = b""
        chain = yield from self._chain(start, -(-most // self._sector))
        for sector in chain:
            data += yield from self._read((sector + 1) * self._sector, self._sector)
        return data[:most]

    def _small(self, start: int, most: int) -> Asking[bytes]:
        """Follow the table of short sectors, which lie in the root's own stream."""
        if self._root is None:
            raise EndError
        table = yield from self._big(self._mini_table, 64 * self._sector)
        pool = yield from self._big(self._root.start, min(self._root.size, 65_536))
        data = b""
        for _ in range(-(-most // self._mini_sector)):
            piece = pool[start * self._mini_sector : (start + 1) * self._mini_sector]
            if len(piece) < self._mini_sector or 4 * start + 4 > len(table):
                raise EndError
            data += piece
            start = struct.unpack_from("<I", table, 4 * start)[0]
        return data[:most]

    def _load_tables(self) -> Asking[None]:
        """Follow the chain of sectors that say where the sector table goes on."""
        sector = self._table_chain
        per_sector = self._sector // 4 - 1
        for _ in range(_MOST_TABLES):
            if sector >= _LAST:
                return
            data = yield from self._read((sector + 1) * self._sector, self._sector)
            numbers = struct.unpack(f"<{per_sector + 1}I", data)
            self._tables += [number for number in numbers[:per_sector] if number < _LAST]
            sector = numbers[per_sector]

    def _chain(self, sector: int, most: int) -> Asking[list[int]]:
        """Return the sectors of a chain, as far as wanted."""
        found: list[int] = []
        while sector < _LAST and len(found) < most:
            found.append(sector)
            number, at = divmod(sector, self._sector // 4)
            if number >= len(self._tables):
                raise EndError
            place = (self._tables[number] + 1) * self._sector + 4 * at
            sector = int.from_bytes((yield from self._read(place, 4)), "little")
        return found

    def _read(self, offset: int, length: int) -> Asking[bytes]:
        """Read within big pieces: each small read of its own would be a round trip."""
        data = b""
        while length > 0:
            start = offset - offset % _PIECE
            piece = yield from self._source.read(start, _PIECE)
            part = piece[offset - start : offset - start + length]
            if not part:
                raise EndError
            data += part
            offset, length = offset + len(part), length - len(part)
        return data


def _entry(data: bytes) -> Entry:
    length = struct.unpack_from("<H", data, 64)[0]
    name = data[: max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
    left, right, child = struct.unpack_from("<3I", data, 68)
    start, size = struct.unpack_from("<II", data, 116)
    return Entry(name, data[66], start, size, left, right, child)


def _children(entries: list[Entry]) -> dict[str, Entry]:
    """Return the entries directly below the root: a tree of siblings."""
    found: dict[str, Entry] = {}
    waiting, seen = [entries[0].child], set[int]()
    while waiting:
        number = waiting.pop()
        if number >= len(entries) or number in seen:
            continue
        seen.add(number)
        entry = entries[number]
        found.setdefault(entry.name, entry)
        waiting += [entry.left, entry.right]
    return found
