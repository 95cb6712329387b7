"""Judges the saved observations of a run again, after a policy or a paper changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scanner import targets as targets_file
from scanner.api.events import begin_events
from scanner.api.head import DONE, RUNNING, RunHead, read_head
from scanner.api.publish import HOSTS, RunOutput, RunResult
from scanner.api.saved import saved
from scanner.api.workshop import docket_of
from scanner.engine.outcome import Tally
from scanner.engine.plan import seen_from, shard_of
from scanner.engine.record import Record
from scanner.engine.unseen import unseen
from scanner.errors import InputError
from scanner.history import Fleet
from scanner.model.finding import Severity
from scanner.model.reading import Reason, Unobserved
from scanner.model.recall import Recall
from scanner.model.scan import ScanHeader
from scanner.model.target import Target
from scanner.report.heartbeat import EventLog
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import EVENTS, LOCK, OBSERVATIONS, RunFolder

AGAIN = "hosts-again.ndjson"
"""The spool of a second judgement, never that of a run that may still be going."""


def assess(folder: Path, *, targets: Path | None = None) -> RunResult:
    """Rewrite the report of a run from its saved observations.

    Papers are read anew from the run's targets file, or from ``targets``; clock and memory are
    those of the run, so that the same papers give the same document. A run that died is
    "interrupted" from now on, and targets that it had not come to are unknown. Raises
    ``InputError`` when something is gone or damaged, ``LockedError`` while the run still goes.
    """
    place = RunFolder.open(folder)
    with exclusive(folder / LOCK):
        try:
            with Fleet() as fleet:
                return _judged_again(place, targets, fleet)
        finally:
            place.remove(AGAIN)


def _judged_again(place: RunFolder, targets: Path | None, fleet: Fleet) -> RunResult:
    head = read_head(place)
    file = targets_file.load_targets(targets or Path(head.targets))
    by_asset = {target.asset: target for target in file.targets}
    tally = Tally(Severity(head.fail_on), targeted=head.targeted, excluded=head.excluded)
    records = [
        (record, _target(record, by_asset)) for record in saved(place, OBSERVATIONS, "scan again")
    ]
    last = records[-1][0].judged_at if records else head.started
    records += _not_come_to(head, file.targets, {record.asset for record, _ in records}, last)
    place.remove(AGAIN)
    log = _new_log(place, head.header(tally), file.tenant)
    output = RunOutput(folder=place, tally=tally, fleet=fleet, log=log, spool=AGAIN)
    for record, target in records:
        output.add(docket_of(target, record), record)
    if head.state == RUNNING:
        head = head.ended(last, interrupted=True)
        place.remove(HOSTS)
    return output.publish(head.judged_with(file))


def _not_come_to(
    head: RunHead, listed: Sequence[Target], met: set[str], at: str
) -> list[tuple[Record, Target]]:
    """Return a record of nothing for each target that a run had not come to when it died."""
    if head.state == DONE:
        return []
    wanted = shard_of(seen_from(listed, head.stands), head.shard)
    missing = [target for target in wanted if target.asset not in met]
    why = Unobserved(Reason.INTERRUPTED, "not scanned: the run ended before its turn")
    return [
        (
            Record(
                asset=target.asset,
                judged_at=at,
                observations=tuple(
                    unseen(target, stand, why, at=at)
                    for stand in head.stands
                    if stand in target.vantages
                ),
                recall=Recall(),
            ),
            target,
        )
        for target in missing[: max(0, head.targeted - len(met))]
    ]


def _new_log(place: RunFolder, header: ScanHeader, tenant: str) -> EventLog | None:
    """Begin the events of a run that died before it could end them.

    Events that are whole stay as they are: they may have been delivered.
    """
    if (place.path / EVENTS).exists():
        return None
    return begin_events(place, EventLog(header=header, tenant=tenant))


def _target(record: Record, by_asset: Mapping[str, Target]) -> Target:
    target = by_asset.get(record.asset)
    if target is None:
        told = f"{record.asset}: no longer in the targets file"
        raise InputError(f"{told}; name the file that lists it with --targets")
    return target
