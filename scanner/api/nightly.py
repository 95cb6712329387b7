"""The nightly run: every target of a file, into a run folder of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from scanner.api.head import LOCK, RunHead, write_head
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, FileJob, authorised, nightly, unserved, utc_now
from scanner.api.workshop import Workshop, docket_of, workshop
from scanner.engine.judge import judge
from scanner.engine.outcome import Tally
from scanner.engine.plan import PlannedAsset, from_vantage, planned, shard_of
from scanner.engine.progress import Progress
from scanner.engine.record import encode
from scanner.engine.scheduler import schedule
from scanner.engine.scope import Resolver
from scanner.engine.unseen import unseen
from scanner.errors import HistoryError, SecretError
from scanner.history import Fleet, default_path
from scanner.model.finding import Severity
from scanner.model.logs import LogDigest, not_read
from scanner.model.observation import Observations
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.target import Target
from scanner.probes.context import utc_text
from scanner.report import document
from scanner.report.stream import stream, with_aliases
from scanner.secrets import FileSecrets
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import RunFolder

OBSERVATIONS = "observations.ndjson"
HOSTS = "hosts.ndjson"
REPORT = "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a nightly run is asked to do. ``shard`` is (index, count), counted from 0.

    ``resolver`` looks names up; without one the operating system does.
    """

    targets: Path
    reports: Path = Path("reports")
    history: Path | None = None
    vantage: str | None = None
    shard: tuple[int, int] | None = None
    fail_on: Severity = Severity.HIGH
    contact: str | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to. ``counts`` maps letters to assets.

    ``unserved`` names what the targets file declares and this version makes no use of.
    """

    folder: Path
    uid: str
    hosts: int
    targeted: int
    counts: Mapping[str, int]
    exit_code: int
    incomplete: tuple[str, ...] = ()
    delta: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    unserved: tuple[str, ...] = ()


async def run(request: RunRequest, progress: Callable[[Progress], None]) -> RunResult:
    """Scan every target of a file into a new run folder.

    A cancellation ends the scan early: what was seen is written, the rest is unknown, and
    ``interrupted`` is set. Raises ``InputError`` before the first packet when anything that was
    handed in cannot be used, ``LockedError`` when another run holds the history. What else keeps
    it from going on, such as a history that cannot be written, is raised once the report of what
    is there was written.
    """
    job = nightly(request.targets, request.clock)
    history = request.history or default_path()
    with exclusive(history.with_name(f"{history.name}.lock")):
        return await _locked(request, job, progress)


async def _locked(
    request: RunRequest, job: FileJob, progress: Callable[[Progress], None]
) -> RunResult:
    vantage = job.stand(request.vantage)
    here = from_vantage(job.file.targets, vantage)
    wanted = shard_of(here, request.shard)
    excluded = len(job.file.targets) - len(here)
    tally = Tally(request.fail_on, targeted=len(wanted), excluded=excluded)
    head = RunHead(
        uid=str(uuid.uuid4()),
        targets=str(request.targets.absolute()),
        targets_sha256=job.file.sha256,
        authorisation=job.authorisation.reference,
        vantage=vantage,
        started=utc_text(request.clock()),
        fail_on=str(request.fail_on),
        targeted=len(wanted),
        excluded=excluded,
    )
    async with workshop(
        job,
        vantage=vantage,
        history=request.history,
        contact=request.contact,
        clock=request.clock,
        resolver=request.resolver,
    ) as shop:
        folder = RunFolder.create(request.reports, request.clock(), head.uid)
        with exclusive(folder.path / LOCK), Fleet() as fleet:
            write_head(folder, head)
            keep = _Keep(folder, tally, fleet, progress)
            ended = await _carried_out(wanted, shop, job.connections, keep, head)
    return replace(ended, unserved=unserved(job.file))


async def _carried_out(
    wanted: list[Target], shop: Workshop, most: int, keep: _Keep, head: RunHead
) -> RunResult:
    """Scan and publish. What is there is published before an exception is passed on."""
    try:
        interrupted = await _scan_all(wanted, shop, most, keep)
    except Exception:
        # A full disk may be the very fault: the one that came first is told.
        with suppress(OSError, HistoryError):
            cut = head.ended(utc_text(shop.tools.clock()), interrupted=True)
            publish(keep.folder, cut, keep.tally, keep.fleet)
        raise
    head = head.ended(utc_text(shop.tools.clock()), interrupted=interrupted)
    return publish(keep.folder, head, keep.tally, keep.fleet)


def publish(
    folder: RunFolder, head: RunHead, tally: Tally, fleet: Fleet, *, spool: str = HOSTS
) -> RunResult:
    """Assemble ``report.json`` from the spooled hosts, and say what the run came to.

    What they share is known only now: other names of each, and facts of the fleet.
    """
    header = head.header(tally)
    hosts = with_aliases(folder.lines(spool), fleet.aliases)
    folder.write(REPORT, stream(header, hosts, fleet.facts()))
    folder.remove(spool)
    write_head(folder, head)
    delta = header.delta
    return RunResult(
        folder=folder.path,
        uid=head.uid,
        hosts=tally.done,
        targeted=tally.targeted,
        counts=dict(tally.grades),
        exit_code=tally.exit_code(),
        incomplete=tuple(tally.unfinished),
        delta={"new": delta.new, "resolved": delta.resolved, "unchanged": delta.unchanged},
        interrupted=head.state == "interrupted",
    )


class _Keep:
    """Keeps one target: its record, its report, its share of the tally, its place in memory.

    In this order, so that a history that cannot be written loses nothing that was seen.
    """

    def __init__(
        self,
        folder: RunFolder,
        tally: Tally,
        fleet: Fleet,
        progress: Callable[[Progress], None],
    ) -> None:
        self.folder = folder
        self.tally = tally
        self.fleet = fleet
        self._progress = progress
        self.done: set[str] = set()

    def __call__(
        self, target: Target, seen: Observations, shop: Workshop, logs: Reading[LogDigest]
    ) -> None:
        record = shop.record(target, seen)
        self.folder.append(OBSERVATIONS, encode(record))
        report = judge(docket_of(target, record, logs))
        self.folder.append(HOSTS, document.encode(document.host_document(report)))
        self.fleet.add(report)
        self.done.add(target.asset)
        self.tally.add(report, record.recall.findings)
        shop.remember(report)
        self._progress(
            Progress(
                done=len(self.done),
                total=self.tally.targeted,
                failures=self.tally.failures,
                asset=target.asset,
            )
        )


async def _scan_all(wanted: list[Target], shop: Workshop, most: int, keep: _Keep) -> bool:
    """Scan and keep each target; return whether the scan was interrupted."""

    async def work(target: Target) -> None:
        shut = shop.shut(target)
        if shut is not None:
            keep(target, shut, shop, await shop.logs(target, shut))
            return
        sight = shop.sight(target)
        try:
            await sight.look()
            seen = sight.observations()
            logs = await shop.logs(target, seen)
        except asyncio.CancelledError:
            keep(target, sight.observations(), shop, not_read(target))
            raise
        keep(target, seen, shop, logs)

    try:
        await schedule(wanted, work, most=most)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        for target in wanted:
            if target.asset not in keep.done:
                keep(target, _not_scanned(target, shop), shop, not_read(target))
        return True
    return False


def _not_scanned(target: Target, shop: Workshop) -> Observations:
    why = Unobserved(Reason.INTERRUPTED, "not scanned: the run was interrupted")
    return unseen(target, shop.tools.vantage, why, at=utc_text(shop.tools.clock()))


def plan(
    targets: Path, *, vantage: str | None = None, shard: tuple[int, int] | None = None
) -> tuple[PlannedAsset, ...]:
    """Return what a run would do, without touching the network.

    Windows are noted, and secrets that cannot be resolved; a run would refuse these. Raises
    ``InputError`` for a file that cannot be used, or whose authorisation has ended.
    """
    job = authorised(targets, utc_now)
    here = from_vantage(job.file.targets, job.stand(vantage))
    resolver = FileSecrets(job.base)
    now = utc_now()
    return tuple(
        planned(target, notes=(*_hours(target, now), *_missing_secrets(target, resolver)))
        for target in shard_of(here, shard)
    )


def _hours(target: Target, now: datetime) -> tuple[str, ...]:
    if not target.windows:
        return ()
    told = f"scanned only within {windows_of(target)}"
    return (told if is_open(target, now) else f"{told}: not now",)


def _missing_secrets(target: Target, resolver: FileSecrets) -> tuple[str, ...]:
    notes: list[str] = []
    for account in target.accounts:
        for ref in (account.password, account.private_key, account.passphrase):
            try:
                if ref is not None:
                    resolver.resolve(ref)
            except SecretError as error:
                notes.append(f"{account.username}: {error}")
    return tuple(notes)
