"""Sends a run's targets to the queues of its vantages, in batches that the ledger knows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from scanner.engine.answers import BrokerError
from scanner.engine.broker import Broker
from scanner.engine.flight import Flight
from scanner.engine.messages import Batch, encode_batch
from scanner.engine.roll import Roll
from scanner.model.ledger import RunLedger, SentBatch
from scanner.model.target import Authorisation, Exclusion, Target

LARGEST_BATCH = 200
LARGEST_WINDOW = 20_000
"""Assets under way at most, whatever workers say of themselves."""
RETRY_SECONDS = 1.0
_UNHURRIED = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What every batch of a run says. ``beside`` maps a vantage to its targets with logins.

    ``base`` is the folder of the targets file, ``patience`` how many seconds a vantage may be
    silent until it counts as one without a worker.
    """

    run: str
    vantages: tuple[str, ...]
    authorisation: Authorisation
    contact: str
    exclude: tuple[Exclusion, ...] = ()
    base: Path
    beside: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    patience: float = 60.0


@dataclass(slots=True, kw_only=True)
class Dispatch:
    """Each batch is in the ledger before it is sent, and once more with its number."""

    broker: Broker
    terms: Terms
    ledger: RunLedger
    flight: Flight
    roll: Roll
    _number: int = field(init=False, default=0)

    async def take_up(self) -> None:
        """Take up the batches of a run that ended early; what is gone will be sent anew."""
        self._number = self.ledger.batches()
        for batch in self.ledger.open_batches():
            if batch.sequence and await self.holds(batch):
                self.flight.add(batch)
            else:
                self.flight.lose(batch)
                self.ledger.close(batch.name)

    async def holds(self, batch: SentBatch) -> bool:
        """Whether a batch is still in its queue; asks the broker until it answers."""
        while True:
            try:
                return await self.broker.holds(batch.sequence)
            except BrokerError:
                await asyncio.sleep(RETRY_SECONDS)

    def window(self) -> int:
        """Return how many assets may be under way: twice what is looked at side by side."""
        slots = [sum(self.roll.slots(vantage)) for vantage in self.terms.vantages]
        return min(LARGEST_WINDOW, 2 * max(1, *slots))

    def size(self, vantage: str) -> int:
        """Return how many targets a batch has: as many as a worker looks at side by side."""
        return min(LARGEST_BATCH, *(self.roll.slots(vantage) or (1,)))

    async def send(self, vantage: str, listed: list[Target]) -> None:
        """Send what is listed and not yet told, and empty the list.

        Targets that were lost with an earlier batch are sent as such: no login is repeated.
        """
        flight = self.flight
        targets = [each for each in listed if flight.waits(vantage, each.asset)]
        listed.clear()

        def before(target: Target) -> tuple[str, int]:
            lost = flight.lost(vantage, target.asset)
            return ("", -1) if lost is None else (lost.origin, lost.rounds)

        for (origin, rounds), group in groupby(sorted(targets, key=before), key=before):
            await self.post(vantage, tuple(group), origin=origin, rounds=rounds + 1)

    async def post(
        self, vantage: str, targets: Sequence[Target], *, origin: str = "", rounds: int = 0
    ) -> None:
        """Send one batch; ``origin`` is the batch in which its targets were before."""
        self._number += 1
        name = f"b{self._number}"
        batch = SentBatch(
            name=name,
            origin=origin or name,
            vantage=vantage,
            assets=tuple(each.asset for each in targets),
            again=bool(origin),
            rounds=rounds,
        )
        self.ledger.send(batch)
        self.flight.add(batch)
        data = encode_batch(self._batch(batch, targets), self.terms.base)
        number = await self._stored(batch, data)
        self.ledger.send(replace(batch, sequence=number))
        if name in self.flight.batches:
            self.flight.batches[name] = replace(batch, sequence=number)

    async def _stored(self, batch: SentBatch, data: bytes) -> int:
        while True:
            try:
                return await self.broker.send(batch.vantage, self.terms.run, batch.name, data)
            except BrokerError:
                await asyncio.sleep(RETRY_SECONDS)

    def _batch(self, batch: SentBatch, targets: Sequence[Target]) -> Batch:
        terms = self.terms
        rounds = -(-len(targets) // self.size(batch.vantage)) + 1
        return Batch(
            name=batch.name,
            origin=batch.origin,
            again=batch.again,
            seconds=rounds * max(each.limits.asset_seconds for each in targets) + _UNHURRIED,
            contact=terms.contact,
            authorisation=terms.authorisation,
            exclude=terms.exclude,
            targets=tuple(targets),
            beside=terms.beside.get(batch.vantage, ()),
        )
