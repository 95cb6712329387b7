"""What probes saw of one asset from one vantage. Saved as it is; judged later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum

from scanner.model.evidence import Evidence
from scanner.model.frozen import dataclass
from scanner.model.peer import PeerTrust
from scanner.model.product import Product
from scanner.model.reading import UNASKED, Observed, Reading, Reason, Unobserved
from scanner.model.shared_secret import SharedSecret
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol
from scanner.model.tls_survey import TlsFlight, TlsSurvey
from scanner.model.view import AccountView, View


class EndpointState(StrEnum):
    """What a port turned out to be."""

    OPEN = "open"
    CLOSED = "closed"
    UNREACHABLE = "unreachable"
    FILTERED = "filtered"
    OTHER_SERVICE = "other-service"


@dataclass(frozen=True, slots=True)
class Reply:
    """An FTP reply (RFC 959 section 4.2): code and neutralised, bounded lines of text."""

    code: int
    text: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.text[-1] if self.text else ''}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What a scan of one endpoint cost its server. ``verbs`` counts FTP commands sent.

    ``connection_budget``: control connections that it may take at most; 0: none was set.

    ``logins`` are those tried, ``logins_failed`` those among them that were refused. ``sources``
    are our own addresses, as our end of the connections has them.
    """

    connections: int = 0
    connection_budget: int = 0
    logins: int = 0
    logins_failed: int = 0
    bytes_received: int = 0
    verbs: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """An X.509 leaf certificate. Times are RFC 3339 UTC; hashes are hexadecimal SHA-256.

    ``serial`` is hexadecimal. ``must_staple``: it demands an OCSP response beside it (RFC 7633).
    ``timestamps`` counts those of certificate transparency (RFC 6962).
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    key_type: str
    key_bits: int | None
    signature: str
    self_signed: bool
    sha256: str
    spki_sha256: str
    serial: str = ""
    must_staple: bool = False
    timestamps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """One TLS session of the control channel. ``version`` is such as ``TLSv1.3``."""

    version: str
    cipher: str
    certificate: CertificateFacts
    trust: PeerTrust
    trust_detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOffer:
    """One ClientHello of old or broken parameters, and whether the server took it.

    ``offer`` is ``sslv3``, ``tls1.0-1.1``, ``broken-suites`` or ``3des``; ``version`` and
    ``selected`` name what the server chose.
    """

    offer: str
    accepted: bool
    version: str = ""
    selected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthTls:
    """Whether the control channel can be protected (RFC 4217 section 4).

    ``mechanism`` is ``tls``, ``ssl``, ``implicit`` or empty when refused.
    """

    mechanism: str
    replies: tuple[Reply, ...] = ()
    in_feat: bool | None = None

    @property
    def offered(self) -> bool:
        """Whether TLS can be had."""
        return bool(self.mechanism)


class ClearLogin(StrEnum):
    """How far a login got in clear: refused, asked for a password, or let in."""

    REFUSED = "refused"
    ASKED = "asked"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearLadder:
    """A login begun in clear. For a named user it stops before PASS."""

    step: ClearLogin
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousTry:
    """One anonymous login with one name, decided by reply codes."""

    username: str
    encrypted: bool
    replies: tuple[Reply, ...]
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousAccess:
    """All anonymous tries on one endpoint. ``decided`` is false when a try was left undone."""

    tries: tuple[AnonymousTry, ...]

    @property
    def accepted(self) -> bool:
        """Whether any try was let in."""
        return any(attempt.accepted for attempt in self.tries)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProtection:
    """Whether a data channel in clear is accepted after a TLS login (``PROT C`` then LIST)."""

    clear_accepted: bool
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassiveAddress:
    """Where PASV pointed. ``foreign`` when it is not the peer; it is then not followed."""

    announced: str
    foreign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What a server calls itself. ``signs`` are the commands whose replies said so.

    ``version`` is its own word, for a person to read: nothing is judged by it.
    """

    product: Product = Product.UNKNOWN
    version: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """Whether PORT or EPRT toward a third address is taken (RFC 2577 section 3).

    The address belongs to documentation, and no transfer follows: nothing is connected to it.
    """

    accepted: bool
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOnImplicit:
    """What a port of implicit TLS said when it was spoken to in clear.

    ``answers``: it greeted; ``login`` is then how far a named user got.
    """

    answers: bool
    login: ClearLogin = ClearLogin.REFUSED
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTest:
    """The opt-in write test of an anonymous login: an empty file of our own, removed at once.

    ``tried`` directories were asked; ``written`` took the file; ``left`` did not remove it.
    ``names`` are those of the files that were left, so that somebody can remove them.
    """

    tried: int
    written: int
    left: int = 0
    names: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpFacts:
    """Everything seen of one FTP or FTPS endpoint.

    ``anonymous_view`` holds what an accepted anonymous login saw. ``data``, ``bounce`` and
    ``ccc`` are read last, in a TLS session that is then dropped. ``system``, ``help``,
    ``site_help`` and ``status`` are what the server says of itself. ``injectable``: a command
    sent in clear behind AUTH is carried out inside TLS. ``reuse_required``: a data connection
    that does not resume the control connection's TLS session is refused.
    """

    greeting: Reading[Reply]
    features: Reading[tuple[str, ...]] = UNASKED
    auth_tls: Reading[AuthTls] = UNASKED
    tls: Reading[TlsFacts] = UNASKED
    legacy_tls: Reading[tuple[TlsOffer, ...]] = UNASKED
    tls_flight: Reading[TlsFlight] = UNASKED
    tls_survey: Reading[TlsSurvey] = UNASKED
    clear_named: Reading[ClearLadder] = UNASKED
    clear_anonymous: Reading[ClearLadder] = UNASKED
    anonymous: Reading[AnonymousAccess] = UNASKED
    anonymous_view: Reading[View] = UNASKED
    data: Reading[DataProtection] = UNASKED
    ccc: Reading[Reply] = UNASKED
    session_reused: Reading[bool] = UNASKED
    passive: Reading[PassiveAddress] = UNASKED
    software: Reading[Software] = UNASKED
    system: Reading[Reply] = UNASKED
    help: Reading[Reply] = UNASKED
    site_help: Reading[Reply] = UNASKED
    status: Reading[Reply] = UNASKED
    injectable: Reading[bool] = UNASKED
    reuse_required: Reading[bool] = UNASKED
    bounce: Reading[Bounce] = UNASKED
    clear_on_implicit: Reading[ClearOnImplicit] = UNASKED
    write_test: Reading[WriteTest] = UNASKED
    accounts: tuple[AccountView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointObservation:
    """One port of one address. ``fault`` is our own bug, if a probe met one."""

    port: int
    protocol: Protocol
    address: str
    declared: bool
    state: EndpointState
    reason: Reason | None = None
    detail: str = ""
    effort: Effort = field(default_factory=Effort)
    facts: FtpFacts | SshFacts | None = None
    fault: str | None = None

    @property
    def way_in(self) -> str:
        """How a reader names this endpoint: ``ftp 192.0.2.1:21``."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.protocol} {address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDifference:
    """One mark that was not the same at every address of a name, on one port.

    ``mark`` is ``greeting``, ``certificate-key``, ``identification``, ``host-key`` with its
    algorithm, or ``protocol``. ``seen`` maps an address to what it showed there: fingerprints,
    never text that a server sent.
    """

    port: int
    protocol: Protocol
    mark: str
    seen: Mapping[str, tuple[str, ...]]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Everything seen of one asset from one vantage. Times are RFC 3339 UTC.

    ``unreached`` says why nothing could be dialled at all (no address, out of scope).
    ``omitted`` counts addresses in scope beyond the bound: nobody looked at them.
    ``mixed_identity`` tells by what the addresses of the name are not one and the same server.
    ``shared_secrets`` are the supplied secrets that serve more than one account.
    """

    asset: str
    host: str
    vantage: str
    started: str
    finished: str
    addresses: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    unreached: Unobserved | None = None
    omitted: int = 0
    mixed_identity: tuple[IdentityDifference, ...] = ()
    shared_secrets: tuple[SharedSecret, ...] = ()
    endpoints: tuple[EndpointObservation, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def views_of(endpoint: EndpointObservation) -> Iterator[View]:
    """Yield what each login saw of the files: anonymous first, then the accounts."""
    facts = endpoint.facts
    if isinstance(facts, FtpFacts) and isinstance(facts.anonymous_view, Observed):
        yield facts.anonymous_view.value
    for account in facts.accounts if facts is not None else ():
        if isinstance(account.view, Observed):
            yield account.view.value
