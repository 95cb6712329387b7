"""Many targets at once, each exactly once, with a bound on how many. What a target is, is the
caller's: this waits and counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from scanner.engine.pace import Pace

T = TypeVar("T")


async def schedule(
    targets: Iterable[T], work: Callable[[T], Awaitable[None]], *, most: int
) -> None:
    """Run ``work`` for every target, at most ``most`` at a time, in the order given.

    ``work`` keeps its result, and raises only on a bug or a full disk. Pulls targets as slots come
    free, so that a long list is never held as tasks, and begins none while the event loop is
    behind. The first exception cancels the rest and is raised, itself and not in a group.
    """
    slots = asyncio.Semaphore(max(1, most))
    pace = Pace()

    async def one(target: T) -> None:
        try:
            await work(target)
        finally:
            slots.release()

    try:
        async with asyncio.TaskGroup() as group:
            for target in targets:
                await slots.acquire()
                await pace.turn()
                group.create_task(one(target))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
