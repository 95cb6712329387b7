"""How fast a run may go: never faster than its own event loop keeps up with.

A socket that is ready waits for its turn of the loop, and its deadline runs on meanwhile. As long
as turns are short against deadlines, no server is taken for a silent one because we were busy. So
no target begins while turns are long, and what needs no server is done one piece a turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

LONGEST_TURN = 0.1
"""Seconds that a turn of the loop may take before new targets have to wait."""
_BURST = 16
"""Targets that may begin after one short turn."""


class Pace:
    """Holds new targets back while the loop is behind. ``clock`` tells seconds that only grow.

    Many tasks may ask at once: if each measured a turn of its own, all would begin after it.
    """

    def __init__(
        self, *, longest: float = LONGEST_TURN, clock: Callable[[], float] = monotonic
    ) -> None:
        self._longest = longest
        self._clock = clock
        self._left = 0
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Return as soon as one more target may begin, in the order of asking. A cancelled wait
        holds up nobody.
        """
        async with self._lock:
            if self._left == 0:
                await self._short_turn()
                self._left = _BURST
            self._left -= 1

    async def _short_turn(self) -> None:
        """Return once a turn of the loop was short."""
        while True:
            took = await self._one_turn()
            if took <= self._longest:
                return
            await asyncio.sleep(took)

    async def _one_turn(self) -> float:
        """Return how many seconds the loop takes to serve everybody once."""
        began = self._clock()
        await asyncio.sleep(0)
        return self._clock() - began


class Desk:
    """Lets one piece of work at a time pass, in the order of asking, with a turn of the loop
    before each: sockets that are ready are served in between.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Return once it is the caller's turn. The work itself is done without waiting."""
        async with self._lock:
            await asyncio.sleep(0)
