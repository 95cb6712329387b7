"""Bounds on the steps of a dialog: one timer for all that are under way, not one for each."""

from __future__ import annotations

import asyncio
import ssl
from functools import lru_cache
from types import TracebackType
from typing import Final

from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Reason

_GRAIN: Final = 0.02
"""Seconds between two looks at what is overdue, however many hosts are silent."""
_NEVER: Final = float("inf")


class within:  # noqa: N801 - reads as the statement that it is, like ``asyncio.timeout``
    """Bound a step: ``Fault`` (timeout, unless ``reason`` says otherwise) after ``seconds``.

    ``async with within(10.0, "no reply in time"):``. A step is overdue by 20 ms at most. Faults
    of the network pass, mapped to ``Fault``, but ``ssl.SSLCertVerificationError`` as it is: it
    says more than a fault does.
    """

    __slots__ = ("_cancelled", "_overdue", "_queue", "_task", "due", "reason", "seconds", "what")

    def __init__(
        self, seconds: float, what: str = "no answer in time", reason: Reason = Reason.TIMEOUT
    ) -> None:
        self.seconds = seconds
        self.what = what
        self.reason = reason

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a step is bounded inside a task")
        self._task = task
        self._cancelled = task.cancelling()
        self._overdue = False
        self.due = loop.time() + self.seconds
        self._queue = _queue_of(loop)
        self._queue.add(self)

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._queue.discard(self)
        # As in ``asyncio.timeout``: only a cancellation that is ours alone becomes a fault.
        ours = self._overdue and self._task.uncancel() <= self._cancelled
        if error is None:
            return
        if isinstance(error, TimeoutError) or (ours and isinstance(error, asyncio.CancelledError)):
            raise Fault(self.reason, self.what) from None
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLCertVerificationError):
            raise fault_of(error) from error

    def expire(self) -> None:
        """End the step (the queue)."""
        self._overdue = True
        self._task.cancel()


class DeadlineQueue:
    """The steps under way in one event loop, and the timer of the one that is due first.

    Most steps end long before they are due. Such a one costs an entry in a set and no timer:
    the timer stays where it is, and when it rings it is set for whatever is due first then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._steps: set[within] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = _NEVER

    def add(self, step: within) -> None:
        """Take a step whose ``due`` is known."""
        self._steps.add(step)
        if step.due < self._rings_at:
            self._ring_at(step.due)

    def discard(self, step: within) -> None:
        """Forget a step that has ended."""
        self._steps.discard(step)

    def _ring_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = moment
        self._timer = self._loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        self._timer, self._rings_at = None, _NEVER
        now = self._loop.time()
        overdue = [step for step in self._steps if step.due <= now]
        self._steps.difference_update(overdue)
        for step in overdue:
            step.expire()
        if self._steps:
            self._ring_at(max(now + _GRAIN, min(step.due for step in self._steps)))


@lru_cache(maxsize=1)
def _queue_of(loop: asyncio.AbstractEventLoop) -> DeadlineQueue:
    return DeadlineQueue(loop)
