"""One FTP control connection (RFC 959), in clear or inside TLS (RFC 4217). Read-only."""

from __future__ import annotations

import ssl
from contextlib import suppress

from scanner.clients.deadlines import within
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_ahead import Command, SentAhead, Together, is_in_step, that_fit
from scanner.clients.ftp_verbs import check_permitted
from scanner.clients.stream import Stream
from scanner.clients.tls_start import start_client_tls
from scanner.model.frozen import dataclass
from scanner.model.reading import Reason
from scanner.model.text import neutralise
from scanner.wire.ftp import (
    MalformedReply,
    RawReply,
    ReplyError,
    ReplyReader,
    encode_command,
    has_feature,
    parse_features,
)

_GOODBYE_SECONDS = 2.0
_RESYNC_SECONDS = 3.0
_MOST_DELAYS = 3
_ANSWERS_TO_NOOP = frozenset({200, 500, 502})
"""Done, or not implemented: no transfer that has begun is answered so."""
_CLOSING = 421
_GOODBYE = 221
_LEAST_SECRET = 4
"""Bytes of a password that is struck out of replies; shorter ones would mangle them."""


class NotFtp(Fault):
    """Something else than FTP answers. ``seen`` names it: ``ssh``, ``http``, ``tls``, ``smtp``
    or ``unknown``.
    """

    def __init__(self, seen: str, shown: str) -> None:
        super().__init__(Reason.OTHER_SERVICE, f"{seen}: {shown}" if shown else seen)
        self.seen = seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How to open sessions: seconds a step may take, the name to tell a TLS server, and whether
    it takes commands together; without ``together`` they leave one by one.
    """

    dialer: Dialer
    seconds: float = 10.0
    server_name: str = ""
    together: Together | None = None


class FtpSession:
    """One control connection. Not for two tasks at once.

    Every step is bounded by ``opening.seconds``. After a ``Fault`` other than a refusal the
    connection is of no more use, and ``is_usable`` says so. Made by ``connect``.
    """

    def __init__(self, stream: Stream, opening: Opening) -> None:
        self.opening = opening
        self.greeting = RawReply(0, ())
        self.features: tuple[str, ...] = ()
        self.context: ssl.SSLContext | None = None
        self.injected = 0
        """Bytes that came in clear behind the answer to AUTH, and were dropped."""
        self.unasked = 0
        """Replies that came without a command, and were dropped."""
        self.data_protected = False
        self.session_reused: bool | None = None
        """Whether the last protected data connection resumed this connection's session."""
        self.double_iac = False
        self.aborts = False
        """Whether the server is asked to stop (ABOR) before a transfer is cut."""
        self.lost_at_reset = False
        """Whether the session ended behind a transfer that was cut."""
        self.writing = False
        """Whether the opt-in write test is under way: the one time that STOR and DELE may leave."""
        self._stream = stream
        self._ahead = SentAhead(opening.together)
        self._replies = ReplyReader()
        self._usable = True
        self._secret = b""

    @classmethod
    async def connect(
        cls, opening: Opening, *, implicit: ssl.SSLContext | None = None
    ) -> FtpSession:
        """Connect, shake hands first where TLS is implicit, and read the greeting.

        Raises ``Fault``; ``ssl.SSLCertVerificationError`` where ``implicit`` verifies and fails;
        ``NotFtp`` where the first bytes are no FTP.
        """
        session = await cls.dial(opening)
        try:
            if implicit is not None:
                await session.shake_hands(implicit)
            await session.await_greeting()
        except BaseException:
            session.abort()
            raise
        return session

    @classmethod
    async def dial(cls, opening: Opening) -> FtpSession:
        """Connect and read nothing."""
        return cls(await opening.dialer.connect(), opening)

    async def await_greeting(self) -> RawReply:
        """Read the greeting; a 120 only announces a delay (RFC 959 section 5.4)."""
        for _ in range(_MOST_DELAYS):
            try:
                self.greeting = await self.read_reply()
            except MalformedReply as error:
                seen = service_of(error.seen)
                raise NotFtp(seen, neutralise(error.seen, 60)) from error
            except ReplyError as error:
                raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error
            if self.greeting.code != 120:
                break
        if self._is_mail():
            raise NotFtp("smtp", neutralise(self.greeting.text, 60))
        return self.greeting

    @property
    def is_usable(self) -> bool:
        """Whether a next command makes sense: also behind the end, where its answer is here."""
        return (self._usable and self._stream.is_open) or self._ahead.is_read

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session of the control connection, if any."""
        return self._stream.tls if self.context is not None else None

    async def command(self, verb: str, argument: bytes = b"") -> RawReply:
        """Send one command and return its first reply. 421 ends the session (RFC 959 5.4).

        Raises ``ValueError`` for a verb that is not read-only, before anything is sent.
        """
        if self._ahead and (reply := await self._answer_ahead((verb, argument))) is not None:
            return reply
        behind_others = self._ahead.fresh
        self.send(verb, argument)
        reply = await self.reply()
        if behind_others and not is_in_step(verb, reply):
            raise self._out_of_step(f"{verb} answered {reply.shown}")
        return reply

    async def _answer_ahead(self, wanted: Command) -> RawReply | None:
        try:
            answer = await self._ahead.answer(wanted, self.reply)
        except BaseException:
            self.abort()
            raise
        if not self._replies.is_empty:
            raise self._out_of_step("an answer too many")
        return answer

    def _out_of_step(self, detail: str) -> Fault:
        self.abort()
        return self._ahead.lost(detail)

    @property
    def out_of_step(self) -> bool:
        """Whether this session was lost because commands were sent together: what they asked is
        worth asking again on another one.
        """
        return self._ahead.out_of_step

    def send_ahead(self, *commands: Command, trial: bool = False) -> None:
        """Send commands in one segment, the first of them that fit into ``MOST_TOGETHER`` bytes, if
        the server is known to take them so (or ``trial``: if it is not known that it does not);
        else nothing. They are asked with ``command`` as ever, in this order, and each then only
        awaits its reply.
        """
        if not self.is_usable or not self._ahead.is_allowed(trial=trial):
            return
        chosen = that_fit(commands)
        if len(chosen) > 1:
            self.send_together(*chosen)
            self._ahead.expect(chosen)

    def send(self, verb: str, argument: bytes = b"") -> None:
        """Send one command and read nothing."""
        self.send_together((verb, argument))

    def send_together(self, *commands: tuple[str, bytes]) -> None:
        """Send commands in one segment and read nothing. The one place where commands leave.

        Raises ``ValueError`` for one that may not be sent, before anything is, and ``Fault`` where
        more came than was asked together.
        """
        lines = [self._line(*command) for command in commands]
        self._drop_unasked()
        self._ahead.fresh = False
        for verb, _ in commands:
            self.opening.dialer.meter.verbs[verb] += 1
        self._stream.write(b"".join(lines))

    def _line(self, verb: str, argument: bytes) -> bytes:
        check_permitted(verb, argument, writing=self.writing)
        if verb == "PASS":
            self._secret = argument
        return encode_command(verb, argument, double_iac=self.double_iac)

    def _drop_unasked(self) -> None:
        """Drop replies that came before the command: they cannot be its answer."""
        came = self._stream.take()
        if not came and self._replies.is_empty:
            return
        self._replies.feed(came)
        before = self.unasked
        with suppress(ReplyError):
            while self._replies.next_reply() is not None:
                self.unasked += 1
        if self.unasked > before:
            self._ahead.distrust()
            if self._ahead.fresh:
                raise self._out_of_step("an answer too many")

    async def reply(self, seconds: float | None = None) -> RawReply:
        """Return the next reply."""
        try:
            return await self.read_reply(seconds)
        except ReplyError as error:
            self.abort()
            raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error

    async def read_reply(self, seconds: float | None = None) -> RawReply:
        """Return the next reply; ``ReplyError`` where the bytes are none."""
        try:
            async with within(seconds or self.opening.seconds, "no reply in time"):
                found = await self._next_reply()
        except BaseException:
            self._usable = False
            raise
        if found.code == _CLOSING:
            self._usable = False
        return found

    async def _next_reply(self) -> RawReply:
        while (found := self._replies.next_reply()) is None:
            data = await self._stream.read()
            if not data:
                raise Fault(Reason.CONNECTION_LOST, "closed by the server")
            self._replies.feed(data)
        return self._without_secret(found)

    def _without_secret(self, reply: RawReply) -> RawReply:
        """Return a reply without the password, should the server repeat it."""
        secret = self._secret
        if len(secret) < _LEAST_SECRET or not any(secret in line for line in reply.lines):
            return reply
        return RawReply(reply.code, tuple(line.replace(secret, b"***") for line in reply.lines))

    async def ask_features(self) -> RawReply:
        """Send FEAT and keep what it names. Some servers answer only after a login."""
        reply = await self.command("FEAT")
        if reply.code == 211:
            self.features = parse_features(reply)
        return reply

    def has(self, feature: str) -> bool:
        """Whether FEAT named the feature."""
        return has_feature(self.features, feature)

    async def shake_hands(self, context: ssl.SSLContext) -> None:
        """Turn the control connection into TLS, after 234 or at once where it is implicit.

        What came in clear before the handshake is never read as if it were protected
        (CVE-2011-0411): it is counted in ``injected`` and dropped. Raises ``Fault``, and
        ``ssl.SSLCertVerificationError`` where the context verifies and the chain fails.
        """
        self.injected = self.discard()
        try:
            async with within(self.opening.seconds, "no TLS handshake in time"):
                await start_client_tls(self._stream, context, self.opening.server_name)
        except BaseException:
            self.abort()
            raise
        self.context = context

    def discard(self) -> int:
        """Drop what came unasked and return how many bytes that was."""
        dropped = len(self._replies.buffered) + len(self._stream.take())
        self._replies = ReplyReader()
        return dropped

    async def protect_data(self) -> RawReply:
        """Ask for protected data connections (RFC 4217 section 9): PBSZ 0, then PROT P."""
        self.send_ahead(("PBSZ", b"0"), ("PROT", b"P"))
        await self.command("PBSZ", b"0")
        reply = await self.command("PROT", b"P")
        self.data_protected = reply.code // 100 == 2
        return reply

    async def expose_data(self) -> RawReply:
        """Ask for data connections in clear: PROT C."""
        reply = await self.command("PROT", b"C")
        if reply.code // 100 == 2:
            self.data_protected = False
        return reply

    async def send_raw(self, data: bytes) -> None:
        """Send bytes that are no command, such as a hello of our own making."""
        self._stream.write(data)

    async def read_raw(self) -> bytes:
        """Return bytes as they come; nothing at the end."""
        pending = self._replies.buffered
        self._replies = ReplyReader()
        return pending or await self._stream.read()

    async def resynchronise(self) -> None:
        """Find the next reply's beginning after a data connection was reset.

        Servers answer a reset with 426, 226, even another 150, or nothing: one reply of any
        code is awaited briefly, and only then NOOP is sent, which too early would be answered
        amid the transfer. Where its answer does not come the connection is dropped.
        """
        try:
            await self._pass_over()
            self.send("NOOP")
            async with within(self.opening.seconds):
                for _ in range(_MOST_DELAYS):
                    if (await self._next_reply()).code in _ANSWERS_TO_NOOP:
                        return
        except (Fault, ReplyError):
            self.lost_at_reset = True  # out of step for good
        except BaseException:
            self.abort()
            raise
        self.abort()

    async def ask_to_stop(self) -> None:
        """Ask the server to end a transfer (ABOR), and give it a moment to answer. Raises
        ``Fault`` where the connection is lost.
        """
        self.send("ABOR")
        await self._pass_over()

    async def _pass_over(self) -> None:
        try:
            async with within(min(_RESYNC_SECONDS, self.opening.seconds)):
                await self._next_reply()
        except Fault as fault:
            if fault.reason is not Reason.TIMEOUT:
                raise

    async def leave(self) -> None:
        """Say goodbye, briefly, and drop the connection. Never fails."""
        try:
            if self.is_usable:
                self._ahead.forget()
                behind_others = self._ahead.fresh
                async with within(min(_GOODBYE_SECONDS, self.opening.seconds)):
                    self.send("QUIT")
                    reply = await self._next_reply()
                if behind_others and reply.code != _GOODBYE:
                    self._ahead.lost(f"QUIT answered {reply.shown}")
        except (Fault, ReplyError):
            pass  # it was the last word, whatever the answer
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the connection without a word, at once."""
        self._usable = False
        self._ahead.forget()
        self._stream.abort()

    def _is_mail(self) -> bool:
        text = self.greeting.text.upper()
        return self.greeting.code == 220 and b"SMTP" in text and b"FTP" not in text


def service_of(first: bytes) -> str:
    """Name the service that begins to speak with these bytes."""
    if first.startswith(b"SSH-"):
        return "ssh"
    if first[:5].upper() == b"HTTP/" or first[:1] == b"<":
        return "http"
    if first[:1] in {b"\x15", b"\x16"} and first[1:2] in {b"\x03", b""}:
        return "tls"
    return "unknown"
