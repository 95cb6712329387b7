"""Asks a server the same about one path after the other, and not for ever in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Final, TypeVar

from scanner.model.reading import Observed, Reading, Reason

T = TypeVar("T")

_MOST_FAULTS_RUNNING: Final = 3


async def ask_each(
    paths: Iterable[bytes],
    ask: Callable[[bytes], Awaitable[Reading[T]]],
    *,
    seconds: float,
    final: Collection[Reason] = (),
) -> dict[bytes, T]:
    """Return what was answered, by path, until the time is over.

    Ends at the third fault in a row, or at once for a reason in ``final``. That one path cannot be
    read is an answer, and no fault. Never raises for what the server does.
    """
    told: dict[bytes, T] = {}
    faults = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for path in paths:
                reading = await ask(path)
                if isinstance(reading, Observed):
                    told[path] = reading.value
                elif reading.reason in final:
                    break
                answered = isinstance(reading, Observed) or reading.reason is Reason.UNREADABLE
                faults = 0 if answered else faults + 1
                if faults == _MOST_FAULTS_RUNNING:
                    break
    return told
