"""The login of a drill that has an account of its own: it reads a canary, or comes from outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_data import Transfers
from scanner.clients.ftp_session import FtpSession
from scanner.clients.sftp import SftpTree
from scanner.clients.ssh_login import Connection, LoginResult, close
from scanner.clients.tls import shared_looking_context
from scanner.model.attempts import Attempt, AttemptKind, AttemptLedger
from scanner.model.drill import CanaryFile, DrillLogin, OffNetwork
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.model.view import AccountView, CredentialStatus
from scanner.probes.context import ProbeContext, utc_text
from scanner.probes.drill_login import Ways, login_made
from scanner.probes.ftp_access import NEEDS_ACCOUNT
from scanner.probes.ftp_accounts import Credential, load_credential
from scanner.probes.ftp_tls import ask_auth, leaf_of
from scanner.probes.ftp_visit import Visit
from scanner.probes.ssh_accounts import AccountDesk
from scanner.probes.ssh_survey import Asked, survey
from scanner.probes.ssh_trust import judge_host_keys

_PAUSE = 0.25
"""Seconds between two connections to an SSH server."""
_LET_IN = "let in"


class DrillAttempts:
    """The budget of failing logins as a drill uses it.

    Where it does not ``remember``, a refusal is forgotten: it may have been of the place, not of
    the secret, and the next drill has to see whether it still holds.
    """

    def __init__(self, ledger: AttemptLedger, *, remember: bool) -> None:
        self._ledger = ledger
        self._remember = remember

    def reserve(self, address: str, kind: AttemptKind) -> Attempt | None:  # noqa: ARG002 - as the protocol has it
        """Reserve an attempt of the drill's."""
        return self._ledger.reserve(address, AttemptKind.DRILL)

    def settle(self, attempt: Attempt, *, failed: bool) -> None:
        """Say how the attempt ended."""
        self._ledger.settle(attempt, failed=failed)

    def is_refused(self, credential_key: str) -> bool:
        """Whether the credential was refused before, as far as that is remembered."""
        return self._remember and self._ledger.is_refused(credential_key)

    def refuse(self, credential_key: str) -> None:
        """Remember a refusal, or not."""
        if self._remember:
            self._ledger.refuse(credential_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillVisitor:
    """Logs in once with a drill's own account, at one address and port.

    Its secret goes to a verified or pinned peer alone, and never in clear. A canary's visitor
    reads one byte of the file and keeps none; one from outside does nothing once it is in.
    """

    dialer: Dialer
    context: ProbeContext
    errand: CanaryFile | OffNetwork
    seconds: float

    async def make(self, user: str, protocol: Protocol) -> Reading[DrillLogin]:
        """Log in. ``user`` is the drill's nonce, for the label. Never raises for the server."""
        ways = Ways(ssh=self._ssh, ftp=self._ftp)
        return await ways.take(user, protocol, self.dialer, self.seconds)

    def _inside(self) -> Unobserved | None:
        """Return why a login from here would be none from outside."""
        if isinstance(self.errand, CanaryFile):
            return None
        allowed = [ip_network(text, strict=False) for text in self.errand.networks]
        for source in sorted(self.dialer.meter.sources):
            if any(ip_address(source.partition("%")[0]) in network for network in allowed):
                told = f"the drill comes from {source}, which lies in the account's networks"
                return Unobserved(Reason.NOT_DECLARED, told)
        return None

    def _made(
        self, protocol: Protocol, answer: str, *, let_in: bool = False, refused: bool = False
    ) -> DrillLogin:
        door, at = self.dialer.admitted, utc_text(self.context.clock())
        user = self.errand.account.username
        made = login_made(door, user, at, protocol, answer, refused=refused)
        return replace(made, let_in=let_in)

    def _read(self, protocol: Protocol, path: str, label: str) -> Observed[DrillLogin]:
        made = self._made(protocol, _LET_IN, let_in=True)
        return Observed(replace(made, opened=path, label=label))

    # SSH

    async def _ssh(self, user: str) -> Reading[DrillLogin]:
        seen = await survey(
            self.dialer, Asked(groups=False), seconds=self.seconds, pause_seconds=_PAUSE
        )
        if isinstance(seen, Unobserved):
            return seen
        if isinstance(seen.value.visit.kexinit, Unobserved):
            return seen.value.visit.kexinit
        inside = self._inside()
        if inside is not None:
            return inside
        found = seen.value
        keys = judge_host_keys(
            found.blobs, found.algorithms, found.fault, context=self.context, dialer=self.dialer
        )
        await asyncio.sleep(_PAUSE)
        desk = AccountDesk(self.dialer, self.context, keys, seconds=self.seconds)
        result = await desk.log_in(self.errand.account)
        if isinstance(result, Unobserved):
            return result
        if result.connection is None:
            return self._not_let_in(result)
        try:
            return await self._in_ssh(result.connection, user)
        finally:
            await close(result.connection)

    def _not_let_in(self, result: LoginResult) -> Reading[DrillLogin]:
        refused = result.status is CredentialStatus.REFUSED
        if isinstance(self.errand, CanaryFile):
            reason = result.fault.reason if result.fault else Reason.NO_LOGIN
            reason = Reason.CREDENTIAL_REFUSED if refused else reason
            return Unobserved(reason, f"the canary was not read: {result.detail}")
        if refused or result.status is CredentialStatus.UNDECIDED:
            answer = f"{result.sent[-1]}: {result.detail}"
            return Observed(self._made(Protocol.SFTP, answer, refused=refused))
        reason = result.fault.reason if result.fault else Reason.NO_LOGIN
        return Unobserved(reason, result.detail)

    async def _in_ssh(self, connection: Connection, user: str) -> Reading[DrillLogin]:
        if isinstance(self.errand, OffNetwork):
            return Observed(self._made(Protocol.SFTP, _LET_IN, let_in=True))
        tree = await SftpTree.over(connection, self.dialer.meter, seconds=self.seconds)
        try:
            path, label = self.errand.path, label_of(self.errand.path, user)
            await tree.read_range(label.encode("ascii"), 0, 1)
            read = await tree.read_range(path.encode("ascii"), 0, 1)
        finally:
            tree.close()
        if isinstance(read, Unobserved):
            return _not_opened(read.reason, read.detail)
        return self._read(Protocol.SFTP, path, label)

    # FTP

    async def _ftp(self, user: str, protocol: Protocol) -> Reading[DrillLogin]:
        visit = Visit(self.dialer, self.context, implicit=protocol is Protocol.FTPS)
        await _find_tls(visit)
        inside = self._inside()
        if inside is not None:
            return inside
        credential = load_credential(visit, self.errand.account)
        if isinstance(credential, AccountView):
            return _told(credential)
        try:
            session, login = await credential.log_in()
        except Fault as fault:
            return self._unanswered(credential, protocol, fault)
        if not login.accepted:
            reply = login.replies[-1]
            if reply.code == NEEDS_ACCOUNT or isinstance(self.errand, CanaryFile):
                return Unobserved(Reason.NO_LOGIN, f"the login was not let in: {reply.shown}")
            return Observed(self._made(protocol, str(reply.shown), refused=True))
        try:
            return await self._in_ftp(session, user, protocol)
        finally:
            await session.leave()

    def _unanswered(
        self, credential: Credential, protocol: Protocol, fault: Fault
    ) -> Reading[DrillLogin]:
        """Return what a login comes to that ended in a fault, once the password had left."""
        if isinstance(self.errand, CanaryFile) or not credential.sent:
            return fault.reading
        refused = fault.reason is Reason.THROTTLED
        answer = fault.detail if refused else f"no answer to PASS ({fault.reason})"
        return Observed(self._made(protocol, answer, refused=refused))

    async def _in_ftp(
        self, session: FtpSession, user: str, protocol: Protocol
    ) -> Reading[DrillLogin]:
        if isinstance(self.errand, OffNetwork):
            return Observed(self._made(protocol, _LET_IN, let_in=True))
        reply = await session.protect_data()
        if not session.data_protected:
            told = f"its data cannot be protected: {reply.shown}"
            return _not_opened(Reason.UNVERIFIED_PEER, told)
        path, label = self.errand.path, label_of(self.errand.path, user)
        transfers = Transfers(session)
        await transfers.read(label.encode("ascii"), 0, 1)
        read = await transfers.read(path.encode("ascii"), 0, 1)
        if not read.opened:
            return _not_opened(Reason.UNREADABLE, str(read.reply.shown))
        return self._read(protocol, path, label)


def label_of(path: str, user: str) -> str:
    """Return the name of no file that is asked for before the canary, in its folder."""
    return f"{path.rpartition('/')[0]}/{user}"


def _not_opened(reason: Reason, detail: str) -> Unobserved:
    return Unobserved(reason, f"the canary could not be read: {detail}")


async def _find_tls(visit: Visit) -> None:
    """Find how TLS is had, and whose certificate is seen first. Raises ``Fault``."""
    if visit.implicit:
        visit.mechanism = "implicit"
        session = await visit.connect_tls()
    else:
        session = await visit.connect_clear()
    try:
        if not visit.implicit:
            await ask_auth(visit, session)
            if not visit.mechanism:
                return
            await session.shake_hands(shared_looking_context())
        visit.certificate = leaf_of(session)
    finally:
        await session.leave()


def _told(view: AccountView) -> Unobserved:
    return view.view if isinstance(view.view, Unobserved) else Unobserved(Reason.NO_LOGIN)
