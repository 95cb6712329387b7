"""What is asked of the broker's library, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from scanner.errors import ScannerError

_TURN = 0.1
"""Seconds until a call that a cancellation did not end is cancelled again."""

T = TypeVar("T")


class BrokerError(ScannerError):
    """The broker cannot be reached, or did not do what was asked."""


async def asked(call: Coroutine[Any, Any, T], *faults: type[Exception]) -> T:
    """Return what the library returns. Raises ``BrokerError`` for its ``faults`` and the system's.

    Whoever is cancelled meanwhile is told so, always: the library loses a cancellation that comes
    in the same turn of the loop as an answer (so does ``asyncio.wait_for`` before Python 3.12),
    and whoever waits for the task that it cancelled would wait for good. What the library cancels
    by itself, as its connection ends, is a fault and no cancellation.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.add_done_callback(_heeded)
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_TURN)
        raise
    known: tuple[type[BaseException], ...] = (*faults, OSError, asyncio.CancelledError)
    try:
        return task.result()
    except known as error:
        raise BrokerError(said(error)) from error


def said(error: BaseException) -> str:
    """Return a fault of the broker in a few words."""
    if isinstance(error, TimeoutError | ConnectionError):
        return "the broker does not answer"
    return f"the broker cannot be used ({type(error).__name__})"


def _heeded(task: asyncio.Future[Any]) -> None:
    """Let asyncio not complain of a fault that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
