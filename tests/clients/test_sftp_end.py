"""Closing an SFTP session and waiting for the server: whoever is cancelled meanwhile is told so."""

from __future__ import annotations

import asyncio
from typing import cast

import asyncssh
import pytest

from scanner.clients.effort import EffortMeter
from scanner.clients.sftp import SftpTree, _Exchange
from scanner.wire.sftp import Version

SOON = 0.05
NEVER = 60.0


class Channel:
    """A channel that ends when the test says so."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def close(self) -> None:
        """Ask the server to end it."""

    async def wait_closed(self) -> None:
        await self.over.wait()


def tree_on(channel: Channel, seconds: float) -> SftpTree:
    exchange = _Exchange(EffortMeter())
    exchange.connection_made(cast("asyncssh.SSHClientChannel[bytes]", channel))
    return SftpTree(exchange, Version(3), seconds=seconds)


@pytest.mark.parametrize("ends", [True, False])
async def test_it_tells_whether_the_server_ended_its_side_in_time(*, ends: bool) -> None:
    channel = Channel()
    if ends:
        channel.over.set()
    assert await tree_on(channel, SOON).ended() == ends


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_the_end_is_not_lost(turns: int) -> None:
    channel = Channel()
    task = asyncio.create_task(tree_on(channel, NEVER).ended())
    await asyncio.sleep(0.01)
    channel.over.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    wanted = task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() == wanted
