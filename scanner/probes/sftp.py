"""Observes one SFTP endpoint: what it says of itself, its keys, its logins and what they reach."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh import SshHello, read_hello
from scanner.clients.ssh_offers import ask_methods
from scanner.model.attempts import AttemptKind, limit_key
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, HostKey, KexInit, SshFacts
from scanner.model.target import Account
from scanner.model.view import AccountView
from scanner.probes.context import ProbeContext, nonsense_name
from scanner.probes.ssh_accounts import AccountDesk
from scanner.probes.ssh_names import observe_sshfp
from scanner.probes.ssh_trust import TURNED_AWAY, HostKeys, observe_host_keys

_PAUSE_SECONDS = 0.2
_SHARE_OF_TIME = 0.9


async def observe_sftp(
    dialer: Dialer, context: ProbeContext, *, pause_seconds: float = _PAUSE_SECONDS
) -> SshFacts:
    """Ask everything that the target allows, one connection at a time, ``pause_seconds`` apart
    (not on loopback).

    Order: identification and offers, host keys, supplied accounts, and last one ``none`` request
    for a decoy user. Raises ``Fault`` when the port does not answer or another service does;
    everything else that goes wrong is ``Unobserved`` in its place.
    """
    return await _SftpProbe(dialer, context, pause_seconds).run()


class _SftpProbe:
    def __init__(self, dialer: Dialer, context: ProbeContext, pause_seconds: float) -> None:
        self._dialer = dialer
        self._context = context
        self._pause = 0.0 if dialer.admitted.ip.is_loopback else pause_seconds
        self._seconds = context.target.limits.timeout_seconds
        clock = asyncio.get_running_loop().time
        self._deadline = clock() + context.target.limits.asset_seconds * _SHARE_OF_TIME
        self._turned_away: Unobserved | None = None

    async def run(self) -> SshFacts:
        hello = await read_hello(self._dialer, seconds=self._seconds, pause_seconds=self._pause)
        if isinstance(hello, Unobserved):
            return SshFacts(identification=hello)
        facts = self._hello_facts(hello.value)
        if isinstance(facts.kexinit, Unobserved):
            return self._without_kex(facts, facts.kexinit)
        keys = await observe_host_keys(
            self._dialer,
            self._context,
            facts.kexinit.value,
            seconds=self._seconds,
            pause_seconds=self._pause,
        )
        self._heed(keys.fault)
        facts = replace(facts, host_keys=self._key_facts(keys))
        sshfp = await observe_sshfp(self._dialer, self._context, keys.blobs)
        facts = replace(facts, sshfp=sshfp)
        facts = replace(facts, accounts=await self._accounts(keys))
        return replace(facts, methods=await self._methods(facts, keys))

    def _hello_facts(self, hello: SshHello) -> SshFacts:
        said = hello.identification
        log = self._context.evidence
        seen = log.add("ssh-identification", {"line": said.line, "before": said.before[:5]})
        kexinit = hello.kexinit
        if isinstance(kexinit, Observed):
            kexinit = Observed(kexinit.value, (log.add("ssh-kexinit", _offers(kexinit.value)),))
        return SshFacts(identification=Observed(said.line, (seen,)), kexinit=kexinit)

    def _without_kex(self, facts: SshFacts, why: Unobserved) -> SshFacts:
        accounts = tuple(AccountDesk.not_sent(account, why) for account in self._supplied())
        return replace(facts, host_keys=why, methods=why, accounts=accounts)

    def _key_facts(self, keys: HostKeys) -> Reading[tuple[HostKey, ...]]:
        if not keys.seen:
            return keys.fault or Unobserved(Reason.NOT_OFFERED, "no host key type is known here")
        evidence = tuple(
            self._context.evidence.add(
                "ssh-host-key",
                {
                    "algorithm": key.algorithm,
                    "bits": key.bits,
                    "fingerprint": key.fingerprint,
                    "trust": str(key.trust),
                    "trust_detail": key.trust_detail,
                },
            )
            for key in keys.seen
        )
        return Observed(keys.seen, evidence)

    async def _accounts(self, keys: HostKeys) -> tuple[AccountView, ...]:
        accounts = self._supplied()
        desk = AccountDesk(self._dialer, self._context, keys, seconds=self._seconds)
        views: list[AccountView] = []
        for index, account in enumerate(accounts):
            if self._turned_away is not None:
                views.append(desk.not_sent(account, self._turned_away))
                continue
            await asyncio.sleep(self._pause)
            left = self._deadline - asyncio.get_running_loop().time()
            views.append(await desk.observe(account, seconds=left / (len(accounts) - index)))
            self._heed(views[-1].view)
        return tuple(views)

    def _heed(self, reading: object) -> None:
        """Remember that the server wants no more connections."""
        if isinstance(reading, Unobserved) and reading.reason in TURNED_AWAY:
            self._turned_away = reading

    def _supplied(self) -> list[Account]:
        """Return the accounts that may be tried; none where no credential is asked for."""
        if not self._context.credentialed:
            return []
        return [account for account in self._context.target.accounts if account.has_credential]

    async def _methods(self, facts: SshFacts, keys: HostKeys) -> Reading[AuthMethods]:
        if not keys.algorithms:
            return facts.host_keys if isinstance(facts.host_keys, Unobserved) else _unknown_keys()
        if self._turned_away is not None:
            return self._turned_away
        attempts = self._context.attempts
        attempt = attempts.reserve(limit_key(self._dialer.admitted), AttemptKind.DECOY)
        if attempt is None:
            return Unobserved(Reason.ATTEMPT_BUDGET, "no attempt is left for a decoy user")
        await asyncio.sleep(self._pause)
        username = nonsense_name()
        failed = True
        try:
            methods = await ask_methods(
                self._dialer, username, keys.algorithms, seconds=self._seconds
            )
            failed = not methods.none_accepted
        except Fault as fault:
            return fault.reading
        finally:
            attempts.settle(attempt, failed=failed)
            self._count(failed=failed)
        return Observed(methods, (self._methods_evidence(username, methods),))

    def _count(self, *, failed: bool) -> None:
        self._dialer.meter.logins += 1
        self._dialer.meter.logins_failed += failed

    def _methods_evidence(self, username: str, methods: AuthMethods) -> str:
        return self._context.evidence.add(
            "ssh-auth-methods",
            {
                "username": username,
                "none_accepted": methods.none_accepted,
                "methods": methods.methods,
                "banner": methods.banner[:200],
            },
        )


def _unknown_keys() -> Unobserved:
    return Unobserved(Reason.NOT_OFFERED, "no host key type is known here")


def _offers(kexinit: KexInit) -> dict[str, tuple[str, ...]]:
    return {
        "kex": kexinit.kex,
        "host_key": kexinit.host_key,
        "ciphers_in": kexinit.ciphers_in,
        "ciphers_out": kexinit.ciphers_out,
        "macs_in": kexinit.macs_in,
        "macs_out": kexinit.macs_out,
        "compression_in": kexinit.compression_in,
        "compression_out": kexinit.compression_out,
    }
