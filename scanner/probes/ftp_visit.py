"""One visit to an FTP endpoint: what its questions share, and how they end."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from scanner.clients.deadlines import within
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_ahead import Together
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.clients.tls import shared_looking_context
from scanner.model.observation import CertificateFacts
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.text import neutralise
from scanner.probes.context import ProbeContext
from scanner.wire.ftp import RawReply

T = TypeVar("T")

_OWN_SHARE = 0.95
"""Of an asset's seconds: what was seen is to be handed over before they are spent."""
_CLOSING = 421
_BUSY = re.compile(
    rb"too many|maximum (?:number|login|connection)|maximum.{0,40}connected"
    rb"|limit (?:reached|exceeded)|banned|blacklisted|try (?:again )?later",
    re.IGNORECASE | re.DOTALL,
)
_SHUT = frozenset({Reason.CLOSED, Reason.FILTERED, Reason.UNREACHABLE})
"""What an address that has just answered says by no longer answering: we are barred."""


class Visit:
    """Mutable state of one visit. One connection at a time.

    ``mechanism`` is how TLS is had: ``tls``, ``ssl``, ``implicit`` or, empty, not at all.
    ``certificate`` is the leaf that was judged, ``features`` what FEAT named once it answered.
    ``speaks_clear`` is false where only TLS answers.
    """

    def __init__(self, dialer: Dialer, context: ProbeContext, *, implicit: bool) -> None:
        self.dialer = dialer
        self.context = context
        self.implicit = implicit
        self.mechanism = ""
        self.certificate: CertificateFacts | None = None
        self.features: tuple[str, ...] | None = None
        self.speaks_clear = not implicit
        self.stopped: Unobserved | None = None
        self._together = Together()
        self._deadline = (
            asyncio.get_running_loop().time() + _OWN_SHARE * context.target.limits.asset_seconds
        )

    @property
    def opening(self) -> Opening:
        """How sessions of this visit are opened."""
        target = self.context.target
        return Opening(
            dialer=self.dialer,
            seconds=target.limits.timeout_seconds,
            server_name=target.tls.server_name or self.dialer.admitted.name,
            together=self._together,
        )

    def share(self, parts: int) -> float:
        """Return the seconds that one of ``parts`` equal parts of the time left may take."""
        return max(0.0, self._deadline - asyncio.get_running_loop().time()) / parts

    async def ask(self, question: Callable[[], Awaitable[Reading[T]]]) -> Reading[T]:
        """Put one question. What keeps it from being answered does not touch the others,
        unless the server wants no more of us: then nothing else is asked.
        """
        if self.stopped is not None:
            return self.stopped
        left = self._deadline - asyncio.get_running_loop().time()
        try:
            async with within(left, "the time for this asset is spent", Reason.TIME_BUDGET):
                reading = await question()
        except Fault as fault:
            reading = fault.reading
            if fault.reason is Reason.TIME_BUDGET:
                self.stopped = reading
        return self._minded(reading) if isinstance(reading, Unobserved) else reading

    def _minded(self, reading: Unobserved) -> Unobserved:
        if reading.reason in {Reason.THROTTLED, Reason.CONNECTION_BUDGET}:
            self.stopped = reading
        return reading

    def note(self, command: str, reply: RawReply) -> str:
        """Keep a reply as evidence and return its id. ``command`` holds no secret."""
        shown = reply.shown
        return self.context.evidence.add(
            "ftp-reply", {"command": command, "code": shown.code, "text": shown.text}
        )

    @asynccontextmanager
    async def in_clear(self) -> AsyncIterator[FtpSession]:
        """Open a greeted session in clear and leave it at the end. Raises ``Fault``."""
        session = await self.connect_clear()
        try:
            yield session
        finally:
            await session.leave()

    async def connect(self, *, secure: bool) -> FtpSession:
        """Open a greeted session, inside TLS that verifies nothing or in clear."""
        return await (self.connect_tls() if secure else self.connect_clear())

    async def connect_clear(self) -> FtpSession:
        """Open a greeted session in clear."""
        session = await self.dial()
        try:
            await session.await_greeting()
            check_greeting(session.greeting)
        except BaseException:
            session.abort()
            raise
        return session

    async def dial(self) -> FtpSession:
        """Connect once more. Raises ``Fault``: an address that has answered and now does not
        accept connections wants no more of us (``throttled``).
        """
        try:
            return await FtpSession.dial(self.opening)
        except Fault as fault:
            if fault.reason not in _SHUT:
                raise
            shown = f"accepts no more connections ({fault.reason})"
            raise Fault(Reason.THROTTLED, shown) from fault

    async def connect_tls(self, context: ssl.SSLContext | None = None) -> FtpSession:
        """Open a greeted session inside TLS, in ``context`` or one that verifies nothing.

        Raises ``Fault``; one of an untrusted chain has reason ``unverified-peer``.
        """
        context = context or shared_looking_context()
        try:
            return await self._connect_tls(context)
        except ssl.SSLCertVerificationError as error:
            detail = neutralise(error.verify_message or "not verified", 120)
            raise Fault(Reason.UNVERIFIED_PEER, detail) from error

    async def _connect_tls(self, context: ssl.SSLContext) -> FtpSession:
        session = await (self.dial() if self.implicit else self.connect_clear())
        try:
            if not self.implicit:
                await self.authorise(session)
            await session.shake_hands(context)
            if self.implicit:
                check_greeting(await session.await_greeting())
        except BaseException:
            session.abort()
            raise
        return session

    async def authorise(self, session: FtpSession) -> None:
        """Ask for TLS by the mechanism known to work, up to the 234."""
        reply = await session.command("AUTH", self.mechanism.upper().encode("ascii"))
        if reply.code != 234:
            session.abort()
            raise_if_throttled(reply)
            raise Fault(Reason.TLS_FAILED, f"AUTH now refused: {reply.shown}")


def raise_if_throttled(reply: RawReply, *, closing: bool = True) -> None:
    """Raise ``Fault`` (throttled) where a refusal means "not now", or "not you any more".

    ``closing`` false lets a bare 421 pass: some servers say so that they want TLS.
    """
    if reply.code // 100 in {4, 5} and _BUSY.search(reply.text):
        raise Fault(Reason.THROTTLED, str(reply.shown))
    if closing and reply.code == _CLOSING:
        raise Fault(Reason.THROTTLED, str(reply.shown))


def check_greeting(greeting: RawReply) -> None:
    """Raise ``Fault`` where the greeting is no welcome."""
    raise_if_throttled(greeting)
    if greeting.code // 100 != 2:
        raise Fault(Reason.PROTOCOL_ERROR, f"greeted with {greeting.shown}")
