"""A connection as a stream of bytes that may turn into TLS, bounded in what it holds."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import struct
from contextlib import suppress
from typing import Final

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault, fault_of
from scanner.clients.readiness import BLOCK, OVER, WRITABLE, readiness_of
from scanner.clients.tls_layer import TlsLayer
from scanner.model.reading import Reason

HIGH_WATER = 262_144
"""Bytes held unread before the sender is made to wait."""
Place = tuple[str, int] | tuple[str, int, int, int]
"""An address and a port, and for IPv6 flow and zone, as sockets take them."""
_MOST_BLOCKS: Final = 4
"""Blocks that one connection may bring before others are looked after."""
_MOST_BARREN: Final = 131_072
"""Bytes that may come inside TLS for nothing: more than a second handshake. To change keys costs
five hundred times what reading does."""
_WORTH: Final = 128
"""Bytes of TLS that a byte inside it may cost: records may be short, and padded."""
_UNDER_WAY: Final = (0, errno.EINPROGRESS)
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Stream:
    """One TCP connection, in clear or inside TLS, over a socket that does not block.

    Made by ``Dialer.connect``. The socket is closed with the connection, whoever ends it.
    """

    def __init__(self, sock: socket.socket, meter: EffortMeter) -> None:
        self._loop = asyncio.get_running_loop()
        self._readiness = readiness_of(self._loop)
        self._sock = sock
        self._descriptor = sock.fileno()
        self._meter = meter
        self._buffer = bytearray()
        self._unsent = b""
        self._layer: TlsLayer | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._notes_source = False
        self._connected = False
        self._ended = False
        self._paused = False
        self._held = False
        self._barren = 0
        self._over = False
        """Whether nobody will tell of the rest: the peer sends no more, or once was urgent."""
        self._error: BaseException | None = None

    async def connect(self, place: Place, *, note_source: bool) -> None:
        """Connect, and note from which of our addresses if that is asked for.

        The caller bounds the time. Raises ``OSError``.
        """
        self._notes_source = note_source
        code = self._sock.connect_ex(place)
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
        self._readiness.watch(self._descriptor, self._on_ready)
        while not self._connected:
            await self._wait()
            if self._error is not None and not self._connected:
                raise self._error

    # What the socket tells.

    def _on_ready(self, what: int) -> None:
        self._over = self._over or bool(what & OVER)
        if not self._connected:
            self._begin()
        if self._unsent and what & WRITABLE:
            self._send(b"")
        if what == WRITABLE and not self._held:
            self._wake()
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Read, and read on in a next turn where there is more: whoever waits goes first, and
        has acted on what the peer said before it learns that the peer has gone.
        """
        more = self._receive()
        self._wake()
        if more:
            self._loop.call_soon(self._go_on)

    def _begin(self) -> None:
        """Note that the connection is there, or why there is none."""
        if self._over and (code := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
            self._lose(OSError(code, os.strerror(code)))
            return
        self._connected = True
        if self._notes_source:
            with suppress(OSError):  # gone in between, which reading finds
                self._meter.sources.add(self._sock.getsockname()[0])

    def _receive(self) -> bool:
        """Take what has come, as much of it as may be held; tell whether to read on soon, for of
        what was told once nobody tells again.
        """
        block = self._readiness.block
        try:
            for _ in range(_MOST_BLOCKS):
                # What asks for answers waits until the peer takes those before.
                self._held = len(self._unsent) > HIGH_WATER
                if self._ended or self._paused or self._held:
                    return False
                count = self._sock.recv_into(block)
                if count == 0:
                    self._close()
                    return False
                self._take_in(block[:count])
                if count < BLOCK:
                    return self._over
        except BlockingIOError:
            return False
        except OSError as error:
            self._lose(error)
            return False
        return True

    def _take_in(self, data: memoryview) -> None:
        if self._layer is None:
            self._keep(data)
        else:
            self._layer.incoming(data)
            if self._layer.is_open:
                self._barren += len(data)
                self._unwrap(self._layer)
        self._paused = len(self._buffer) > HIGH_WATER

    def _keep(self, data: bytes | memoryview) -> None:
        """Count and keep what the server said, which inside TLS is less than what came."""
        self._meter.bytes_received += len(data)
        self._buffer += data

    def _lose(self, error: OSError) -> None:
        self._error = self._error or error
        self._close()

    def _close(self) -> None:
        if not self._ended:
            self._ended = True
            self._readiness.forget(self._descriptor)
            self._sock.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        """Wait until something came, or the end."""
        self._waiter = self._loop.create_future()
        await self._waiter

    def _send(self, data: bytes) -> None:
        """Hand to the kernel what it takes, and the rest as soon as it takes more."""
        if self._ended:
            return
        self._unsent += data
        try:
            self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)

    # TLS, once there is any.

    def _unwrap(self, layer: TlsLayer) -> None:
        """Read out of TLS what came in it."""
        if layer.is_ending:
            self._end(layer)
            return
        said = layer.read()
        self._barren -= min(self._barren, _WORTH * len(said))
        self._keep(said)
        self._flush(layer)
        if layer.error is not None:
            self._error = layer.error
            self.abort()
        elif self._barren > _MOST_BARREN:
            self._error = Fault(Reason.PROTOCOL_ERROR, "TLS that says nothing")
            self.abort()
        elif layer.is_over:
            self._end(layer)

    def _end(self, layer: TlsLayer) -> None:
        """Say close_notify, and close where the peer has said it, too."""
        over = layer.end()
        self._flush(layer)
        if over:
            self._close()

    def _flush(self, layer: TlsLayer) -> None:
        if data := layer.outgoing():
            self._send(data)

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
        if self._paused and not self._ended:
            self._paused = False
            self._loop.call_soon(self._go_on)
        return data

    def write(self, data: bytes) -> None:
        """Send; commands are short, so nothing waits for the peer to take them."""
        if self._ended:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        if self._layer is None:
            self._send(data)
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
        if self._ended:
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
        """End what is sent, inside TLS with a close_notify, and wait until the peer ends too.

        The caller bounds the time.
        """
        while self._unsent and not self._ended:
            await self._wait()
        if self._layer is not None and not self._ended:
            self._end(self._layer)
        else:
            self._close()
        while not self._ended:
            await self._wait()

    def abort(self) -> None:
        """Drop the connection at once: its socket is closed before a next one is opened."""
        self._close()
        self._wake()

    def reset(self) -> None:
        """Drop the connection with a reset, which makes a sender stop at once."""
        if not self._ended:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()
