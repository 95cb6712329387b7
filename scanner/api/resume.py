"""What a run that ended early left behind, so that it can be finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from scanner.api.head import DONE, RUNNING, RunHead, read_head
from scanner.api.saved import saved
from scanner.engine.record import Record, encode
from scanner.errors import InputError
from scanner.model.reading import Reason
from scanner.model.recall import Recall
from scanner.sinks.run_folder import RunFolder

CUT = "cut.ndjson"
"""Looks that were cut short, until the run is finished: what was known before them."""

_MEND = "start a new run"


def unfinished(path: Path, targets_sha256: str) -> tuple[RunFolder, RunHead]:
    """Open a run that ended early.

    Raises ``InputError`` for one that is whole, or whose targets file has changed since.
    """
    folder = RunFolder.open(path)
    head = read_head(folder)
    if head.state == DONE:
        raise InputError(f"{path}: this run is whole; nothing is left to resume")
    if head.targets_sha256 != targets_sha256:
        raise InputError(f"{path}: the targets file has changed since; start a new run")
    return folder, replace(head, finished="", state=RUNNING)


def cleaned(folder: RunFolder, name: str) -> dict[str, Recall]:
    """Keep one whole record of each asset that was looked at to the end, and nothing else.

    A line that was cut short would otherwise swallow the next one. Returns what was known of each
    asset that had been seen in part, before it was. Raises ``InputError`` where a whole line is
    damaged.
    """
    cut = {record.asset: record for record in saved(folder, CUT, _MEND)}
    cut |= {
        one.asset: one for one in saved(folder, name, _MEND) if _was_cut(one) and _saw_a_thing(one)
    }
    if cut:
        folder.write(CUT, (f"{encode(record)}\n" for record in cut.values()))
    folder.write(name, (f"{encode(record)}\n" for record in _whole(folder, name)))
    return {asset: record.recall for asset, record in cut.items()}


def known_before(now: Recall, before: Recall) -> Recall:
    """Return a memory whose open findings are those from before a run: what the run itself had
    found, and told nobody, is new.
    """
    return replace(now, findings=before.findings, severities=before.severities)


def _whole(folder: RunFolder, name: str) -> Iterator[Record]:
    met: set[str] = set()
    for record in saved(folder, name, _MEND):
        if record.asset not in met and not _was_cut(record):
            met.add(record.asset)
            yield record


def _saw_a_thing(record: Record) -> bool:
    return any(e.facts is not None for seen in record.observations for e in seen.endpoints)


def _was_cut(record: Record) -> bool:
    return any(
        Reason.INTERRUPTED
        in {endpoint.reason, seen.unreached.reason if seen.unreached is not None else None}
        for seen in record.observations
        for endpoint in seen.endpoints
    )
