"""What the team lists: who authorised it, where it is, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from scanner.model.drill import Drill
from scanner.model.frozen import dataclass
from scanner.model.secret import SecretRef


class Protocol(StrEnum):
    """How an endpoint speaks: ``ftp`` is clear or AUTH TLS, ``ftps`` is implicit TLS."""

    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A port and its protocol. ``declared`` is false for the defaults nobody wrote down."""

    port: int
    protocol: Protocol
    declared: bool = True


DEFAULT_ENDPOINTS = (
    Endpoint(port=21, protocol=Protocol.FTP, declared=False),
    Endpoint(port=990, protocol=Protocol.FTPS, declared=False),
    Endpoint(port=22, protocol=Protocol.SFTP, declared=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """Who allowed the scan, of what, until when."""

    reference: str
    owner: str = ""
    contact: str = ""
    valid_until: date | None = None
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one scan. Seconds, bytes, counts.

    Of one address ``files_sampled`` files and ``bytes_per_host`` bytes are read at most, over all
    its logins and ports, ``bytes_per_second`` of them in a second; 0: as fast as they come.
    """

    connections: int = 500
    connections_per_host: int = 1
    depth: int = 8
    entries: int = 20_000
    files_sampled: int = 2_000
    bytes_per_file: int = 1_048_576
    bytes_per_host: int = 67_108_864
    bytes_per_second: int = 0
    timeout_seconds: float = 10.0
    asset_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """Paths that the owner declares public or private."""

    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsTrust:
    """How a TLS peer is verified, and how closely it is looked at.

    ``ca`` is a file of authorities; ``system_ca`` trusts those of this machine instead. ``pins``
    are ``sha256:`` + base64 of the certificate's SubjectPublicKeyInfo. With none of them a peer
    is never verified. ``rounds`` is how many connections enumerating versions, suites and groups
    may take on one endpoint; without any it is not done.
    """

    ca: Path | None = None
    system_ca: bool = False
    server_name: str | None = None
    pins: tuple[str, ...] = ()
    rounds: int = 0

    @property
    def authorities(self) -> bool:
        """Whether the team named authorities that a chain must end in."""
        return self.ca is not None or self.system_ca

    @property
    def declared(self) -> bool:
        """Whether the team gave anything to verify against."""
        return self.authorities or bool(self.pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A supplied login. Secrets are references; ``public_keys`` maps a person to key files.

    ``certificate`` is a file with the OpenSSH certificate of the private key.
    """

    username: str
    kind: str = "service"
    holders: tuple[str, ...] = ()
    password: SecretRef | None = None
    private_key: SecretRef | None = None
    passphrase: SecretRef | None = None
    certificate: Path | None = None
    public_keys: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    realm: str | None = None
    networks: tuple[str, ...] = ()

    @property
    def has_credential(self) -> bool:
        """Whether there is anything to log in with."""
        return self.password is not None or self.private_key is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One order to move data: what was asked for, and until when it may stay."""

    order_id: str
    controller: str = ""
    owner: str = ""
    ordered_on: date | None = None
    paths: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_field: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    max_rows: int | None = None
    migration_end: date | None = None
    retention_days: int | None = None
    reviewed: date | None = None
    expires: date | None = None
    file: Path | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A paper with an owner, a review date and an expiry. ``exercised`` is the day on which what
    it says was last done: an exercise of a procedure, a run of a job.
    """

    kind: str
    title: str
    owner: str = ""
    reviewed: date | None = None
    expires: date | None = None
    file: Path | None = None
    sha256: str | None = None
    version: str = ""
    exercised: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A processor contract of GDPR art. 28(3). ``duration`` is ``start/end``."""

    controller: str
    processor: str = ""
    subject: str = ""
    duration: tuple[date, date] | None = None
    data_types: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    signed: date | None = None
    expires: date | None = None
    owner: str = ""
    file: Path | None = None
    sha256: str | None = None
    reviewed: date | None = None
    purpose: str = ""
    data_subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyPaper:
    """A paper in a file of its own that cannot be used. ``kind`` is ``contract``, ``order``,
    ``attestation``, ``procedure``, or empty where not even that is known; ``faults`` are lines
    without any of its content.
    """

    kind: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRisk:
    """A failure that someone accepts until a date."""

    failure: str
    reason: str
    approved_by: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A failure that someone declares without object until a date."""

    failure: str
    reason: str
    signed_by: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoy:
    """A honeypot: scored apart, starting no breach clock."""

    owner: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """Logs handed over by the operator."""

    format: str
    path: str
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """What a target opts in to. Everything is off by default."""

    write_test: bool = False
    empty_password: bool = False
    trust_on_first_use: bool = False
    drill: bool = False
    drill_canary: bool = False
    drill_off_network: bool = False
    shell_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One asset to scan, with everything the team says of it, defaults already applied.

    ``resolver`` is address and port of a DNS resolver of the team's own. ``papers`` are the files
    whose orders, documents and contracts stand among the others; ``faulty_papers`` those that
    could not be used.
    """

    host: str
    asset: str
    tenant: str = "default"
    vantages: tuple[str, ...] = ("internal",)
    owner: str = ""
    tags: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = DEFAULT_ENDPOINTS
    areas: Areas = field(default_factory=cache(Areas))
    tls: TlsTrust = field(default_factory=cache(TlsTrust))
    known_hosts: Path | None = None
    resolver: tuple[str, int] | None = None
    host_keys: tuple[str, ...] = ()
    policy: str = "modern"
    timezone: str = "UTC"
    retention_days: int | None = None
    limits: Limits = field(default_factory=cache(Limits))
    windows: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    migrations: tuple[Migration, ...] = ()
    documents: tuple[Document, ...] = ()
    contracts: tuple[Contract, ...] = ()
    papers: tuple[Path, ...] = ()
    faulty_papers: tuple[FaultyPaper, ...] = ()
    inventory: Path | None = None
    warnings: Path | None = None
    alerts: Path | None = None
    logs: tuple[LogSource, ...] = ()
    drill: Drill | None = None
    exceptions: tuple[AcceptedRisk, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    decoy: Decoy | None = None
    allow: Allow = field(default_factory=cache(Allow))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A name, ``*.names``, an address or a network that is never dialled, whatever the scope.

    ``until`` is the last day on which it holds; without one it holds for good.
    """

    match: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsFile:
    """A whole, valid targets file. ``sha256`` is of its bytes, in hexadecimal.

    ``template`` is what a host is that the file does not list: nothing but tenant and defaults.
    """

    path: Path
    sha256: str
    tenant: str
    authorisation: Authorisation
    default_vantages: tuple[str, ...]
    targets: Sequence[Target]
    limits: Limits = field(default_factory=cache(Limits))
    delivery: tuple[Mapping[str, str | int], ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    template: Target = field(default_factory=lambda: Target(host="localhost", asset="localhost"))
