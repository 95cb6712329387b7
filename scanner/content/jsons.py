"""JSON records: an array of flat objects, or one object a line, read as a table."""

from __future__ import annotations

import json
from typing import Final

from scanner.content.tables import MOST_COLUMNS, MOST_ROWS, Table
from scanner.content.text import Sections

_MOST_LINE: Final = 65_536


def read_json(sections: Sections) -> tuple[str, Table] | None:
    """Return the format (``json`` or ``ndjson``) and a table, or None where it is neither."""
    text = sections.parts[0].lstrip()
    if not text.startswith(("{", "[")):
        return None
    if sections.whole:
        document = _loaded(text)
        records = document if isinstance(document, list) else [document]
        if document is not None:
            return "json", _table(records)
    lines = [line for part in sections.parts for line in part.splitlines()]
    read = [_loaded(line) for line in lines[: 2 * MOST_ROWS] if line.startswith("{")]
    records = [record for record in read if record is not None]
    # Windows cut a line at either end.
    if not records or len(records) < len(read) - 2 * len(sections.parts):
        return None
    return "ndjson", _table(records)


def _loaded(text: str) -> object | None:
    try:
        document: object = json.loads(text) if len(text) <= 1 << 20 else None
    except (ValueError, RecursionError):
        return None
    return document


def _table(records: list[object]) -> Table:
    objects = [record for record in records if isinstance(record, dict)][:MOST_ROWS]
    header = tuple(dict.fromkeys(str(name) for record in objects for name in record))[:MOST_COLUMNS]
    rows = tuple(tuple(_cell(record.get(name)) for name in header) for record in objects)
    return Table(delimiter=",", header=header, rows=rows, row_count=len(objects))


def _cell(value: object) -> str:
    return str(value)[:1000].strip() if isinstance(value, str | int | float) else ""
