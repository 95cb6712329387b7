"""Units of work of FTP, with the scanner's own clients and readers: each returns what it saw.

They are the dialogs of the floor client and no more, so that like is compared with like. What a
scan asks beyond them is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from bench.unit import Unit
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_data import Transfers
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.clients.tls import session_facts, shared_looking_context
from scanner.model.listing import Entry, Outcome
from scanner.model.mask import Mask
from scanner.model.observation import (
    AnonymousAccess,
    AnonymousTry,
    AuthTls,
    FtpFacts,
    TlsFacts,
)
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason
from scanner.model.target import Protocol
from scanner.model.view import FileFact, View, Walk
from scanner.probes.context import utc_text
from scanner.wire.listing import Dialect, ListingParser

_SECONDS: Final = 60.0
_MOST: Final = 20_000
_SAMPLE: Final = 65_536
_SAMPLES: Final = 3
_NAME, _PASSWORD = b"anonymous", b"anonymous@example.invalid"
_MASK: Final = Mask(bytes(32))


async def banner(dialer: Dialer) -> FtpFacts:
    """W1: the greeting."""
    session = await _greeted(dialer)
    session.abort()
    return FtpFacts(greeting=Observed(session.greeting.shown))


async def anonymous_listing(dialer: Dialer, verb: str = "MLSD") -> FtpFacts:
    """W2: an anonymous login, one listing, and goodbye."""
    session = await _greeted(dialer)
    try:
        access = await _logged_in(session)
        entries = await _listed(Transfers(session), verb)
        return FtpFacts(
            greeting=Observed(session.greeting.shown),
            anonymous=Observed(access),
            anonymous_view=Observed(_view(entries, b"/", 0)),
        )
    finally:
        await session.leave()


async def full_dialog(dialer: Dialer) -> FtpFacts:
    """W3: AUTH TLS, FEAT, login, PWD, TYPE, one listing, three files, and goodbye."""
    session = await _greeted(dialer)
    try:
        offered = await session.command("AUTH", b"TLS")
        await session.ask_features()
        access = await _logged_in(session)
        home = await session.command("PWD")
        await session.command("TYPE", b"I")
        transfers = Transfers(session)
        entries = await _listed(transfers)
        size = 0
        for entry in entries[:_SAMPLES]:
            sample = await transfers.read(entry.name, 0, _SAMPLE)
            size += len(sample.data)
        return FtpFacts(
            greeting=Observed(session.greeting.shown),
            features=Observed(session.features),
            auth_tls=Observed(AuthTls(mechanism="", replies=(offered.shown,))),
            anonymous=Observed(access),
            anonymous_view=Observed(_view(entries, home.text, size)),
        )
    finally:
        await session.leave()


async def handshake(dialer: Dialer) -> FtpFacts:
    """W1t: AUTH TLS, a whole handshake, and what the certificate says."""
    session = await _greeted(dialer)
    try:
        return FtpFacts(
            greeting=Observed(session.greeting.shown), tls=Observed(await in_tls(session))
        )
    finally:
        session.abort()


async def in_tls(session: FtpSession) -> TlsFacts:
    """Turn a session into TLS and return what was seen. Raises ``Fault``."""
    # Slow to load, as a scan knows: only who meets a certificate needs its reader.
    from scanner.wire.x509 import certificate_facts  # noqa: PLC0415

    reply = await session.command("AUTH", b"TLS")
    if reply.code != 234:
        raise Fault(Reason.NOT_OFFERED, str(reply.shown))
    await session.shake_hands(shared_looking_context())
    assert session.tls is not None
    version, cipher = session_facts(session.tls)
    certificate = certificate_facts(session.tls.getpeercert(binary_form=True) or b"")
    return TlsFacts(
        version=version, cipher=cipher, certificate=certificate, trust=PeerTrust.UNVERIFIED
    )


UNITS: Final = {
    "W1": Unit(21, Protocol.FTP, banner),
    "W2": Unit(21, Protocol.FTP, anonymous_listing),
    "W2L": Unit(21, Protocol.FTP, partial(anonymous_listing, verb="LIST")),
    "W3": Unit(21, Protocol.FTP, full_dialog),
    "W1t": Unit(21, Protocol.FTP, handshake),
}


async def _greeted(dialer: Dialer) -> FtpSession:
    return await FtpSession.connect(Opening(dialer=dialer, seconds=_SECONDS))


async def _logged_in(session: FtpSession) -> AnonymousAccess:
    asked = await session.command("USER", _NAME)
    reply = await session.command("PASS", _PASSWORD)
    if reply.code != 230:
        raise Fault(Reason.NO_LOGIN, str(reply.shown))
    attempt = AnonymousTry(
        username=_NAME.decode(),
        encrypted=False,
        replies=(asked.shown, reply.shown),
        accepted=True,
    )
    return AnonymousAccess(tries=(attempt,))


async def _listed(transfers: Transfers, verb: str = "MLSD") -> list[Entry]:
    dialect = Dialect.MLSD if verb == "MLSD" else Dialect.LIST
    parser = ListingParser(dialect, now=datetime.now(UTC), most=_MOST)
    transfer = await transfers.list(verb, b"", parser)
    if not transfer.whole:
        raise Fault(Reason.UNREADABLE, str(transfer.reply.shown))
    return list(parser.entries)


def _view(entries: list[Entry], home: bytes, read: int) -> View:
    walk = Walk(
        directories=1,
        entries=len(entries),
        bytes=read,
        stopped=(),
        outside_public=len(entries),
        eligible=len(entries),
        sampled=_SAMPLES if read else 0,
        writable_claims=0,
        unparsed=0,
        files=tuple(_files(entries)),
    )
    return View(
        username=_NAME.decode(),
        encrypted=False,
        home=_MASK.directory(home),
        root=Outcome.LISTED,
        walk=walk,
    )


def _files(entries: list[Entry]) -> Iterator[FileFact]:
    for entry in entries:
        yield FileFact(
            key=_MASK(b"path", b"/" + entry.name),
            directory="/",
            extension=_MASK.extension(entry.name),
            size=entry.size,
            modified=utc_text(entry.modified) if entry.modified else None,
            precision=entry.precision,
            mode=entry.mode,
        )
