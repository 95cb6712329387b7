"""Hands a drill's test event to the team's own pipeline."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

from scanner.clients.deadlines import within
from scanner.clients.faults import Fault
from scanner.clients.http import Service, ask
from scanner.model.drill import FileIntake, HttpIntake, Intake, LocalOrUdp
from scanner.model.reading import Reason
from scanner.wire.drill_event import DrillEvent


async def send_event(intake: Intake, event: DrillEvent, *, token: str, seconds: float) -> None:
    """Send one event. Raises ``Fault`` where it was not taken, as far as that can be seen."""
    if isinstance(intake, HttpIntake):
        service = Service(url=intake.url, token=token, ca=intake.ca, seconds=seconds)
        answer = await ask(service, event.as_json())
        if answer.status // 100 != 2:
            raise Fault(Reason.PROTOCOL_ERROR, f"answered with HTTP status {answer.status}")
    elif isinstance(intake, FileIntake):
        _append(intake.path, event.as_line())
    else:
        async with within(seconds):
            await _send_datagram(intake.to, event.as_syslog())


async def _send_datagram(to: LocalOrUdp, data: bytes) -> None:
    loop = asyncio.get_running_loop()
    if isinstance(to, Path):
        family, address = socket.AF_UNIX, str(to)
    else:
        found = await loop.getaddrinfo(*to, type=socket.SOCK_DGRAM)
        family, address = found[0][0], found[0][4]  # type: ignore[assignment]  # either form
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect(address)
        await loop.sock_sendall(sock, data)


def _append(path: Path, line: bytes) -> None:
    """Add a line to a regular file that is there; a pipe or a device is not written to."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise Fault(Reason.UNREADABLE, error.strerror or "cannot be written") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Fault(Reason.UNREADABLE, "is not a regular file")
        os.write(handle, line)
    finally:
        os.close(handle)
