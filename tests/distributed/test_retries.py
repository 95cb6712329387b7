"""What becomes of a batch whose worker dies: no login is repeated, and no target is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.api.broker import BrokerPlace, at
from scanner.api.worker import Station
from scanner.engine.contract import Look, Seen
from scanner.engine.messages import Batch
from scanner.engine.nats_dispatch import Terms
from scanner.engine.nats_engine import Nats
from scanner.engine.nats_worker import Order, Worker
from scanner.engine.observe import Tools
from scanner.engine.scope import Scope
from scanner.engine.unseen import unseen
from scanner.history import Begun, History, Ledger
from scanner.model.content import ContentFacts, ContentTask, ReadRange
from scanner.model.mask import Mask
from scanner.model.observation import FtpFacts, Observations
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.target import Authorisation, Endpoint, Protocol, Target
from scanner.secrets import FileSecrets
from tests.distributed.zones import complain
from tests.servers.fixtures import StartServer
from tests.servers.nats import NatsServer, identities, nats_server

ACK_WAIT = 1.0
LEAVE = Authorisation(reference="CHG-1", scope=("127.0.0.0/8",))


def now() -> datetime:
    return datetime(2026, 11, 26, tzinfo=UTC)


@dataclass(slots=True)
class Lab:
    """A broker, a coordinator, and workers that a test starts and lets die."""

    folder: Path
    server: NatsServer
    stack: AsyncExitStack
    engine: Nats
    workers: list[tuple[asyncio.Task[None], AsyncExitStack]] = field(default_factory=list)

    async def hire(self, begin: Callable[[Order], Look], ledger: str, slots: int = 4) -> None:
        connection = AsyncExitStack()
        place = BrokerPlace(url=self.server.url, tls=self.server.identities["internal"])
        broker = await connection.enter_async_context(at(place, "internal"))
        begun = self.stack.enter_context(Begun(self.folder / ledger, now))
        worker = Worker(
            broker=broker,
            vantage="internal",
            slots=slots,
            begin=begin,
            begun=begun,
            base=self.folder,
            ack_seconds=ACK_WAIT,
            note=complain,
        )
        self.workers.append((asyncio.create_task(worker.work()), connection))

    async def dismiss(self, number: int) -> None:
        """End a worker as a kill does: its connection is gone, and nothing is given back."""
        task, connection = self.workers[number]
        task.cancel()
        await asyncio.wait([task])
        await connection.aclose()


@asynccontextmanager
async def lab(folder: Path) -> AsyncIterator[Lab]:
    terms = Terms(
        run=str(uuid.uuid4()),
        vantages=("internal",),
        authorisation=LEAVE,
        contact="",
        base=folder,
        patience=30.0,
    )
    with ExitStack() as files:
        server = files.enter_context(nats_server(folder, identities(folder)))
        ledger = files.enter_context(Ledger(folder / "ledger"))
        async with AsyncExitStack() as stack:
            place = BrokerPlace(
                url=server.url, tls=server.identities["coordinator"], ack_wait=ACK_WAIT
            )
            broker = await stack.enter_async_context(at(place, "coordinator"))
            made = Lab(
                folder,
                server,
                stack,
                Nats(broker=broker, terms=terms, ledger=ledger, clock=now, note=complain),
            )
            try:
                yield made
            finally:
                for number in range(len(made.workers)):
                    await made.dismiss(number)


@dataclass(slots=True)
class Fake:
    """A look that ends, or does not."""

    target: Target
    hangs: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ends: bool = False
    """Whether it was just done when it is cancelled."""

    async def look(self) -> None:
        self.begun.set()
        try:
            if self.hangs:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.ends:
                raise

    def observations(self) -> Observations:
        return unseen(self.target, "internal", Unobserved(Reason.CLOSED, "looked"))


def targets(count: int) -> list[Target]:
    return [Target(host=f"127.0.0.{n + 1}", asset=f"a{n}") for n in range(count)]


@pytest.mark.parametrize("ledger", ["shared", "of another machine"])
async def test_a_batch_that_comes_again_repeats_no_login(ledger: str, tmp_path: Path) -> None:
    orders: dict[str, bool] = {}
    hanging = asyncio.Event()
    kept: list[str] = []

    def first(order: Order) -> Look:
        assert order.logins
        return Fake(order.target, hangs=True, begun=hanging)

    def second(order: Order) -> Look:
        orders[order.target.asset] = order.logins
        return Fake(order.target)

    async def keep(seen: Seen) -> None:
        kept.append(seen.target.asset)

    async with lab(tmp_path) as ground:
        await ground.hire(first, "shared", slots=1)
        scan = asyncio.create_task(ground.engine.scan(targets(2), keep))
        await asyncio.wait_for(hanging.wait(), 20)
        await ground.dismiss(0)
        await ground.hire(second, ledger, slots=2)
        await asyncio.wait_for(scan, 40)
    assert sorted(kept) == ["a0", "a1"]
    # The first worker had begun a0, in a batch of its own; a1 came in another, to nobody before.
    assert orders == {"a0": False, "a1": True}


async def test_what_was_seen_to_the_end_as_a_run_is_cut_stays_seen(tmp_path: Path) -> None:
    hanging = {"a0": asyncio.Event(), "a1": asyncio.Event()}
    kept: dict[str, bool] = {}

    def begin(order: Order) -> Look:
        asset = order.target.asset
        return Fake(order.target, hangs=True, begun=hanging[asset], ends=asset == "a0")

    async def keep(seen: Seen) -> None:
        kept[seen.target.asset] = seen.whole

    async with lab(tmp_path) as ground:
        await ground.hire(begin, "shared")
        scan = asyncio.create_task(ground.engine.scan(targets(2), keep))
        async with asyncio.timeout(40):
            await asyncio.gather(*(each.wait() for each in hanging.values()))
            scan.cancel()
            await asyncio.wait([scan])
        assert scan.cancelled()
        assert kept == {"a0": True, "a1": False}
        assert ground.engine.ledger.see("internal", "a1", "")
        assert not ground.engine.ledger.see("internal", "a0", "")


async def test_a_target_that_no_worker_survives_is_an_error_and_takes_none_with_it(
    tmp_path: Path,
) -> None:
    seen: dict[str, Observations] = {}
    deaths = 0
    died = asyncio.Event()

    def begin(order: Order) -> Look:
        deadly = order.target.asset == "a2"
        return Fake(order.target, hangs=deadly, begun=died if deadly else asyncio.Event())

    async def keep(each: Seen) -> None:
        (seen[each.target.asset],) = each.observations

    async with lab(tmp_path) as ground:
        await ground.hire(begin, "shared")
        scan = asyncio.create_task(ground.engine.scan(targets(4), keep))
        while not scan.done():
            waiting = asyncio.create_task(died.wait())
            await asyncio.wait({scan, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            waiting.cancel()
            if died.is_set():
                deaths += 1
                died.clear()
                await ground.dismiss(len(ground.workers) - 1)
                await ground.hire(begin, "shared")
        await scan
    assert sorted(seen) == ["a0", "a1", "a2", "a3"]
    reasons = {asset: each.unreached and each.unreached.reason for asset, each in seen.items()}
    assert reasons["a2"] is Reason.OWN_FAULT
    assert {reasons[asset] for asset in ("a0", "a1", "a3")} == {Reason.CLOSED}
    assert deaths >= 3


@pytest.mark.parametrize("logins", [True, False])
async def test_a_look_without_logins_tries_none_at_a_real_server(
    *, logins: bool, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-no-anonymous")
    port = Endpoint(port=server.port, protocol=Protocol.FTP)
    target = Target(host=server.host, asset="lab", endpoints=(port,))
    secrets = FileSecrets(tmp_path)
    with History.open(tmp_path / "history.sqlite3", now) as memory:
        tools = Tools(
            scope=Scope(Authorisation(reference="")),
            secrets=secrets,
            attempts=memory,
            examiner=Nobody(),
            mask=Mask(b"k" * 32),
            clock=now,
            vantage="internal",
        )
        batch = Batch(
            name="b1",
            origin="b1",
            again=not logins,
            seconds=60.0,
            contact="",
            authorisation=LEAVE,
            targets=(target,),
        )
        look = Station(tools, secrets).begin(Order(target=target, batch=batch, logins=logins))
        await look.look()
    server.settle()
    assert (server.failed_logins() > 0) == logins
    (endpoint,) = look.observations().endpoints
    assert isinstance(endpoint.facts, FtpFacts)
    anonymous = endpoint.facts.anonymous
    if not logins:
        assert isinstance(anonymous, Unobserved)
        assert anonymous.reason is Reason.ATTEMPT_BUDGET


class Nobody:
    """Examines nothing."""

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        raise AssertionError(task, read)
