"""A worker of many slots begins no look while its event loop is behind."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scanner.engine.contract import Look, Seen
from scanner.engine.nats_worker import Order
from scanner.engine.unseen import unseen
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target
from tests.distributed.test_retries import lab, targets

SLOTS = 64
BURST = 16
"""Looks that may begin after one short turn of the loop."""


@dataclass(slots=True)
class Watch:
    """In which turn of the loop each look began, and how many had when a busy one was over."""

    turn: int = 0
    begun: list[int] = field(default_factory=list)
    meanwhile: int = 0

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turn += 1


@dataclass(slots=True)
class Busy:
    """A look; the first one keeps the loop for itself, turn after turn."""

    target: Target
    watch: Watch

    async def look(self) -> None:
        self.watch.begun.append(self.watch.turn)
        if len(self.watch.begun) == 1:
            for _ in range(5):
                time.sleep(0.15)  # noqa: ASYNC251 - that is what it is about
                await asyncio.sleep(0)
            self.watch.meanwhile = len(self.watch.begun)

    def observations(self) -> Observations:
        return unseen(self.target, "internal", Unobserved(Reason.CLOSED, "looked"))


async def test_targets_begin_a_few_at_a_time_and_none_while_turns_are_long(tmp_path: Path) -> None:
    watch = Watch()
    kept: list[str] = []

    def begin(order: Order) -> Look:
        return Busy(order.target, watch)

    async def keep(seen: Seen) -> None:
        kept.append(seen.target.asset)

    async with lab(tmp_path) as ground:
        await ground.hire(begin, "shared", slots=SLOTS)
        counting = asyncio.create_task(watch.count())
        await asyncio.wait_for(ground.engine.scan(targets(SLOTS), keep), 60)
        counting.cancel()
    assert len(kept) == len(watch.begun) == SLOTS
    assert 1 <= watch.meanwhile <= BURST
    assert max(Counter(watch.begun).values()) <= BURST
