"""The nightly run: every target of a file, into a run folder of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.api.deliver import Deliveries, undelivered
from scanner.api.events import add_events, begin_events, end_events
from scanner.api.head import DONE, LEDGER_FILES, LOCK, RunHead, write_head
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, FileJob, authorised, nightly, utc_now, vantages_of
from scanner.api.resume import cleaned, unfinished
from scanner.api.workshop import Workshop, docket_of, workshop
from scanner.dossier import policies_sha256
from scanner.engine.contract import Engine, Seen
from scanner.engine.judge import Docket, judge
from scanner.engine.local import Local
from scanner.engine.outcome import Tally
from scanner.engine.plan import PlannedAsset, from_vantage, planned, seen_from, shard_of
from scanner.engine.progress import Progress
from scanner.engine.record import Record, decode, encode
from scanner.engine.scope import Resolver
from scanner.engine.unseen import unseen
from scanner.errors import HistoryError, InputError, SecretError
from scanner.history import Fleet, default_path
from scanner.logs import not_read
from scanner.model.finding import Severity
from scanner.model.logs import LogDigest
from scanner.model.observation import Observations
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.target import Target
from scanner.probes.context import utc_text
from scanner.report import document
from scanner.report.heartbeat import EventLog
from scanner.report.page import page
from scanner.report.stream import hosts_in, stream, with_aliases
from scanner.report.table import findings_csv
from scanner.secrets import FileSecrets
from scanner.sinks.flush import Delivery, Patience
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import RunFolder

if TYPE_CHECKING:
    from scanner.api.broker import BrokerPlace

OBSERVATIONS = "observations.ndjson"
HOSTS = "hosts.ndjson"
REPORT = "report.json"
FINDINGS = "findings.csv"
PAGE = "report.html"


def _unheard(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a nightly run is asked to do. ``shard`` is (index, count), counted from 0.

    ``resolver`` looks names up; without one the operating system does. ``patience`` is how long
    receivers of events are tried. ``resume`` is the folder of a run that ended early: it is
    finished, from its own vantage, share and threshold. With a ``broker``, workers look: from all
    vantages, unless one is chosen. ``note`` is told of what they tell and cannot be used.
    """

    targets: Path
    resume: Path | None = None
    reports: Path = Path("reports")
    history: Path | None = None
    vantage: str | None = None
    shard: tuple[int, int] | None = None
    fail_on: Severity = Severity.HIGH
    contact: str | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None
    patience: Patience = field(default_factory=Patience)
    broker: BrokerPlace | None = None
    note: Callable[[str], None] = _unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to. ``counts`` maps letters to assets."""

    folder: Path
    uid: str
    hosts: int
    targeted: int
    counts: Mapping[str, int]
    exit_code: int
    incomplete: tuple[str, ...] = ()
    delta: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    deliveries: tuple[Delivery, ...] = ()


async def run(request: RunRequest, progress: Callable[[Progress], None]) -> RunResult:
    """Scan every target of a file into a new run folder.

    A cancellation ends the scan early: what was seen is written, the rest is unknown, and
    ``interrupted`` is set. Raises ``InputError`` before the first packet when anything that was
    handed in cannot be used, ``LockedError`` when another run holds the history. What else keeps
    it from going on, such as a history that cannot be written, is raised once the report of what
    is there was written.
    """
    job = nightly(request.targets, request.clock, logins=request.broker is None)
    history = request.history or default_path()
    with exclusive(history.with_name(f"{history.name}.lock")):
        return await _locked(request, job, progress)


async def _locked(
    request: RunRequest, job: FileJob, progress: Callable[[Progress], None]
) -> RunResult:
    old = None if request.resume is None else unfinished(request.resume, job.file.sha256)
    head = _new_head(request, job) if old is None else old[1]
    wanted = shard_of(seen_from(job.file.targets, head.stands), head.shard)
    if request.broker is None and len(head.stands) > 1:
        raise InputError(f"{request.resume}: looks from several vantages; give --engine nats")
    tally = Tally(Severity(head.fail_on), targeted=head.targeted, excluded=head.excluded)
    async with workshop(
        job,
        vantage=head.vantage,
        history=request.history,
        contact=request.contact,
        clock=request.clock,
        resolver=request.resolver,
    ) as shop:
        folder = old[0] if old else RunFolder.create(request.reports, request.clock(), head.uid)
        with exclusive(folder.path / LOCK), Fleet() as fleet:
            write_head(folder, head)
            log = begin_events(folder, EventLog(header=head.header(tally), tenant=job.file.tenant))
            deliveries = Deliveries(job.file, folder.path.parent, request.patience)
            keep = _Keep(folder, tally, fleet, progress, log)
            if old is not None:
                keep.take_up(wanted, shop)
                wanted = [target for target in wanted if target.asset not in keep.done]
            looking = _engine(request, job, shop, head, folder)
            async with deliveries.during(folder.path), looking as engine:
                ended = await _carried_out(wanted, shop, engine, keep, head)
            if not ended.interrupted:
                for name in LEDGER_FILES:
                    folder.remove(name)
    sent = await deliveries.finished(hurried=ended.interrupted)
    code = undelivered(ended.exit_code, sent)
    return replace(ended, deliveries=sent, exit_code=code)


@asynccontextmanager
async def _engine(
    request: RunRequest, job: FileJob, shop: Workshop, head: RunHead, folder: RunFolder
) -> AsyncIterator[Engine]:
    """Open what looks at the targets: this process, or workers that a broker reaches."""
    if request.broker is None:
        yield Local(shop.look, job.connections)
        return
    from scanner.api.distributed import workers  # noqa: PLC0415 - few runs go over a broker

    contact, clock = shop.tools.contact, request.clock
    async with workers(
        request.broker, job, head, folder, contact=contact, clock=clock, note=request.note
    ) as engine:
        yield engine


def _new_head(request: RunRequest, job: FileJob) -> RunHead:
    over_broker = request.broker is not None
    stands = vantages_of(job, request.vantage) if over_broker else (job.stand(request.vantage),)
    here = seen_from(job.file.targets, stands)
    return RunHead(
        uid=str(uuid.uuid4()),
        targets=str(request.targets.absolute()),
        targets_sha256=job.file.sha256,
        authorisation=job.authorisation.reference,
        vantage=stands[0],
        vantages=stands,
        started=utc_text(request.clock()),
        fail_on=str(request.fail_on),
        targeted=len(shard_of(here, request.shard)),
        excluded=len(job.file.targets) - len(here),
        shard=request.shard,
        policies_sha256=policies_sha256(job.file.targets),
    )


async def _carried_out(
    wanted: list[Target], shop: Workshop, engine: Engine, keep: _Keep, head: RunHead
) -> RunResult:
    """Scan and publish. What is there is published before an exception is passed on."""
    try:
        interrupted = await _scan_all(wanted, engine, shop, keep, head.stands)
    except Exception:
        # A full disk may be the very fault: the one that came first is told.
        with suppress(OSError, HistoryError):
            cut = head.ended(utc_text(shop.tools.clock()), interrupted=True)
            publish(keep.folder, cut, keep.tally, keep.fleet, log=keep.log)
        raise
    head = head.ended(utc_text(shop.tools.clock()), interrupted=interrupted)
    return publish(keep.folder, head, keep.tally, keep.fleet, log=keep.log)


def publish(  # noqa: PLR0913 - what a run consists of, and what it was written to
    folder: RunFolder,
    head: RunHead,
    tally: Tally,
    fleet: Fleet,
    *,
    spool: str = HOSTS,
    log: EventLog | None = None,
) -> RunResult:
    """Assemble ``report.json`` from the spooled hosts, then what is drawn from it; say what the
    run came to.

    ``log`` is that of the run's events, if they are still to be ended.

    What they share is known only now: other names of each, and facts of the fleet.
    """
    header = head.header(tally)
    hosts = with_aliases(folder.lines(spool), fleet.aliases)
    folder.write(REPORT, stream(header, hosts, fleet.facts()))
    folder.write(FINDINGS, findings_csv(hosts_in(folder.lines(REPORT))))
    scan = document.header_document(header)
    folder.write(PAGE, page(scan, lambda: hosts_in(folder.lines(REPORT))))
    folder.remove(spool)
    if log is not None:
        end_events(folder, log, header, whole=head.state == DONE)
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
        log: EventLog,
    ) -> None:
        self.folder = folder
        self.log = log
        self.tally = tally
        self.fleet = fleet
        self._progress = progress
        self.done: set[str] = set()

    def __call__(
        self,
        target: Target,
        seen: Sequence[Observations],
        shop: Workshop,
        logs: Reading[LogDigest],
    ) -> None:
        record = shop.record(target, *seen)
        self.folder.append(OBSERVATIONS, encode(record))
        self._conclude(docket_of(target, record, logs), record, shop)

    def take_up(self, wanted: list[Target], shop: Workshop) -> None:
        """Judge again what the run had kept before it ended: nothing of it is looked at twice."""
        by_asset = {target.asset: target for target in wanted}
        cleaned(self.folder, OBSERVATIONS)
        self.folder.remove(HOSTS)
        for line in self.folder.lines(OBSERVATIONS):
            record = decode(line)
            self._conclude(docket_of(by_asset[record.asset], record), record, shop)

    def _conclude(self, docket: Docket, record: Record, shop: Workshop) -> None:
        report = judge(docket)
        host = document.host_document(report)
        self.folder.append(HOSTS, document.encode(host))
        add_events(self.folder, self.log.host(host, record.recall.severities))
        self.fleet.add(report)
        self.done.add(record.asset)
        self.tally.add(report, record.recall.findings)
        shop.remember(report)
        self._progress(
            Progress(
                done=len(self.done),
                total=self.tally.targeted,
                failures=self.tally.failures,
                asset=record.asset,
            )
        )


async def _scan_all(
    wanted: list[Target], engine: Engine, shop: Workshop, keep: _Keep, stands: tuple[str, ...]
) -> bool:
    """Scan and keep each target; return whether the scan was interrupted."""

    async def take(seen: Seen) -> None:
        target, looks = seen.target, seen.observations
        try:
            logs = await shop.logs(target, *looks) if seen.whole else not_read(target)
        except asyncio.CancelledError:
            keep(target, looks, shop, not_read(target))
            raise
        keep(target, looks, shop, logs)

    try:
        await engine.scan(wanted, take)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        for target in wanted:
            if target.asset not in keep.done:
                keep(target, _not_scanned(target, shop, stands), shop, not_read(target))
        return True
    return False


def _not_scanned(
    target: Target, shop: Workshop, stands: tuple[str, ...]
) -> tuple[Observations, ...]:
    why = Unobserved(Reason.INTERRUPTED, "not scanned: the run was interrupted")
    now = utc_text(shop.tools.clock())
    return tuple(unseen(target, each, why, at=now) for each in stands if each in target.vantages)


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
