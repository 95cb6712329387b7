"""Runs a coroutine to its end, or to the first signal that asks it to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from scanner.cli import YOUNG
from scanner.model.frozen import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It returned. ``interrupted`` is the exit code of a signal that came meanwhile, or 0."""

    value: T
    interrupted: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """A signal stopped it before there was anything to return."""

    code: int


def finish(work: Coroutine[Any, Any, T], *, alone: bool = False) -> Done[T] | Stopped:
    """Run ``work``. ``alone`` says that it looks at one host: a fast event loop takes longer to
    load than it then saves.

    The first SIGINT or SIGTERM cancels it, so that it can put away what it has;
    a second one ends the process at once.
    """
    _silence_libraries()
    gc.set_threshold(YOUNG)
    gc.freeze()  # what was loaded so far stays: no need to look for garbage in it, all night long
    with asyncio.Runner(loop_factory=None if alone else _loop_factory()) as runner:
        return runner.run(_supervised(work))


def _silence_libraries() -> None:
    """Let no library write to the terminal by itself: it may quote what a server said."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())


async def _supervised(work: Coroutine[Any, Any, T]) -> Done[T] | Stopped:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    caught: list[int] = []

    def stop(number: signal.Signals) -> None:
        caught.append(128 + number)
        for handled in _SIGNALS:
            loop.remove_signal_handler(handled)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return Done(await task, *caught)
    except asyncio.CancelledError:
        if caught:
            return Stopped(caught[0])
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - only a scan needs a loop
    except ImportError:
        return None
    return uvloop.new_event_loop
