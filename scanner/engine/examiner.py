"""Examines content in spawned processes: parsers of foreign bytes never run in this one."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import scanner
from scanner.engine.content_frames import (
    PREFIX,
    FrameError,
    Message,
    lengths,
    pack,
    read_facts,
    task_message,
    unpack,
)
from scanner.model.content import ContentFacts, ContentState, ContentTask, ReadRange
from scanner.model.frozen import dataclass
from scanner.model.mask import Mask
from scanner.model.reading import Observed, Reading, Reason, Unobserved

MEMORY: Final = 536_870_912
"""Bytes of address space of one worker."""

_START_SECONDS: Final = 30.0
_MOST_RANGES: Final = 10_000
_LEFT_OVER: Final = 65_536
_MALFORMED: Final = ContentFacts(format="unknown", state=ContentState.MALFORMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What one worker may use: seconds of thinking for one file, bytes of memory."""

    seconds: float = 2.0
    memory: int = MEMORY
    module: str = "scanner.engine.content_worker"
    """What a worker runs: a module that speaks ``content_frames``."""


class ProcessExaminer:
    """An ``Examiner`` (``scanner.model.content``) over at most ``workers`` processes.

    Processes start when there is something to examine, take one file at a time, and are replaced
    when they crash, overrun or misbehave; such a file is ``malformed``. Time spent in ``read``
    does not count. Leaving the block ends them all. Use it within one event loop.
    """

    def __init__(self, mask: Mask, *, workers: int = 2, limits: WorkerLimits | None = None) -> None:
        self._mask = mask
        self._limits = limits or WorkerLimits()
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._alive: set[_Worker] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        workers, self._idle = tuple(self._alive), []
        for worker in workers:
            worker.kill()
        await asyncio.gather(*(worker.ended() for worker in workers))
        self._alive.clear()

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that were started and are not yet known to have ended."""
        return tuple(worker.pid for worker in self._alive if worker.running)

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        """Examine one file through ``read``.

        What ``read`` raises passes through. ``Unobserved`` (``own-fault``) only where no process
        can be started.
        """
        async with self._slots:
            try:
                worker = self._idle.pop() if self._idle else await self._start()
            except (OSError, TimeoutError, _WorkerError):
                return Unobserved(Reason.OWN_FAULT, "no content worker could be started")
            try:
                facts = await worker.examine(task, read)
            except _WorkerError:
                facts = _MALFORMED
            finally:
                await self._settle(worker)
        return Observed(facts)

    async def _start(self) -> _Worker:
        worker = await _Worker.spawn(self._limits)
        self._alive.add(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker.greet(self._mask)
        except BaseException:
            await self._settle(worker)
            raise
        return worker

    async def _settle(self, worker: _Worker) -> None:
        """Keep a worker that is ready for the next file; end any other."""
        if worker.ready and worker.running:
            self._idle.append(worker)
            return
        worker.kill()
        await worker.ended()
        self._alive.discard(worker)


class _WorkerError(Exception):
    """The worker crashed, overran or broke the protocol."""


class _Worker:
    """One process. ``ready`` when it waits for a task."""

    def __init__(self, process: Process, limits: WorkerLimits) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._sink = process.stdin
        self._source = process.stdout
        self._limits = limits
        self.ready = False

    @classmethod
    async def spawn(cls, limits: WorkerLimits) -> _Worker:
        """Start a process with nothing of this one but its code: no secrets, no terminal."""
        # The kernel's own watchdog only matters when this process dies: it may be late.
        watchdog = math.ceil(limits.seconds * 5)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-s", "-B", "-m", limits.module),
            *(str(limits.memory), str(watchdog)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        return cls(process, limits)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is not known to have ended."""
        return self._process.returncode is None

    async def greet(self, mask: Mask) -> None:
        """Hand over the masking key and wait until the worker has loaded its parsers."""
        await self._send({"key": True}, mask.secret)
        if "ready" not in await self._receive():
            raise _WorkerError
        self.ready = True

    async def examine(self, task: ContentTask, read: ReadRange) -> ContentFacts:
        """Examine one file; raises what ``read`` raises, and ``_WorkerError``."""
        self.ready = False
        received = 0
        await self._send(task_message(task))
        for _ in range(_MOST_RANGES):
            message = await self._think()
            if "range" not in message:
                return self._facts(message, received)
            offset, length = self._range(message, task, received)
            data = await self._fetch(read, offset, length)
            received += len(data)
            await self._send({"bytes": True}, data)
        raise _WorkerError

    async def _fetch(self, read: ReadRange, offset: int, length: int) -> bytes:
        try:
            return (await read(offset, length))[:length]
        except Exception:
            # The file is lost, the worker is not: it waits for bytes and can be told.
            with contextlib.suppress(_WorkerError):
                await self._send({"abandoned": True})
                self.ready = True
            raise

    def _facts(self, message: Message, received: int) -> ContentFacts:
        try:
            facts = read_facts(message, received)
        except FrameError:
            raise _WorkerError from None
        self.ready = True
        return facts

    def _range(self, message: Message, task: ContentTask, received: int) -> tuple[int, int]:
        """Return the range that is asked for; a parser that was taken over gets no more."""
        match message["range"]:
            case [int(offset), int(length)] if (
                offset >= 0 and 0 < length <= task.byte_budget - received
            ):
                return offset, length
        raise _WorkerError

    async def _think(self) -> Message:
        """Return the worker's next message, given in time."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._receive()
        except TimeoutError:
            raise _WorkerError from None

    async def _send(self, message: Message, body: bytes = b"") -> None:
        try:
            self._sink.write(pack(message, body))
            await self._sink.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise _WorkerError from None

    async def _receive(self) -> Message:
        try:
            text, body = lengths(await self._source.readexactly(PREFIX.size))
            if body:
                raise _WorkerError
            return unpack(await self._source.readexactly(text))
        except (EOFError, FrameError, ConnectionResetError):
            raise _WorkerError from None

    def kill(self) -> None:
        """End the process, and whatever it may have started, at once."""
        self.ready = False
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> None:
        """Wait until the process is gone and its pipes are closed.

        A pipe that was paused because too much came would keep the event loop from ever noticing
        the end: what is left in it is read and dropped.
        """
        self._sink.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while await self._source.read(_LEFT_OVER):
                continue
        await self._process.wait()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await self._sink.wait_closed()


def _environment() -> dict[str, str]:
    """Return what a worker needs to find its code. Nothing else is passed on."""
    package = str(Path(scanner.__file__).resolve().parent.parent)
    return {"PATH": os.defpath, "PYTHONPATH": package, "LC_ALL": "C.UTF-8"}
