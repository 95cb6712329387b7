"""SQL dumps: the rows of INSERT and COPY, read as the tables they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, TypeAlias

from scanner.content.patterns import Pattern
from scanner.content.tables import MOST_COLUMNS, Table
from scanner.content.text import Sections
from scanner.model.late import late

_NAME: Final = r"[`\"\[\w.\]-]{1,130}"
_INSERT: Final = late(
    rf"(?:INSERT|REPLACE)\s{{1,8}}(?:IGNORE\s{{1,8}})?(?:INTO\s{{1,8}})?({_NAME})\s{{0,8}}(?:\(([^()]{{1,8000}})\))?"
    r"\s{0,8}VALUES\s{0,8}(?=\()", re.IGNORECASE)  # fmt: skip
_COPY: Final = late(
    rf"^COPY\s{{1,8}}({_NAME})\s{{0,8}}\(([^()]{{1,8000}})\)\s{{1,8}}FROM\s{{1,8}}stdin",
    re.IGNORECASE | re.MULTILINE)  # fmt: skip
_CREATE: Final = late(
    rf"CREATE\s{{1,8}}TABLE\s{{1,8}}(?:IF\s{{1,8}}NOT\s{{1,8}}EXISTS\s{{1,8}})?({_NAME})\s{{0,8}}\(",
    re.IGNORECASE,
)
_DEFINED: Final = late(r"\s*[`\"\[]?(\w{1,64})[`\"\]]?\s+[A-Za-z]")
_NOT_COLUMNS: Final = frozenset(
    ["primary", "unique", "key", "constraint", "foreign", "index", "check", "fulltext"]
)
_WORDS: Final = Pattern(r"(?m)(?:INSERT|REPLACE)\s|^COPY\s|CREATE\s{1,8}TABLE\s", ignore_case=True)
_TEXT: Final = r"N?'((?:[^'\\]|\\.|''){0,4000})'"
# A text may stand in a call: CAST(N'...' AS Date), CONVERT(datetime, '...', 121), to_date('...').
_CALL: Final = (
    r"[A-Za-z_]{1,30}\(\s{0,4}(?:[A-Za-z0-9]{1,20},\s{0,4})?" + _TEXT + r"[^()]{0,60}"
    r"(?:\(\d{0,4}\)[^()]{0,10})?\)"
)
_VALUE: Final = late(
    rf"\s*(?:{_TEXT}|{_CALL}|([^\s,()']{{1,200}}))(?:::\w{{1,30}})?\s*([,)])", re.DOTALL
)
_BETWEEN: Final = late(r"\)\s{0,4},\s{0,4}(?=\()")
_LEAST_EVEN: Final = 0.8
_MOST_ROWS: Final = 20_000
_KEPT_ROWS: Final = 1_000
_Key: TypeAlias = tuple[str, tuple[str, ...]]


def is_sql(text: str) -> bool:
    """Whether a text is a dump: statements that create or fill tables."""
    # Most text has not even the words: RE2 says so twenty times as fast.
    return _WORDS.is_in(text) and any(pattern.search(text) for pattern in (_INSERT, _COPY, _CREATE))


def sql_tables(sections: Sections) -> list[Table]:
    """Return the tables that a dump fills, one each for name and column list.

    A window may start within the rows of a statement whose beginning nobody read: they make a
    table without header, or that of the one known table of their width.
    """
    found: dict[_Key, list[tuple[str, ...]]] = {}
    counts: Counter[_Key] = Counter()
    defined: dict[str, tuple[str, ...]] = {}
    for number, part in enumerate(sections.parts):
        defined.update(_definitions(part))
        for name, columns, row in _filled(part):
            _keep((name, columns or defined.get(name, ())), row, found, counts)
        for row in _carried_on(part) if number else ():
            _keep(_guessed(len(row), found, defined), row, found, counts)
    return [
        Table(delimiter=",", header=key[1] or None, rows=tuple(rows), row_count=counts[key])
        for key, rows in found.items()
    ]


def _keep(
    key: _Key, row: tuple[str, ...], found: dict[_Key, list[tuple[str, ...]]], counts: Counter[_Key]
) -> None:
    counts[key] += 1
    if counts[key] <= _KEPT_ROWS:
        found.setdefault(key, []).append(row)


def _guessed(
    width: int, found: dict[_Key, list[tuple[str, ...]]], defined: dict[str, tuple[str, ...]]
) -> _Key:
    """Return the only known table of a width, else one without name and header."""
    known = {*found, *defined.items()}
    fitting = [key for key in known if len(key[1]) == width]
    return fitting[0] if len(fitting) == 1 else (f"?{width}", ())


def _carried_on(part: str) -> list[tuple[str, ...]]:
    """Return the rows of a statement that was open where a window starts."""
    ends = [match.start() for pattern in (_INSERT, _COPY, _CREATE)
            if (match := pattern.search(part))]  # fmt: skip
    lead = part[: min(ends, default=len(part))]
    between = _BETWEEN.search(lead)
    if between:
        return _tuples(lead, between.end())[0]
    lines = lead.split("\n\\.", 1)[0].split("\n")[1:]
    if min(ends, default=-1) < 0:
        lines = lines[:-1]
    tabs = Counter(line.count("\t") for line in lines).most_common(1)
    if not tabs or not tabs[0][0] or tabs[0][1] < _LEAST_EVEN * len(lines):
        return []
    return [_line(line) for line in lines if line.count("\t") == tabs[0][0]]


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
            row.append(_unless_null(next(cell for cell in match.groups() if cell is not None)))
            at = match.end()
            if match[4] == ")":
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
    return [_line(line) for line in lines if line], end


def _line(line: str) -> tuple[str, ...]:
    return tuple(_unless_null(cell) for cell in line.split("\t")[:MOST_COLUMNS])


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
