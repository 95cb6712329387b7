"""The engine of one process: looks at targets here, many side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.engine.contract import Begin, Keep, Seen
from scanner.engine.scheduler import schedule
from scanner.model.target import Target


@dataclass(frozen=True, slots=True)
class Local:
    """Looks at up to ``most`` targets at once. See ``scanner.engine.contract.Engine``."""

    begin: Begin
    most: int

    async def scan(self, targets: Iterable[Target], keep: Keep) -> None:
        """Look at every target and hand it over, in the slot in which it was looked at."""

        async def work(target: Target) -> None:
            look = self.begin(target)
            try:
                await look.look()
            except asyncio.CancelledError:
                await keep(Seen(target=target, observations=(look.observations(),), whole=False))
                raise
            await keep(Seen(target=target, observations=(look.observations(),)))

        await schedule(targets, work, most=self.most)
