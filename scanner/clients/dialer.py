"""Opens TCP connections to one admitted address, and to nothing else."""

from __future__ import annotations

import asyncio
import socket

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault, fault_of
from scanner.model.address import Admitted
from scanner.model.reading import Reason


class Dialer:
    """Dials one address. Never resolves a name; counts and bounds its connections.

    ``connect_seconds`` bounds one connect. ``most_connections`` bounds all of them, data
    connections included.
    """

    def __init__(
        self,
        admitted: Admitted,
        meter: EffortMeter,
        *,
        connect_seconds: float = 10.0,
        most_connections: int = 400,
    ) -> None:
        self.admitted = admitted
        self.meter = meter
        self.connect_seconds = connect_seconds
        self._most = most_connections

    async def open(self, port: int | None = None) -> socket.socket:
        """Return a connected, non-blocking socket to ``port`` (default: the admitted one).

        Raises ``Fault``: closed, filtered (silence), unreachable or connection budget.
        """
        if self.meter.connections >= self._most:
            raise Fault(Reason.CONNECTION_BUDGET, f"{self._most} connections spent")
        self.meter.connections += 1
        ip = self.admitted.ip
        family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await self._connect(sock, (str(ip), port or self.admitted.port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def _connect(self, sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.timeout(self.connect_seconds):
                await asyncio.get_running_loop().sock_connect(sock, address)
        except TimeoutError:
            raise Fault(Reason.FILTERED, "no answer to the connection request") from None
        except OSError as error:
            raise fault_of(error) from error
