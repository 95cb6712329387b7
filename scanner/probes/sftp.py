"""Observes one SFTP endpoint: what it says of itself, its keys, its logins and what they reach."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from scanner.clients.dialer import Dialer
from scanner.model.attempts import Attempt, AttemptKind, limit_key
from scanner.model.login_keys import AccountKeys
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, EmptyPassword, HostKey, SshFacts
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus
from scanner.probes.context import ProbeContext, nonsense_name
from scanner.probes.ssh_evidence import SshEvidence
from scanner.probes.ssh_names import observe_sshfp
from scanner.probes.ssh_offers import Offers
from scanner.probes.ssh_pace import Pace
from scanner.probes.ssh_survey import Asked, Survey, survey
from scanner.probes.ssh_trust import HostKeys, judge_host_keys, not_sent

if TYPE_CHECKING:
    from scanner.probes.ssh_accounts import AccountDesk

_PAUSE_SECONDS = 0.2
_SHARE_OF_TIME = 0.9
_TRIES = 2


async def observe_sftp(
    dialer: Dialer, context: ProbeContext, *, pause_seconds: float = _PAUSE_SECONDS
) -> SshFacts:
    """Ask everything that the target allows, one connection at a time, ``pause_seconds`` apart
    (not on loopback), and further apart where the server turns connections away.

    Order: offers, host keys and one ``none`` request for a decoy user, mostly over one
    connection; supplied accounts; whose public keys the listed accounts accept; what the other
    listed accounts are offered; empty passwords, where the target allows them. A decoy waits until
    the accounts are done where it might take their last attempt. Raises ``Fault`` when the port
    does not answer or another service does; everything else that goes wrong is ``Unobserved`` in
    its place.
    """
    return await _SftpProbe(dialer, context, pause_seconds).run()


class _SftpProbe:
    def __init__(self, dialer: Dialer, context: ProbeContext, pause_seconds: float) -> None:
        self._dialer = dialer
        self._context = context
        self._pace = Pace(0.0 if dialer.admitted.ip.is_loopback else pause_seconds)
        self._seconds = context.target.limits.timeout_seconds
        clock = asyncio.get_running_loop().time
        self._deadline = clock() + context.target.limits.asset_seconds * _SHARE_OF_TIME
        self._evidence = SshEvidence(context.evidence)

    async def run(self) -> SshFacts:
        decoy, attempt = nonsense_name(), self._reserve_decoy()
        seen: Reading[Survey] = Unobserved(Reason.INTERRUPTED)
        try:
            seen = await self._survey(None if attempt is None else decoy)
        finally:
            self._settle(attempt, seen)
        if isinstance(seen, Unobserved):
            return SshFacts(identification=seen)
        facts = self._said(seen.value, decoy if attempt is not None else "")
        if isinstance(facts.kexinit, Unobserved):
            return self._without_kex(facts, facts.kexinit)
        return await self._logins(facts, seen.value, decoyed=attempt is not None)

    async def _survey(self, username: str | None) -> Reading[Survey]:
        return await survey(
            self._dialer,
            Asked(username=username),
            seconds=self._seconds,
            pause_seconds=self._pace.seconds,
        )

    def _reserve_decoy(self) -> Attempt | None:
        """Reserve an attempt for the decoy where every supplied secret may still fail besides."""
        attempts, key = self._context.attempts, limit_key(self._dialer.admitted)
        ahead = [attempts.reserve(key, AttemptKind.ACCOUNT) for _ in range(self._risked())]
        decoy = attempts.reserve(key, AttemptKind.DECOY)
        for held in ahead:
            if held is not None:
                attempts.settle(held, failed=False)
        return decoy

    def _risked(self) -> int:
        """Return how many secrets and public keys may be refused before the decoy's turn."""
        secrets = sum(
            (account.password is not None) + (account.private_key is not None)
            for account in self._supplied()
        )
        # A key that nobody holds goes before those of several people.
        people = [len(account.public_keys) for account in self._listed()]
        return secrets + sum(count + (count > 1) for count in people)

    def _settle(self, attempt: Attempt | None, seen: Reading[Survey]) -> None:
        """Count the decoy's request as failed wherever it may have been refused."""
        if attempt is None:
            return
        methods = seen.value.methods if isinstance(seen, Observed) else seen
        let_in = isinstance(methods, Observed) and methods.value.none_accepted
        asked = isinstance(methods, Observed) or _may_have_been_sent(methods)
        failed = asked and not let_in
        self._context.attempts.settle(attempt, failed=failed)
        self._dialer.meter.logins += asked
        self._dialer.meter.logins_failed += failed

    def _said(self, seen: Survey, decoy: str) -> SshFacts:
        keep, visit = self._evidence, seen.visit
        return SshFacts(
            identification=keep.identification(visit.identification),
            kexinit=keep.kexinit(visit.kexinit),
            group_exchange=keep.group_exchange(visit.group_exchange),
            extensions=keep.extensions(visit.extensions),
            methods=keep.methods(decoy, seen.methods) if decoy else seen.methods,
            prompts=keep.prompts(decoy, visit.prompts) if decoy else visit.prompts,
        )

    def _without_kex(self, facts: SshFacts, why: Unobserved) -> SshFacts:
        return replace(
            facts,
            host_keys=why,
            every_key=why,
            group_exchange=why,
            extensions=why,
            methods=why,
            prompts=why,
            accounts=tuple(not_sent(account, why) for account in self._supplied()),
        )

    async def _logins(self, facts: SshFacts, seen: Survey, *, decoyed: bool) -> SshFacts:
        keys = judge_host_keys(
            seen.blobs, seen.algorithms, seen.fault, context=self._context, dialer=self._dialer
        )
        self._pace.heed(seen.turned_away)
        every: Reading[bool] = keys.fault or Observed(value=True)
        sshfp = await observe_sshfp(self._dialer, self._context, keys.blobs)
        facts = replace(facts, host_keys=self._key_facts(keys), every_key=every, sshfp=sshfp)
        accounts, offered = await self._accounts(keys)
        facts = replace(facts, accounts=accounts)
        asked, known = await self._key_queries(keys)
        offered = {**known, **offered}
        offers = Offers(self._dialer, self._context, keys, self._pace, seconds=self._seconds)
        if not decoyed:
            facts = replace(facts, methods=await self._late_decoy(offers))
        return replace(
            facts,
            account_methods=await offers.of_accounts(self._listed(), offered),
            empty_passwords=await self._empty_passwords(keys),
            account_keys=asked,
        )

    def _key_facts(self, keys: HostKeys) -> Reading[tuple[HostKey, ...]]:
        if not keys.seen:
            return keys.fault or Unobserved(Reason.NOT_OFFERED, "no host key type is known here")
        return self._evidence.host_keys(keys.seen)

    async def _accounts(
        self, keys: HostKeys
    ) -> tuple[tuple[AccountView, ...], Mapping[str, AuthMethods]]:
        """Try the supplied accounts; return what each saw, and what each was offered."""
        accounts = self._supplied()
        if not accounts:
            return (), {}
        # Where nobody logs in, nobody waits for asyncssh and paramiko to be loaded.
        from scanner.probes.ssh_accounts import AccountDesk  # noqa: PLC0415 - see above

        desk = AccountDesk(self._dialer, self._context, keys, seconds=self._seconds)
        views: list[AccountView] = []
        for index, account in enumerate(accounts):
            views.append(await self._account(desk, account, len(accounts) - index))
        return tuple(views), desk.offered

    async def _key_queries(
        self, keys: HostKeys
    ) -> tuple[tuple[AccountKeys, ...], Mapping[str, AuthMethods]]:
        """Ask whose public keys open the listed accounts, and keep what they were offered."""
        accounts = self._listed()
        if not accounts:
            return (), {}
        from scanner.probes.ssh_key_queries import KeyQueries  # noqa: PLC0415 - as above

        queries = KeyQueries(self._dialer, self._context, keys, self._pace, seconds=self._seconds)
        return await queries.of(accounts, deadline=self._deadline), queries.offered

    async def _empty_passwords(self, keys: HostKeys) -> tuple[EmptyPassword, ...]:
        accounts = self._listed()
        if not (accounts and self._context.target.allow.empty_password):
            return ()
        from scanner.probes.ssh_empty_password import EmptyPasswords  # noqa: PLC0415 - as above

        tried = EmptyPasswords(self._dialer, self._context, keys, self._pace, seconds=self._seconds)
        return await tried.of(accounts)

    async def _account(self, desk: AccountDesk, account: Account, left: int) -> AccountView:
        """Try an account; once more, later, where the server turned the connection away."""
        for _ in range(_TRIES):
            if self._pace.stopped is not None:
                return not_sent(account, self._pace.stopped)
            await self._pace.step()
            seconds = (self._deadline - asyncio.get_running_loop().time()) / left
            view = await desk.observe(account, seconds=seconds)
            unsent = view.status is CredentialStatus.NOT_SENT
            if not (self._pace.heed(view.view) and unsent):
                break
        return view

    async def _late_decoy(self, offers: Offers) -> Reading[AuthMethods]:
        """Ask for the decoy now that the accounts have had their attempts."""
        attempts = self._context.attempts
        attempt = attempts.reserve(limit_key(self._dialer.admitted), AttemptKind.DECOY)
        if attempt is None:
            return Unobserved(Reason.ATTEMPT_BUDGET, "no attempt is left for a decoy user")
        failed = True
        try:
            heard = await offers.of(name := nonsense_name())
            failed = not (isinstance(heard, Observed) and heard.value.none_accepted)
        finally:
            attempts.settle(attempt, failed=failed)
            self._dialer.meter.logins += 1
            self._dialer.meter.logins_failed += failed
        return self._evidence.methods(name, heard)

    def _listed(self) -> tuple[Account, ...]:
        """Return the accounts that may be named to the server; none without credentials."""
        return self._context.target.accounts if self._context.credentialed else ()

    def _supplied(self) -> list[Account]:
        """Return the accounts that may be tried."""
        return [account for account in self._listed() if account.has_credential]


def _may_have_been_sent(reading: Unobserved) -> bool:
    """Whether a request without an answer may have reached the server."""
    return reading.reason in {Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.PROTOCOL_ERROR}
