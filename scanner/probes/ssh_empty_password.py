"""Whether a listed account is let in with an empty password, where the target allows it."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_login import LoginTerms, SshCredential, close, log_in
from scanner.model.attempts import Attempt, AttemptKind, limit_key
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import EmptyPassword
from scanner.model.target import Account
from scanner.model.view import CredentialStatus
from scanner.probes.context import ProbeContext
from scanner.probes.ssh_evidence import SshEvidence
from scanner.probes.ssh_pace import Pace
from scanner.probes.ssh_trust import HostKeys


class EmptyPasswords:
    """Tries one empty password for each account of one endpoint, within the attempt budget.

    Every night anew: it is no secret that somebody could change. No account is named to a host in
    doubt.
    """

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

    async def of(self, accounts: Sequence[Account]) -> tuple[EmptyPassword, ...]:
        """Return how each account fared."""
        names = dict.fromkeys(account.username for account in accounts)
        return tuple([await self._one(name) for name in names])

    async def _one(self, username: str) -> EmptyPassword:
        accepted = self._doubt() or self._pace.stopped or await self._try(username)
        if isinstance(accepted, Observed):
            accepted = self._evidence.empty_password(username, accepted=accepted.value)
        else:
            self._pace.heed(accepted)
        return EmptyPassword(username=username, accepted=accepted)

    def _doubt(self) -> Unobserved | None:
        return None if self._keys.trusted else self._keys.distrust(self._context.pinned_only)

    async def _try(self, username: str) -> Reading[bool]:
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
