"""What a deletion certificate lists: the files that are said to be gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.intake.files import read_bounded, shown_path
from scanner.intake.formats import FORMATS
from scanner.intake.placed_json import parse
from scanner.intake.registers import LARGEST_REGISTER
from scanner.intake.schema_check import compiled
from scanner.intake.tables import decode_table, rows
from scanner.schemas.catalogue import load_schema

_MOST_PROBLEMS = 1_000


def read_deletions(path: Path) -> tuple[str, ...]:
    """Return the paths that a certificate lists: a JSON list of ``path`` and ``deleted``, or CSV
    with these columns.

    Raises ``InputError`` with one line per fault; no line repeats a path.
    """
    name, content = shown_path(path), read_bounded(path, LARGEST_REGISTER)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        document = parse(name, content)
        faults = compiled(load_schema("deletions"), FORMATS, quoting=False).problems(document.value)
        if faults:
            raise InputError(*document.report(faults))
        entries: Any = document.value
        return tuple(entry["path"] for entry in entries)
    return _from_table(name, decode_table(name, content))


def _from_table(name: str, text: str) -> tuple[str, ...]:
    paths: list[str] = []
    problems: list[str] = []
    for row in rows(name, text, ("path", "deleted")):
        for column, what in (("path", "area-path"), ("deleted", "date")):
            fault = FORMATS[what](row.cells[column])
            if fault:
                problems.append(f"{name}:{row.line}: {column}: {fault}")
        paths.append(row.cells["path"])
        if len(problems) > _MOST_PROBLEMS:
            break
    if problems:
        raise InputError(*problems)
    return tuple(paths)
