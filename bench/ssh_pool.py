"""Hundreds of SSH endpoints on loopback, played by a pool of real servers.

Four of five are addresses of an OpenSSH daemon that plays fifty of them; each fifth is a Dropbear
of its own, which lets in no more than five strangers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.peer_programs import SECONDS
from bench.ssh_tools import At
from tests.servers import Server
from tests.servers.dropbear import Dropbear
from tests.servers.openssh import Openssh
from tests.servers.postures import running
from tests.servers.process import EVERYWHERE, Place

_ONE_DAEMON: Final = 50
_FIRST_PORT: Final = 2201
_DROPBEAR_EVERY: Final = 5
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Pool:
    """The endpoints, and the servers behind them."""

    endpoints: tuple[At, ...]
    servers: tuple[Server, ...]

    def settle(self) -> None:
        """Wait until every session has ended."""
        for server in self.servers:
            server.settle(SECONDS)

    def cpu(self) -> float:
        """Return the seconds of CPU that the servers and their ended sessions have used."""
        return sum(_cpu(server.process.pid) for server in self.servers)

    def accepted(self) -> int:
        """Return how many connections the servers logged."""
        return sum(server.accepted_connections() for server in self.servers)


@contextmanager
def pool(count: int, *, dropbear: bool = True, one_daemon: int = _ONE_DAEMON) -> Iterator[Pool]:
    """Run servers for ``count`` endpoints, 127.1.0.1 and on; best in a private network.

    Without ``dropbear`` all of them are OpenSSH. One daemon plays as many as ``one_daemon``.
    """
    small = [number for number in range(count) if dropbear and number % _DROPBEAR_EVERY == 0]
    plain = [number for number in range(count) if number not in set(small)]
    endpoints: list[At] = []
    with ExitStack() as stack:
        servers = []
        for first in range(0, len(plain), one_daemon):
            port = _FIRST_PORT + first // one_daemon
            place = Place(address=EVERYWHERE.address, port=port)
            options = Openssh(place=place, key_owner=f"daemon-{port}")
            servers.append(stack.enter_context(running(options)))
            endpoints += [At(_address(one), port) for one in plain[first : first + one_daemon]]
        for number in small:
            place = Place(address=_address(number), port=22)
            servers.append(stack.enter_context(running(Dropbear(place=place))))
            endpoints.append(At(place.address, 22))
            if not len(servers) % 25:
                print(f"{len(servers)} servers ...", file=sys.stderr, flush=True)
        yield Pool(tuple(endpoints), tuple(servers))


def _address(number: int) -> str:
    return f"127.1.{number // 254}.{1 + number % 254}"


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS
