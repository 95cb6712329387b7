"""A team with a pipeline of its own: a socket for events, a file for alerts, and an FTP server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.drill.cases import target, written

USER = re.compile(rb"drill-[0-9a-f]{16}")
Answer = Callable[[bytes], list[str]]


class Team:
    """A pipeline that is a socket and a file, and an FTP server whose log reaches it or not.

    ``says`` turns an event into lines of alert; ``names`` are the users that logged in.
    """

    def __init__(self, folder: Path, says: Answer, passes_logins_on: Answer) -> None:
        self.folder = folder
        self.alerts = folder / "alerts"
        self.alerts.touch()
        self.events: list[bytes] = []
        self.commands: list[bytes] = []
        self.connections = 0
        self.barred = False
        self.ports = (0, 0)
        self._says = says
        self._on = passes_logins_on

    def datagram(self, data: bytes) -> None:
        self.events.append(data)
        self._raise(self._says(data))

    def _raise(self, lines: list[str]) -> None:
        with self.alerts.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.barred:
            writer.transport.abort()
            return
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            self.commands.append(line.strip())
            if line.startswith(b"USER"):
                writer.write(b"331 word?\r\n")
            elif line.startswith(b"PASS"):
                self._raise(self._on(b"".join(self.commands)))
                writer.write(self._refusal())
            else:
                writer.write(b"502 no\r\n")
        writer.close()

    def _refusal(self) -> bytes:
        return b"421 go away\r\n" if self.barred else b"530 no\r\n"

    def drill(self, **changes: Any) -> dict[str, Any]:
        return {
            "test": {"kind": "syslog", "to": f"127.0.0.1:{self.ports[1]}"},
            "alert": {"kind": "file", "path": "alerts"},
            **changes,
        }

    def targets(self, drill: dict[str, Any] | None = None, **more: Any) -> Path:
        one = target(self.ports[0], "ftp", self.drill() if drill is None else drill, **more)
        return written(self.folder, one)


def told(event: bytes) -> list[str]:
    return [user.decode() for user in USER.findall(event)[-1:]]


def silent(_: bytes) -> list[str]:
    return []


@asynccontextmanager
async def team(folder: Path, says: Answer = told, logins: Answer = told) -> AsyncIterator[Team]:
    running = Team(folder, says, logins)

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - as inherited
            running.datagram(data)

    loop = asyncio.get_running_loop()
    events, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    try:
        async with await asyncio.start_server(running.serve, "127.0.0.1", 0) as server:
            ftp = server.sockets[0].getsockname()[1]
            running.ports = (ftp, events.get_extra_info("sockname")[1])
            yield running
    finally:
        events.close()
