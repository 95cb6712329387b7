"""What an open, idle connection takes of memory: greeted, and in TLS or not.

A program: ``python -m bench.idle_memory plain|TLS HOSTS``. It opens every host of the file at once
with the scanner's client, and prints how many are open and bytes of resident memory for each.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import Final

from bench.probed_units import in_tls
from scanner.cli.runner import Done, finish
from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.engine.scope import Scope

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_WARM: Final = 20
_AT_ONCE: Final = 100
_SECONDS: Final = 60.0


async def opened(hosts: list[str], *, tls: bool) -> list[FtpSession]:
    """Open every host, a hundred at a time."""
    scope, sessions, queue = Scope.loopback_only(), list[FtpSession](), iter(hosts)

    async def drain() -> None:
        for host in queue:
            admission = await scope.admit(host, [21])
            dialer = Dialer(admission.admitted[0], EffortMeter())
            session = await FtpSession.connect(Opening(dialer=dialer, seconds=_SECONDS))
            if tls:
                await in_tls(session)
            sessions.append(session)

    await asyncio.gather(*(drain() for _ in range(_AT_ONCE)))
    return sessions


async def measured(hosts: list[str], *, tls: bool) -> tuple[int, float]:
    """Return how many connections are open, and bytes for each."""
    for session in await opened(hosts[:_WARM], tls=tls):  # loads all code and its caches
        session.abort()
    before = _resident()
    sessions = await opened(hosts[_WARM:], tls=tls)
    size = _resident() - before
    return sum(session.is_usable for session in sessions), size / len(sessions)


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def main() -> None:
    """Measure and print."""
    kind, path = sys.argv[1:]
    hosts = Path(path).read_text(encoding="ascii").split()
    ended = finish(measured(hosts, tls=kind == "TLS"))
    assert isinstance(ended, Done)
    still, size = ended.value
    print(still + _WARM, size)


if __name__ == "__main__":
    main()
