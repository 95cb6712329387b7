"""What FTP tests share: a dialer, sessions on real servers, and logged-in trees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.ftp import FtpTree, open_tree
from scanner.clients.ftp_ahead import Together
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.clients.tls import looking_context
from scanner.model.address import Admitted
from scanner.model.listing import Listing
from scanner.model.reading import Observed, Reason
from scanner.model.target import Limits, Target
from scanner.model.view import Walk
from scanner.probes.walk import observe_view
from tests.probes.memory_tree import a_context
from tests.servers.handle import Server


def a_dialer(port: int, **bounds: int) -> Dialer:
    admitted = Admitted(ip_address("127.0.0.1"), port, "localhost")
    return Dialer(admitted, EffortMeter(), connect_seconds=5.0, **bounds)


def an_opening(port: int, *, seconds: float = 5.0) -> Opening:
    return Opening(dialer=a_dialer(port), seconds=seconds, server_name="localhost")


async def enter(
    opening: Opening, *, tls: bool = False, implicit: bool = False, user: bytes = b"anonymous"
) -> FtpSession:
    """Log in, with protected data where there is TLS."""
    session = await FtpSession.connect(opening, implicit=looking_context() if implicit else None)
    if tls:
        await session.command("AUTH", b"TLS")
        await session.shake_hands(looking_context())
    await session.ask_features()
    reply = await session.command("USER", user)
    if reply.code == 331:
        reply = await session.command("PASS", b"lab@example.invalid")
    if reply.code != 230:
        raise Fault(Reason.CREDENTIAL_REFUSED, str(reply.shown))
    if session.tls is not None:
        await session.protect_data()
    return session


@asynccontextmanager
async def a_tree(
    port: int,
    *,
    tls: bool = False,
    implicit: bool = False,
    seconds: float = 5.0,
    together: Together | None = None,
) -> AsyncIterator[FtpTree]:
    """Log in anonymously and hand out the tree; it reconnects in the same way."""
    opening = replace(an_opening(port, seconds=seconds), together=together)

    async def connect() -> FtpSession:
        return await enter(opening, tls=tls, implicit=implicit)

    tree = await open_tree(await connect(), reconnect=connect, clock=lambda: datetime.now(UTC))
    try:
        yield tree
    finally:
        await tree.close()


@asynccontextmanager
async def tree_of(server: Server) -> AsyncIterator[FtpTree]:
    """The tree of a real server, in TLS where it has any."""
    implicit = server.protocol == "ftps"
    tls = server.certificate is not None and not implicit
    async with a_tree(server.port, tls=tls, implicit=implicit) as tree:
        yield tree


async def listing(tree: FtpTree, path: bytes, *, most: int = 1000) -> Listing:
    reading = await tree.list_directory(path, most=most)
    assert isinstance(reading, Observed), reading
    return reading.value


async def names(tree: FtpTree, path: bytes) -> set[bytes]:
    found = await listing(tree, path)
    assert found.complete, found
    return {entry.name for entry in found.entries}


async def walk_of(tree: FtpTree, **bounds: Any) -> Walk:
    """Walk the whole tree, listing only."""
    limits = replace(Limits(files_sampled=0), **bounds)
    target = Target(host="localhost", asset="lab", limits=limits)
    reading = await observe_view(
        tree, username="anonymous", encrypted=False, context=a_context(target)
    )
    assert isinstance(reading, Observed)
    return reading.value.walk
