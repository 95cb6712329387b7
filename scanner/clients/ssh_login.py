"""Logs in over SSH with supplied credentials, each secret once.

No credential leaves before the host key was accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import asyncssh

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_session import (
    FOREIGN_ERRORS,
    Listener,
    judge_certificates,
    plain_options,
    ssh_fault,
)
from scanner.model.reading import Reason
from scanner.model.ssh import AuthMethods
from scanner.model.text import neutralise
from scanner.model.view import CredentialStatus

_MOST_CHALLENGES = 3
_RSA_SIGNATURE = b"rsa-sha2-512"
_LAST_STRAW = "too many authentication failures"


Connection: TypeAlias = asyncssh.SSHClientConnection
"""One login; ``close`` ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshCredential:
    """What to log in with, in memory."""

    username: str
    password: str | None = field(default=None, repr=False)
    key: asyncssh.SSHKey | None = field(default=None, repr=False)
    certificate: asyncssh.SSHCertificate | None = None

    @classmethod
    def read(
        cls,
        username: str,
        *,
        password: bytes | None = None,
        private_key: bytes | None = None,
        passphrase: bytes | None = None,
        certificate: bytes | None = None,
    ) -> Self:
        """Read secrets as they are stored. Raises ``Fault`` when one cannot be used at all.

        Its text never holds the secret. With a ``certificate`` the key is tried in it alone.
        """
        try:
            text = None if password is None else password.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(Reason.CREDENTIAL_MISSING, "the password is not UTF-8") from None
        try:
            key = None
            if private_key is not None:
                key = asyncssh.import_private_key(private_key, passphrase)
        except ValueError:  # also a wrong passphrase
            detail = "the private key cannot be read with this passphrase"
            raise Fault(Reason.CREDENTIAL_MISSING, detail) from None
        shown = None if key is None or certificate is None else _certificate(certificate, key)
        return cls(username=username, password=text, key=key, certificate=shown)

    @classmethod
    def with_new_key(cls, username: str) -> Self:
        """Return a credential that no server knows: a key made now, and kept nowhere."""
        return cls(username=username, key=asyncssh.generate_private_key("ssh-ed25519"))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to log in with."""
        return self.password is None and self.key is None

    @property
    def key_type(self) -> str:
        """The key's type, such as ``ssh-ed25519``; empty without a key."""
        return "" if self.key is None else self.key.get_algorithm()

    @property
    def key_pem(self) -> str:
        """The private key as OpenSSH writes it, unencrypted; empty without a key."""
        return "" if self.key is None else self.key.export_private_key("openssh").decode()

    @property
    def certificate_line(self) -> str:
        """The certificate as OpenSSH writes it, ``type base64``; empty without one."""
        held = self.certificate
        return "" if held is None else held.export_certificate("openssh").decode().strip()

    @property
    def offer(self) -> asyncssh.SSHKeyPair | None:
        """What to send for ``publickey``: one offer, in the certificate where there is one."""
        if self.key is None:
            return None
        if self.certificate is None:
            return asyncssh.load_keypairs([self.key])[0]
        pair = asyncssh.load_keypairs([(self.key, self.certificate)])[0]
        if self.key_type == "ssh-rsa":
            # Under its first name the certificate stands for SHA-1, which OpenSSH takes no more;
            # the library would try that, and then this (RFC 8332).
            pair.sig_algorithms = (_RSA_SIGNATURE,)
            pair.set_sig_algorithm(_RSA_SIGNATURE)
            pair.algorithm = _RSA_SIGNATURE + b"-cert-v01@openssh.com"
        return pair


def _certificate(data: bytes, key: asyncssh.SSHKey) -> asyncssh.SSHCertificate:
    """Read a client certificate of a key. Raises ``Fault``."""
    try:
        found = asyncssh.import_certificate(data)
    except ValueError:
        raise Fault(Reason.CREDENTIAL_MISSING, "the certificate cannot be read") from None
    if found.key.public_data != key.public_data:
        detail = "the certificate is of another key than the private key"
        raise Fault(Reason.CREDENTIAL_MISSING, detail)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTerms:
    """Whom to trust and what may be tried.

    ``accept`` decides on the host key's blob before anything is sent. ``reserve`` is asked
    before each secret (``publickey`` or ``password``); where it says no, none is sent.
    """

    algorithms: tuple[str, ...]
    accept: Callable[[bytes], bool]
    reserve: Callable[[str], bool]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """How a login ended. ``connection`` is there when it was accepted, and must be closed.

    ``sent`` and ``refused`` name secrets (``publickey``, ``password``). ``remaining`` are the
    methods that were left after what looks like a partial success; it is ``confirmable`` where
    sending the same secret again says for sure. ``held_back``: the reservation was declined.
    ``offered`` is what the server said before any secret was sent, where it came to that.
    """

    status: CredentialStatus
    detail: str = ""
    fault: Fault | None = None
    connection: Connection | None = None
    sent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    confirmable: bool = False
    held_back: bool = False
    offered: AuthMethods | None = None


async def log_in(dialer: Dialer, credential: SshCredential, terms: LoginTerms) -> LoginResult:
    """Try each secret of a credential once, over one connection.

    Server behaviour never raises; a connection that cannot be had raises ``Fault``.
    """
    gate = _Gate(credential, terms)
    options = plain_options(lambda: gate, username=credential.username, algorithms=terms.algorithms)
    sock = await dialer.open()
    try:
        async with asyncio.timeout(terms.seconds):
            # Told the host, the library does not ask the socket, which may be reset by now.
            connection = await asyncssh.connect(
                str(dialer.admitted.ip), sock=sock, config=None, options=options
            )
    except FOREIGN_ERRORS as error:
        return gate.ended(error)
    return gate.accepted(connection)


async def close(connection: Connection, *, seconds: float = 2.0) -> None:
    """End a connection politely, or abruptly after ``seconds``."""
    connection.close()
    try:
        async with asyncio.timeout(seconds):
            await connection.wait_closed()
    except FOREIGN_ERRORS:
        connection.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await connection.wait_closed()


class _Gate(Listener):
    """Lets each secret out once, after the host key was accepted and the ledger agreed."""

    def __init__(self, credential: SshCredential, terms: LoginTerms) -> None:
        super().__init__()
        self._credential = credential
        self._terms = terms
        self._connection: Connection | None = None
        self._waiting = ""
        self._challenges = 0
        self._sent: list[str] = []
        self._refused: list[str] = []
        self._remaining: tuple[str, ...] = ()
        self._prompt: str | None = None
        self._held_back = False
        self._offered: tuple[str, ...] | None = None

    def connection_made(self, conn: Connection) -> None:
        self._connection = conn
        judge_certificates(conn, self._terms.accept)

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        del host, addr, port
        return self._terms.accept(bytes(key.public_data))

    def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        self._note_answer()
        offer = self._credential.offer
        return offer if offer is not None and self._may_send("publickey") else None

    def password_auth_requested(self) -> str | None:
        self._note_answer()
        password = self._credential.password
        return password if password is not None and self._may_send("password") else None

    def kbdint_auth_requested(self) -> str | None:
        self._note_answer()
        if self._credential.password is None or not self._may_send("password"):
            return None
        self._waiting = "keyboard-interactive"
        return ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        del name, instructions, lang
        self._challenges += 1
        if self._challenges > _MOST_CHALLENGES:
            return None
        if not prompts:
            return []
        password = self._credential.password
        text, shown = prompts[0]
        if text == self._prompt:
            # The same question again: the first answer was wrong.
            self._waiting = ""
            self._refused.append("password")
            return None
        if len(prompts) > 1 or shown or self._prompt is not None or password is None:
            self._waiting, self._remaining = "", ("keyboard-interactive",)
            return None
        self._prompt = text
        return [password]

    def _may_send(self, secret: str) -> bool:
        if secret in self._sent:
            return False
        if not self._terms.reserve(secret):
            self._held_back = True
            return False
        self._sent.append(secret)
        self._waiting, self._remaining = secret, ()
        return True

    def _note_answer(self) -> None:
        """Read the server's answer to the last secret.

        asyncssh asks for the next secret with the methods that can go on. A refused method is
        among them again; one that succeeded in part is not (RFC 4252 section 5.1).
        """
        if self._connection is None:
            return
        if self._offered is None:
            self._offered = self._methods()
        if not self._waiting:
            return
        methods = self._methods()
        if self._waiting in methods:
            self._refused.append(self._sent[-1])
        else:
            self._remaining = methods
        self._waiting = ""

    def _methods(self) -> tuple[str, ...]:
        if self._connection is None:
            return ()
        named = self._connection.get_server_auth_methods()
        return tuple(neutralise(method, 80) for method in named[:32])

    def _first_offer(self, *, let_in: bool = False) -> AuthMethods | None:
        if let_in and not self._sent:
            return AuthMethods(none_accepted=True, methods=(), banner=self.banner)
        methods = self._methods() if self._offered is None else self._offered
        if not methods:
            return None
        return AuthMethods(none_accepted=False, methods=methods, banner=self.banner)

    def accepted(self, connection: Connection) -> LoginResult:
        return LoginResult(
            status=CredentialStatus.ACCEPTED,
            detail="" if self._sent else "let in without any authentication",
            connection=connection,
            sent=tuple(self._sent),
            refused=tuple(self._refused),
            offered=self._first_offer(let_in=True),
        )

    def ended(self, error: BaseException) -> LoginResult:
        fault = ssh_fault(error)
        status, detail = self._status(error, fault)
        if not self._sent and isinstance(error, asyncssh.PermissionDenied):
            fault = Fault(Reason.NOT_OFFERED, detail)
        if status is CredentialStatus.REFUSED and self._sent[-1] not in self._refused:
            self._refused.append(self._sent[-1])
        return LoginResult(
            status=status,
            detail=detail,
            fault=fault,
            sent=tuple(self._sent),
            refused=tuple(self._refused),
            remaining=self._remaining,
            # Asked again alone, a second factor would be refused for want of the first.
            confirmable=not self._challenges and set(self._sent[:-1]) <= set(self._refused),
            held_back=self._held_back,
            offered=self._first_offer(),
        )

    def _status(self, error: BaseException, fault: Fault) -> tuple[CredentialStatus, str]:
        if not self._sent:
            denied = isinstance(error, asyncssh.PermissionDenied) and not self._held_back
            detail = "the server offers no method for this credential" if denied else fault.detail
            if self._held_back:
                detail = "the attempt budget is spent"
            return CredentialStatus.NOT_SENT, detail
        if self._remaining:
            return CredentialStatus.PARTIAL, "a further factor is asked for"
        if isinstance(error, asyncssh.PermissionDenied):
            if self._waiting:
                # The method went out of the list and none that is known here came in.
                return CredentialStatus.PARTIAL, "a factor that is not known here is asked for"
            return CredentialStatus.REFUSED, "the server refused the credential"
        if _LAST_STRAW in str(error).lower():
            return CredentialStatus.REFUSED, "the server refused the credential"
        return CredentialStatus.UNDECIDED, fault.detail
