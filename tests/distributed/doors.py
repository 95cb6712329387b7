"""A server that lets nobody past its door: it keeps the first callers waiting, or all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Door:
    """Turns callers away, but for those that wait until ``opened``: the first ``holds``."""

    holds: int
    port: int = 0
    callers: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one caller."""
        self.callers += 1
        if self.callers <= self.holds:
            if self.callers == self.holds:
                self.held.set()
            await self.opened.wait()
        writer.write(b"421 Too many connections\r\n")
        writer.close()


@asynccontextmanager
async def door(holds: int) -> AsyncIterator[Door]:
    """Run one on loopback for the block."""
    made = Door(holds)
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.opened.set()
        server.close()
