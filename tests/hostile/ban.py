"""What stands before a real server and bans whoever comes too often, as fail2ban does."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress

from tests.hostile.endpoint import Behaviour, Session


def bans_after(count: int, port: int, then: Behaviour) -> Behaviour:
    """Hand the first ``count`` connections to the server on this loopback port, the rest to
    ``then``.
    """
    arrived = itertools.count(1)

    async def behave(session: Session) -> None:
        if next(arrived) > count:
            await then(session)
            return
        await _relay(session, port)

    return behave


async def _relay(session: Session, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ways = [
        asyncio.ensure_future(_pass_on(session.reader, writer)),
        asyncio.ensure_future(_pass_on(reader, session.writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.transport.abort()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while received := await source.read(65_536):
            sink.write(received)
            await sink.drain()
