"""Who plays the hosts of a row, and which hosts a tool is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bench.goal_rows import MIXTURE, Row, Servers
from bench.goal_tools import Tool
from bench.simulator import MUTE, PLAIN, RESETS, SILENT, addresses, simulator
from bench.ssh_pool import pool
from tests.servers.postures import running
from tests.servers.process import EVERYWHERE, Place
from tests.servers.vsftpd import Vsftpd

_KINDS = (PLAIN, SILENT, RESETS, MUTE)


@dataclass(slots=True)
class Stage:
    """The servers of a row, while they run. ``core`` is the one that the simulator gets, and
    ``awake`` says that it never sleeps.
    """

    row: Row
    core: int
    awake: bool = False
    real: tuple[str, ...] = field(default=())

    def places(self, tool: Tool, count: int) -> Iterator[tuple[str, bool]]:
        """Yield the hosts that a tool is given of ``count``, and whether each answers in full."""
        if self.real:
            yield from ((place, True) for place in self.real[:count])
        elif self.row.servers is Servers.MIXED:
            yield from (one for one in mixture(count) if one[1] or not tool.live_only)
        else:
            octet = self.row.octet if tool.octet is None else tool.octet
            yield from ((address, True) for address in addresses(count, octet))

    @contextmanager
    def act(self) -> Iterator[None]:
        """Play the fleet for one run of one tool. Real servers play all the time."""
        simulated = simulator(self.core, delay_ms=self.row.delay_ms, awake=self.awake)
        with nullcontext() if self.real else simulated:
            yield


def mixture(count: int) -> Iterator[tuple[str, bool]]:
    """Yield the hosts of a mixed fleet, and whether each is live."""
    kinds = [kind for kind, share in zip(_KINDS, MIXTURE, strict=True) for _ in range(share)]
    every = {kind: addresses(count, kind) for kind in _KINDS}
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield next(every[kind]), kind == PLAIN


@contextmanager
def staged(row: Row, count: int, core: int, *, awake: bool) -> Iterator[Stage]:
    """Start the real servers of a row, if it has any. They sleep when they like."""
    if row.servers is Servers.OPENSSH:
        with pool(count, dropbear=False) as servers:
            yield Stage(row, core, real=tuple(map(str, servers.endpoints)))
    elif row.servers is Servers.ONE_OPENSSH:
        with pool(count, dropbear=False, one_daemon=count) as servers:
            yield Stage(row, core, real=tuple(map(str, servers.endpoints)))
    elif row.servers is Servers.VSFTPD:
        place = Place(address=EVERYWHERE.address, port=row.port)
        with running(Vsftpd(place=place)):
            yield Stage(row, core, real=tuple(addresses(count)))
    else:
        yield Stage(row, core, awake)


def crowded(row: Row, cores: int) -> bool:
    """Whether the simulator has no core for itself in a row: awake, it would leave the tool none.

    Rows of real servers have no simulator.
    """
    simulated = row.servers in {Servers.FLEET, Servers.MIXED}
    return simulated and max(tool.cores for tool in row.tools) >= cores


def written(stage: Stage, tool: Tool, count: int, path: Path) -> tuple[int, int]:
    """Write a tool's share of the hosts; return how many those are, and how many are live."""
    hosts = live = 0
    share = max(1, min(count // tool.fewer, tool.most))
    with path.open("w", encoding="ascii") as file:
        for place, is_live in islice(stage.places(tool, count), share):
            file.write(f"{place}\n")
            hosts += 1
            live += is_live
    return hosts, live
