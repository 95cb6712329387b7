"""The one login of a drill: it has to fail, and whoever watches has to see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.clients.ssh import read_hello
from scanner.clients.ssh_login import LoginResult, LoginTerms, SshCredential, close, log_in
from scanner.clients.tls import shared_looking_context
from scanner.model.address import Admitted
from scanner.model.attempts import AttemptKind, AttemptLedger, limit_key
from scanner.model.drill import DrillLogin
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.model.text import neutralise
from scanner.model.view import CredentialStatus
from scanner.probes.context import utc_text
from scanner.probes.detect import detect
from scanner.wire.ftp import RawReply
from scanner.wire.ssh_keys import HOST_KEY_TYPES

HARMLESS_WORD = "drill-not-an-incident"
"""The password: no secret of anybody's, so that it may be sent in clear and to anyone."""

GONE = frozenset({Reason.CLOSED, Reason.FILTERED, Reason.UNREACHABLE, Reason.OTHER_SERVICE})
"""What an endpoint says that cannot take a login at all: then another one may."""

_PAUSE = 0.25
"""Seconds between two connections to an SSH server."""
_LET_IN = frozenset({230, 202, 232})
_ASKS_PASSWORD = 331
_TLS_READY = 234
_CLOSING = 421
_KEEPS_NAMES = "dropbear"
"""It does not log the name of a user whom it does not know."""
_LET_IN_ANYWAY = Unobserved(
    Reason.NO_LOGIN, "the server let the drill's user in, so that no login failed"
)
_NO_ATTEMPT = Unobserved(
    Reason.ATTEMPT_BUDGET, "four logins failed at this address in 24 hours; run it tomorrow"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a drill logs in over either protocol, given its user."""

    ssh: Callable[[str], Awaitable[Reading[DrillLogin]]]
    ftp: Callable[[str, Protocol], Awaitable[Reading[DrillLogin]]]

    async def take(
        self, user: str, protocol: Protocol, dialer: Dialer, seconds: float
    ) -> Reading[DrillLogin]:
        """Take the way of a protocol; ``auto`` is found out first. Never raises for the server."""
        try:
            if protocol is Protocol.AUTO:
                protocol = await detect(dialer, seconds)
            if protocol is Protocol.SFTP:
                return await self.ssh(user)
            return await self.ftp(user, protocol)
        except Fault as fault:
            return fault.reading


def login_made(  # noqa: PLR0913 - what is told of one login
    door: Admitted, user: str, at: str, protocol: Protocol, answer: str, *, refused: bool
) -> DrillLogin:
    """Return a login that was made ``at`` a moment (RFC 3339 UTC), with the server's answer."""
    return DrillLogin(
        user=user,
        at=at,
        address=str(door.ip),
        port=door.port,
        protocol=str(protocol),
        answer=neutralise(answer, 200),
        refused=refused,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDesk:
    """Makes the login at one address and port, within the budget of failing ones."""

    dialer: Dialer
    attempts: AttemptLedger
    clock: Callable[[], datetime]
    seconds: float

    async def fail(self, user: str, protocol: Protocol) -> Reading[DrillLogin]:
        """Log in as ``user``, once, with a word that is nobody's. Never raises for the server.

        ``auto`` is found out first. One attempt is spent as soon as the word leaves.
        """
        ways = Ways(ssh=self._ssh, ftp=self._ftp)
        return await ways.take(user, protocol, self.dialer, self.seconds)

    def _made(self, user: str, protocol: Protocol, answer: str, *, refused: bool) -> DrillLogin:
        door, at = self.dialer.admitted, utc_text(self.clock())
        return login_made(door, user, at, protocol, answer, refused=refused)

    # FTP

    async def _ftp(self, user: str, protocol: Protocol) -> Reading[DrillLogin]:
        session = await self._ftp_session(protocol)
        try:
            named = await session.command("USER", user.encode("ascii"))
            if named.code in _LET_IN:
                return _LET_IN_ANYWAY
            if named.code != _ASKS_PASSWORD:
                told = f"the server asks for no password: {named.shown}"
                return Unobserved(_reason(named), told)
            return await self._pass(session, user, protocol)
        finally:
            await session.leave()

    async def _ftp_session(self, protocol: Protocol) -> FtpSession:
        """Open a session, in TLS where the server has it. Raises ``Fault``."""
        opening = Opening(
            dialer=self.dialer, seconds=self.seconds, server_name=self.dialer.admitted.name
        )
        if protocol is Protocol.FTPS:
            return _welcomed(await FtpSession.connect(opening, implicit=shared_looking_context()))
        session = _welcomed(await FtpSession.connect(opening))
        try:
            if (await session.command("AUTH", b"TLS")).code == _TLS_READY:
                await session.shake_hands(shared_looking_context())
        except Fault:
            session.abort()
            return _welcomed(await FtpSession.connect(opening))
        except BaseException:
            session.abort()
            raise
        return session

    async def _pass(
        self, session: FtpSession, user: str, protocol: Protocol
    ) -> Reading[DrillLogin]:
        attempt = self.attempts.reserve(limit_key(self.dialer.admitted), AttemptKind.DRILL)
        if attempt is None:
            return _NO_ATTEMPT
        failed = True
        try:
            reply = await session.command("PASS", HARMLESS_WORD.encode("ascii"))
            failed = reply.code not in _LET_IN
        except Fault as fault:
            told = f"no answer to PASS ({fault.reason})"
            return Observed(self._made(user, protocol, told, refused=False))
        finally:
            self.attempts.settle(attempt, failed=failed)
        if not failed:
            return _LET_IN_ANYWAY
        return Observed(self._made(user, protocol, str(reply.shown), refused=True))

    # SSH

    async def _ssh(self, user: str) -> Reading[DrillLogin]:
        """Try the word as a password; where none is taken, a key that nobody knows."""
        hello = await read_hello(self.dialer, seconds=self.seconds, pause_seconds=_PAUSE)
        if isinstance(hello, Unobserved):
            return hello
        if isinstance(hello.value.kexinit, Unobserved):
            return hello.value.kexinit
        offered = set(hello.value.kexinit.value.host_key)
        known = [name for names in HOST_KEY_TYPES.values() for name in names if name in offered]
        word = SshCredential(username=user, password=HARMLESS_WORD)
        made = await self._ssh_try(word, tuple(known))
        if isinstance(made, Unobserved) and made.reason is Reason.NOT_OFFERED:
            made = await self._ssh_try(SshCredential.with_new_key(user), tuple(known))
        line = hello.value.identification.line.lower()
        if isinstance(made, Observed) and _KEEPS_NAMES in line:
            return Observed(replace(made.value, logged=False))
        return made

    async def _ssh_try(
        self, credential: SshCredential, algorithms: tuple[str, ...]
    ) -> Reading[DrillLogin]:
        key = limit_key(self.dialer.admitted)
        attempt = self.attempts.reserve(key, AttemptKind.DRILL)
        if attempt is None:
            return _NO_ATTEMPT
        await asyncio.sleep(_PAUSE)
        left = [True]
        terms = LoginTerms(
            algorithms=algorithms,
            accept=lambda _: True,  # nothing secret leaves, so that anybody may have it
            reserve=lambda _: bool(left) and left.pop(),
            seconds=self.seconds,
        )
        spent = True
        try:
            result = await log_in(self.dialer, credential, terms)
            spent = bool(result.sent) and result.status is not CredentialStatus.ACCEPTED
        finally:
            self.attempts.settle(attempt, failed=spent)
        if result.connection is not None:
            await close(result.connection)
            return _LET_IN_ANYWAY
        return self._ssh_outcome(credential.username, result)

    def _ssh_outcome(self, user: str, result: LoginResult) -> Reading[DrillLogin]:
        if result.sent:
            refused = result.status is CredentialStatus.REFUSED
            answer = f"{result.sent[-1]}: {result.detail}"
            return Observed(self._made(user, Protocol.SFTP, answer, refused=refused))
        reason = result.fault.reason if result.fault else Reason.NO_LOGIN
        return Unobserved(reason, result.detail)


async def aftermath(dialer: Dialer, protocol: str, seconds: float) -> str:
    """Knock once more; return how the server has closed itself to us, or nothing.

    It answered a moment ago: what keeps it from answering now is its reaction to the login.
    """
    try:
        if protocol == Protocol.SFTP:
            hello = await read_hello(dialer, seconds=seconds, pause_seconds=_PAUSE)
            return f"turns us away: {hello.detail}" if isinstance(hello, Unobserved) else ""
        opening = Opening(dialer=dialer, seconds=seconds, server_name=dialer.admitted.name)
        implicit = shared_looking_context() if protocol == Protocol.FTPS else None
        session = await FtpSession.connect(opening, implicit=implicit)
        await session.leave()
        return "" if session.greeting.code // 100 == 2 else f"greets with {session.greeting.shown}"
    except Fault as fault:
        return f"answers no more ({fault.reason})"


def _welcomed(session: FtpSession) -> FtpSession:
    """Return a session whose greeting is a welcome; raises ``Fault``."""
    if session.greeting.code // 100 != 2:
        session.abort()
        raise Fault(_reason(session.greeting), f"greeted with {session.greeting.shown}")
    return session


def _reason(reply: RawReply) -> Reason:
    return Reason.THROTTLED if reply.code == _CLOSING else Reason.PROTOCOL_ERROR
