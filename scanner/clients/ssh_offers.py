"""Asks for host keys and authentication methods, sending no credential."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncssh

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_session import (
    EVERY_KEX,
    FOREIGN_ERRORS,
    Listener,
    plain_options,
    ssh_fault,
)
from scanner.model.reading import Reason
from scanner.model.ssh import AuthMethods
from scanner.model.text import neutralise
from scanner.wire.ssh import OWN_IDENTIFICATION

_Answer = TypeVar("_Answer")


async def fetch_host_key(dialer: Dialer, algorithms: Sequence[str], *, seconds: float) -> bytes:
    """Return the blob of the host key that the server shows for ``algorithms``.

    Raises ``Fault``. Nothing but the key exchange takes place.
    """
    options = plain_options(asyncssh.SSHClient, username="unused", algorithms=algorithms)
    key = await _ask(
        dialer,
        lambda sock: asyncssh.get_server_host_key(
            str(dialer.admitted.ip),  # or else it asks the socket, which may be reset by now
            sock=sock,
            config=None,
            options=options,
            kex_algs=EVERY_KEX,
            server_host_key_algs=list(algorithms),
            client_version=OWN_IDENTIFICATION,
        ),
        seconds=seconds,
    )
    if key is None:
        raise Fault(Reason.PROTOCOL_ERROR, "the key exchange showed no host key")
    return bytes(key.public_data)


async def ask_methods(
    dialer: Dialer, username: str, algorithms: Sequence[str], *, seconds: float
) -> AuthMethods:
    """Send one ``none`` request (RFC 4252 section 5.2) and return the answer.

    Raises ``Fault``.
    """
    gate = Listener()
    options = plain_options(lambda: gate, username=username, algorithms=algorithms)
    methods = await _ask(
        dialer,
        lambda sock: asyncssh.get_server_auth_methods(
            str(dialer.admitted.ip),
            sock=sock,
            config=None,
            username=username,
            options=options,
            kex_algs=EVERY_KEX,
            server_host_key_algs=list(algorithms),
            client_version=OWN_IDENTIFICATION,
        ),
        seconds=seconds,
    )
    names = tuple(neutralise(method, 80) for method in methods[:32])
    accepted = names == ("none",)
    return AuthMethods(
        none_accepted=accepted, methods=() if accepted else names, banner=gate.banner
    )


async def _ask(
    dialer: Dialer, question: Callable[[socket.socket], Awaitable[_Answer]], *, seconds: float
) -> _Answer:
    """Dial, and put one question of the library to the server. Raises ``Fault``."""
    sock = await dialer.open()
    try:
        async with asyncio.timeout(seconds):
            return await question(sock)
    except FOREIGN_ERRORS as error:
        raise ssh_fault(error) from error
