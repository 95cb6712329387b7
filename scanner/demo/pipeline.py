"""The demonstration team's pipeline: events in as datagrams, alerts out as lines of a file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

RULE: Final = "DEMO-118: login attempt as drill-*"

_DRILL: Final = re.compile(r"\bdrill-[0-9a-f]{16}\b")


@dataclass(slots=True)
class Pipeline(asyncio.DatagramProtocol):
    """Raises an alert for each event that names a drill's user.

    ``silent``: what the servers tell never reaches it, as where nobody collects their logs.
    """

    alerts: Path
    silent: bool
    address: tuple[str, int] = ("", 0)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - as inherited
        """Take an event from outside."""
        self._take(data.decode("utf-8", "replace"))

    def failed_login(self, username: str) -> None:
        """Take a server's word of a login that failed."""
        if not self.silent:
            self._take(f"failed login as {username}")

    def drill(self) -> dict[str, object]:
        """Return what the targets file says of a drill through this pipeline."""
        host, port = self.address
        return {
            "agreed_rule": RULE,
            "test": {"kind": "syslog", "to": f"{host}:{port}"},
            "alert": {"kind": "file", "path": f"{self.alerts.parent.name}/{self.alerts.name}"},
        }

    def _take(self, event: str) -> None:
        for user in _DRILL.findall(event):
            with self.alerts.open("a", encoding="ascii") as file:
                file.write(f"alert of {RULE}: {user}\n")


def _make(alerts: Path) -> None:
    alerts.parent.mkdir(parents=True, exist_ok=True)
    alerts.touch()


@asynccontextmanager
async def pipeline(address: str, alerts: Path, *, silent: bool) -> AsyncIterator[Pipeline]:
    """Take events on a free UDP port of ``address``; alerts go to the file ``alerts``."""
    _make(alerts)
    loop = asyncio.get_running_loop()
    running = Pipeline(alerts, silent)
    transport, _ = await loop.create_datagram_endpoint(lambda: running, local_addr=(address, 0))
    running.address = cast(tuple[str, int], transport.get_extra_info("sockname"))
    try:
        yield running
    finally:
        transport.close()
