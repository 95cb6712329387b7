"""Tables that people keep in spreadsheets: CSV in the encodings and dialects that occur."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from scanner.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_WIDEST_CELL = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: the line it begins on, and its cells by column name, stripped."""

    line: int
    cells: dict[str, str]


def decode_table(name: str, content: bytes) -> str:
    """Return the text of a table: UTF-8, UTF-16 with its mark, or else Windows-1252.

    Raises ``InputError``, one line, for an empty file and for bytes that none of them has.
    """
    if not content.strip():
        raise InputError(f"{name}: is empty; give it a header line and one line per entry")
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = _utf8_or_windows(content)
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text that can be read; save it as UTF-8") from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise InputError(f"{name}:{line}: holds a NUL byte; save it as plain UTF-8 text")
    return text


def _utf8_or_windows(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def header_of(name: str, text: str) -> list[str]:
    """Return the headings of a table, in lower case. Raises ``InputError``, one line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        first = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
    except csv.Error:
        raise InputError(f"{name}: has broken quotes in its header") from None
    return [cell.strip().lower() for cell in first]


def rows(
    name: str, text: str, required: tuple[str, ...], bad: list[str] | None = None
) -> Iterator[Row]:
    """Yield the rows of a table whose first line names its columns, in any letter case.

    Comma, semicolon, tab and bar are told apart by the header. Columns beyond the required ones are
    passed on. A row that cannot be used is told in ``bad`` and left out, where that is given.
    Raises ``InputError``, one line, when the header or the quoting is broken.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: list[str] = []
    begun = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            message = "has broken quotes or a huge cell; double every quote inside quotes"
            raise InputError(f"{name}:{begun + 1}: {message}") from None
        if cells is None:
            return
        line, begun = begun + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _header(name, line, cells, required)
            continue
        try:
            row = Row(line, _cells(name, line, columns, cells))
        except InputError as error:
            if bad is None:
                raise
            bad.extend(error.problems)
            continue
        yield row


def _delimiter(text: str) -> str:
    header = text.lstrip().partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _header(name: str, line: int, cells: list[str], required: tuple[str, ...]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    problems = []
    for wanted in required:
        if columns.count(wanted) > 1:
            problems.append(f"{name}:{line}: column '{wanted}' stands twice; keep one")
        if wanted not in columns:
            near = get_close_matches(wanted, columns, 1, 0.7)
            mend = "rename the column that is spelt almost so" if near else "add it to the header"
            problems.append(f"{name}:{line}: column '{wanted}' is missing; {mend}")
    if problems:
        raise InputError(*problems)
    return columns


def _cells(name: str, line: int, columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(columns):
        message = f"has {len(cells)} cells under {len(columns)} columns; quote cells that hold"
        raise InputError(f"{name}:{line}: {message} the separator")
    if any(len(cell) > _WIDEST_CELL for cell in cells):
        raise InputError(f"{name}:{line}: has a cell of more than {_WIDEST_CELL} characters")
    padded = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
    return dict(zip(columns, padded, strict=True))
