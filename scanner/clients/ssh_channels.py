"""Asks what else an accepted login is given: a shell, and forwarding. Nothing is typed or sent."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh
from asyncssh.constants import (
    OPEN_ADMINISTRATIVELY_PROHIBITED,
    OPEN_CONNECT_FAILED,
    OPEN_REQUEST_SESSION_FAILED,
    OPEN_UNKNOWN_CHANNEL_TYPE,
)

from scanner.clients.faults import Fault
from scanner.clients.ssh_session import FOREIGN_ERRORS, ssh_fault
from scanner.model.reading import Observed, Reading
from scanner.model.sftp import ForwardingAnswer, ShellAnswer

_NOBODY = ("127.0.0.1", 1)
"""The server's own loopback, and a port (tcpmux) on which nothing listens any more."""

_REFUSALS = {
    OPEN_ADMINISTRATIVELY_PROHIBITED: ForwardingAnswer.PROHIBITED,
    OPEN_CONNECT_FAILED: ForwardingAnswer.FAILED,
    OPEN_UNKNOWN_CHANNEL_TYPE: ForwardingAnswer.UNSUPPORTED,
}


async def ask_shell(
    connection: asyncssh.SSHClientConnection, *, seconds: float, wait: float = 1.0
) -> Reading[ShellAnswer]:
    """Ask for a ``shell`` on a session channel (RFC 4254 section 6.5), and close it.

    The account's own start-up files may run. A forced command is granted like a shell: one that
    ends within ``wait`` seconds, as OpenSSH's ``internal-sftp`` does, is ``ENDED``. Never raises
    for what the server does.
    """
    listener = _Closer()
    try:
        async with asyncio.timeout(seconds):
            await connection.create_session(lambda: listener, encoding=None)
            ended = await listener.ends_within(wait)
        return Observed(ShellAnswer.ENDED if ended else ShellAnswer.OPEN)
    except asyncssh.ChannelOpenError as error:
        refused = error.code in {OPEN_REQUEST_SESSION_FAILED, OPEN_ADMINISTRATIVELY_PROHIBITED}
        return Observed(ShellAnswer.REFUSED) if refused else ssh_fault(error).reading
    except (Fault, *FOREIGN_ERRORS) as error:
        return ssh_fault(error).reading
    finally:
        listener.close()


async def ask_forwarding(
    connection: asyncssh.SSHClientConnection, *, seconds: float
) -> Reading[ForwardingAnswer]:
    """Ask for a ``direct-tcpip`` channel (RFC 4254 section 7.2) to where nobody listens.

    The reason of the refusal tells a server that forwards from one that does not. A server that
    forwards to some places alone (``PermitOpen``) prohibits this one. Never raises for what the
    server does.
    """
    listener = _TcpCloser()
    try:
        async with asyncio.timeout(seconds):
            await connection.create_connection(lambda: listener, *_NOBODY, "127.0.0.1", 0)
        return Observed(ForwardingAnswer.OPENED)
    except asyncssh.ChannelOpenError as error:
        answer = _REFUSALS.get(error.code)
        return ssh_fault(error).reading if answer is None else Observed(answer)
    except FOREIGN_ERRORS as error:
        return ssh_fault(error).reading
    finally:
        listener.close()


class _Closer(asyncssh.SSHClientSession[bytes]):
    """Holds a session channel, drops whatever is said on it, and notes its end."""

    def __init__(self) -> None:
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._fault: Fault | None = None
        self._ended = asyncio.Event()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def exit_status_received(self, status: int) -> None:
        del status
        self._ended.set()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - as the library calls it
        del signal, core_dumped, msg, lang
        self._ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._fault = ssh_fault(exc)
        self._ended.set()

    async def ends_within(self, seconds: float) -> bool:
        """Whether the server ends the channel by itself. Raises ``Fault`` for a connection."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        if self._fault is not None:
            raise self._fault
        return True

    def close(self) -> None:
        if self._channel is not None:
            self._channel.abort()


class _TcpCloser(asyncssh.SSHTCPSession[bytes]):
    """Holds a forwarded channel until it is closed, at once."""

    def __init__(self) -> None:
        self._channel: asyncssh.SSHTCPChannel[Any] | None = None

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self._channel = chan

    def close(self) -> None:
        if self._channel is not None:
            self._channel.abort()
