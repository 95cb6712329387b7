"""Many targets at once, each exactly once, with a bound on how many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from scanner.model.target import Target

Work = Callable[[Target], Awaitable[None]]
"""Scans one target and keeps its result. Raises only on a bug or a full disk."""


async def schedule(targets: Iterable[Target], work: Work, *, most: int) -> None:
    """Run ``work`` for every target, at most ``most`` at a time, in the order given.

    Pulls targets as slots come free, so that a long list is never held as tasks. The first
    exception cancels the rest and is raised, itself and not in a group.
    """
    queue = iter(targets)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, most)):
                group.create_task(_drain(queue, work))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _drain(queue: Iterator[Target], work: Work) -> None:
    for target in queue:
        await work(target)
