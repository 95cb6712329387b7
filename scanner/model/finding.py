"""Verdicts, findings and what they add up to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from scanner.model.failure import CapTrigger, FailureId, Grade
from scanner.model.frozen import dataclass
from scanner.model.observation import Observations
from scanner.model.target import AcceptedRisk, Decoy
from scanner.model.trend import ScorePoint


class Verdict(StrEnum):
    """What a facet or a failure comes to. ``error`` is our own bug."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


class Source(StrEnum):
    """Whose word it is, strongest first."""

    NETWORK = "network"
    ACCOUNT = "account"
    OPERATOR = "operator"
    DOCUMENT = "document"


class Confidence(StrEnum):
    """How strong a sign is."""

    PROOF = "proof"
    STRONG = "strong"
    WEAK = "weak"


class Severity(StrEnum):
    """How bad it is, worst first. ``low`` and ``info`` are leads and decide nothing."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info."""
        return _RANKS[self]

    @property
    def is_lead(self) -> bool:
        """Whether facets of this severity decide nothing."""
        return self in _LEADS


_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}
_LEADS = frozenset({Severity.LOW, Severity.INFO})


def finding_uid(tenant: str, asset: str, vantage: str, failure: str, facet: str) -> str:
    """Return the stable id of a finding: never of address, port, wording or severity."""
    framed = f"v1\x00{tenant}\x00{asset}\x00{vantage}\x00{failure}\x00{facet}".encode()
    return f"v1:{hashlib.sha256(framed).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one facet says of one asset from one vantage.

    ``first_seen`` (RFC 3339 UTC) and ``days_open`` belong to fails, and to what failed on an
    earlier night and was not yet seen to be mended: an unknown one is still open and
    as bad as it was, a pass closes it (of one server, not of a mixed identity). ``suppressed`` is
    set while an accepted risk covers a fail.
    """

    uid: str
    facet: str
    vantage: str
    ways_in: tuple[str, ...]
    verdict: Verdict
    source: Source
    confidence: Confidence
    severity: Severity
    summary: str
    reason: str = ""
    remedy: str = ""
    required: bool = True
    evidence: tuple[str, ...] = ()
    caps: tuple[CapTrigger, ...] = ()
    first_seen: str | None = None
    days_open: int = 0
    suppressed: bool = False

    @property
    def is_lead(self) -> bool:
        """Whether this decides nothing: weak, low or informational."""
        return self.confidence is Confidence.WEAK or self.severity.is_lead


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureResult:
    """One of the nine rows. ``source`` is whose word the verdict rests on."""

    id: FailureId
    verdict: Verdict
    source: Source | None
    confidence: Confidence | None
    severity: Severity
    summary: str
    reason: str = ""
    remedy: str = ""
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap that holds the score down. ``stale``: it fired earlier and no conclusive pass from
    the same vantage has lifted it.
    """

    trigger: CapTrigger
    grade: Grade
    reason: str
    failure: FailureId
    vantage: str
    since: str
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MegabusMatch:
    """How many of the nine failures match, are cleared, or are not known."""

    matched: int
    cleared: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The score: 0 to 100, what it could be at best, and how much was decided (percent).

    ``worst`` and ``best`` are the letters of ``score`` and ``best_case``; ``grade`` is ``U`` while
    too little is decided. ``letter_lowered`` says why one letter was taken off, if it was.
    """

    score: float
    best_case: float
    coverage: float
    grade: Grade
    worst: Grade
    best: Grade
    megabus_match: MegabusMatch
    caps: tuple[Cap, ...] = ()
    letter_lowered: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialReport:
    """What became of one supplied account, and which facets were skipped for it."""

    username: str
    status: str
    detail: str = ""
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachSeverity:
    """ENISA severity of a breach: ``SE = DPC * EI + CB``, and its word."""

    score: float
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """Everything said of one asset. ``judged_at`` is RFC 3339 UTC.

    ``breach_candidate`` is the moment from which a 72-hour clock (GDPR art. 33) may run.
    ``trend`` ends with the score of this report.
    """

    tenant: str
    asset: str
    host: str
    owner: str
    tags: tuple[str, ...]
    judged_at: str
    observations: tuple[Observations, ...]
    failures: tuple[FailureResult, ...]
    assessment: Assessment
    credentials: tuple[CredentialReport, ...] = ()
    exceptions: tuple[AcceptedRisk, ...] = ()
    decoy: Decoy | None = None
    breach_candidate: str | None = None
    breach_severity: BreachSeverity | None = None
    trend: tuple[ScorePoint, ...] = ()

    @property
    def mixed_identity(self) -> bool:
        """Whether the addresses of a name were not one server: nothing is then closed."""
        return any(seen.mixed_identity for seen in self.observations)
