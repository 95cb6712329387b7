"""What every engine promises, asked of each: see ``scanner.engine.contract``."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.api.broker import BrokerPlace, at
from scanner.engine.contract import Begin, Engine, Seen
from scanner.engine.local import Local
from scanner.engine.nats_dispatch import Terms
from scanner.engine.nats_engine import Nats
from scanner.engine.nats_worker import Worker
from scanner.engine.processes import Link, Processes, serve
from scanner.engine.unseen import unseen
from scanner.history import Begun, Ledger
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Authorisation, Target
from tests.servers.nats import identities, nats_server

MOST = 4
"""Targets that the engines of these tests look at side by side."""

OpenEngine = Callable[[Begin], AbstractAsyncContextManager[Engine]]


def complain(line: str) -> None:
    raise AssertionError(line)


@asynccontextmanager
async def local(begin: Begin, _folder: Path) -> AsyncIterator[Engine]:
    yield Local(begin, MOST)


@asynccontextmanager
async def over_nats(begin: Begin, folder: Path) -> AsyncIterator[Engine]:
    """A coordinator and one worker in this process, and a real broker between them."""
    terms = Terms(
        run=str(uuid.uuid4()),
        vantages=("internal",),
        authorisation=Authorisation(reference="CHG-1", scope=("127.0.0.0/8",)),
        contact="",
        base=folder,
        patience=20.0,
    )
    with ExitStack() as stack:
        server = stack.enter_context(nats_server(folder, identities(folder)))
        ledger = stack.enter_context(Ledger(folder / "ledger"))
        begun = stack.enter_context(Begun(folder / "begun", now))
        async with AsyncExitStack() as connections:
            ends = {
                role: await connections.enter_async_context(
                    at(BrokerPlace(url=server.url, tls=server.identities[role]), role)
                )
                for role in ("coordinator", "internal")
            }
            worker = Worker(
                broker=ends["internal"],
                vantage="internal",
                slots=MOST,
                begin=lambda order: begin(order.target),
                begun=begun,
                base=folder,
                ack_seconds=30.0,
                note=complain,
            )
            working = asyncio.create_task(worker.work())
            yield Nats(
                broker=ends["coordinator"], terms=terms, ledger=ledger, clock=now, note=complain
            )
            working.cancel()
            await asyncio.wait([working])


@asynccontextmanager
async def beside(begin: Begin, _folder: Path) -> AsyncIterator[Engine]:
    """Two ends of a way that real processes have as pipes, both in this one."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Link]:
        ours, theirs = socket.socketpair()
        near = Link(*await asyncio.open_connection(sock=ours))
        far = Link(*await asyncio.open_connection(sock=theirs))
        serving = asyncio.create_task(serve(far, lambda asset, _: begin(target(int(asset[1:])))))
        try:
            yield near
        finally:
            near.sink.close()
            await asyncio.wait([serving], timeout=5)
            far.sink.close()
            await asyncio.gather(near.sink.wait_closed(), far.sink.wait_closed())

    yield Processes(open=opened, count=2, most=MOST, vantage="internal")


def now() -> datetime:
    return datetime(2026, 11, 26, tzinfo=UTC)


ENGINES = {"local": local, "processes": beside, "nats": over_nats}


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> OpenEngine:
    made = ENGINES[request.param]
    return lambda begin: made(begin, tmp_path)


def target(number: int) -> Target:
    return Target(host=f"127.0.0.{number + 1}", asset=f"a{number}")


def seen_of(one: Target, detail: str) -> Observations:
    return unseen(one, "internal", Unobserved(Reason.CLOSED, detail))


@dataclass(slots=True)
class Ground:
    """Counts looks. ``slow`` assets are looked at until they are interrupted."""

    slow: frozenset[str] = frozenset()
    begun: list[str] = field(default_factory=list)
    at_once: int = 0
    peak: int = 0
    stuck: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, one: Target) -> GroundLook:
        return GroundLook(self, one)


@dataclass(slots=True)
class GroundLook:
    ground: Ground
    target: Target
    done: bool = False

    async def look(self) -> None:
        ground = self.ground
        ground.begun.append(self.target.asset)
        ground.at_once += 1
        ground.peak = max(ground.peak, ground.at_once)
        try:
            await asyncio.sleep(0.001)
            if self.target.asset in ground.slow:
                ground.stuck.set()
                await asyncio.Event().wait()
        finally:
            ground.at_once -= 1
        self.done = True

    def observations(self) -> Observations:
        return seen_of(self.target, "looked" if self.done else "cut")


@dataclass(slots=True)
class Kept:
    """Takes what an engine hands over. ``several`` is set once seven were."""

    seen: list[Seen] = field(default_factory=list)
    several: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, seen: Seen) -> None:
        self.seen.append(seen)
        if len(self.seen) == 7:
            self.several.set()

    @property
    def assets(self) -> list[str]:
        return sorted(each.target.asset for each in self.seen)


async def test_every_target_is_looked_at_and_handed_over_exactly_once(engine: OpenEngine) -> None:
    ground, kept = Ground(), Kept()
    wanted = [target(number) for number in range(60)]
    async with engine(ground.begin) as works:
        await works.scan(wanted, kept)
    assert kept.assets == sorted(each.asset for each in wanted)
    assert sorted(ground.begun) == kept.assets
    for each in kept.seen:
        assert each.whole
        assert each.observations == (seen_of(each.target, "looked"),)
    assert 1 < ground.peak <= MOST


async def test_nothing_to_scan_is_no_fault(engine: OpenEngine) -> None:
    kept = Kept()
    async with engine(Ground().begin) as works:
        await works.scan([], kept)
    assert kept.seen == []


async def test_targets_are_pulled_as_there_is_room_for_them(engine: OpenEngine) -> None:
    pulled: list[str] = []

    def listed() -> Iterator[Target]:
        for number in range(2000):
            pulled.append(f"a{number}")
            yield Target(host=f"127.0.{number // 250}.{number % 250 + 1}", asset=f"a{number}")

    ground = Ground(slow=frozenset(f"a{number}" for number in range(2000)))
    async with engine(ground.begin) as works:
        scan = asyncio.create_task(works.scan(listed(), Kept()))
        await asyncio.wait_for(ground.stuck.wait(), 20)
        await asyncio.sleep(0.2)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
    assert len(pulled) < 500


async def test_a_cancellation_hands_over_no_target_twice_and_is_passed_on(
    engine: OpenEngine,
) -> None:
    ground, kept = Ground(slow=frozenset({"a5"})), Kept()
    wanted = [target(number) for number in range(8)]
    async with engine(ground.begin) as works:
        scan = asyncio.create_task(works.scan(wanted, kept))
        await asyncio.wait_for(ground.stuck.wait(), 20)
        await asyncio.wait_for(kept.several.wait(), 20)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
    whole = [each.target.asset for each in kept.seen if each.whole]
    assert sorted(whole) == [f"a{number}" for number in range(8) if number != 5]
    assert len(set(kept.assets)) == len(kept.assets)
    for each in kept.seen:
        told = each.observations[0].unreached
        assert told is not None
        assert (told.detail == "looked") == each.whole


async def test_what_is_being_kept_at_a_cancellation_is_handed_over_once(
    engine: OpenEngine,
) -> None:
    taken: list[str] = []
    keeping = asyncio.Event()

    async def keep(seen: Seen) -> None:
        taken.append(seen.target.asset)
        keeping.set()
        if len(taken) == 1:
            await asyncio.Event().wait()

    async with engine(Ground().begin) as works:
        scan = asyncio.create_task(works.scan([target(0)], keep))
        await asyncio.wait_for(keeping.wait(), 20)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
    assert taken == ["a0"]


async def test_what_cannot_be_kept_ends_the_scan_with_its_own_exception(
    engine: OpenEngine,
) -> None:
    async def full(_seen: Seen) -> None:
        raise OSError("disk full")

    async with engine(Ground().begin) as works:
        with pytest.raises(OSError, match="disk full"):
            await works.scan([target(number) for number in range(20)], full)
