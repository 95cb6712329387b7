"""The operator's papers of one asset, read and hashed, not yet judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from scanner.model.logs import LogDigest
from scanner.model.policies import MODERN
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Contract, Document


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
class Dossier:
    """Everything the operator handed over for one asset."""

    papers: tuple[Paper, ...] = ()
    contracts: tuple[ContractPaper, ...] = ()
    inventory: Reading[tuple[InventoryRow, ...]] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no account inventory is declared")
    )
    warnings: Reading[tuple[RegisteredWarning, ...]] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no warning register is declared")
    )
    policy: Reading[SshPolicy] = field(default_factory=lambda: Observed(MODERN))
    logs: Reading[LogDigest] = field(
        default_factory=lambda: Unobserved(Reason.NOT_DECLARED, "no logs are declared")
    )
