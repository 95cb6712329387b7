"""Tries the supplied accounts on an SSH server, each secret once, and looks at what they reach."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_factors import FirstFactor, remaining_factors
from scanner.clients.ssh_login import LoginResult, LoginTerms, SshCredential, log_in
from scanner.errors import SecretError
from scanner.model.attempts import Attempt, AttemptKind, limit_key
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.secret import SecretRef
from scanner.model.ssh import AuthMethods
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus
from scanner.probes.context import ProbeContext
from scanner.probes.ssh_inside import Inside, Look
from scanner.probes.ssh_trust import HostKeys, not_sent

_LARGEST_CERTIFICATE = 65_536


class AccountDesk:
    """Logs in to one endpoint. Secrets go only to host keys that ``keys`` holds as trusted.

    ``offered`` is what each account was offered before its first secret.
    """

    def __init__(
        self, dialer: Dialer, context: ProbeContext, keys: HostKeys, *, seconds: float
    ) -> None:
        self._dialer = dialer
        self._context = context
        self._keys = keys
        self._seconds = seconds
        self.offered: dict[str, AuthMethods] = {}

    async def observe(self, account: Account, *, seconds: float) -> AccountView:
        """Try each secret of an account once and walk what it reaches, ``seconds`` at most.

        A secret that was refused before, anywhere, is not sent. Never raises for what the
        server does.
        """
        result = await self.log_in(account)
        if isinstance(result, Unobserved):
            return not_sent(account, result)
        return await self._view(account.username, result, seconds)

    async def log_in(self, account: Account) -> LoginResult | Unobserved:
        """Try each secret of an account once; ``Unobserved`` where nothing could leave.

        Whoever is let in has to close the result's connection.
        """
        if not self._keys.trusted:
            return self._keys.distrust(self._context.pinned_only)
        try:
            secrets = self._secrets(account)
            marks = self._marks(account, secrets)
        except SecretError as error:
            return Unobserved(Reason.CREDENTIAL_MISSING, str(error))
        async with self._context.gate.hold(marks.values()):
            return await self._try(account, secrets, marks)

    async def _try(
        self, account: Account, secrets: Mapping[str, bytes], marks: Mapping[str, str]
    ) -> LoginResult | Unobserved:
        """Try what was not refused before; ``Unobserved`` where nothing could leave."""
        try:
            pocket = await self._pocket(account, secrets, marks)
        except SecretError as error:
            return Unobserved(Reason.CREDENTIAL_MISSING, str(error))
        except Fault as fault:
            return fault.reading
        if pocket.credential.empty:
            return Unobserved(Reason.CREDENTIAL_REFUSED, "refused before, and not changed since")
        return await self._log_in(pocket)

    def _secrets(self, account: Account) -> dict[str, bytes]:
        """Resolve what an account logs in with. Raises ``SecretError``."""
        secrets: dict[str, bytes] = {}
        if account.private_key is not None:
            secrets["publickey"] = self._reveal(account.private_key)
        if account.password is not None:
            secrets["password"] = self._reveal(account.password)
        return secrets

    def _marks(self, account: Account, secrets: Mapping[str, bytes]) -> dict[str, str]:
        """Return the keyed hash of each secret. Raises ``SecretError``.

        A renewed certificate makes another credential of its key.
        """
        name = account.username.encode()
        shown = {"publickey": _certificate(account)}
        return {
            kind: self._context.mask(b"credential", name, secret + shown.get(kind, b""))
            for kind, secret in secrets.items()
        }

    async def _pocket(
        self, account: Account, secrets: Mapping[str, bytes], marks: Mapping[str, str]
    ) -> _Pocket:
        """Read what was not refused before. Raises ``SecretError`` or ``Fault``."""
        usable = {
            kind: secret
            for kind, secret in secrets.items()
            if not self._context.attempts.is_refused(marks[kind])
        }
        with_key = account.passphrase is not None and "publickey" in usable
        passphrase = self._reveal(account.passphrase) if with_key and account.passphrase else None
        # A passphrase is made slow to try on purpose.
        credential = await asyncio.to_thread(
            SshCredential.read,
            account.username,
            password=usable.get("password"),
            private_key=usable.get("publickey"),
            passphrase=passphrase,
            certificate=_certificate(account) or None,
        )
        return _Pocket(credential, marks)

    def _reveal(self, reference: SecretRef) -> bytes:
        return self._context.secrets.resolve(reference).reveal()

    async def _log_in(self, pocket: _Pocket) -> LoginResult | Unobserved:
        terms = LoginTerms(
            algorithms=self._keys.trusted_algorithms,
            accept=self._keys.accepts,
            reserve=lambda secret: self._reserve(pocket, secret),
            seconds=self._seconds,
        )
        try:
            result = await log_in(self._dialer, pocket.credential, terms)
        except Fault as fault:
            return fault.reading
        self._settle(pocket, result)
        if result.offered is not None:
            self.offered[pocket.credential.username] = result.offered
        if result.status is CredentialStatus.PARTIAL:
            result = await self._confirm(pocket, result)
        if result.status is CredentialStatus.ACCEPTED:
            for secret in set(result.sent) - set(result.refused):
                self._context.gate.accept(pocket.marks[secret])
        return result

    def _reserve(self, pocket: _Pocket, secret: str) -> bool:
        key = limit_key(self._dialer.admitted)
        attempt = self._context.attempts.reserve(key, AttemptKind.ACCOUNT)
        if attempt is None:
            return False
        pocket.attempts[secret] = attempt
        return True

    def _settle(self, pocket: _Pocket, result: LoginResult) -> None:
        """Give back what was not refused; remember what was."""
        undecided = result.status is CredentialStatus.UNDECIDED
        for secret, attempt in pocket.attempts.items():
            refused = secret in result.refused
            failed = refused or (undecided and secret == result.sent[-1])
            self._context.attempts.settle(attempt, failed=failed)
            self._dialer.meter.logins += failed
            self._dialer.meter.logins_failed += failed
            if refused:
                self._context.attempts.refuse(pocket.marks[secret])
        pocket.attempts.clear()
        self._dialer.meter.logins += result.status is CredentialStatus.ACCEPTED

    async def _confirm(self, pocket: _Pocket, result: LoginResult) -> LoginResult:
        """Ask a second time which factors remain, because the first answer only hints at it."""
        secret = result.sent[-1]
        if not result.confirmable or not self._reserve(pocket, secret):
            return result
        try:
            remaining = await remaining_factors(
                self._dialer,
                _first_factor(pocket.credential, secret),
                algorithms=self._keys.trusted_algorithms,
                accept=self._keys.accepts,
                seconds=self._seconds,
            )
        except Fault as fault:
            remaining = fault.reading
        confirmed = _confirmed(result, remaining, secret)
        self._settle(pocket, confirmed)
        return confirmed

    async def _view(self, username: str, result: LoginResult, seconds: float) -> AccountView:
        evidence = self._context.evidence.add(
            "ssh-login",
            {
                "username": username,
                "status": str(result.status),
                "sent": result.sent,
                "remaining": result.remaining,
                "detail": result.detail,
            },
        )
        if result.connection is None:
            why = _no_view(result, evidence)
            inside = Inside(why, why, why)
        else:
            look = Look(self._dialer, self._context, username, evidence, seconds=self._seconds)
            inside = await look.at(result.connection, seconds)
        return AccountView(
            username=username,
            status=result.status,
            detail=result.detail,
            remaining=result.remaining,
            view=inside.view,
            sftp=inside.sftp,
            channels=inside.channels,
        )


@dataclass(frozen=True, slots=True)
class _Pocket:
    """A credential in memory; ``marks`` are its secrets' keyed hashes."""

    credential: SshCredential
    marks: Mapping[str, str]
    attempts: dict[str, Attempt] = field(default_factory=dict)


def _first_factor(credential: SshCredential, secret: str) -> FirstFactor:
    if secret == "password":  # noqa: S105 - the name of a method
        return FirstFactor(username=credential.username, password=credential.password)
    return FirstFactor(
        username=credential.username,
        key_type=credential.key_type,
        key_pem=credential.key_pem,
        certificate=credential.certificate_line,
    )


def _certificate(account: Account) -> bytes:
    """Read an account's certificate; empty without one. Raises ``SecretError``."""
    if account.certificate is None:
        return b""
    try:
        with account.certificate.open("rb") as file:
            found = file.read(_LARGEST_CERTIFICATE)
    except OSError:
        raise SecretError(f"the certificate of {account.username} cannot be read") from None
    if not found:
        raise SecretError(f"the certificate of {account.username} is empty")
    return found


def _confirmed(
    result: LoginResult, remaining: Reading[tuple[str, ...]], secret: str
) -> LoginResult:
    if isinstance(remaining, Observed):
        return replace(result, remaining=remaining.value or result.remaining)
    if remaining.reason is Reason.CREDENTIAL_REFUSED:
        return replace(
            result,
            status=CredentialStatus.REFUSED,
            detail=remaining.detail,
            refused=(*result.refused, secret),
            remaining=(),
        )
    return result


def _no_view(result: LoginResult, evidence: str) -> Unobserved:
    match result.status:
        case CredentialStatus.REFUSED:
            reason = Reason.CREDENTIAL_REFUSED
        case CredentialStatus.PARTIAL:
            reason = Reason.NO_LOGIN
        case CredentialStatus.NOT_SENT if result.held_back:
            reason = Reason.ATTEMPT_BUDGET
        case _:
            reason = result.fault.reason if result.fault else Reason.NO_LOGIN
    return Unobserved(reason, result.detail, (evidence,))
