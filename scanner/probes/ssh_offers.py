"""What an SSH server offers the accounts that the team lists: no secret is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_login import LoginTerms, SshCredential, close, log_in
from scanner.model.attempts import Attempt, AttemptKind, limit_key
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AccountMethods, AuthMethods, EmptyPassword
from scanner.model.target import Account
from scanner.model.view import CredentialStatus
from scanner.probes.context import ProbeContext
from scanner.probes.ssh_evidence import SshEvidence
from scanner.probes.ssh_pace import Pace
from scanner.probes.ssh_survey import Asked, survey
from scanner.probes.ssh_trust import HostKeys

MOST_ACCOUNTS = 16
"""Listed accounts that are asked about on one endpoint, without their credentials."""

_TRIES = 2
_BEYOND = Unobserved(Reason.CONNECTION_BUDGET, f"only {MOST_ACCOUNTS} accounts are asked about")


class Offers:
    """Asks one endpoint, one connection for each account that did not log in."""

    def __init__(
        self,
        dialer: Dialer,
        context: ProbeContext,
        keys: HostKeys,
        pace: Pace,
        *,
        seconds: float,
    ) -> None:
        self._dialer = dialer
        self._context = context
        self._keys = keys
        self._pace = pace
        self._seconds = seconds
        self._evidence = SshEvidence(context.evidence)

    async def of_accounts(
        self, accounts: Sequence[Account], known: Mapping[str, AuthMethods]
    ) -> tuple[AccountMethods, ...]:
        """Return what each account is offered. ``known`` holds what logins have told already.

        No name of an account is told to a host in doubt.
        """
        found: list[AccountMethods] = []
        names = dict.fromkeys(account.username for account in accounts)
        for number, name in enumerate(names):
            if name in known:
                methods: Reading[AuthMethods] = Observed(known[name])
            elif number >= MOST_ACCOUNTS:
                methods = _BEYOND
            else:
                methods = self._stranger() or await self.of(name)
            found.append(
                AccountMethods(username=name, methods=self._evidence.methods(name, methods))
            )
        return tuple(found)

    async def of(self, username: str) -> Reading[AuthMethods]:
        """Send one ``none`` request; once more, later, where the server was too busy."""
        heard: Reading[AuthMethods] = Unobserved(Reason.NOT_LOOKED_AT)
        for _ in range(_TRIES):
            if self._pace.stopped is not None:
                return self._pace.stopped
            await self._pace.step()
            heard = await self._once(username)
            if not self._pace.heed(heard):
                break
        return heard

    async def _once(self, username: str) -> Reading[AuthMethods]:
        try:
            seen = await survey(
                self._dialer,
                Asked(username=username, whole=False),
                seconds=self._seconds,
                pause_seconds=self._pace.seconds,
            )
        except Fault as fault:
            return fault.reading
        return seen if isinstance(seen, Unobserved) else seen.value.methods

    def _stranger(self) -> Unobserved | None:
        return None if self._keys.trusted else self._keys.distrust(self._context.pinned_only)

    async def empty_passwords(self, accounts: Sequence[Account]) -> tuple[EmptyPassword, ...]:
        """Try an empty password once for each account, where the target allows it."""
        if not self._context.target.allow.empty_password:
            return ()
        names = dict.fromkeys(account.username for account in accounts)
        return tuple([await self._empty_password(name) for name in names])

    async def _empty_password(self, username: str) -> EmptyPassword:
        accepted = self._stranger() or self._pace.stopped or await self._try_empty(username)
        if isinstance(accepted, Observed):
            accepted = self._evidence.empty_password(username, accepted=accepted.value)
        else:
            self._pace.heed(accepted)
        return EmptyPassword(username=username, accepted=accepted)

    async def _try_empty(self, username: str) -> Reading[bool]:
        reserved: list[Attempt] = []
        terms = LoginTerms(
            algorithms=self._keys.trusted_algorithms,
            accept=lambda blob: blob in self._keys.trusted,
            reserve=lambda _: self._reserve(reserved),
            seconds=self._seconds,
        )
        await self._pace.step()
        status, why = await self._log_in(username, terms)
        for attempt in reserved:
            failed = status is not CredentialStatus.ACCEPTED
            self._context.attempts.settle(attempt, failed=failed)
            self._dialer.meter.logins += 1
            self._dialer.meter.logins_failed += failed
        if status in {CredentialStatus.ACCEPTED, CredentialStatus.REFUSED}:
            return Observed(status is CredentialStatus.ACCEPTED)
        return why

    async def _log_in(
        self, username: str, terms: LoginTerms
    ) -> tuple[CredentialStatus, Unobserved]:
        try:
            result = await log_in(
                self._dialer, SshCredential(username=username, password=""), terms
            )
        except Fault as fault:
            return CredentialStatus.NOT_SENT, fault.reading
        if result.connection is not None:
            await close(result.connection)
        if result.held_back:
            why = Unobserved(Reason.ATTEMPT_BUDGET, "no attempt is left for an empty password")
            return result.status, why
        if result.fault is not None and result.fault.reason is Reason.NOT_OFFERED:
            return CredentialStatus.REFUSED, result.fault.reading
        reason = result.fault.reason if result.fault else Reason.NO_LOGIN
        return result.status, Unobserved(reason, result.detail)

    def _reserve(self, reserved: list[Attempt]) -> bool:
        key = limit_key(self._dialer.admitted)
        attempt = self._context.attempts.reserve(key, AttemptKind.ACCOUNT)
        if attempt is not None:
            reserved.append(attempt)
        return attempt is not None
