"""One asset now, or a file's targets as a stream."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner import __version__
from scanner.api.job import Clock, ad_hoc, nightly, utc_now
from scanner.api.workshop import Workshop, workshop
from scanner.engine.outcome import Tally
from scanner.engine.plan import from_vantage
from scanner.engine.scheduler import schedule
from scanner.model.finding import HostReport, Severity
from scanner.model.scan import ScanHeader
from scanner.model.target import Protocol, Target
from scanner.probes.context import utc_text
from scanner.report import document


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDocument:
    """One ad-hoc scan: the head of its report, its hosts, and its exit code."""

    header: ScanHeader
    hosts: tuple[HostReport, ...]
    exit_code: int
    incomplete: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the report document."""
        hosts = [document.host_document(host) for host in self.hosts]
        return document.scan_document(self.header, hosts, ())


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
    fail_on: Severity = Severity.HIGH,
    clock: Clock = utc_now,
) -> ScanDocument:
    """Scan one asset now. Without ``targets`` only questions that need no credential are asked.

    Raises ``NotAuthorisedError`` when nothing authorises it, ``InputError`` for anything else
    that cannot be used.
    """
    job, target = ad_hoc(
        host,
        port=port,
        protocol=protocol,
        targets=targets,
        authorised=authorised,
        clock=clock,
    )
    stand = vantage or (job.first_vantage if job.file else target.vantages[0])
    started = clock()
    async with workshop(job, vantage=stand, history=history, contact=contact, clock=clock) as shop:
        report, record = shop.conclude(target, await shop.observe(target))
    tally = Tally(fail_on, targeted=1)
    tally.add(report, record.recall.findings)
    header = ScanHeader(
        uid=str(uuid.uuid4()),
        started=utc_text(started),
        finished=utc_text(clock()),
        tool_version=__version__,
        vantages=(stand,),
        authorisation=job.authorisation.reference,
        targets_sha256=job.file.sha256 if job.file else "",
        coverage=tally.coverage(),
        delta=tally.delta(),
    )
    return ScanDocument(
        header=header,
        hosts=(report,),
        exit_code=tally.exit_code(),
        incomplete=tuple(tally.unfinished),
    )


async def scan_targets(
    targets: Path,
    *,
    vantage: str | None = None,
    history: Path | None = None,
    contact: str | None = None,
    clock: Clock = utc_now,
) -> AsyncIterator[HostReport]:
    """Scan every target of a file and yield each report as it is done. Writes no run folder."""
    job = nightly(targets, clock)
    stand = vantage or job.first_vantage
    wanted = from_vantage(job.file.targets, stand)
    async with workshop(job, vantage=stand, history=history, contact=contact, clock=clock) as shop:
        reports: asyncio.Queue[HostReport | None] = asyncio.Queue(maxsize=64)
        scan = asyncio.create_task(_scan_into(reports, wanted, shop, job.connections))
        try:
            while (report := await reports.get()) is not None:
                yield report
            await scan
        finally:
            scan.cancel()


async def _scan_into(
    reports: asyncio.Queue[HostReport | None], wanted: list[Target], shop: Workshop, most: int
) -> None:
    async def work(target: Target) -> None:
        report, _ = shop.conclude(target, await shop.observe(target))
        await reports.put(report)

    try:
        await schedule(wanted, work, most=most)
    finally:
        await reports.put(None)
