"""What a run came to, told on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from scanner.cli.console import columns, note, wants_colour, write
from scanner.report.changes import summed, told_in_words
from scanner.report.run_table import run_text
from scanner.report.stream import hosts_in

if TYPE_CHECKING:
    from scanner.api import RunResult

_MOST_UNFINISHED = 10


def tell(result: RunResult) -> None:
    """Write the table of a run to standard output, and what stayed undone to standard error."""
    write(chain([_table(result)], _foot(result)))
    for line in result.remarks:
        note(line)
    if result.interrupted:
        note("interrupted: what was seen is written, the rest is unknown")
        return
    for line in result.incomplete[:_MOST_UNFINISHED]:
        note(f"incomplete: {line}")
    if len(result.incomplete) > _MOST_UNFINISHED:
        note(f"incomplete: {len(result.incomplete) - _MOST_UNFINISHED} more steps; see the report")


def _table(result: RunResult) -> str:
    with (result.folder / "report.json").open(encoding="utf-8") as lines:
        return run_text(hosts_in(lines), width=columns(sys.stdout), colour=wants_colour(sys.stdout))


def _foot(result: RunResult) -> Iterator[str]:
    with (result.folder / "report.json").open(encoding="utf-8") as lines:
        rows, leads = summed(hosts_in(lines))
    yield f"Failing rows: {told_in_words(rows, leads)}\n"
    yield f"Report: {result.folder / 'report.json'}\n"
