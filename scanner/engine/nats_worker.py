"""A worker: takes batches of its vantage from the broker, looks, tells what it saw, judges nothing.

What was seen of a target is stored at the broker before its batch is given back as done. A worker
that dies is noticed by its silence, and its batch goes to another. No login is repeated then: only
who began a batch, or shares the ledger with whoever did, may log in, and only where a target had
not been begun.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from scanner.engine.answers import BrokerError
from scanner.engine.broker import Broker, Intake, Parcel
from scanner.engine.contract import Look
from scanner.engine.messages import (
    Batch,
    Sighting,
    Sign,
    decode_batch,
    encode_sighting,
    encode_sign,
)
from scanner.engine.pace import Pace
from scanner.engine.unseen import unseen
from scanner.model.ledger import BegunTargets
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target

SIGN_SECONDS = 5.0
"""Between two signs of life."""
_PULL_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_ROOM = 4096
"""Bytes of a message that headers and subject may take."""

_TOO_LARGE = Unobserved(
    Reason.OWN_FAULT, "what was seen is larger than the broker carries; raise its max_payload"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One target to look at, for which batch, and whether anybody may be logged in."""

    target: Target
    batch: Batch
    logins: bool


@dataclass(slots=True, kw_only=True)
class Worker:
    """Looks at up to ``slots`` targets side by side, from one vantage, until it is cancelled.
    None begins while the event loop is behind.

    ``begin`` returns a look, not yet begun. ``base`` is the folder below which files are looked
    for. ``note`` is told, in a line, what the worker has to complain of.
    """

    broker: Broker
    vantage: str
    slots: int
    begin: Callable[[Order], Look]
    begun: BegunTargets
    base: Path
    ack_seconds: float
    note: Callable[[str], None]
    _free: asyncio.Semaphore = field(init=False)
    _pace: Pace = field(init=False, default_factory=Pace)
    _busy: int = field(init=False, default=0)
    _stopped: set[str] = field(init=False, default_factory=set)
    _looking: dict[str, set[asyncio.Task[None]]] = field(init=False, default_factory=dict)
    _room: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _name: str = field(init=False, default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)
        self._room.set()

    async def work(self) -> None:
        """Work until cancelled. Raises on a bug or a full disk alone."""
        await self.broker.listen("stop.*", self._stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._live())
            await self._pull(group)

    async def _live(self) -> None:
        while True:
            sign = Sign(worker=self._name, slots=self.slots, busy=self._busy)
            with suppress(BrokerError):
                await self.broker.live(self.vantage, encode_sign(sign))
            await asyncio.sleep(SIGN_SECONDS)

    async def _pull(self, group: asyncio.TaskGroup) -> None:
        """Take a batch as soon as fewer targets wait than may be looked at."""
        source: Intake | None = None
        while True:
            await self._room.wait()
            try:
                source = source or await self.broker.jobs(self.vantage)
                for parcel in await source.next(1, _PULL_SECONDS):
                    self._take(parcel, group)
            except BrokerError:  # away, or nobody has made the queue yet
                await asyncio.sleep(_RETRY_SECONDS)

    def _take(self, parcel: Parcel, group: asyncio.TaskGroup) -> None:
        try:
            batch = decode_batch(parcel.data, self.base)
        except ValueError as error:
            self.note(f"a batch is refused: {error}")
            group.create_task(_quietly(parcel.refuse()))
            return
        # What a cancelled run had queued was withdrawn: this comes of one that is resumed.
        self._stopped.discard(parcel.run)
        self._count(len(batch.targets))
        group.create_task(self._carry(parcel, batch))

    def _count(self, more: int) -> None:
        self._busy += more
        if self._busy < self.slots:
            self._room.set()
        else:
            self._room.clear()

    async def _carry(self, parcel: Parcel, batch: Batch) -> None:
        """Look at all targets of a batch, then give it back as done.

        After its time it is left to the broker, which gives it to somebody else.
        """
        heart = asyncio.create_task(self._beat(parcel))
        waiting = [len(batch.targets)]
        try:
            async with asyncio.timeout(batch.seconds), asyncio.TaskGroup() as group:
                for target in batch.targets:
                    task = group.create_task(self._one(parcel, batch, target, waiting))
                    self._looking.setdefault(parcel.run, set()).add(task)
                    task.add_done_callback(self._looking[parcel.run].discard)
            await _quietly(parcel.take())
        except TimeoutError:
            self.note(f"a batch took longer than {batch.seconds:.0f} seconds")
        finally:
            heart.cancel()
            self._count(-waiting[0])
            if not self._looking.get(parcel.run):
                self._looking.pop(parcel.run, None)

    async def _beat(self, parcel: Parcel) -> None:
        while True:
            await asyncio.sleep(self.ack_seconds / 3)
            await _quietly(parcel.keep())

    async def _one(self, parcel: Parcel, batch: Batch, target: Target, waiting: list[int]) -> None:
        async with self._free:
            if parcel.run not in self._stopped:
                await self._pace.turn()
                seen = await self._seen(parcel, batch, target)
                await self._tell(parcel, target, seen)
        waiting[0] -= 1
        self._count(-1)

    async def _seen(self, parcel: Parcel, batch: Batch, target: Target) -> Sighting:
        first = parcel.deliveries == 1 and not batch.again
        ours = self.begun.batch(parcel.run, batch.origin, first=first)
        logins = self.begun.begin(parcel.run, target.asset) and ours
        look = self.begin(Order(target=target, batch=batch, logins=logins))
        task = asyncio.current_task()
        whole = True
        try:
            await look.look()
        except asyncio.CancelledError:
            if parcel.run not in self._stopped or task is None:
                raise
            task.uncancel()
            whole = False
        return Sighting(
            batch=batch.name, asset=target.asset, observations=look.observations(), whole=whole
        )

    async def _tell(self, parcel: Parcel, target: Target, seen: Sighting) -> None:
        """Store what was seen, however long the broker is away.

        Its name is drawn: whoever knew it could have the broker take this for a repetition.
        """
        name = secrets.token_hex(16)
        data = encode_sighting(seen)
        if len(data) > self.broker.largest - _ROOM:
            at = seen.observations.finished
            nothing = unseen(target, self.vantage, _TOO_LARGE, at=at)
            data = encode_sighting(replace(seen, observations=nothing))
        while True:
            try:
                await self.broker.tell(self.vantage, parcel.run, name, data)
            except BrokerError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _stop(self, run: str, _data: bytes) -> None:
        """End the looks of a run that was cancelled; what was seen so far is told."""
        self._stopped.add(run)
        for task in self._looking.get(run, ()):
            task.cancel()


async def _quietly(said: Awaitable[None]) -> None:
    """Tell the broker; where it is away, the batch comes again, and what was seen counts once."""
    with suppress(BrokerError):
        await said
