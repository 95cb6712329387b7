"""JSON: objects read as the rows of tables, wherever they stand, in whole documents or cuts."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from scanner.content.lexicon import concept_of
from scanner.content.tables import MOST_COLUMNS, MOST_ROWS, Table
from scanner.content.text import Sections
from scanner.model.late import late

_MOST_DOCUMENT: Final = 1 << 20
_MOST_NODES: Final = 200_000
_MOST_FLAT: Final = 3
_MOST_CELL: Final = 1000
_MOST_TABLES: Final = 64
_LEAST_ALIKE: Final = 3
# A try ends at the next quotation mark: no text is looked at more than a few times.
_PAIR: Final = late(
    r'"([^"\\\n]{1,100})"\s{0,8}:\s{0,8}(?:"([^"\n]{0,500})"|(-?[0-9][0-9.eE+-]{0,40}))'
)
_MOST_PAIRS: Final = 60_000


def read_json(sections: Sections) -> tuple[str, list[Table], bool] | None:
    """Return the format (``json`` or ``ndjson``), its tables, and whether one table holds all that
    the file does; or None where it is no JSON.

    The scalars of an object are a row, those of objects within it too; objects in a list are rows
    of a table of their own. Of a document that was cut, pairs of name and value are read as they
    follow each other.
    """
    text = sections.parts[0].lstrip()
    if not text.startswith(("{", "[")):
        return None
    if sections.whole:
        document = _loaded(text)
        if document is not None:
            return "json", _tables(document), _is_flat(document)
    lines = [line for part in sections.parts for line in part.splitlines()]
    read = [_loaded(line) for line in lines[: 2 * MOST_ROWS] if line.startswith("{")]
    records = [record for record in read if record is not None]
    # Windows cut a line at either end.
    if records and len(records) >= len(read) - 2 * len(sections.parts):
        flat = sections.whole and len(records) == sum(map(bool, lines)) and _is_flat(records)
        return "ndjson", _tables(records), flat
    rows = [row for part in sections.parts for row in _scanned(part)]
    return ("json", [_table(rows)], False) if rows else None


def _loaded(text: str) -> Any:
    try:
        return json.loads(text) if len(text) <= _MOST_DOCUMENT else None
    except (ValueError, RecursionError):
        return None


def _is_flat(document: Any) -> bool:
    """Whether a document is a list of objects of scalars, few enough to be all in one table."""
    if not isinstance(document, list) or len(document) > MOST_ROWS:
        return False
    names: set[str] = set()
    for record in document:
        if not isinstance(record, dict) or any(
            isinstance(each, dict | list) for each in record.values()
        ):
            return False
        names.update(record)
    return len(names) < MOST_COLUMNS


def _tables(document: Any) -> list[Table]:
    """Return a table for each name under which objects stand, the document's own under none."""
    found: dict[str, list[Mapping[str, str]]] = {}
    other: list[Table] = []
    waiting: list[tuple[str, Any]] = [("", document)]
    left = _MOST_NODES
    while waiting and left > 0:
        name, value = waiting.pop()
        left -= 1
        if isinstance(value, dict) and _is_map(value):
            value = list(value.values())
        if isinstance(value, dict) and (sheets := _sheets(value)):
            other += sheets
        elif isinstance(value, dict):
            row, inner = _flat(value)
            left -= len(row)
            waiting += inner
            if len(found.get(name, ())) < MOST_ROWS and (row or not inner):
                found.setdefault(name, []).append(row)
        elif isinstance(value, list):
            other += _by_rows(value, None)
            waiting += [(name, each) for each in reversed(value) if isinstance(each, dict | list)]
    return [*map(_table, list(found.values())[:_MOST_TABLES]), *other[:_MOST_TABLES]]


def _is_map(value: Mapping[str, Any]) -> bool:
    """Whether an object is a list in disguise: members alike under keys of their own."""
    members = list(value.values())
    if len(members) < _LEAST_ALIKE or not all(isinstance(each, dict) for each in members):
        return False
    first = set(members[0])
    return bool(first) and all(len(first & set(each)) * 2 >= len(first) for each in members[:50])


def _flat(value: Mapping[str, Any]) -> tuple[dict[str, str], list[tuple[str, Any]]]:
    """Return the scalars of an object, and of those within it, as a row; and the lists in it."""
    row: dict[str, str] = {}
    inner: list[tuple[str, Any]] = []
    waiting = deque([(value, 0)])
    while waiting:
        members, depth = waiting.popleft()
        for name, each in members.items():
            if isinstance(each, dict) and depth < _MOST_FLAT and not _is_map(each):
                waiting.append((each, depth + 1))
            elif isinstance(each, dict | list):
                inner.append((str(name), each))
                if isinstance(each, list) and each and isinstance(each[0], str):
                    row.setdefault(str(name), each[0][:_MOST_CELL].strip())
            elif len(row) < MOST_COLUMNS:
                row.setdefault(str(name), _cell(each))
    return row, inner


def _sheets(value: Mapping[str, Any]) -> list[Table]:
    """Return the table of an object whose members are lists of one length, or head and rows."""
    rows, head = value.get("data", value.get("rows")), value.get("columns", value.get("header"))
    if isinstance(rows, list) and isinstance(head, list):
        return list(_by_rows(rows, [_cell(name) for name in head]))
    lists = {name: each for name, each in value.items() if _is_scalars(each)}
    lengths = {len(each) for each in lists.values()}
    if len(lists) >= 2 and len(lengths) == 1 and lengths.pop() >= _LEAST_ALIKE:
        columns = [list(map(_cell, each[:MOST_ROWS])) for each in lists.values()]
        return [_sheet(tuple(map(str, lists)), list(zip(*columns, strict=True)))]
    return []


def _by_rows(value: Sequence[Any], head: Sequence[str] | None) -> Iterator[Table]:
    """Yield the table of a list of lists; its first row is a header where it names something."""
    if len(value) < _LEAST_ALIKE or not all(map(_is_scalars, value[:MOST_ROWS])):
        return
    rows = [tuple(map(_cell, row[:MOST_COLUMNS])) for row in value[:MOST_ROWS]]
    if head is None and any(concept_of(cell) for cell in rows[0]):
        head, rows = rows[0], rows[1:]
    yield _sheet(tuple(head) if head else None, rows)


def _sheet(header: tuple[str, ...] | None, rows: list[tuple[str, ...]]) -> Table:
    return Table(delimiter=",", header=header, rows=tuple(rows), row_count=len(rows))


def _is_scalars(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(each, dict | list) for each in value)


def _scanned(part: str) -> Iterator[Mapping[str, str]]:
    """Yield rows from a cut of a document: one ends where a name comes again."""
    row: dict[str, str] = {}
    for match in islice(_PAIR.finditer(part), _MOST_PAIRS):
        name, text, number = match.groups()
        if name in row:
            yield row
            row = {}
        row[name] = (text or number or "").strip()
    if row:
        yield row


def _table(records: Sequence[Mapping[str, str]]) -> Table:
    kept = records[:MOST_ROWS]
    header = tuple(dict.fromkeys(name for record in kept for name in record))[:MOST_COLUMNS]
    rows = tuple(tuple(record.get(name, "") for name in header) for record in kept)
    return Table(delimiter=",", header=header, rows=rows, row_count=len(records))


def _cell(value: Any) -> str:
    return str(value)[:_MOST_CELL].strip() if isinstance(value, str | int | float) else ""
