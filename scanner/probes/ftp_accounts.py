"""Supplied accounts on an FTP endpoint: logged in inside trusted TLS only.

A refused secret is not sent again. An accepted one is sent again when a session was lost.
"""

from __future__ import annotations

from scanner.clients.faults import Fault
from scanner.clients.ftp_session import FtpSession
from scanner.errors import SecretError
from scanner.model.attempts import AttemptKind, limit_key
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus
from scanner.probes.ftp_access import ASKS_PASSWORD, LET_IN, NEEDS_ACCOUNT, Login
from scanner.probes.ftp_tls import connect_trusted
from scanner.probes.ftp_visit import Visit, raise_if_throttled
from scanner.wire.ftp import RawReply

REFUSED_BEFORE = "refused before; not tried again until it changes"
_UNSENDABLE = (b"\r", b"\n", b"\0")


class Credential:
    """A supplied login in memory, for one endpoint. Its repr hides the password."""

    def __init__(self, visit: Visit, account: Account, password: bytes) -> None:
        self.username = account.username
        self._visit = visit
        self._user = account.username.encode("utf-8")
        self._password = password
        self._key = visit.context.mask(b"credential", self._user, password)
        self.sent = False
        """Whether the password has left."""

    def __repr__(self) -> str:
        return f"Credential({self.username!r})"

    @property
    def is_sendable(self) -> bool:
        """Whether a command line can carry it."""
        both = self._user + self._password
        return bool(self._user) and not any(byte in both for byte in _UNSENDABLE)

    @property
    def was_refused(self) -> bool:
        """Whether it was refused before, on whatever host."""
        return self._visit.context.attempts.is_refused(self._key)

    async def log_in(self) -> tuple[FtpSession, Login]:
        """Open a trusted session and try to log in there. The session is only open if let in.

        Raises ``Fault``; ``sent`` then says whether the password had left.
        """
        session = await connect_trusted(self._visit)
        gate = self._visit.context.gate
        try:
            async with gate.hold([self._key]):
                login = await self._present(session)
        except BaseException:
            session.abort()
            raise
        if login.accepted:
            gate.accept(self._key)
        else:
            await session.leave()
        return session, login

    async def again(self) -> FtpSession:
        """Log in again after the session was lost. Raises ``Fault``."""
        session, login = await self.log_in()
        if not login.accepted:
            raise Fault(Reason.CREDENTIAL_REFUSED, str(login.replies[-1].shown))
        return session

    async def _present(self, session: FtpSession) -> Login:
        if self.was_refused:
            raise Fault(Reason.CREDENTIAL_REFUSED, REFUSED_BEFORE)
        visit = self._visit
        user = await session.command("USER", self._user)
        raise_if_throttled(user)
        visit.note(f"USER {self.username}", user)
        if user.code != ASKS_PASSWORD:
            visit.dialer.meter.logins += user.code in LET_IN
            return Login((user,))
        attempt = visit.context.attempts.reserve(
            limit_key(visit.dialer.admitted), AttemptKind.ACCOUNT
        )
        if attempt is None:
            raise Fault(Reason.ATTEMPT_BUDGET, "no failing login is left to risk")
        self.sent = True
        reply = await session.command("PASS", self._password)
        visit.note("PASS", reply)
        login = Login((user, reply))
        rejected = not login.accepted and reply.code != NEEDS_ACCOUNT
        visit.context.attempts.settle(attempt, failed=rejected)
        visit.dialer.meter.logins += 1
        visit.dialer.meter.logins_failed += rejected
        if rejected:
            raise_if_throttled(reply)
        if rejected and reply.code // 100 == 5:
            visit.context.attempts.refuse(self._key)
        return login


def load_credential(visit: Visit, account: Account) -> Credential | AccountView:
    """Return the credential of an account, or why it is not sent."""
    if account.password is None:
        return not_sent(account, Reason.CREDENTIAL_MISSING, "no password is supplied")
    if not visit.mechanism:
        return not_sent(account, Reason.UNVERIFIED_PEER, "the server offers no TLS")
    try:
        secret = visit.context.secrets.resolve(account.password)
    except SecretError as error:
        return not_sent(account, Reason.CREDENTIAL_MISSING, str(error))
    credential = Credential(visit, account, secret.reveal())
    if not credential.is_sendable:
        detail = "it holds characters that FTP cannot carry"
        return not_sent(account, Reason.CREDENTIAL_MISSING, detail)
    if credential.was_refused:
        return not_sent(account, Reason.CREDENTIAL_REFUSED, REFUSED_BEFORE)
    return credential


def not_sent(account: Account, reason: Reason, detail: str) -> AccountView:
    """Return the view of an account whose secret was not sent."""
    return AccountView(
        username=account.username,
        status=CredentialStatus.NOT_SENT,
        detail=detail,
        view=Unobserved(reason, detail),
    )


def refused(account: Account, login: Login) -> AccountView:
    """Return the view of an account that was not let in, as the last reply has it."""
    reply = login.replies[-1]
    detail = str(reply.shown)
    return AccountView(
        username=account.username,
        status=_status_of(reply),
        detail=detail,
        remaining=("account",) if reply.code == NEEDS_ACCOUNT else (),
        view=Unobserved(Reason.CREDENTIAL_REFUSED, detail),
    )


def _status_of(reply: RawReply) -> CredentialStatus:
    if reply.code == NEEDS_ACCOUNT:
        return CredentialStatus.PARTIAL
    return CredentialStatus.REFUSED if reply.code // 100 == 5 else CredentialStatus.UNDECIDED
