"""What an SSH server offers the accounts that the team lists: no secret is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AccountMethods, AuthMethods
from scanner.model.target import Account
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
                methods = self._doubt() or await self.of(name)
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

    def _doubt(self) -> Unobserved | None:
        return None if self._keys.trusted else self._keys.distrust(self._context.pinned_only)
