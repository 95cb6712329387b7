"""Makes one run of the shares of several: each target once, judged with the papers as they are.

The shares were remembered by the runs that scanned them. Only where those kept no memory of their
own, as in containers, is a history named: it then tells what earlier nights found, and learns of
this one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from scanner import targets as targets_file
from scanner.api.events import begin_events
from scanner.api.head import DONE, RunHead, read_head
from scanner.api.job import Clock, utc_now
from scanner.api.memory import lock_of
from scanner.api.publish import RunOutput, RunResult
from scanner.api.shares import Shares
from scanner.api.workshop import docket_of
from scanner.dossier import policies_sha256
from scanner.engine.joined import before
from scanner.engine.outcome import Tally
from scanner.engine.plan import seen_from
from scanner.engine.record import Record, encode
from scanner.engine.unseen import unseen
from scanner.errors import InputError
from scanner.history import Fleet, History
from scanner.model.case import moment
from scanner.model.finding import Severity
from scanner.model.reading import Reason, Unobserved
from scanner.model.recall import Recall
from scanner.model.target import Target, TargetsFile
from scanner.report.heartbeat import EventLog
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import LOCK, OBSERVATIONS, RunFolder

_MISSING = Unobserved(Reason.INTERRUPTED, "not scanned: none of the merged runs holds it")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """What is to be merged: ``runs`` are folders, ``targets`` the file if it lies elsewhere now.

    ``history`` is named where the runs kept none.
    """

    runs: tuple[Path, ...]
    reports: Path = Path("reports")
    targets: Path | None = None
    history: Path | None = None
    clock: Clock = utc_now


def merge(request: MergeRequest) -> RunResult:
    """Write one run folder for all of ``runs``; these stay as they are.

    A target that none of them holds is unknown. Raises ``InputError`` where they do not belong
    together or hold a target twice, ``LockedError`` while one of them still goes.
    """
    folders = [RunFolder.open(path) for path in request.runs]
    if len({folder.path.resolve() for folder in folders}) < max(2, len(folders)):
        raise InputError("give two or more run folders, each once")
    with ExitStack() as held:
        for folder in folders:
            held.enter_context(exclusive(folder.path / LOCK))
        heads = [read_head(folder) for folder in folders]
        _check_alike(folders, heads)
        file = _targets_of(request, heads[0])
        shares = Shares.of(folders, since=min(head.started for head in heads))
        memory: History | None = None
        if request.history is not None:
            held.enter_context(exclusive(lock_of(request.history)))
            memory = held.enter_context(History.open(request.history, request.clock))
        return _merged(request, heads, file, shares, memory)


def _check_alike(folders: Sequence[RunFolder], heads: Sequence[RunHead]) -> None:
    """Refuse what cannot be one run, one line for each."""
    problems: list[str] = []
    for what, key in (
        ("another targets file", "targets_sha256"),
        ("other policies", "policies_sha256"),
        ("another version of the scanner", "tool_version"),
        ("another --fail-on", "fail_on"),
    ):
        others = [
            folder.path
            for folder, head in zip(folders, heads, strict=True)
            if getattr(head, key) != getattr(heads[0], key)
        ]
        if others:
            problems.append(f"{others[0]}: was scanned with {what} than {folders[0].path}")
    if problems:
        raise InputError(*problems)


def _targets_of(request: MergeRequest, head: RunHead) -> TargetsFile:
    path = request.targets or Path(head.targets)
    file = targets_file.load_targets(path)
    if file.sha256 != head.targets_sha256:
        told = f"{path}: is not the targets file that the runs were scanned with"
        raise InputError(f"{told}; name that one with --targets")
    return file


def _merged(
    request: MergeRequest,
    heads: Sequence[RunHead],
    file: TargetsFile,
    shares: Shares,
    memory: History | None,
) -> RunResult:
    stands = tuple(dict.fromkeys(stand for head in heads for stand in head.stands))
    here = seen_from(file.targets, stands)
    shares.check(here)
    head = _head_of(heads, file, stands, here)
    tally = Tally(Severity(head.fail_on), targeted=head.targeted, excluded=head.excluded)
    folder = RunFolder.create(request.reports, request.clock(), head.uid)
    with exclusive(folder.path / LOCK), folder.kept_open(), Fleet() as fleet:
        log = begin_events(folder, EventLog(header=head.header(tally), tenant=file.tenant))
        output = RunOutput(folder=folder, tally=tally, fleet=fleet, log=log)
        for target, record in _records(here, head, shares, memory):
            folder.append(OBSERVATIONS, encode(record))
            report = output.add(docket_of(target, record), record)
            if memory is not None:
                memory.remember(report, moment(report.judged_at))
        return output.publish(head)


def _head_of(
    heads: Sequence[RunHead], file: TargetsFile, stands: tuple[str, ...], here: Sequence[Target]
) -> RunHead:
    whole = all(head.state == DONE for head in heads)
    head = RunHead(
        uid=str(uuid.uuid4()),
        targets=str(file.path),
        targets_sha256=file.sha256,
        authorisation=file.authorisation.reference,
        vantage=stands[0],
        vantages=stands,
        started=min(head.started for head in heads),
        fail_on=heads[0].fail_on,
        targeted=len(here),
        excluded=len(file.targets) - len(here),
        policies_sha256=policies_sha256(file.targets),
        merged=tuple(head.uid for head in heads),
    )
    # A run that died has no end; it went on for as long as the others, at least.
    ended = max(head.finished or head.started for head in heads)
    return head.ended(ended, interrupted=not whole)


def _records(
    here: Sequence[Target], head: RunHead, shares: Shares, memory: History | None
) -> Iterator[tuple[Target, Record]]:
    for target in here:
        record = shares.record(target.asset)
        if record is None:
            record = Record(
                asset=target.asset, judged_at=head.finished, observations=(), recall=Recall()
            )
        seen = {look.vantage for look in record.observations}
        missing = (
            unseen(target, stand, _MISSING, at=head.finished)
            for stand in head.stands
            if stand in target.vantages and stand not in seen
        )
        record = replace(record, observations=(*record.observations, *missing))
        if memory is not None:
            past = before(memory.recall(target.tenant, target.asset), head.started)
            record = replace(record, recall=replace(past, certificates=record.recall.certificates))
        yield target, record
