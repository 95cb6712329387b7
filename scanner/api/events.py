"""``events.ndjson``: written while a run goes, put in place when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.scan import ScanHeader
from scanner.report.heartbeat import Ending, EventLog
from scanner.sinks.run_folder import EVENTS, UNFINISHED, RunFolder


def begin_events(folder: RunFolder, log: EventLog) -> EventLog:
    """Write the first event, and drop those of an attempt that came to nothing or was stopped.

    What had been put in place goes last: where the disk is full it stays.
    """
    folder.remove(UNFINISHED)
    folder.append(UNFINISHED, log.started())
    folder.remove(EVENTS)
    return log


def add_events(folder: RunFolder, lines: Iterable[str]) -> None:
    """Write the events of one host, at once."""
    if text := "\n".join(lines):
        folder.append(UNFINISHED, text)


def end_events(folder: RunFolder, log: EventLog, header: ScanHeader, *, whole: bool) -> None:
    """Write the last event and put the file in place."""
    folder.append(UNFINISHED, log.ended(header, Ending.COMPLETED if whole else Ending.CANCELLED))
    folder.seal(EVENTS)
