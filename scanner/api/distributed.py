"""A run whose targets are looked at by workers, elsewhere: the coordinator's side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.api.broker import COORDINATOR, BrokerPlace, at
from scanner.api.head import LEDGER, RunHead, read_head
from scanner.api.job import Clock, FileJob
from scanner.engine.nats_dispatch import Terms
from scanner.engine.nats_engine import Nats
from scanner.history import Ledger
from scanner.model.target import Target
from scanner.sinks.run_folder import RunFolder

MOST_BESIDE = 500
"""Targets with logins that each batch names, so that one secret for several is noticed."""


@asynccontextmanager
async def workers(  # noqa: PLR0913 - what a run consists of, and who is told
    place: BrokerPlace,
    job: FileJob,
    head: RunHead,
    folder: RunFolder,
    *,
    contact: str,
    clock: Clock,
    note: Callable[[str], None],
) -> AsyncIterator[Nats]:
    """Yield the engine of one run, with its ledger in the run's folder."""
    terms = Terms(
        run=head.uid,
        vantages=head.stands,
        authorisation=job.authorisation,
        exclude=job.scope.exclude,
        contact=contact,
        base=job.file.path.parent,
        beside={name: _beside(job.file.targets, name) for name in head.stands},
        patience=place.patience,
    )
    async with at(place, COORDINATOR) as broker:
        with Ledger(folder.path / LEDGER) as ledger:
            yield Nats(broker=broker, terms=terms, ledger=ledger, clock=clock, note=note)


def _beside(targets: Sequence[Target], vantage: str) -> tuple[Target, ...]:
    found = [
        target
        for target in targets
        if vantage in target.vantages and any(each.has_credential for each in target.accounts)
    ]
    return tuple(found) if len(found) <= MOST_BESIDE else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageStatus:
    """How far a run has come at one vantage. Batches are ``None`` where nobody knows."""

    vantage: str
    told: int
    waiting: int | None = None
    under_way: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How far a run has come: assets meant, and told of by vantage."""

    state: str
    targeted: int
    vantages: tuple[VantageStatus, ...]


async def status(run: Path, place: BrokerPlace | None = None) -> RunStatus:
    """Return how far a run over a broker has come. Raises ``InputError`` for what is no run."""
    folder = RunFolder.open(run)
    head = read_head(folder)
    counts: dict[str, int] = {}
    if (folder.path / LEDGER).exists():
        with Ledger(folder.path / LEDGER) as ledger:
            counts = ledger.counts()
    if place is None or not counts:
        rows = tuple(VantageStatus(vantage=v, told=counts.get(v, 0)) for v in head.stands)
        return RunStatus(state=head.state, targeted=head.targeted, vantages=rows)
    rows = ()
    async with at(place, COORDINATOR) as broker:
        for vantage in head.stands:
            waiting, under_way = await broker.waiting(vantage) or (None, None)
            told = counts.get(vantage, 0)
            rows += (
                VantageStatus(vantage=vantage, told=told, waiting=waiting, under_way=under_way),
            )
    return RunStatus(state=head.state, targeted=head.targeted, vantages=rows)


async def cancel(run: Path, place: BrokerPlace) -> None:
    """Cancel a run: its batches are withdrawn, its workers and its coordinator told.

    Raises ``InputError`` for what is no run, or without a broker.
    """
    head = read_head(RunFolder.open(run))
    async with at(place, COORDINATOR) as broker:
        await broker.prepare(head.stands)
        await broker.recall(head.uid)
        await broker.stop(head.uid)
