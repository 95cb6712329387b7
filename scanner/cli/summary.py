"""What a run came to, told on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.cli.console import columns, note, wants_colour, write

if TYPE_CHECKING:
    from scanner.api import RunResult

_MOST_UNFINISHED = 10


def tell(result: RunResult) -> None:
    """Write the table of a run to standard output, and what stayed undone to standard error."""
    write(_told(result))
    for line in result.remarks:
        note(line)
    if result.interrupted:
        note("interrupted: what was seen is written, the rest is unknown")
        return
    for line in result.incomplete[:_MOST_UNFINISHED]:
        note(f"incomplete: {line}")
    if len(result.incomplete) > _MOST_UNFINISHED:
        note(f"incomplete: {len(result.incomplete) - _MOST_UNFINISHED} more steps; see the report")


def _told(result: RunResult) -> Iterator[str]:
    yield result.table.text(width=columns(sys.stdout), colour=wants_colour(sys.stdout))
    yield f"Failing rows: {result.news}\n"
    yield f"Report: {result.folder / 'report.json'}\n"
