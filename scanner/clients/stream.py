"""A connection as a stream of bytes that may turn into TLS, bounded in what it holds."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import cast

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault, fault_of
from scanner.clients.tls_layer import TlsLayer
from scanner.model.reading import Reason

HIGH_WATER = 262_144
"""Bytes held unread before the sender is made to wait."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Stream(asyncio.Protocol):
    """One TCP connection, in clear or inside TLS. Made by ``Dialer.connect``."""

    def __init__(self, meter: EffortMeter) -> None:
        self._meter = meter
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._layer: TlsLayer | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._gone = False
        self._paused = False
        self._error: BaseException | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport (asyncio)."""
        # The loop in use may have a class of its own that only behaves like one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came (asyncio)."""
        if self._layer is None:
            self._keep(data)
        else:
            self._layer.incoming(data)
            if self._layer.is_open:
                self._unwrap(self._layer)
        if len(self._buffer) > HIGH_WATER and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def _keep(self, data: bytes) -> None:
        """Count and keep what the server said, which inside TLS is less than what came."""
        self._meter.bytes_received += len(data)
        self._buffer += data

    def eof_received(self) -> bool:
        """Note the end (asyncio)."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end and its cause (asyncio)."""
        self._ended = self._gone = True
        self._error = self._error or exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        """Wait until something came, or the end."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    # TLS, once there is any.

    def _unwrap(self, layer: TlsLayer) -> None:
        """Read out of TLS what came in it."""
        if layer.is_ending:
            self._end(layer)
            return
        self._keep(layer.read())
        self._flush(layer)
        if layer.error is not None:
            self._error = layer.error
            self.abort()
        elif layer.is_over:
            self._end(layer)

    def _end(self, layer: TlsLayer) -> None:
        """Say close_notify, and close where the peer has said it, too."""
        over = layer.end()
        self._flush(layer)
        if over and self._transport is not None:
            self._ended = True
            self._transport.close()

    def _flush(self, layer: TlsLayer) -> None:
        data = layer.outgoing()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # What a client calls.

    @property
    def is_open(self) -> bool:
        """Whether more may come or be sent."""
        return not self._ended

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS side of the connection, while there is one."""
        layer = self._layer
        return layer.session if layer is not None and layer.is_open else None

    async def read(self) -> bytes:
        """Return what came, waiting for something; nothing at the end of the stream.

        Raises ``Fault`` where the connection broke.
        """
        while not self._buffer and not self._ended:
            await self._wait()
        if self._buffer:
            return self.take()
        if self._error is not None:
            raise fault_of(self._error)
        return b""

    def take(self) -> bytes:
        """Return what has come already, without waiting."""
        if not self._buffer:
            return b""
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
        if self._layer is None:
            self._transport.write(data)
            return
        try:
            self._layer.send(data)
        except ssl.SSLError as error:
            raise fault_of(error) from error
        self._flush(self._layer)

    async def start_tls(self, layer: TlsLayer) -> None:
        """Turn the connection into TLS as its client.

        The caller bounds the time. Raises ``ssl.SSLError`` as it is, for whoever asks why a
        peer was not trusted, and ``Fault`` for everything else.
        """
        if self._transport is None or self._ended:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        self._layer = layer
        while not layer.shake_hands():
            self._flush(layer)
            if not self._ended:
                await self._wait()
            if self._ended:
                raise fault_of(self._error or ConnectionResetError())
        self._unwrap(layer)  # what came right behind the peer's last word

    async def finish(self) -> None:
        """End what is sent, inside TLS with a close_notify, and wait until the peer ends too."""
        if self._layer is not None and not self._ended:
            self._end(self._layer)
        elif self._transport is not None:
            self._transport.close()
        while not self._ended:
            await self._wait()

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
        while not self._gone and self._transport is not None:
            await self._wait()  # the loop closes the socket in the same breath

    def reset(self) -> None:
        """Drop the connection with a reset, which makes a sender stop at once."""
        sock = self._transport.get_extra_info("socket") if self._transport else None
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()
