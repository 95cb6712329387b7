"""A small writer of compound files: every stream in sectors of its own, directory in one chain."""

from __future__ import annotations

import struct

from scanner.content.formats.compound import MAGIC

_END = 0xFFFFFFFE
_NONE = 0xFFFFFFFF
_TABLE = 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """Return a compound file whose root holds these streams; one of None would be a storage."""
    sectors: list[bytes] = []
    table: list[int] = []
    entries = [_entry("Root Entry", 5, _END, 0, child=1 if streams else _NONE)]
    for number, (name, data) in enumerate(streams.items(), 1):
        after = number + 1 if number < len(streams) else _NONE
        start = len(sectors) if data else _END
        entries.append(_entry(name, 2, start, len(data), right=after))
        _append(sectors, table, data)
    directory = len(sectors)
    _append(sectors, table, b"".join(entries))
    first_table = len(sectors)
    tables = -(-(len(sectors) + 8) // 120)
    table += [_TABLE] * tables
    packed = struct.pack(f"<{len(table)}I", *table).ljust(512 * tables, b"\xff")
    header = MAGIC + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, tables, directory, 0, 0, _END, 0, _END, 0, first_table)
    numbers = list(range(first_table + 1, first_table + tables)) + [_NONE] * (109 - tables)
    return header + struct.pack("<108I", *numbers) + b"".join(sectors) + packed


def _append(sectors: list[bytes], table: list[int], data: bytes) -> None:
    count = -(-len(data) // 512)
    for number in range(count):
        sectors.append(data[512 * number : 512 * number + 512].ljust(512, b"\x00"))
        table.append(len(table) + 1 if number < count - 1 else _END)


def _entry(
    name: str, kind: int, start: int, size: int, *, right: int = _NONE, child: int = _NONE
) -> bytes:
    text = name.encode("utf-16-le") + b"\x00\x00"
    data = text.ljust(64, b"\x00") + struct.pack("<HBB", len(text), kind, 1)
    data += struct.pack("<III", _NONE, right, child) + bytes(36)
    return data + struct.pack("<IQ", start, size)
