"""What the history tells a person: findings over the nights, and the scores of an asset.

Times are RFC 3339 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scanner.model.frozen import dataclass

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """What a finding became: a severity (empty: a lead), or ``closed``."""

    at: str
    became: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFinding:
    """One facet of one asset from one vantage, over the nights.

    ``first_seen`` is that of the last time it was opened; ``changes`` go back further.
    ``last_seen`` is the last night that saw it fail. ``closed`` is ``None`` while it is open.
    ``accepted`` is the last day (ISO 8601) of the accepted risk that covered it, or empty.
    """

    uid: str
    vantage: str
    failure: str
    facet: str
    severity: str
    first_seen: str
    last_seen: str
    closed: str | None = None
    accepted: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScore:
    """The score of one night, its letter, and the share of the weight that was decided (percent).

    ``score`` is ``None`` where nothing answered.
    """

    at: str
    score: float | None
    grade: str
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAsset:
    """All that a person may ask of one asset. ``last_seen`` is its last report.

    ``scores`` maps a standpoint (``scanner.model.trend``) to its last nights, the oldest first.
    """

    tenant: str
    asset: str
    last_seen: str
    findings: tuple[PastFinding, ...] = ()
    scores: Mapping[str, tuple[PastScore, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAsset:
    """An asset with open findings, leads counted apart. ``oldest`` is when its oldest was opened.

    ``severity`` is the worst of those that decide something.
    """

    tenant: str
    asset: str
    findings: int
    leads: int
    severity: str
    oldest: str
    last_seen: str
