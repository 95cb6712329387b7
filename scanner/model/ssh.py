"""What probes saw of one SSH server: its offers, its keys, and what it asks of a login."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.frozen import dataclass
from scanner.model.login_keys import AccountKeys
from scanner.model.peer import PeerTrust
from scanner.model.reading import UNASKED, Reading
from scanner.model.view import AccountView


@dataclass(frozen=True, slots=True, kw_only=True)
class KexInit:
    """The server's SSH_MSG_KEXINIT name-lists (RFC 4253 section 7.1), neutralised.

    ``_in`` lists are for what goes into the server, ``_out`` for what comes out of it.
    ``guesses``: a guessed key exchange packet follows (``first_kex_packet_follows``).
    """

    kex: tuple[str, ...]
    host_key: tuple[str, ...]
    ciphers_in: tuple[str, ...]
    ciphers_out: tuple[str, ...]
    macs_in: tuple[str, ...]
    macs_out: tuple[str, ...]
    compression_in: tuple[str, ...]
    compression_out: tuple[str, ...]
    guesses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificate:
    """An OpenSSH certificate that a host shows as its key (PROTOCOL.certkeys).

    Times are RFC 3339 UTC; an empty one is no bound. ``authority`` is the fingerprint of the key
    that signed it. Text is neutralised. ``for_hosts`` is false for a certificate of a user.
    """

    serial: int
    key_id: str
    principals: tuple[str, ...]
    valid_after: str
    valid_before: str
    authority: str
    authority_algorithm: str
    for_hosts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """A host key. ``fingerprint`` is ``SHA256:`` + base64 without padding.

    Where a certificate is shown, ``fingerprint`` is that of the plain key inside it.
    """

    algorithm: str
    bits: int | None
    fingerprint: str
    trust: PeerTrust
    trust_detail: str = ""
    certificate: HostCertificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SshfpRecord:
    """One SSHFP record (RFC 4255). ``algorithm`` and ``hash_type`` are its numbers.

    ``matches``: a host key that was seen has this hash. ``contradicts``: a host key of this
    algorithm was seen and has another.
    """

    algorithm: int
    hash_type: int
    matches: bool
    contradicts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshfp:
    """The SSHFP records of the name. ``authenticated``: the resolver vouches for them (DNSSEC)."""

    records: tuple[SshfpRecord, ...]
    authenticated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupExchange:
    """One answer to a group exchange request (RFC 4419 section 3). Sizes are bits of the prime.

    ``given`` is ``None`` where the server refused to name a group for these bounds.
    """

    smallest_asked: int
    preferred: int
    largest_asked: int
    given: int | None

    @property
    def smaller_than_asked(self) -> bool:
        """Whether the server chose a group under the largest that it might have given."""
        return self.given is not None and self.given < self.largest_asked


def group_bits(answers: Iterable[GroupExchange]) -> int | None:
    """Return what a group exchange is worth in bits; ``None`` where no group was given.

    That is the smallest group given where a larger one was asked for. Nothing else is held
    against a server: to one who takes 2048 bits at most it can give no more.
    """
    given = [answer for answer in answers if answer.given is not None]
    chosen = [answer.given or 0 for answer in given if answer.smaller_than_asked]
    return min(chosen) if chosen else max((answer.given or 0 for answer in given), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshExtension:
    """One entry of SSH_MSG_EXT_INFO (RFC 8308), neutralised and bounded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt of keyboard-interactive (RFC 4256). ``echo``: what is typed may be shown."""

    text: str
    echo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthMethods:
    """The answer to one ``none`` request (RFC 4252 section 5.2)."""

    none_accepted: bool
    methods: tuple[str, ...]
    banner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMethods:
    """What the server offers one listed account, before any credential."""

    username: str
    methods: Reading[AuthMethods]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyPassword:
    """Whether one listed account is let in with an empty password (opt-in)."""

    username: str
    accepted: Reading[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshFacts:
    """Everything seen of one SFTP endpoint.

    ``every_key``: a host key of each type that is offered and spoken was read; otherwise it says
    why one was not. ``methods`` and ``prompts`` are what a decoy user is offered and asked for;
    ``account_methods`` what each listed account is offered; ``account_keys`` whose public keys it
    accepts.
    """

    identification: Reading[str]
    kexinit: Reading[KexInit] = UNASKED
    host_keys: Reading[tuple[HostKey, ...]] = UNASKED
    every_key: Reading[bool] = UNASKED
    sshfp: Reading[Sshfp] = UNASKED
    group_exchange: Reading[tuple[GroupExchange, ...]] = UNASKED
    extensions: Reading[tuple[SshExtension, ...]] = UNASKED
    methods: Reading[AuthMethods] = UNASKED
    prompts: Reading[tuple[Prompt, ...]] = UNASKED
    account_methods: tuple[AccountMethods, ...] = ()
    empty_passwords: tuple[EmptyPassword, ...] = ()
    account_keys: tuple[AccountKeys, ...] = ()
    accounts: tuple[AccountView, ...] = ()
