"""One asset now, or a file's targets as a stream."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from scanner import __version__
from scanner.api.audit import Deed, Trail, audited, beside_history
from scanner.api.job import AdHoc, Clock, ad_hoc, nightly, utc_now
from scanner.api.workshop import Workshop, workshop
from scanner.engine.outcome import Tally
from scanner.engine.plan import from_vantage
from scanner.engine.scheduler import schedule
from scanner.engine.scope import Resolver
from scanner.model.ascii_json import decode
from scanner.model.finding import HostReport, Severity
from scanner.model.frozen import dataclass
from scanner.model.logs import LogDigest, not_read
from scanner.model.observation import Observations
from scanner.model.reading import Reading
from scanner.model.scan import ScanHeader
from scanner.model.target import Protocol, Target
from scanner.probes.context import utc_text
from scanner.report import document

_MOST_WAITING = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDocument:
    """One ad-hoc scan: the head of its report, its hosts, and its exit code.

    ``known`` maps the uid of each finding that was open before, leads apart, to its severity.
    """

    header: ScanHeader
    hosts: tuple[HostReport, ...]
    exit_code: int
    incomplete: tuple[str, ...] = ()
    interrupted: bool = False
    known: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report document, the caller's own: what is told alike of several hosts is
        shared within the package, and whoever changes a document would change all later ones.
        """
        hosts = [document.host_document(host) for host in self.hosts]
        told = document.encode(document.scan_document(self.header, hosts, ()))
        own: dict[str, Any] = decode(told)
        return own


async def scan_host(  # noqa: PLR0913 - each is a word of the command line
    host: str,
    *,
    port: int | None = None,
    protocol: Protocol = Protocol.AUTO,
    targets: Path | None = None,
    authorised: str | None = None,
    contact: str | None = None,
    vantage: str | None = None,
    history: Path | None = None,
    audit: Path | None = None,
    fail_on: Severity = Severity.HIGH,
    clock: Clock = utc_now,
    resolver: Resolver | None = None,
) -> ScanDocument:
    """Scan one asset now. Without ``targets`` only questions that need no credential are asked.
    ``resolver`` looks the name up; without one the operating system does. ``audit`` is the audit
    log, by default the one beside the history.

    A cancellation ends the look early: the document then holds what was seen, the rest is
    unknown, and ``interrupted`` is set. Raises ``NotAuthorisedError`` when nothing authorises
    it, ``InputError`` for anything else that cannot be used.
    """
    wanted = ad_hoc(
        host,
        port=port,
        protocol=protocol,
        targets=targets,
        authorised=authorised,
        vantage=vantage,
        clock=clock,
    )
    started, uid = clock(), str(uuid.uuid4())
    deed = Deed(
        command="host", uid=uid, job=wanted.job, vantage=wanted.vantage, assets=1, about=host
    )
    async with workshop(
        wanted.job,
        vantage=wanted.vantage,
        history=history,
        contact=contact,
        clock=clock,
        resolver=resolver,
    ) as shop:
        with audited(audit or beside_history(history), deed, clock) as trail:
            look = await _look(shop, wanted)
            trail.asset(look.seen)
        report, record = shop.conclude(wanted.target, look.seen, look.logs)
    tally = Tally(fail_on, targeted=1)
    tally.add(report, record.recall.findings, record.recall.severities)
    return ScanDocument(
        header=_header(wanted, tally, uid, (utc_text(started), utc_text(clock()))),
        hosts=(report,),
        exit_code=tally.exit_code(),
        incomplete=tuple(tally.unfinished),
        interrupted=look.interrupted,
        known=record.recall.severities,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at one target and its logs came to, as far as it went."""

    seen: Observations
    logs: Reading[LogDigest]
    interrupted: bool


async def _look(shop: Workshop, wanted: AdHoc) -> _Look:
    """Look; a cancellation ends that early, and is then dealt with."""
    sight = shop.sight(wanted.target, wanted.only)
    try:
        await sight.look()
        seen = sight.observations()
        return _Look(seen, await shop.logs(wanted.target, seen), interrupted=False)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
    return _Look(sight.observations(), not_read(wanted.target), interrupted=True)


def _header(wanted: AdHoc, tally: Tally, uid: str, span: tuple[str, str]) -> ScanHeader:
    return ScanHeader(
        uid=uid,
        started=span[0],
        finished=span[1],
        tool_version=__version__,
        vantages=(wanted.vantage,),
        authorisation=wanted.job.authorisation.reference,
        targets_sha256=wanted.job.file.sha256 if wanted.job.file else "",
        coverage=tally.coverage(),
        delta=tally.delta(),
    )


async def scan_targets(  # noqa: PLR0913 - each is a word of the command line
    targets: Path,
    *,
    vantage: str | None = None,
    history: Path | None = None,
    audit: Path | None = None,
    contact: str | None = None,
    clock: Clock = utc_now,
) -> AsyncIterator[HostReport]:
    """Scan every target of a file and yield each report as it is done. Writes no run folder."""
    job = nightly(targets, clock)
    stand = job.stand(vantage)
    wanted = from_vantage(job.file.targets, stand)
    uid = str(uuid.uuid4())
    deed = Deed(command="scan_targets", uid=uid, job=job, vantage=stand, assets=len(wanted))
    async with workshop(job, vantage=stand, history=history, contact=contact, clock=clock) as shop:
        with audited(audit or beside_history(history), deed, clock) as trail:
            done = _Done(trail)
            scan = asyncio.create_task(_scan_into(done, wanted, shop, job.connections))
            try:
                while (report := await done.reports.get()) is not None:
                    done.room.release()
                    yield report
                await scan
            finally:
                scan.cancel()
                await asyncio.gather(scan, return_exceptions=True)


class _Done:
    """Reports on their way to the caller, then ``None``. ``room`` bounds how many wait."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.reports: asyncio.Queue[HostReport | None] = asyncio.Queue()
        self.room = asyncio.Semaphore(_MOST_WAITING)


async def _scan_into(done: _Done, wanted: Iterable[Target], shop: Workshop, most: int) -> None:
    async def work(target: Target) -> None:
        seen = await shop.observe(target)
        done.trail.asset(seen)
        report, _ = shop.conclude(target, seen, await shop.logs(target, seen))
        await done.room.acquire()
        done.reports.put_nowait(report)

    try:
        await schedule(wanted, work, most=most)
    finally:
        done.reports.put_nowait(None)
