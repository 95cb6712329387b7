"""A connection as a stream of bytes that may turn into TLS, bounded in what it holds."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Reason

HIGH_WATER = 262_144
"""Bytes held unread before the sender is made to wait."""
_TURNS_TO_CLOSE = 50
"""Turns of the event loop; closing takes one or two of them."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@asynccontextmanager
async def within(seconds: float, what: str = "no answer in time") -> AsyncIterator[None]:
    """Bound a step: ``Fault`` (timeout) after ``seconds``. Other faults pass, mapped, but
    ``ssl.SSLCertVerificationError`` as it is: it says more than a fault does.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (Fault, ssl.SSLCertVerificationError):
        raise
    except TimeoutError:
        raise Fault(Reason.TIMEOUT, what) from None
    except OSError as error:
        raise fault_of(error) from error


class Stream(asyncio.Protocol):
    """One TCP connection, in clear or inside TLS. Made by ``Stream.over``."""

    def __init__(self, sock: socket.socket, meter: EffortMeter) -> None:
        self._sock = sock
        self._meter = meter
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._paused = False
        self._error: BaseException | None = None

    @classmethod
    async def over(cls, sock: socket.socket, meter: EffortMeter) -> Stream:
        """Take over a connected, non-blocking socket."""
        loop = asyncio.get_running_loop()
        try:
            _, stream = await loop.create_connection(lambda: cls(sock, meter), sock=sock)
        except BaseException:
            sock.close()
            raise
        return stream

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport (asyncio)."""
        # The loop in use may have a class of its own that only behaves like one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came (asyncio)."""
        self._meter.bytes_received += len(data)
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note the end (asyncio)."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end and its cause (asyncio)."""
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What a client calls.

    @property
    def is_open(self) -> bool:
        """Whether more may come or be sent."""
        return not self._ended

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS side of the connection, while there is one."""
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        assert found is None or isinstance(found, ssl.SSLObject)
        return found

    async def read(self) -> bytes:
        """Return what came, waiting for something; nothing at the end of the stream.

        Raises ``Fault`` where the connection broke.
        """
        while not self._buffer and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._buffer:
            return self.take()
        if self._error is not None:
            raise fault_of(self._error)
        return b""

    def take(self) -> bytes:
        """Return what has come already, without waiting."""
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._paused and not self._ended and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Send; commands are short, so nothing waits for the peer to take them."""
        if self._ended or self._transport is None or self._transport.is_closing():
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        self._transport.write(data)

    async def start_tls(self, context: ssl.SSLContext, server_name: str | None) -> None:
        """Turn the connection into TLS as its client.

        The caller bounds the time. Raises ``ssl.SSLError`` as it is, for whoever asks why a
        peer was not trusted, and ``Fault`` for everything else.
        """
        if self._transport is None or self._ended:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        loop = asyncio.get_running_loop()
        try:
            upgraded = await loop.start_tls(
                self._transport, self, context, server_hostname=server_name
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            raise fault_of(error) from error
        if upgraded is None:
            raise Fault(Reason.CONNECTION_LOST, "closed during the TLS handshake")
        self._transport = upgraded

    async def finish(self) -> None:
        """End what is sent, inside TLS with a close_notify, and wait until the peer ends too."""
        if self._transport is not None:
            self._transport.close()
        while not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def abort(self) -> None:
        """Drop the connection at once."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    async def drop(self) -> None:
        """Drop the connection and wait until its socket is closed, so that a next one does not
        come before this one is gone.
        """
        self.abort()
        for _ in range(_TURNS_TO_CLOSE):
            if self._sock.fileno() < 0:
                break
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Drop the connection with a reset, which makes a sender stop at once."""
        sock = self._transport.get_extra_info("socket") if self._transport else None
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()
