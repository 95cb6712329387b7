"""A worker's tools and the memory behind them, opened together and closed together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from scanner.api.certificates import certificates
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, Job
from scanner.dossier import load_dossier
from scanner.engine.census import SecretCensus
from scanner.engine.contract import Look
from scanner.engine.examiner import ProcessExaminer
from scanner.engine.judge import Docket, judge
from scanner.engine.observe import Sight, Tools, observe
from scanner.engine.record import Record
from scanner.engine.scope import Resolver, Scope, SystemResolver
from scanner.engine.unseen import unseen
from scanner.history import History, default_path, mask_key
from scanner.model.case import moment
from scanner.model.finding import HostReport
from scanner.model.frozen import dataclass, replace
from scanner.model.logs import LogDigest, not_read
from scanner.model.mask import Mask
from scanner.model.observation import EndpointObservation, Observations, views_of
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.recall import Recall
from scanner.model.target import Target
from scanner.model.trend import standpoint
from scanner.model.visit import Visit, visit_of
from scanner.probes.context import utc_text
from scanner.secrets import FileSecrets

DEFAULT_CONTACT = "anonymous@example.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Observes targets, judges them and remembers what was found."""

    tools: Tools
    history: History

    def sight(self, target: Target, only: frozenset[int] | None = None) -> Sight:
        """Return a look at one target, not yet begun."""
        return Sight(target=target, tools=self.tools, only=only)

    def look(self, target: Target) -> Look:
        """Return a look at one target: outside its windows one that touches nothing."""
        shut = self.shut(target)
        return self.sight(target) if shut is None else closed(shut)

    async def observe(self, target: Target) -> Observations:
        """Look at one target, if this is one of its hours."""
        return self.shut(target) or await observe(target, self.tools)

    def shut(self, target: Target) -> Observations | None:
        """Return what is known of a target that is excluded, or outside its windows: nothing.
        Otherwise ``None``.
        """
        now = self.tools.clock()
        why = barred(target, self.tools.scope, now)
        if why is None:
            return None
        return unseen(target, self.tools.vantage, why, at=utc_text(now))

    def record(self, target: Target, *seen: Observations) -> Record:
        """Return what judging rests on: what was seen, and what is remembered."""
        past = self.history.recall(target.tenant, target.asset)
        return Record(
            asset=target.asset,
            judged_at=utc_text(self.tools.clock()),
            observations=seen,
            recall=replace(
                _relevant(past, seen),
                certificates=certificates(target, past, seen, self.tools.mask),
            ),
        )

    async def logs(self, target: Target, *seen: Observations) -> Reading[LogDigest]:
        """Read the target's logs while others are scanned; a cancellation ends that early."""
        if not target.logs:
            return not_read(target)
        from scanner.logs import read_logs  # noqa: PLC0415 - few assets have logs

        past = self.history.recall(target.tenant, target.asset)
        stop = threading.Event()
        try:
            return await asyncio.to_thread(read_logs, target, _visits(past, seen), stop=stop.is_set)
        except asyncio.CancelledError:
            stop.set()
            raise

    def remember(self, *reports: HostReport) -> None:
        """Keep what was found for the next night."""
        with self.history.together():
            for report in reports:
                self.history.remember(report, moment(report.judged_at))

    def conclude(
        self, target: Target, seen: Observations, logs: Reading[LogDigest]
    ) -> tuple[HostReport, Record]:
        """Judge what was seen, remember it, and return the report and what it rests on."""
        record = self.record(target, seen)
        report = judge(docket_of(target, record, logs))
        self.remember(report)
        return report, record


@dataclass(frozen=True, slots=True)
class _Closed:
    """A look at a target outside its windows."""

    shut: Observations

    async def look(self) -> None:
        """Touch nothing."""

    def observations(self) -> Observations:
        """Return nothing, and why."""
        return self.shut


def barred(target: Target, scope: Scope, now: datetime) -> Unobserved | None:
    """Return why a target is not looked at now: it is excluded, or outside its windows."""
    if told := scope.exclusion_of(target.host):
        return Unobserved(Reason.EXCLUDED, told)
    if is_open(target, now):
        return None
    return Unobserved(Reason.OUTSIDE_WINDOW, f"not scanned outside {windows_of(target)}")


def closed(shut: Observations) -> Look:
    """Return a look that touches nothing and tells why."""
    return _Closed(shut)


def docket_of(target: Target, record: Record, logs: Reading[LogDigest] | None = None) -> Docket:
    """Return what the judge is given: the record, and the papers as they are now.

    Logs that were not read before are read now.
    """
    if logs is None:
        from scanner.logs import read_logs  # noqa: PLC0415 - as above

        logs = read_logs(target, _visits(record.recall, record.observations))
    return Docket(
        target=target,
        observations=record.observations,
        dossier=replace(load_dossier(target), logs=logs),
        recall=record.recall,
        judged_at=record.judged_at,
    )


def _visits(past: Recall, looks: Sequence[Observations]) -> tuple[Visit, ...]:
    """Return the visits that an asset's logs should show: the last ones, and this one."""
    these = (visit_of(seen) for seen in looks)
    return (*past.visits, *(visit for visit in these if visit is not None))


def _relevant(past: Recall, seen: Sequence[Observations]) -> Recall:
    """Keep only the sightings of files that were seen again, and the scores from these vantages."""
    keys = {key for look in seen for endpoint in look.endpoints for key in _file_keys(endpoint)}
    kept = {key: first for key, first in past.sightings.items() if key in keys}
    place = standpoint(seen)
    here = {name: points for name, points in past.scores.items() if name == place}
    return replace(past, sightings=kept, scores=here)


def _file_keys(endpoint: EndpointObservation) -> list[str]:
    return [file.key for view in views_of(endpoint) for file in view.walk.files]


@asynccontextmanager
async def workshop(  # noqa: PLR0913 - what a command gives, each with its own default
    job: Job,
    *,
    vantage: str,
    history: Path | None,
    contact: str | None,
    clock: Clock,
    resolver: Resolver | None = None,
) -> AsyncIterator[Workshop]:
    """Open the history, its masking key and the content workers for the block.

    ``resolver`` looks names up; without one the operating system does.
    """
    path = history or default_path()
    with History.open(path, clock) as memory:
        mask = Mask(mask_key(path))
        async with ProcessExaminer(mask) as examiner:
            listed = job.file.targets if job.file is not None else ()
            tools = Tools(
                scope=job.scope,
                resolver=resolver or SystemResolver(),
                secrets=FileSecrets(job.base),
                attempts=memory,
                examiner=examiner,
                mask=mask,
                clock=clock,
                vantage=vantage,
                contact=contact or job.authorisation.contact or DEFAULT_CONTACT,
                credentialed=job.file is not None,
                judged=memory,
                census=SecretCensus(FileSecrets(job.base), listed),
            )
            yield Workshop(tools=tools, history=memory)
