"""How fast one SSH server is asked: one connection at a time, slower where it turns some away."""

from __future__ import annotations

import asyncio

from scanner.clients.ssh_visit import TURNED_AWAY
from scanner.model.reading import Reason, Unobserved

_SHORTEST_WAIT = 0.25
_LONGEST_WAIT = 20.0
_GROWTH = 4.0
_MOST_TIMES = 3


class Pace:
    """Seconds between two connections. They grow fourfold each time the server is too busy.

    After three times, or as soon as it does not answer at all, ``stopped`` says why nobody should
    ask any more.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.stopped: Unobserved | None = None
        self._times = 0

    async def step(self) -> None:
        """Wait until the next connection is due."""
        await asyncio.sleep(self.seconds)

    def heed(self, reading: object) -> bool:
        """Slow down where ``reading`` says that the server turned us away; return whether it did.

        A server that throttles is asked again, later; one that is gone is not.
        """
        if not isinstance(reading, Unobserved) or reading.reason not in TURNED_AWAY:
            return False
        self._times += 1
        self.seconds = min(_LONGEST_WAIT, max(_SHORTEST_WAIT, self.seconds * _GROWTH))
        if reading.reason is not Reason.THROTTLED or self._times >= _MOST_TIMES:
            self.stopped = reading
        return True
