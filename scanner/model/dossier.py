"""The operator's papers of one asset, read and hashed, not yet judged."""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime

from scanner.model.frozen import dataclass
from scanner.model.logs import LogDigest
from scanner.model.policies import MODERN
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Contract, Document, Migration


@dataclass(frozen=True, slots=True)
class Paper:
    """A declared document and what its file hashes to, when a file was named."""

    document: Document
    sha256: Reading[str]


@dataclass(frozen=True, slots=True)
class ContractPaper:
    """A declared contract and what its file hashes to, when a file was named."""

    contract: Contract
    sha256: Reading[str]


@dataclass(frozen=True, slots=True)
class OrderPaper:
    """A declared order and what its file hashes to, when a file was named."""

    order: Migration
    sha256: Reading[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """One account of the operator's inventory. ``holders`` are labels, never shown."""

    username: str
    holders: tuple[str, ...] = ()
    kind: str = "service"
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredWarning:
    """An internal warning about this asset, from the team's register."""

    id: str
    opened: date
    closed: date | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTicket:
    """An alert about this asset that reached somebody, or was to. Moments are aware, in UTC."""

    id: str
    raised: datetime
    acknowledged: datetime | None = None
    closed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityTxt:
    """What a ``security.txt`` (RFC 9116) says: how many contacts, and until when it holds.
    ``expires`` is ``None`` where it says it not, or not once.
    """

    contacts: int
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerConfiguration:
    """What a configuration that was handed over forces: ``missing`` are the directives that would
    have to be set; none where an encrypted transfer is forced.
    """

    product: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationPaper:
    """A declared configuration and what its file says."""

    paper: Paper
    facts: Reading[ServerConfiguration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything the operator handed over for one asset."""

    papers: tuple[Paper, ...] = ()
    contracts: tuple[ContractPaper, ...] = ()
    orders: tuple[OrderPaper, ...] = ()
    configurations: tuple[ConfigurationPaper, ...] = ()
    inventory: Reading[tuple[InventoryRow, ...]] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no account inventory is declared")
    )
    warnings: Reading[tuple[RegisteredWarning, ...]] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no warning register is declared")
    )
    alerts: Reading[tuple[AlertTicket, ...]] = field(
        default_factory=lambda: Unobserved(
            Reason.NOT_DECLARED, "no list of alert tickets is declared"
        )
    )
    security_txt: Reading[SecurityTxt] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no security.txt is declared")
    )
    policy: Reading[SshPolicy] = field(default_factory=lambda: Observed(MODERN))
    logs: Reading[LogDigest] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no logs are declared")
    )
