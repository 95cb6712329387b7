"""SQL dumps: the rows of INSERT and COPY, read as the tables they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from scanner.content.patterns import Pattern
from scanner.content.tables import MOST_COLUMNS, Table
from scanner.content.text import Sections

_NAME: Final = r"[`\"\[\w.\]-]{1,130}"
_INSERT: Final = re.compile(
    rf"INSERT\s{{1,8}}(?:IGNORE\s{{1,8}})?INTO\s{{1,8}}({_NAME})\s{{0,8}}(?:\(([^()]{{1,8000}})\))?"
    r"\s{0,8}VALUES\s{0,8}", re.IGNORECASE)  # fmt: skip
_COPY: Final = re.compile(
    rf"^COPY\s{{1,8}}({_NAME})\s{{0,8}}\(([^()]{{1,8000}})\)\s{{1,8}}FROM\s{{1,8}}stdin",
    re.IGNORECASE | re.MULTILINE)  # fmt: skip
_CREATE: Final = re.compile(
    rf"CREATE\s{{1,8}}TABLE\s{{1,8}}(?:IF\s{{1,8}}NOT\s{{1,8}}EXISTS\s{{1,8}})?({_NAME})\s{{0,8}}\(",
    re.IGNORECASE,
)
_DEFINED: Final = re.compile(r"\s*[`\"\[]?(\w{1,64})[`\"\]]?\s+[A-Za-z]")
_NOT_COLUMNS: Final = frozenset(
    ["primary", "unique", "key", "constraint", "foreign", "index", "check", "fulltext"]
)
_WORDS: Final = Pattern(
    r"(?m)INSERT\s{1,8}(?:IGNORE\s{1,8})?INTO\s|^COPY\s|CREATE\s{1,8}TABLE\s", ignore_case=True
)
_VALUE: Final = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.|''){0,4000})'|([^\s,()']{1,200}))\s*([,)])", re.DOTALL
)
_MOST_ROWS: Final = 2_000


def is_sql(text: str) -> bool:
    """Whether a text is a dump: statements that create or fill tables."""
    # Most text has not even the words: RE2 says so twenty times as fast.
    return _WORDS.is_in(text) and any(pattern.search(text) for pattern in (_INSERT, _COPY, _CREATE))


def sql_tables(sections: Sections) -> list[Table]:
    """Return the tables that a dump fills, one each for name and column list."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[str, ...]]] = {}
    defined: dict[str, tuple[str, ...]] = {}
    left = _MOST_ROWS
    for part in sections.parts:
        defined.update(_definitions(part))
        for name, columns, row in _filled(part):
            header = columns or defined.get(name, ())
            found.setdefault((name, header), []).append(row)
            left -= 1
            if left <= 0:
                return _tables(found)
    return _tables(found)


def _tables(found: dict[tuple[str, tuple[str, ...]], list[tuple[str, ...]]]) -> list[Table]:
    return [
        Table(delimiter=",", header=header or None, rows=tuple(rows), row_count=len(rows))
        for (_, header), rows in found.items()
    ]


def _filled(part: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    # A statement found inside what was already read is a value, and reading it again would
    # make hostile dumps quadratic.
    done = 0
    for match in _INSERT.finditer(part):
        if match.start() >= done:
            rows, done = _tuples(part, match.end())
            for row in rows:
                yield _bare(match[1]), _columns(match[2] or ""), row
    done = 0
    for match in _COPY.finditer(part):
        if match.start() >= done:
            lines, done = _copied(part, match.end())
            for line in lines:
                yield _bare(match[1]), _columns(match[2]), line


def _tuples(part: str, at: int) -> tuple[list[tuple[str, ...]], int]:
    """Return the parenthesised rows from ``at`` on, and where they end."""
    rows: list[tuple[str, ...]] = []
    while part.startswith("(", at) and len(rows) < _MOST_ROWS:
        row: list[str] = []
        at += 1
        while len(row) < MOST_COLUMNS:
            match = _VALUE.match(part, at)
            if match is None:
                return rows, at
            row.append(_unless_null(match[1] if match[1] is not None else match[2]))
            at = match.end()
            if match[3] == ")":
                break
        rows.append(tuple(row))
        while part[at : at + 1] in {",", " ", "\n", "\r", "\t"}:
            at += 1
    return rows, at


def _copied(part: str, at: int) -> tuple[list[tuple[str, ...]], int]:
    """Return the tab-separated rows up to the closing line, and where they end."""
    end = part.find("\n\\.", at)
    end = len(part) if end < 0 else end
    lines = part[at:end].split("\n", _MOST_ROWS + 1)[1 : _MOST_ROWS + 1]
    cells = (line.split("\t")[:MOST_COLUMNS] for line in lines if line)
    return [tuple(_unless_null(cell) for cell in row) for row in cells], end


def _definitions(part: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    done = 0
    for match in _CREATE.finditer(part):
        if match.start() < done:
            continue
        body = part[match.end() : match.end() + 16_384].split(";", 1)[0]
        done = match.end() + len(body)
        names = [found[1] for piece in body.split(",") if (found := _DEFINED.match(piece))]
        yield _bare(match[1]), tuple(name for name in names if name.lower() not in _NOT_COLUMNS)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(_bare(piece) for piece in text.split(",")) if text else ()


def _bare(name: str) -> str:
    return name.strip().rpartition(".")[2].strip('`"[] ')


def _unless_null(cell: str) -> str:
    return "" if cell in {"NULL", "null", "\\N"} else cell[:1000].strip()
