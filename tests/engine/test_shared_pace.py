"""Looks that many tasks ask for begin at the pace of the loop."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE

from scanner.engine.contract import Look
from scanner.engine.pace import Pace
from scanner.engine.processes import Link, serve
from scanner.model.target import Target
from tests.engine.crowded import BURST, Crowded, Watch

LOOKS = 64


async def test_a_process_that_is_asked_for_many_begins_a_few_at_a_time() -> None:
    watch = Watch()

    def begin(asset: str, _again: bool) -> Look:  # noqa: FBT001 - as the engine calls it
        return Crowded(Target(host="127.0.0.1", asset=asset), watch)

    asked = asyncio.StreamReader()
    for number in range(LOOKS):  # all of them lie there when it comes to read
        asked.feed_data(json.dumps({"asset": f"a{number}", "again": False}).encode() + b"\n")
    sink = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    assert sink.stdin is not None
    assert sink.stdout is not None
    async with watch.counting(), asyncio.timeout(60):
        serving = asyncio.create_task(serve(Link(asked, sink.stdin), begin))
        told = [json.loads(await sink.stdout.readline()) for _ in range(LOOKS)]
        asked.feed_eof()
        await serving
        sink.stdin.close()
        await sink.wait()
    assert {each["asset"] for each in told} == {f"a{number}" for number in range(LOOKS)}
    assert all(each["whole"] for each in told)
    watch.hold(LOOKS)


async def test_a_cancelled_wait_leaves_the_pace_to_the_next() -> None:
    pace = Pace()
    waiting = [asyncio.create_task(pace.turn()) for _ in range(BURST + 3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[2].cancel()
    async with asyncio.timeout(5):
        await asyncio.wait(waiting)
    assert [each.cancelled() for each in waiting[:4]] == [True, False, True, False]
    assert all(each.exception() is None for each in waiting[3:])
