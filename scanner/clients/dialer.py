"""Opens TCP connections to one admitted address, and to nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from ipaddress import IPv6Address

from scanner.clients.deadlines import within
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.stream import Place, Stream
from scanner.model.address import Admitted
from scanner.model.reading import Reason

MOST_CONNECTIONS = 200
"""Connections to one endpoint, data connections apart, unless less is said."""
_DIGITS_OF_NO_ZONE = 10
"""Digits of a number that may be more than a zone can be."""


class Dialer:
    """Dials one address. Never resolves a name; counts and bounds its connections. ``host`` is
    the address as text.

    ``connect_seconds`` bounds one connect. Data connections are bounded apart, so that looking
    at many files leaves the questions their connections.
    """

    def __init__(
        self,
        admitted: Admitted,
        meter: EffortMeter,
        *,
        connect_seconds: float = 10.0,
        most_connections: int = MOST_CONNECTIONS,
        most_data_connections: int = 22_000,
    ) -> None:
        self.admitted = admitted
        self.host = str(admitted.ip)
        self._family = socket.AF_INET6 if admitted.ip.version == 6 else socket.AF_INET
        self.meter = meter
        self.connect_seconds = connect_seconds
        self._most = meter.connection_budget = most_connections
        self._most_data = most_data_connections
        self._control = 0
        self._data = 0

    async def connect(self, port: int | None = None) -> Stream:
        """Return a stream to ``port`` (default: the admitted one).

        Raises ``Fault``: closed, filtered (silence), unreachable or connection budget.
        """
        at = self._spend(port)
        # One control connection after another may come from another address of ours.
        note_source = not self._is_for_data(port) or not self.meter.sources
        stream: Stream | None = None
        try:
            async with self._silence():
                stream = Stream(self._socket(), self.meter)
                await stream.connect(self._place(at), note_source=note_source)
        except BaseException:
            if stream is not None:
                stream.abort()
            raise
        return stream

    async def open(self, port: int | None = None) -> socket.socket:
        """Do the same, and return a connected, non-blocking socket."""
        at = self._spend(port)
        sock = self._socket()
        try:
            async with self._silence():
                await asyncio.get_running_loop().sock_connect(sock, (self.host, at))
            self.meter.sources.add(str(sock.getsockname()[0]))
        except BaseException:
            sock.close()
            raise
        return sock

    def _socket(self) -> socket.socket:
        """Return a socket that does not block. Raises ``OSError``."""
        sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _place(self, port: int) -> Place:
        """Return where a port is. Raises ``OSError`` for a zone that is none of this machine's."""
        zone = self.admitted.ip.scope_id if isinstance(self.admitted.ip, IPv6Address) else None
        if zone is None:
            return self.host, port
        return self.host.partition("%")[0], port, 0, _index_of(zone)

    def _silence(self) -> within:
        told = "no answer to the connection request"
        return within(self.connect_seconds, told, Reason.FILTERED)

    def _is_for_data(self, port: int | None) -> bool:
        return port is not None and port != self.admitted.port

    def _spend(self, port: int | None) -> int:
        """Count one connection, and return the port that it goes to."""
        data = self._is_for_data(port)
        if data and self._data >= self._most_data:
            raise Fault(Reason.CONNECTION_BUDGET, f"{self._most_data} data connections spent")
        if not data and self._control >= self._most:
            raise Fault(Reason.CONNECTION_BUDGET, f"{self._most} connections spent")
        self._data += data
        self._control += not data
        self.meter.connections += 1
        return port or self.admitted.port


def _index_of(zone: str) -> int:
    if zone.isdecimal() and len(zone) < _DIGITS_OF_NO_ZONE:
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except ValueError as error:  # text that no device can be called
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
