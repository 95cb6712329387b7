"""A cancellation of ours is heeded always; what the library cancels by itself is none."""

from __future__ import annotations

import asyncio
import time
from itertools import product
from pathlib import Path

import pytest

from scanner.api.broker import BrokerPlace, at
from scanner.engine.answers import BrokerError, asked
from tests.servers.nats import identities, nats_server

ASKED = (3, 4)
"""Turns of the loop until a question is on its way."""
TURNS = 10
"""Turns of the loop within which an answer that lies there is handed to whoever asked."""


async def test_one_that_comes_with_an_answer_of_the_broker_is_not_lost(tmp_path: Path) -> None:
    with nats_server(tmp_path, identities(tmp_path)) as server:
        place = BrokerPlace(url=server.url, tls=server.identities["coordinator"])
        async with at(place, "coordinator") as broker:
            await broker.prepare(("internal",))
            answered = 0
            for asked_in, turns in product(ASKED, range(TURNS)):
                task = asyncio.create_task(broker.is_stopped("run"))
                for _ in range(asked_in):
                    await asyncio.sleep(0)
                time.sleep(0.06)  # noqa: ASYNC251 - until the answer lies there, unread
                for _ in range(turns):
                    await asyncio.sleep(0)
                wanted = task.cancel()
                await asyncio.wait([task])
                assert task.cancelled() == wanted
                answered += not wanted
            assert 0 < answered < len(ASKED) * TURNS  # cancelled before, after and meanwhile


async def test_one_that_comes_with_the_end_of_a_wait_is_not_lost() -> None:
    for turns in range(8):
        queue: asyncio.Queue[int] = asyncio.Queue()
        task = asyncio.create_task(asked(asyncio.wait_for(queue.get(), 30)))
        await asyncio.sleep(0.01)
        queue.put_nowait(1)
        for _ in range(turns):
            await asyncio.sleep(0)
        wanted = task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == wanted


async def test_a_call_that_swallows_it_is_cancelled_again() -> None:
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while heard < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1

    task = asyncio.create_task(asked(deaf()))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert (task.cancelled(), heard) == (True, 3)


async def test_one_of_the_library_is_a_fault() -> None:
    async def ended() -> None:
        raise asyncio.CancelledError

    with pytest.raises(BrokerError, match="cannot be used"):
        await asked(ended())
