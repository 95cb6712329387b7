"""Opens TCP connections to one admitted address, and to nothing else."""

from __future__ import annotations

import asyncio
import socket

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault, fault_of
from scanner.model.address import Admitted
from scanner.model.reading import Reason

MOST_CONNECTIONS = 200
"""Connections to one endpoint, data connections apart, unless less is said."""


class Dialer:
    """Dials one address. Never resolves a name; counts and bounds its connections.

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
        self.meter = meter
        self.connect_seconds = connect_seconds
        self._most = meter.connection_budget = most_connections
        self._most_data = most_data_connections
        self._control = 0
        self._data = 0

    async def open(self, port: int | None = None) -> socket.socket:
        """Return a connected, non-blocking socket to ``port`` (default: the admitted one).

        Raises ``Fault``: closed, filtered (silence), unreachable or connection budget.
        """
        self._spend(data=port is not None and port != self.admitted.port)
        ip = self.admitted.ip
        family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await self._connect(sock, (str(ip), port or self.admitted.port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _spend(self, *, data: bool) -> None:
        if data and self._data >= self._most_data:
            raise Fault(Reason.CONNECTION_BUDGET, f"{self._most_data} data connections spent")
        if not data and self._control >= self._most:
            raise Fault(Reason.CONNECTION_BUDGET, f"{self._most} connections spent")
        self._data += data
        self._control += not data
        self.meter.connections += 1

    async def _connect(self, sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.timeout(self.connect_seconds):
                await asyncio.get_running_loop().sock_connect(sock, address)
            self.meter.sources.add(str(sock.getsockname()[0]))
        except TimeoutError:
            raise Fault(Reason.FILTERED, "no answer to the connection request") from None
        except OSError as error:
            raise fault_of(error) from error
