"""Cross-reference sections of a PDF: a table with its trailer, or a stream that is both."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Final

from scanner.content.cursor import EndError
from scanner.content.formats.pdf_syntax import Dictionary, Name, Parser
from scanner.content.ranges import Asking, Source
from scanner.model.frozen import dataclass
from scanner.model.late import late

_FIRST: Final = 65_536
_MOST: Final = 262_144
_MOST_OBJECTS: Final = 20_000
_MOST_ROWS: Final = 1_048_576
_SUBSECTION: Final = late(rb"\s{0,4}(\d{1,10})[ \t]{1,4}(\d{1,10})[ \t]{0,4}\r?\n?")
_ENTRY: Final = late(rb"(\d{10}) \d{5} n")
_OBJECT: Final = late(rb"\s{0,8}\d{1,10}\s{1,4}\d{1,5}\s{1,4}obj")


@dataclass(frozen=True, slots=True)
class Section:
    """A trailer, and where objects stand. Objects within object streams are left out."""

    trailer: Dictionary
    offsets: dict[int, int]


def read_section(source: Source, at: int) -> Asking[Section | None]:
    """Return the section that stands at ``at``; None where there is none."""
    data = yield from source.read(at, _FIRST)
    try:
        if match := re.match(rb"\s{0,8}xref\b", data):
            if b"trailer" not in data:
                data += yield from source.read(at + len(data), _MOST)
            return _table(data, match.end())
        if match := _OBJECT.match(data):
            return (yield from _stream(source, at, data, match.end()))
    except (EndError, zlib.error, struct.error):
        return None
    return None


def _table(data: bytes, at: int) -> Section:
    offsets: dict[int, int] = {}
    while (match := _SUBSECTION.match(data, at)) and len(offsets) < _MOST_OBJECTS:
        first, count = int(match[1]), int(match[2])
        at = match.end()
        for number in range(min(count, (len(data) - at) // 20, _MOST_OBJECTS)):
            if entry := _ENTRY.match(data, at + 20 * number):
                offsets[first + number] = int(entry[1])
        at += 20 * count
    found = data.find(b"trailer", min(at, len(data)))
    found = data.find(b"trailer") if found < 0 else found
    trailer = Parser(data, found + 7).value() if found >= 0 else None
    if not isinstance(trailer, dict):
        raise EndError
    return Section(trailer, offsets)


def _stream(source: Source, at: int, data: bytes, start: int) -> Asking[Section | None]:
    parser = Parser(data, start)
    trailer = parser.value()
    if not isinstance(trailer, dict) or trailer.get(b"Type") != Name(b"XRef"):
        return None
    match = re.compile(rb"\s{0,8}stream\r?\n").match(data, parser.at)
    length = trailer.get(b"Length")
    if match is None or not isinstance(length, int):
        return Section(trailer, {})
    body = data[match.end() : match.end() + length]
    if len(body) < length:
        body += yield from source.read(at + len(data), min(length - len(body), _MOST))
    try:
        return Section(trailer, _rows(trailer, body))
    except (EndError, zlib.error, struct.error):
        return Section(trailer, {})


def _rows(trailer: Dictionary, body: bytes) -> dict[int, int]:
    """Read the rows of a cross-reference stream: type, offset, generation."""
    widths = _numbers(trailer.get(b"W"))
    if len(widths) != 3 or not 0 < sum(widths) <= 32:
        raise EndError
    rows = _unfiltered(trailer, body, sum(widths))
    index = _numbers(trailer.get(b"Index")) or [0, len(rows)]
    offsets: dict[int, int] = {}
    at = 0
    for first, count in zip(index[::2], index[1::2], strict=False):
        for number, row in enumerate(rows[at : at + min(count, _MOST_OBJECTS)]):
            kind = int.from_bytes(row[: widths[0]], "big") if widths[0] else 1
            if kind == 1:
                field = row[widths[0] : widths[0] + widths[1]]
                offsets[first + number] = int.from_bytes(field, "big")
        at += count
    return offsets


def _numbers(value: object) -> list[int]:
    found = value if isinstance(value, list) else []
    return [number for number in found if isinstance(number, int) and number >= 0]


def _unfiltered(trailer: Dictionary, body: bytes, width: int) -> list[bytes]:
    if trailer.get(b"Filter") is not None:
        body = zlib.decompressobj().decompress(body, _MOST_ROWS)
    parameters = trailer.get(b"DecodeParms")
    predictor = parameters.get(b"Predictor", 1) if isinstance(parameters, dict) else 1
    if not isinstance(predictor, int) or predictor < 10:
        return [body[at : at + width] for at in range(0, len(body) - width + 1, width)]
    rows: list[bytes] = []
    above = bytes(width)
    for at in range(0, len(body) - width, width + 1):
        row = body[at + 1 : at + 1 + width]
        if body[at] == 2:
            row = bytes((one + other) & 0xFF for one, other in zip(row, above, strict=True))
        elif body[at] != 0:
            raise EndError
        rows.append(row)
        above = row
        if len(rows) >= 2 * _MOST_OBJECTS:
            break
    return rows
