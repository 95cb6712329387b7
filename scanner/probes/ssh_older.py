"""Asks an SSH server through asyncssh, which speaks more old algorithms than our own transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_offers import ask_methods, fetch_host_key
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_keys import read_key


@dataclass(frozen=True, slots=True)
class OlderRoad:
    """One server, a connection for each question. Never raises for what the server does."""

    dialer: Dialer
    seconds: float
    pause_seconds: float

    async def key(self, algorithms: tuple[str, ...]) -> bytes | Unobserved:
        """Return the host key that the server shows for ``algorithms``."""
        await asyncio.sleep(self.pause_seconds)
        try:
            blob = await fetch_host_key(self.dialer, algorithms, seconds=self.seconds)
            read_key(blob)
        except Fault as fault:
            return fault.reading
        except SshSyntaxError as error:
            return Unobserved(Reason.PROTOCOL_ERROR, str(error))
        return blob

    async def methods(self, username: str, algorithms: Iterable[str]) -> Reading[AuthMethods]:
        """Send one ``none`` request."""
        names = tuple(algorithms)
        if not names:
            return Unobserved(Reason.NOT_OFFERED, "no host key type is known here")
        await asyncio.sleep(self.pause_seconds)
        try:
            heard = await ask_methods(self.dialer, username, names, seconds=self.seconds)
        except Fault as fault:
            return fault.reading
        return Observed(heard)
