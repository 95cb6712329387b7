"""Reads an export of a CMDB and says what targets file it comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scanner.errors import InputError
from scanner.intake.cmdb import MOST_PROBLEMS, import_table
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.intake.tables import decode_table
from scanner.sinks.whole_file import put

LARGEST_TABLE = 64 * MEBIBYTE
"""Bytes of an export at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """A targets file made of an export. ``bad`` are the rows that were left out, a line each."""

    text: str
    targets: int
    joined: int
    bad: tuple[str, ...]
    unused: tuple[str, ...]


def import_csv(path: Path, named: Mapping[str, str], *, skip_bad: bool = False) -> ImportResult:
    """Return the targets file that a table comes to, its authorisation blank.

    Raises ``InputError`` with one line per row that cannot be used, unless those are skipped;
    and where nothing is left.
    """
    name = shown_path(path)
    made = import_table(name, decode_table(name, read_bounded(path, LARGEST_TABLE)), named)
    if made.bad and not skip_bad:
        more = len(made.bad) - MOST_PROBLEMS
        rest = [f"{name}: and {more} faults more"] if more > 0 else []
        mend = "nothing was written; mend these rows, or leave them out with --skip-bad"
        raise InputError(*made.bad[:MOST_PROBLEMS], *rest, f"{name}: {mend}")
    targets = made.document["targets"]
    if not targets:
        raise InputError(*made.bad[:MOST_PROBLEMS], f"{name}: no row is left; nothing was written")
    return ImportResult(
        text=json.dumps(made.document, indent=2, ensure_ascii=False) + "\n",
        targets=len(targets),
        joined=made.joined,
        bad=made.bad,
        unused=made.unused,
    )


def write_targets(path: Path, text: str, *, force: bool) -> None:
    """Put a targets file in place, whole. Raises ``InputError`` where one is there already."""
    put(path, text, replace=force)
