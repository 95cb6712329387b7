"""The engine of several machines: batches go to workers over a broker, sightings come back.

Delivery is at least once, reporting once: what is told first of an asset from a vantage is kept in
the ledger, and anything later dropped. A batch whose worker died goes to another; after three
deliveries it is cut in halves, and a target that no worker survives is an error of ours. A vantage
without a worker is told as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from scanner.engine.answers import BrokerError
from scanner.engine.broker import Broker, Intake, Parcel, lost_sequence
from scanner.engine.contract import Keep, Seen
from scanner.engine.flight import Flight, Waiting, halves
from scanner.engine.messages import Sighting, decode_sighting, decode_sign, encode_sighting
from scanner.engine.nats_dispatch import RETRY_SECONDS, Dispatch, Terms
from scanner.engine.roll import Roll
from scanner.engine.unseen import unseen
from scanner.model.ledger import RunLedger, SentBatch
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target
from scanner.probes.context import utc_text

MOST_ROUNDS = 2
"""How often targets that were taken and never told of are sent again."""
AUDIT_SECONDS = 20.0
"""Between two looks at whether the broker still holds what is under way."""
DRAIN_SECONDS = 5.0
"""For which workers of a cancelled run may tell what they have."""
_AT_ONCE = 100

_NOBODY = Unobserved(Reason.NO_VANTAGE, "no worker at this vantage")
_DEADLY = Unobserved(Reason.OWN_FAULT, "no worker came to its end in three deliveries")
_UNTOLD = Unobserved(Reason.OWN_FAULT, "the workers took it and told nothing")
_CUT = Unobserved(Reason.INTERRUPTED, "the run was interrupted before this was told")


@dataclass(slots=True, kw_only=True)
class Nats:
    """Has targets looked at by workers. For one run; see ``scanner.engine.contract.Engine``.

    ``note`` is told, in a line, of what cannot be used.
    """

    broker: Broker
    terms: Terms
    ledger: RunLedger
    clock: Callable[[], datetime]
    note: Callable[[str], None]
    _flight: Flight = field(init=False, default_factory=Flight)
    _roll: Roll = field(init=False)
    _dispatch: Dispatch = field(init=False)
    _stopped: bool = field(init=False, default=False)
    _fed: bool = field(init=False, default=False)
    _gone: set[str] = field(init=False, default_factory=set)
    _over: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _moved: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._roll = Roll(asyncio.get_running_loop().time)
        self._dispatch = Dispatch(
            broker=self.broker,
            terms=self.terms,
            ledger=self.ledger,
            flight=self._flight,
            roll=self._roll,
        )

    async def scan(self, targets: Iterable[Target], keep: Keep) -> None:
        """Have every target looked at from all of the run's vantages that it lists."""
        await self.broker.prepare(self.terms.vantages)
        await self.broker.restart(self.terms.run)
        await self.broker.listen("alive.*", self._hear)
        intake = await self.broker.sightings(self.terms.run)
        await self._dispatch.take_up()
        try:
            with _first_fault():
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._receive(intake, keep)),
                        group.create_task(self._watch(keep)),
                        group.create_task(self._feed(targets, keep)),
                    ]
                    await self._over.wait()
                    for task in tasks:
                        task.cancel()
        except asyncio.CancelledError:
            await self._abandon(intake, keep)
            raise
        except BaseException:
            await self._call_off()
            raise
        if self._stopped:
            await self._abandon(intake, keep)
            raise asyncio.CancelledError
        await self.broker.forget(self.terms.run)

    async def _hear(self, vantage: str, data: bytes) -> None:
        with suppress(ValueError):
            self._roll.hear(vantage, decode_sign(data))
            self._moved.set()

    async def _next_move(self) -> None:
        """Wait until something was told, or a second."""
        self._moved.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._moved.wait()

    # Sending

    async def _feed(self, targets: Iterable[Target], keep: Keep) -> None:
        await self._manned()
        pending: dict[str, list[Target]] = {vantage: [] for vantage in self.terms.vantages}
        for target in targets:
            await self._room(pending)
            for vantage, listed in pending.items():
                # Targets of one host stay together: one worker keeps their common limits.
                if len(listed) >= self._dispatch.size(vantage) and listed[-1].host != target.host:
                    await self._dispatch.send(vantage, listed)
            for vantage in await self._begin(target, keep):
                if self._is_deserted(vantage):
                    await self._give_up(vantage, target.asset, _NOBODY, keep)
                else:
                    pending[vantage].append(target)
        for vantage, listed in pending.items():
            await self._dispatch.send(vantage, listed)
        self._fed = True
        self._look_whether_over()

    async def _manned(self) -> None:
        """Wait until a worker of each vantage gave a sign, or was silent for too long."""
        while not all(
            self._roll.is_manned(vantage) or self._is_deserted(vantage)
            for vantage in self.terms.vantages
        ):
            await self._next_move()

    def _is_deserted(self, vantage: str) -> bool:
        return self._roll.silence(vantage) > self.terms.patience

    async def _room(self, pending: Mapping[str, list[Target]]) -> None:
        """Wait until another asset may be under way."""
        while len(self._flight.assets) >= self._dispatch.window():
            for vantage, listed in pending.items():
                await self._dispatch.send(vantage, listed)
            await self._next_move()

    async def _begin(self, target: Target, keep: Keep) -> list[str]:
        """Note a target; return the vantages for which it has to be sent."""
        wanted = {each for each in target.vantages if each in self.terms.vantages}
        waiting = self._flight.assets[target.asset] = Waiting(target, set(wanted))
        self.ledger.again(target.asset)
        for vantage, text in self.ledger.seen(target.asset).items():
            if vantage in wanted:
                told = decode_sighting(text.encode(), vantage)
                await self._settle(vantage, waiting, told.observations, keep)
        return [
            vantage
            for vantage in target.vantages
            if vantage in waiting.missing and not self._flight.is_sent(vantage, target.asset)
        ]

    # Receiving

    async def _receive(self, intake: Intake, keep: Keep) -> None:
        while True:
            try:
                parcels = await intake.next(_AT_ONCE, 5.0)
            except BrokerError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for parcel in parcels:
                await self._told(parcel, keep)
                with suppress(BrokerError):
                    await parcel.drop()

    async def _told(self, parcel: Parcel, keep: Keep) -> None:
        """Keep what a worker tells, if it was asked and is the first to."""
        sighting = self._sighting(parcel)
        if sighting is None:
            return
        vantage, asset = parcel.vantage, sighting.asset
        waiting = self._flight.waits(vantage, asset)
        if not sighting.whole:  # the run was cancelled: this is not its last word
            if waiting is not None:
                waiting.looks[vantage] = sighting.observations
            return
        if waiting is None and not self._flight.is_sent(vantage, asset):
            return
        # Of a run that is resumed, an asset may be told of before its turn: the ledger keeps it.
        if self.ledger.see(vantage, asset, parcel.data.decode()) and waiting is not None:
            await self._settle(vantage, waiting, sighting.observations, keep)

    def _sighting(self, parcel: Parcel) -> Sighting | None:
        try:
            return decode_sighting(parcel.data, parcel.vantage)
        except ValueError as error:
            self.note(f"a worker at {parcel.vantage} told what cannot be used: {error}")
            return None

    async def _settle(self, vantage: str, waiting: Waiting, seen: Observations, keep: Keep) -> None:
        """Count one observation; hand the asset over if it was the last one."""
        asset = waiting.target.asset
        waiting.missing.discard(vantage)
        waiting.looks[vantage] = seen
        batch = self._flight.batch_with(vantage, asset)
        if batch is not None and not self._flight.left(batch):
            self._flight.remove(batch)
            self.ledger.close(batch.name)
        if not waiting.missing:
            waiting.handed_over = True
            await keep(Seen(target=waiting.target, observations=waiting.seen()))
            self.ledger.done(asset)
            del self._flight.assets[asset]
            self._moved.set()
            self._look_whether_over()

    def _look_whether_over(self) -> None:
        if self._fed and not self._flight.assets:
            self._over.set()

    async def _give_up(self, vantage: str, asset: str, why: Unobserved, keep: Keep) -> None:
        """Tell why an asset was not seen from a vantage, as its last word."""
        waiting = self._flight.waits(vantage, asset)
        if waiting is None:
            return
        nothing = unseen(waiting.target, vantage, why, at=utc_text(self.clock()))
        text = encode_sighting(Sighting(batch="none", asset=asset, observations=nothing))
        if self.ledger.see(vantage, asset, text.decode()):
            await self._settle(vantage, waiting, nothing, keep)

    # Watching

    async def _watch(self, keep: Keep) -> None:
        """Notice batches that were given too often or are gone, empty vantages, a cancellation."""
        losses: Intake | None = None
        audited = asyncio.get_running_loop().time()
        while True:
            try:
                losses = losses or await self.broker.losses(self.terms.run)
                for parcel in await losses.next(_AT_ONCE, 1.0):
                    await self._lost(lost_sequence(parcel.data), keep)
                    await parcel.drop()
                self._stopped = await self.broker.is_stopped(self.terms.run)
                if asyncio.get_running_loop().time() - audited > AUDIT_SECONDS:
                    audited = asyncio.get_running_loop().time()
                    await self._audit(keep)
            except BrokerError:
                self._roll.forgive()
                await asyncio.sleep(RETRY_SECONDS)
            if not self.broker.is_there:
                self._roll.forgive()
            if self._stopped:
                self._over.set()
            await self._desert(keep)

    async def _desert(self, keep: Keep) -> None:
        for vantage in filter(self._is_deserted, self.terms.vantages):
            for waiting in self._flight.unmet(vantage):
                batch = self._flight.batch_with(vantage, waiting.target.asset)
                if batch is not None:
                    await self.broker.withdraw(batch.sequence)
                await self._give_up(vantage, waiting.target.asset, _NOBODY, keep)

    async def _lost(self, sequence: int | None, keep: Keep) -> None:
        """Cut a batch that was given too often in halves; give up a single target."""
        batch = None if sequence is None else self._flight.by_sequence(sequence)
        if batch is None:
            return
        await self.broker.withdraw(batch.sequence)
        left = self._flight.left(batch)
        if len(left) == 1:
            await self._give_up(batch.vantage, left[0], _DEADLY, keep)
            return
        await self._again(batch, halves(left), rounds=batch.rounds)

    async def _audit(self, keep: Keep) -> None:
        """Send again what the broker no longer holds and nobody told of, twice in a row."""
        gone: set[str] = set()
        for batch in [each for each in self._flight.batches.values() if each.sequence]:
            if await self.broker.holds(batch.sequence):
                continue
            left = self._flight.left(batch)
            if batch.name not in self._gone:
                gone.add(batch.name)
            elif batch.rounds < MOST_ROUNDS:
                await self._again(batch, [left], rounds=batch.rounds + 1)
            else:
                for asset in left:
                    await self._give_up(batch.vantage, asset, _UNTOLD, keep)
        self._gone = gone

    async def _again(
        self, batch: SentBatch, parts: Iterable[tuple[str, ...]], *, rounds: int
    ) -> None:
        self._flight.remove(batch)
        self._flight.lose(batch)
        for part in parts:
            targets = [self._flight.assets[asset].target for asset in part]
            if targets:
                await self._dispatch.post(
                    batch.vantage, targets, origin=batch.origin, rounds=rounds
                )
        self.ledger.close(batch.name)

    # Ending early

    async def _abandon(self, intake: Intake, keep: Keep) -> None:
        """Have the workers stop, and hand over what they tell of assets under way.

        What they had looked at to the end stays told: whoever resumes the run has the rest of
        these assets looked at.
        """
        await self._call_off()
        with suppress(BrokerError, TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._drain(intake)
        for waiting in list(self._flight.assets.values()):
            if waiting.looks and not waiting.handed_over:
                at = utc_text(self.clock())
                for vantage in waiting.missing - set(waiting.looks):
                    waiting.looks[vantage] = unseen(waiting.target, vantage, _CUT, at=at)
                whole, seen = not waiting.missing, waiting.seen()
                await keep(Seen(target=waiting.target, observations=seen, whole=whole))
                if whole:
                    self.ledger.done(waiting.target.asset)
        self._flight.assets.clear()

    async def _call_off(self) -> None:
        with suppress(BrokerError):
            await self.broker.recall(self.terms.run)
            await self.broker.stop(self.terms.run)

    async def _drain(self, intake: Intake) -> None:
        """Take what workers still tell, until nothing comes for two seconds."""
        while parcels := await intake.next(_AT_ONCE, 2.0):
            for parcel in parcels:
                sighting = self._sighting(parcel)
                waiting = sighting and self._flight.waits(parcel.vantage, sighting.asset)
                if sighting and waiting:
                    waiting.looks[parcel.vantage] = sighting.observations
                    if sighting.whole:
                        self.ledger.see(parcel.vantage, sighting.asset, parcel.data.decode())
                        waiting.missing.discard(parcel.vantage)
                await parcel.drop()


@contextmanager
def _first_fault() -> Iterator[None]:
    """Raise the first exception of a group, itself."""
    try:
        yield
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
