"""Where looks begin that many tasks ask for: one after the other, at the pace of the event loop."""

from __future__ import annotations

import asyncio

from scanner.engine.pace import Pace


class Gate:
    """Holds back who asks, in the order of asking, while the loop is behind.

    Tasks that measured a turn together would all begin after it.
    """

    def __init__(self) -> None:
        self._pace = Pace()
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Return as soon as one more look may begin. A cancelled wait holds up nobody."""
        async with self._lock:
            await self._pace.turn()
