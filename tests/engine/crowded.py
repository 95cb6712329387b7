"""Looks that tell in which turn of the loop they began; the first one keeps the loop busy."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scanner.engine.unseen import unseen
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target

BURST = 16
"""Looks that may begin after one short turn of the loop."""


@dataclass(slots=True)
class Watch:
    """In which turn each look began, and how many had when the busy one was over."""

    turn: int = 0
    begun: list[int] = field(default_factory=list)
    meanwhile: int = 0

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Count turns during the block."""
        task = asyncio.create_task(self._count())
        try:
            yield
        finally:
            task.cancel()

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turn += 1

    def hold(self, looks: int) -> None:
        """Check that so many began: a few at a time, and none while turns were long."""
        assert len(self.begun) == looks > BURST
        assert 1 <= self.meanwhile <= BURST
        assert max(Counter(self.begun).values()) <= BURST


@dataclass(slots=True)
class Crowded:
    """A look; the first one of a watch keeps the loop for itself, turn after turn."""

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
