"""A loopback endpoint whose behaviour a test chooses, and which records what it receives."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_RECORDED_BYTES: Final = 4 * 1024 * 1024
_SENT_BYTES: Final = 1024 * 1024 * 1024
_SECONDS: Final = 90.0
_LINE_BYTES: Final = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Connection:
    """What one client did. Bytes are recorded whole up to 4 MiB, the rest counted no more."""

    clear: bytearray = field(default_factory=bytearray)
    """Received outside TLS, the handshake itself left out."""
    protected: bytearray = field(default_factory=bytearray)
    """Received inside TLS."""
    sent: int = 0
    """Bytes that were handed to the client's connection."""
    data_connections: int = 0
    """How many data connections the client opened to a passive port."""
    impatient: int = 0
    """How many times commands came before the one ahead of them was answered, where the behaviour
    looks for that."""
    ending: str = ""
    """Why the session is over, empty while it lasts."""

    @property
    def received(self) -> bytes:
        """Everything, what came in clear first."""
        return bytes(self.clear + self.protected)

    @property
    def commands(self) -> list[bytes]:
        """The received lines without their ends."""
        return self.received.splitlines()

    @property
    def verbs(self) -> list[str]:
        """The first word of each received line, upper case."""
        words = [line.split() for line in self.commands]
        return [word[0].decode("latin-1").upper() for word in words if word]


class SessionOverError(Exception):
    """The client went away, or the session has sent as much as it may."""


@dataclass(slots=True)
class Session:
    """One client's connection, as a behaviour sees it."""

    connection: Connection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protected: bool = False

    async def send(self, data: bytes) -> None:
        """Send, waiting where the client reads slowly. Raises SessionOverError at the limit."""
        if self.connection.sent + len(data) > _SENT_BYTES:
            raise SessionOverError("sent as much as a session may")
        self.writer.write(data)
        await self.writer.drain()
        self.connection.sent += len(data)

    async def line(self) -> bytes:
        """Return the next line without its end. Raises SessionOverError where none comes."""
        try:
            received = await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as short:
            self._record(short.partial)
            raise SessionOverError("the client closed") from short
        except asyncio.LimitOverrunError as long:
            raise SessionOverError(f"a line of over {_LINE_BYTES} bytes") from long
        self._record(received)
        return received.rstrip(b"\r\n")

    async def exactly(self, count: int) -> bytes:
        """Return the next ``count`` bytes. Raises SessionOverError where fewer come."""
        try:
            received = await self.reader.readexactly(count)
        except asyncio.IncompleteReadError as short:
            self._record(short.partial)
            raise SessionOverError("the client closed") from short
        self._record(received)
        return received

    async def forget(self) -> bytes:
        """Drop and return what has come and was not read: it is recorded, and answered by nobody."""
        dropped = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                dropped = await self.reader.read(_LINE_BYTES)
                self._record(dropped)
        return dropped

    async def absorb(self) -> None:
        """Record what comes until the client closes."""
        while received := await self.reader.read(65536):
            self._record(received)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's side of a TLS handshake on the connection."""
        await self.writer.start_tls(context)
        self.protected = True

    def reset(self) -> None:
        """Drop the connection at once, and what was not yet delivered with it."""
        link: socket.socket = self.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def _record(self, received: bytes) -> None:
        target = self.connection.protected if self.protected else self.connection.clear
        target += received[: _RECORDED_BYTES - len(target)]


Behaviour = Callable[[Session], Awaitable[None]]
"""Runs once for each connection; the connection is closed when it returns."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, and one record for each connection, in the order of their arrival."""

    host: str
    port: int
    connections: list[Connection]

    @property
    def only(self) -> Connection:
        """The record of the one connection there was."""
        (connection,) = self.connections
        return connection


@asynccontextmanager
async def serving(
    behaviour: Behaviour,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[Endpoint]:
    """Serve ``behaviour`` on a port of ``host``, a free one unless it is told, by TLS from the
    start with ``context``.

    Every session ends with the context, after 90 seconds or 1 GiB at the latest. A mistake
    of a behaviour itself is raised at the end, a client's never.
    """
    connections: list[Connection] = []
    tasks: list[asyncio.Task[None]] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection()
        connections.append(connection)
        session = Session(connection, reader, writer, protected=context is not None)
        tasks.append(asyncio.create_task(_serve(behaviour, session)))

    server = await asyncio.start_server(connected, host, port, ssl=context, limit=_LINE_BYTES)
    try:
        yield Endpoint(host, server.sockets[0].getsockname()[1], connections)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _serve(behaviour: Behaviour, session: Session) -> None:
    connection = session.connection
    try:
        async with asyncio.timeout(_SECONDS):
            await behaviour(session)
        connection.ending = "closed by the behaviour"
        await _close(session)
    except (SessionOverError, OSError, TimeoutError) as over:  # ssl.SSLError is an OSError
        connection.ending = f"{type(over).__name__}: {over}"
    except asyncio.CancelledError:
        connection.ending = connection.ending or "the test ended"
        raise
    finally:
        session.writer.transport.abort()


async def _close(session: Session) -> None:
    session.writer.close()
    async with asyncio.timeout(2):
        await session.writer.wait_closed()
