"""A receiver of alerts over HTTP, bounded in connections, bytes and seconds."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from scanner.clients.faults import fault_of
from scanner.model.reading import Reason, Unobserved
from scanner.wire.http import HttpSyntaxError, Request, RequestReader

MOST_CONNECTIONS = 32
"""Connections served at once; one more is closed without an answer."""
SECONDS = 10.0
"""What a sender has for its whole request."""

_CHUNK = 16_384
_FULL = 503
_TOO_LONG = 413


class AlertReceiver:
    """Hands the body and the target of every request that may come in to ``hear``."""

    def __init__(
        self, hear: Callable[[bytes], None], *, token: str = "", seconds: float = SECONDS
    ) -> None:
        self._hear = hear
        self._token = token.encode()
        self._seconds = seconds
        self._senders: set[asyncio.StreamWriter] = set()
        self._turned_away: set[int] = set()

    def trouble(self) -> Unobserved | None:
        """Return why an alert may have been missed, if one may."""
        if _FULL in self._turned_away:
            told = f"more than {MOST_CONNECTIONS} senders at once; some were turned away"
            return Unobserved(Reason.CONNECTION_BUDGET, told)
        if _TOO_LONG in self._turned_away:
            return Unobserved(Reason.SAMPLE_BUDGET, "a message was too long to be read")
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: one request, one short answer. Never raises for what came."""
        if len(self._senders) >= MOST_CONNECTIONS:
            self._turned_away.add(_FULL)
            writer.transport.abort()
            return
        self._senders.add(writer)
        try:
            async with asyncio.timeout(self._seconds):
                writer.write(_answer(await self._status(reader, writer)))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError):
            pass  # a sender that is slow or gone is owed no answer
        finally:
            self._senders.discard(writer)
            writer.transport.abort()

    def drop(self) -> None:
        """Drop all who are still sending."""
        for writer in self._senders:
            writer.transport.abort()

    async def _status(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        try:
            request = await _request(reader, writer)
        except HttpSyntaxError as error:
            self._turned_away.add(error.status)
            return error.status
        if request is None:
            return 400
        if not self._may_come_in(request):
            return 401
        if request.method not in {"POST", "PUT"}:
            return 405
        self._hear(request.target + b"\n" + request.body)
        return 204

    def _may_come_in(self, request: Request) -> bool:
        given = request.headers.get("authorization", b"")
        return not self._token or hmac.compare_digest(given, b"Bearer " + self._token)


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """Read one request; ``None`` where the sender ended before it was whole."""
    incoming = RequestReader()
    told = False
    while data := await reader.read(_CHUNK):
        if (request := incoming.feed(data)) is not None:
            return request
        if incoming.waits_for_leave and not told:
            told = True
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None


def _answer(status: int) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
    length = "" if status == HTTPStatus.NO_CONTENT else "Content-Length: 0\r\n"
    return f"{head}{length}\r\n".encode("ascii")


@asynccontextmanager
async def receiving(
    listen: tuple[str, int], receiver: AlertReceiver
) -> AsyncIterator[asyncio.Server]:
    """Listen for the block. Raises ``Fault`` where the address cannot be listened on."""
    try:
        server = await asyncio.start_server(receiver.serve, *listen, limit=_CHUNK)
    except OSError as error:
        raise fault_of(error) from error
    try:
        yield server
    finally:
        server.close()
        receiver.drop()
        await server.wait_closed()
