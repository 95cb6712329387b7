"""Where alerts come back: what is heard on each way is handed over as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path

from scanner.clients.faults import Fault, fault_of
from scanner.clients.http import Service, ask
from scanner.clients.webhook import AlertReceiver, receiving
from scanner.model.drill import AlertWay, LocalOrUdp, PolledPage, SyslogAlerts, Webhook
from scanner.model.reading import Reason, Unobserved

Hear = Callable[[bytes], None]
Trouble = Callable[[], Unobserved | None]

_LARGEST_DATAGRAM = 65_536
_POLL_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_CHUNK = 65_536
_OVERLAP = 256
"""Bytes kept of what was read before, so that what lies across two reads is heard whole."""


@asynccontextmanager
async def listening(way: AlertWay, hear: Hear, *, token: str) -> AsyncIterator[Trouble]:
    """Listen for the block; yields what tells whether an alert may have been missed.

    Raises ``Fault`` where the way cannot be listened on.
    """
    if isinstance(way, Webhook):
        receiver = AlertReceiver(hear, token=token)
        async with receiving(way.listen, receiver):
            yield receiver.trouble
        return
    if isinstance(way, SyslogAlerts):
        with await _socket_at(way.listen) as sock, _removed(way.listen):
            async with _beside(lambda: _receive(sock, hear)) as deaf:
                yield deaf
        return
    watch = _Page(way, hear, token) if isinstance(way, PolledPage) else _Tail(way.path, hear)
    await watch.look()
    async with _beside(watch.look_again) as deaf:
        yield lambda: watch.fault or deaf()


@asynccontextmanager
async def _beside(work: Callable[[], Awaitable[None]]) -> AsyncIterator[Trouble]:
    """Do ``work`` for as long as the block lasts; yields what tells whether it has ended before."""
    task = asyncio.ensure_future(work())
    try:
        yield lambda: _DEAF if task.done() else None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


_DEAF = Unobserved(Reason.CONNECTION_LOST, "listening for alerts ended early")


# Datagrams


async def _socket_at(listen: LocalOrUdp) -> socket.socket:
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    try:
        if isinstance(listen, Path):
            sock, address = socket.socket(socket.AF_UNIX, kind), str(listen)
        else:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(*listen, type=socket.SOCK_DGRAM)
            sock, address = socket.socket(found[0][0], kind), found[0][4]  # type: ignore[assignment]  # either form
        try:
            sock.bind(address)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        raise fault_of(error) from error
    return sock


@contextlib.contextmanager
def _removed(listen: LocalOrUdp) -> Iterator[None]:
    try:
        yield
    finally:
        if isinstance(listen, Path):
            listen.unlink(missing_ok=True)


async def _receive(sock: socket.socket, hear: Hear) -> None:
    loop = asyncio.get_running_loop()
    while True:
        hear(await loop.sock_recv(sock, _LARGEST_DATAGRAM))


# A page that is asked again and again


class _Page:
    def __init__(self, page: PolledPage, hear: Hear, token: str) -> None:
        self._service = Service(url=page.url, token=token, ca=page.ca)
        self._hear = hear
        self.fault: Unobserved | None = None

    async def look(self) -> None:
        """Ask once. Raises ``Fault``."""
        answer = await ask(self._service)
        if answer.status // 100 != 2:
            raise Fault(Reason.PROTOCOL_ERROR, f"answered with HTTP status {answer.status}")
        self._hear(answer.body)

    async def look_again(self) -> None:
        """Ask for as long as somebody waits. What the last answer was says whether it counts."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                await self.look()
            except Fault as fault:
                self.fault = fault.reading
            else:
                self.fault = None


# A file that grows


class _Tail:
    """Reads what is added to a file, also where another takes its place."""

    def __init__(self, path: Path, hear: Hear) -> None:
        self._path = path
        self._hear = hear
        self._file: FileIO | None = None
        self._rest = b""
        self.fault: Unobserved | None = None

    async def look(self) -> None:
        """Find the file's end. Raises ``Fault`` where it cannot be read."""
        self._file = self._opened()
        self._file.seek(0, os.SEEK_END)

    async def look_again(self) -> None:
        """Read what comes, for as long as somebody waits."""
        try:
            while True:
                more = self._read_on()
                await asyncio.sleep(0 if more else _LOOK_SECONDS)
        finally:
            if self._file is not None:
                self._file.close()

    def _read_on(self) -> bool:
        """Hear the next piece; return whether there may be more at once."""
        assert self._file is not None
        data = self._file.read(_CHUNK)
        if data:
            self._hear(self._rest + data)
            self._rest = (self._rest + data)[-_OVERLAP:]
            return True
        try:
            self._follow()
        except (Fault, OSError):
            self.fault = Unobserved(Reason.UNREADABLE, "the file is gone")
        else:
            self.fault = None
        return False

    def _follow(self) -> None:
        """Begin anew with a file that was cut, or that has taken the old one's place."""
        assert self._file is not None
        now, ours = self._path.stat(), os.fstat(self._file.fileno())
        if (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino):
            other = self._opened()
            self._file.close()
            self._file = other
        elif now.st_size < self._file.tell():
            self._file.seek(0)

    def _opened(self) -> FileIO:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Fault(Reason.UNREADABLE, error.strerror or "cannot be read") from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Fault(Reason.UNREADABLE, "is not a regular file")
        return FileIO(handle, "rb")
