"""Data connections of an FTP session: listings and partial reads (RFC 959, 2428, 4217)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from scanner.clients.deadlines import within
from scanner.clients.faults import Fault, fault_of
from scanner.clients.ftp_ahead import Command
from scanner.clients.ftp_session import FtpSession
from scanner.clients.stream import Stream
from scanner.clients.tls_start import start_client_tls
from scanner.model.frozen import dataclass
from scanner.model.reading import Reason
from scanner.wire.ftp import (
    MalformedReply,
    RawReply,
    parse_extended_passive,
    parse_passive,
)
from scanner.wire.listing import ListingParser

TRANSFER_STEPS = 6
"""A whole transfer may take this many times the seconds of one step."""
_CLOSING = 421
_PAST_THE_END = 554
_MOST_MARKS = 4
"""Replies of 1xx that one transfer may bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How a transfer went. ``opened``: the server began it. ``whole``: everything was read and
    the server said so with a 2xx; only then is an empty answer empty. ``ended``: the server had
    no more to send.
    """

    reply: RawReply
    opened: bool
    whole: bool
    data: bytes = b""
    ended: bool = False


class PassiveRefused(Fault):
    """The server opens no port for data. ``reply`` says so."""

    def __init__(self, reply: RawReply) -> None:
        super().__init__(Reason.PROTOCOL_ERROR, f"PASV refused: {reply.shown}")
        self.reply = reply


class PassivePort:
    """Opens data connections of one session: EPSV, and PASV once EPSV was refused.

    An address that the server announces is never followed: the peer's own is dialled.
    ``announced`` is the last one announced, empty before.
    """

    def __init__(self, session: FtpSession) -> None:
        self._session = session
        self._extended = True
        self.announced = ""

    @property
    def is_foreign(self) -> bool:
        """Whether another address than the peer's was announced; 0.0.0.0 names none."""
        ip = str(self._session.opening.dialer.admitted.ip)
        return self.announced not in {"", "0.0.0.0", "::", ip}  # noqa: S104 - nothing is bound

    @property
    def next_command(self) -> Command:
        """What the server is asked next for a port."""
        return ("EPSV" if self._extended else "PASV", b"")

    async def ask_address(self) -> RawReply:
        """Ask PASV for an address, only to know it. Raises ``Fault``."""
        return (await self._passive())[0]

    async def open(self) -> Stream:
        """Return a new connection to the server's data port. Raises ``Fault``."""
        port = await self._port()
        dialer = self._session.opening.dialer
        try:
            return await dialer.connect(port)
        except Fault as fault:
            # Refused or silent: the server is there, and something bars the way to its data.
            raise Fault(fault.reason, f"data port: {fault.detail}") from fault

    async def _port(self) -> int:
        if self._extended:
            reply = await self._session.command("EPSV")
            _raise_if_closing(reply)
            try:
                return self._extended_port(reply)
            except MalformedReply:
                self._extended = False
        return (await self._passive())[1]

    def _extended_port(self, reply: RawReply) -> int:
        if reply.code != 229:
            raise MalformedReply(f"EPSV refused: {reply.shown}")
        address, port = parse_extended_passive(reply)
        self.announced = address or self.announced
        return port

    async def _passive(self) -> tuple[RawReply, int]:
        reply = await self._session.command("PASV")
        _raise_if_closing(reply)
        if reply.code != 227:
            raise PassiveRefused(reply)
        try:
            address, port = parse_passive(reply)
        except MalformedReply as error:
            raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error
        self.announced = str(address)
        return reply, port


class Transfers:
    """Carries out the transfers of one session, one at a time.

    A ``Fault`` means that the control connection, too, is of no more use; a refusal or a
    transfer that broke off is a ``Transfer`` that is not whole.
    """

    def __init__(self, session: FtpSession) -> None:
        self._session = session
        self.port = PassivePort(session)
        self.restart_refused = False
        """Whether the last transfer failed because the server took no offset."""

    async def list(
        self, verb: str, argument: bytes, parser: ListingParser, *, resume: bool = True
    ) -> Transfer:
        """Run LIST or MLSD and feed what comes to ``parser``, until its bound is met.

        ``resume`` false begins a TLS session of its own on the data connection.
        """

        def take(data: bytes) -> bool:
            parser.feed(data)
            return not parser.full

        transfer = await self._run(_Request(verb, argument, resume=resume), take)
        parser.close()
        return transfer

    async def read(self, path: bytes, offset: int, length: int) -> Transfer:
        """Read ``length`` bytes of a file from ``offset`` on, then stop the server.

        Beyond them comes what had arrived by then.
        """
        kept = bytearray()

        def take(data: bytes) -> bool:
            kept.extend(data)
            return len(kept) < length

        transfer = await self._run(_Request("RETR", path, offset), take)
        whole = transfer.whole or len(kept) >= length
        return replace(transfer, whole=whole, data=bytes(kept), ended=transfer.whole)

    async def store_nothing(self, name: bytes) -> Transfer:
        """Store an empty file; only the write test may (``FtpSession.writing``)."""
        return await self._run(_Request("STOR", name, sends=True), lambda _data: True)

    async def _run(self, request: _Request, take: Callable[[bytes], bool]) -> Transfer:
        stream = await self.port.open()
        try:
            return await self._over(stream, request, take)
        except BaseException:
            self._session.abort()
            raise
        finally:
            stream.abort()

    async def _over(
        self, stream: Stream, request: _Request, take: Callable[[bytes], bool]
    ) -> Transfer:
        first = await self._begin(stream, request)
        if first.code >= 300:
            return Transfer(reply=first, opened=False, whole=False)
        if request.sends:
            async with within(self._session.opening.seconds, "the upload did not end"):
                await stream.finish()
        ended = await self._drain(stream, take)
        if ended is not _End.SERVER:
            if self._session.aborts:
                await self._session.ask_to_stop()
            stream.reset()
            await self._session.resynchronise()
            return Transfer(reply=first, opened=True, whole=False)
        final = await self._final(first)
        return Transfer(reply=final, opened=True, whole=final.code // 100 == 2)

    async def _begin(self, stream: Stream, request: _Request) -> RawReply:
        self.restart_refused = False
        if request.offset:
            # Right before the command: some servers forget it after any other one.
            reply = await self._session.command("REST", str(request.offset).encode("ascii"))
            if reply.code != 350:
                self.restart_refused = reply.code not in {_CLOSING, _PAST_THE_END}
                return reply
        self._session.send(request.verb, request.argument)
        if self._session.data_protected:
            return await self._begin_protected(stream, resume=request.resume)
        return await self._session.reply()

    async def _begin_protected(self, stream: Stream, *, resume: bool) -> RawReply:
        """Shake hands once the server has agreed to the command: not before, for servers begin
        TLS only then (RFC 4217 section 12.7).
        """
        reply = await self._session.reply()
        if reply.code >= 300:
            return reply
        try:
            await self._shake_hands(stream, resume=resume)
        except Fault as fault:
            stream.reset()
            # The server's own words for it, such as 522, where it has any.
            final = await self._final(reply)
            if final.code >= 400:
                return final
            raise fault from None
        self._check_peer(stream, resumed=resume)
        return reply

    async def _shake_hands(self, stream: Stream, *, resume: bool) -> None:
        """Resume the control connection's session, which most servers demand."""
        session = self._session
        context, tls = session.context, session.tls
        if context is None or tls is None:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        # Read only now: under TLS 1.3 its ticket comes with the first reply, not before.
        ticket = tls.session if resume else None
        try:
            async with within(session.opening.seconds, "no TLS handshake on the data channel"):
                await start_client_tls(stream, context, session.opening.server_name, ticket)
        except ssl.SSLCertVerificationError as error:
            raise fault_of(error) from error

    def _check_peer(self, stream: Stream, *, resumed: bool) -> None:
        control, data = self._session.tls, stream.tls
        if control is None or data is None:
            return
        if resumed:
            self._session.session_reused = bool(data.session_reused)
        if control.getpeercert(binary_form=True) != data.getpeercert(binary_form=True):
            raise Fault(Reason.UNVERIFIED_PEER, "the data channel shows another certificate")

    async def _drain(self, stream: Stream, take: Callable[[bytes], bool]) -> _End:
        """Hand on what comes; a pause is bounded as a step, and the whole as several."""
        step = self._session.opening.seconds
        try:
            async with within(step * TRANSFER_STEPS, "the transfer took too long"):
                while data := await _next_block(stream, step):
                    if not take(data):
                        return _End.OURS
        except Fault as fault:
            return _End.TIME if fault.reason is Reason.TIMEOUT else _End.SERVER
        return _End.SERVER

    async def _final(self, first: RawReply) -> RawReply:
        """Return the reply that ends a transfer; only a 2xx says that all was sent."""
        reply = first
        for _ in range(_MOST_MARKS):
            if reply.code >= 200:
                break
            reply = await self._session.reply()
        return reply


@dataclass(frozen=True, slots=True)
class _Request:
    verb: str
    argument: bytes
    offset: int = 0
    resume: bool = True
    sends: bool = False


class _End(Enum):
    SERVER = auto()
    OURS = auto()
    TIME = auto()


async def _next_block(stream: Stream, seconds: float) -> bytes:
    async with within(seconds, "the transfer stood still"):
        return await stream.read()


def _raise_if_closing(reply: RawReply) -> None:
    if reply.code == _CLOSING:
        raise Fault(Reason.CONNECTION_LOST, str(reply.shown))
