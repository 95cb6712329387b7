"""Which sockets are ready: one set of the kernel's for all connections of an event loop.

A loop's own transports cost several turns and objects for each connection, more than all that a
server says at its door. Here a socket is entered once, for everything that may ever happen to it
(edge-triggered), and left by closing it. The loop is told of one descriptor, the set itself.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from functools import lru_cache
from typing import Final

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
OVER: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR | select.EPOLLPRI
"""The peer has said its last, or urgent data, at which reading stops short: a read that brings less
than there is room for then does not mean that all was read."""
_ALL: Final = READABLE | WRITABLE | select.EPOLLRDHUP | select.EPOLLPRI | select.EPOLLET
_MOST_AT_ONCE: Final = 1_024
BLOCK: Final = 65_536
"""Bytes that are read at once at most."""

OnReady = Callable[[int], None]
"""Takes what has happened: ``READABLE``, ``WRITABLE`` and ``OVER``, as bits."""


class Readiness:
    """The sockets of one event loop. ``block`` is room for what one of them is read into."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.block = memoryview(bytearray(BLOCK))
        self._kernel = select.epoll()
        self._waiting: dict[int, OnReady] = {}
        self._loop = loop
        loop.add_reader(self._kernel.fileno(), self._tell)

    def watch(self, descriptor: int, tell: OnReady) -> None:
        """Tell of everything that happens to a socket from now on, once each time."""
        self._waiting[descriptor] = tell
        self._kernel.register(descriptor, _ALL)

    def forget(self, descriptor: int) -> None:
        """Tell no more of a socket, which is closed next: the kernel forgets it by itself."""
        self._waiting.pop(descriptor, None)

    def _tell(self) -> None:
        waiting = self._waiting
        for descriptor, what in self._kernel.poll(0, _MOST_AT_ONCE):
            tell = waiting.get(descriptor)
            if tell is None:
                continue
            try:
                tell(what)
            except Exception as error:  # noqa: BLE001 - nobody tells the others a second time
                told = {"message": "a socket could not be served", "exception": error}
                self._loop.call_exception_handler(told)


@lru_cache(maxsize=1)
def readiness_of(loop: asyncio.AbstractEventLoop) -> Readiness:
    """Return the sockets of an event loop."""
    return Readiness(loop)
