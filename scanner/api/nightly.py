"""The nightly run: every target of a file, into a run folder of its own."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.api.audit import FILE as AUDIT
from scanner.api.audit import Deed, audited
from scanner.api.deliver import Deliveries, undelivered
from scanner.api.events import begin_events
from scanner.api.head import DONE, LEDGER_FILES, RunHead, read_head, write_head
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, FileJob, authorised, nightly, utc_now, vantages_of
from scanner.api.keeping import Keep, KeepingDesk, Looked
from scanner.api.memory import lock_of
from scanner.api.prune import kept_newest
from scanner.api.publish import RunOutput, RunResult
from scanner.api.recovery import ready
from scanner.api.resume import CUT, unfinished
from scanner.api.workshop import Workshop, workshop
from scanner.dossier import policies_sha256
from scanner.engine.contract import Engine, Seen
from scanner.engine.local import Local
from scanner.engine.outcome import Tally
from scanner.engine.plan import PlannedAsset, from_vantage, planned, seen_from, shard_of
from scanner.engine.progress import Progress
from scanner.engine.scope import Resolver
from scanner.engine.unseen import unseen
from scanner.errors import HistoryError, InputError, SecretError, StoppedError
from scanner.history import Fleet, default_path
from scanner.model.finding import Severity
from scanner.model.logs import not_read
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target
from scanner.probes.context import utc_text
from scanner.report.heartbeat import EventLog
from scanner.secrets import FileSecrets
from scanner.sinks.audit_log import AuditLog
from scanner.sinks.flush import Patience
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import HEAD, LOCK, RunFolder
from scanner.sinks.run_shelf import point_latest

if TYPE_CHECKING:
    from scanner.api.broker import BrokerPlace


def _unheard(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a nightly run is asked to do. ``shard`` is (index, count), counted from 0.

    ``resolver`` looks names up; without one the operating system does. ``patience`` is how long
    receivers of events are tried. ``audit`` is the audit log, by default that of the reports.
    ``resume`` is the folder of a run that ended early: it is finished, from its own vantage,
    share and threshold. ``keep``: how many run folders stay. ``processes`` look side by side: one
    is this one, several are started beside it. With a ``broker``, workers look:
    from all vantages, unless one is chosen.
    ``tell`` is told, in one line, what a person should know at once, such as that a damaged
    history was built anew, or what a worker told and cannot be used.
    """

    targets: Path
    resume: Path | None = None
    reports: Path = Path("reports")
    history: Path | None = None
    audit: Path | None = None
    vantage: str | None = None
    shard: tuple[int, int] | None = None
    fail_on: Severity = Severity.HIGH
    contact: str | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None
    patience: Patience = field(default_factory=Patience)
    keep: int | None = None
    processes: int = 1
    broker: BrokerPlace | None = None
    tell: Callable[[str], None] = _unheard


async def run(request: RunRequest, progress: Callable[[Progress], None]) -> RunResult:
    """Scan every target of a file into a new run folder.

    A cancellation ends the scan early: what was seen is written, the rest is unknown, and
    ``interrupted`` is set. Raises ``InputError`` before the first packet when anything that was
    handed in cannot be used, ``LockedError`` when another run holds the history. What else keeps
    it from going on, such as a full disk or a history that cannot be written, is a
    ``StoppedError``, raised once the report of what is there was written, as far as that goes.
    """
    job = nightly(request.targets, request.clock, logins=request.broker is None)
    history = request.history or default_path()
    with exclusive(lock_of(history)):
        await _reached(request.broker)
        ready(history, request.reports, request.clock, request.tell)
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
    deed = _deed(job, head, len(wanted), "" if old is None else "resumed")
    audit = request.audit or request.reports / AUDIT
    AuditLog(audit).ready()
    async with workshop(
        job,
        vantage=head.vantage,
        history=request.history,
        contact=request.contact,
        clock=request.clock,
        resolver=request.resolver,
    ) as shop:
        folder = old[0] if old else RunFolder.create(request.reports, request.clock(), head.uid)
        log = EventLog(header=head.header(tally), tenant=job.file.tenant)
        with (
            exclusive(folder.path / LOCK),
            Fleet() as fleet,
            audited(audit, deed, request.clock) as trail,
        ):
            _begin(folder, head, log)
            deliveries = Deliveries(job.file, folder.path.parent, request.patience)
            output = RunOutput(folder=folder, tally=tally, fleet=fleet, log=log)
            keep = Keep(output, trail, shop, progress)
            with _stopping(folder.path), folder.kept_open():
                if old is not None:
                    wanted = keep.take_up(wanted)
                looking = _engine(request, job, shop, head, folder)
                async with deliveries.during(folder.path), looking as engine:
                    ended = await _carried_out(wanted, shop, engine, keep, head)
    sent = await deliveries.finished(hurried=ended.interrupted)
    code = undelivered(ended.exit_code, sent)
    remarks = ended.remarks + _kept(request.keep, folder)
    digest = trail.log.last.digest
    return replace(ended, deliveries=sent, exit_code=code, remarks=remarks, audit_hash=digest)


def _kept(most: int | None, folder: RunFolder) -> tuple[str, ...]:
    return () if most is None else kept_newest(folder.path.parent, most)


async def _reached(place: BrokerPlace | None) -> None:
    """Go to the broker and come back: where it is away, nothing is written, and of a run that is
    resumed nothing judged again. Raises ``InputError``.

    No connection is held: judging again takes long, and the broker gives up who is silent.
    """
    if place is None:
        return
    from scanner.api.broker import COORDINATOR, at  # noqa: PLC0415 - few runs go over a broker

    async with at(place, COORDINATOR):
        pass


def _deed(job: FileJob, head: RunHead, assets: int, about: str) -> Deed:
    return Deed(
        command="run",
        uid=head.uid,
        job=job,
        vantage=" ".join(head.stands),
        assets=assets,
        about=about,
    )


def _begin(folder: RunFolder, head: RunHead, log: EventLog) -> None:
    """Write what a run begins with. Raises ``InputError`` where there is no room: nothing was
    scanned, and of a new run nothing stays.
    """
    fresh = not (folder.path / HEAD).exists()
    try:
        write_head(folder, head)
        begin_events(folder, log)
    except OSError as error:
        if fresh:
            shutil.rmtree(folder.path, ignore_errors=True)
        told = f"{error.filename or folder.path}: {error.strerror}; nothing was scanned"
        raise InputError(told) from error


@contextmanager
def _stopping(folder: Path) -> Iterator[None]:
    """Say of a fault of the disk or the history how the run is finished."""
    try:
        yield
    except (OSError, HistoryError) as error:
        what = str(error)
        if isinstance(error, OSError):
            what = f"{error.filename or folder}: {error.strerror}"
        mend = f"mend that, then finish it with scan run TARGETS --resume {folder}"
        raise StoppedError(f"{what}; {mend}") from error


@asynccontextmanager
async def _engine(
    request: RunRequest, job: FileJob, shop: Workshop, head: RunHead, folder: RunFolder
) -> AsyncIterator[Engine]:
    """Open what looks at the targets: this process, some beside it, or workers by a broker."""
    if request.broker is None and request.processes > 1:
        from scanner.api.beside import processes  # noqa: PLC0415 - few runs have several

        yield processes(request.processes, job, head.vantage, request.history, shop.tools.contact)
        return
    if request.broker is None:
        yield Local(shop.look, job.connections)
        return
    from scanner.api.distributed import workers  # noqa: PLC0415 - as above

    contact, clock = shop.tools.contact, request.clock
    async with workers(
        request.broker, job, head, folder, contact=contact, clock=clock, note=request.tell
    ) as engine:
        yield engine
    if read_head(folder).state == DONE:  # else it may be resumed, and the ledger is asked
        for name in LEDGER_FILES:
            folder.remove(name)


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
    wanted: Sequence[Target], shop: Workshop, engine: Engine, keep: Keep, head: RunHead
) -> RunResult:
    """Scan and publish. What is there is published before an exception is passed on."""
    try:
        interrupted = await _scan_all(wanted, engine, shop, keep, head.stands)
    except Exception:
        # A full disk may be the very fault: the one that came first is told.
        with suppress(OSError, HistoryError):
            cut = head.ended(utc_text(shop.tools.clock()), interrupted=True)
            _put_away(keep, cut)
        raise
    return _put_away(keep, head.ended(utc_text(shop.tools.clock()), interrupted=interrupted))


def _put_away(keep: Keep, head: RunHead) -> RunResult:
    if head.state == DONE:
        keep.output.folder.remove(CUT)
    ended = keep.output.publish(head)
    hindered = point_latest(ended.folder)
    return replace(ended, remarks=(hindered,) if hindered else ())


async def _scan_all(
    wanted: Sequence[Target], engine: Engine, shop: Workshop, keep: Keep, stands: tuple[str, ...]
) -> bool:
    """Scan and keep each target; return whether the scan was interrupted."""
    desk = KeepingDesk(keep)

    async def take(seen: Seen) -> None:
        target, looks = seen.target, seen.observations
        try:
            logs = await shop.logs(target, *looks) if seen.whole else not_read(target)
        except asyncio.CancelledError:
            keep(Looked(target, looks, not_read(target)))
            raise
        await desk.keep(Looked(target, looks, logs))

    waiting = iter(wanted)
    try:
        await engine.scan(keep.handed_out(waiting), take)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        for target in chain(keep.owed(), waiting):
            keep(Looked(target, _not_scanned(target, shop, stands), not_read(target)))
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
    return tuple(_planned(target, job, resolver, now) for target in shard_of(here, shard))


def _planned(target: Target, job: FileJob, resolver: FileSecrets, now: datetime) -> PlannedAsset:
    if told := job.scope.exclusion_of(target.host):
        asset = planned(target, notes=(f"not dialled: {told}",))
        return replace(asset, connections=0, logins=0, bytes=0, credentials=())
    return planned(target, notes=(*_hours(target, now), *_missing_secrets(target, resolver)))


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
