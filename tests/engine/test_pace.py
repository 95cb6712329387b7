from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

from scanner.engine.pace import Desk, Pace
from scanner.engine.scheduler import schedule
from scanner.model.target import Target


def ticking(*turns: float) -> Callable[[], float]:
    """Return a clock by which the loop's turns take so long, one after the other."""
    readings = [0.0]
    for took in turns:
        readings += [readings[-1] + took] * 2
    told = iter(readings)
    return lambda: next(told)


async def test_targets_begin_while_turns_are_short() -> None:
    pace = Pace(longest=0.1, clock=ticking(0.01))
    await pace.turn()
    await pace.turn()  # within one burst nothing is measured: the clock has no more readings


async def test_no_target_begins_before_a_turn_was_short_again() -> None:
    told: list[float] = []
    clock = ticking(0.2, 0.15, 0.01)

    def read() -> float:
        told.append(clock())
        return told[-1]

    await Pace(longest=0.1, clock=read).turn()
    assert len(told) == 6


async def test_sockets_are_served_between_two_pieces_of_our_own_work() -> None:
    desk, events = Desk(), list[str]()

    async def piece(name: str) -> None:
        await desk.turn()
        events.append(name)

    async def sockets() -> None:
        while True:
            events.append("served")
            await asyncio.sleep(0)

    serving = asyncio.create_task(sockets())
    await asyncio.gather(*(piece(f"piece {number}") for number in range(5)))
    serving.cancel()
    pieces = [at for at, event in enumerate(events) if event != "served"]
    assert [events[at] for at in pieces] == [f"piece {number}" for number in range(5)]
    assert all(later - earlier > 1 for earlier, later in pairwise(pieces))


async def test_a_cancelled_wait_leaves_the_desk_to_the_next() -> None:
    desk = Desk()
    waiting = [asyncio.create_task(desk.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait_for(asyncio.gather(waiting[0], waiting[2]), 5)


async def test_a_schedule_cancelled_while_it_waits_for_a_slot_begins_nothing_more() -> None:
    begun: list[str] = []
    full = asyncio.Event()

    async def work(target: Target) -> None:
        begun.append(target.asset)
        if len(begun) == 2:
            full.set()
        await asyncio.Event().wait()

    every = [Target(host=f"h{number}.example.org", asset=f"a{number}") for number in range(4)]
    running = asyncio.create_task(schedule(every, work, most=2))
    await full.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert begun == ["a0", "a1"]
