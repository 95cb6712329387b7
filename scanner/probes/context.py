"""What every probe is handed: the target, and the few things it may use."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime

from scanner.model.attempts import AttemptLedger
from scanner.model.content import Examiner
from scanner.model.evidence import Evidence, Scalar
from scanner.model.frozen import dataclass
from scanner.model.judged import JudgedFiles, NothingJudged
from scanner.model.mask import Mask
from scanner.model.secret import SecretResolver
from scanner.model.target import Target
from scanner.probes.allowance import Allowance
from scanner.probes.locks import CredentialGate

_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))


def utc_text(moment: datetime) -> str:
    """Return a moment as RFC 3339 UTC with Z, to the second."""
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    two = _TWO_DIGITS  # each file has a moment, and ``isoformat`` takes three times as long
    return (
        f"{at.year:04}-{two[at.month]}-{two[at.day]}"
        f"T{two[at.hour]}:{two[at.minute]}:{two[at.second]}Z"
    )


def nonsense_name() -> str:
    """Return a name that no server knows, of a user or of a file: ``zz-`` and eight digits."""
    return f"zz-{secrets.token_hex(4)}"


class EvidenceLog:
    """Collects evidence of one endpoint and hands out its ids: ``prefix`` + ``#n``."""

    def __init__(self, prefix: str, vantage: str, clock: Callable[[], datetime]) -> None:
        self._prefix = prefix
        self._vantage = vantage
        self._clock = clock
        self._seen: list[Evidence] = []

    def add(self, kind: str, data: Mapping[str, Scalar | tuple[str, ...]]) -> str:
        """Keep one piece of evidence and return its id."""
        identity = f"{self._prefix}#{len(self._seen) + 1}"
        self._seen.append(
            Evidence(
                id=identity,
                kind=kind,
                vantage=self._vantage,
                at=utc_text(self._clock()),
                data=data,
            )
        )
        return identity

    def all(self) -> tuple[Evidence, ...]:
        """Return everything kept so far."""
        return tuple(self._seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeContext:
    """Everything a probe may use beside its dialer.

    ``contact`` is sent as the anonymous password (RFC 1635). ``credentialed`` is false where
    only questions without credentials are asked. ``pinned_only`` says why a supplied secret goes
    to a pinned peer alone; empty where a verified one may have it too. ``judged`` remembers what
    unchanged files hold; ``place`` is the address and port that is looked at. ``allowance`` is
    what may still be read of the host's files; without one the target's limits hold.
    ``stops_at_proof`` says whether a proved zone's further files are left unread.
    """

    target: Target
    vantage: str
    secrets: SecretResolver
    attempts: AttemptLedger
    examiner: Examiner
    mask: Mask
    clock: Callable[[], datetime]
    evidence: EvidenceLog
    contact: str = "anonymous@example.invalid"
    credentialed: bool = True
    pinned_only: str = ""
    gate: CredentialGate = field(default_factory=CredentialGate)
    judged: JudgedFiles = field(default_factory=NothingJudged)
    stops_at_proof: bool = True
    place: str = ""
    allowance: Allowance | None = None
