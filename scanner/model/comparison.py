"""What differs between two reports."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.frozen import dataclass


class Turn(StrEnum):
    """What a finding came to, from an older report to a newer one.

    ``untold``: it was open, and the newer report cannot tell: unknown, not asked, or of an asset
    that is not in it. It is still open.
    """

    NEW = "new"
    CHANGED = "changed"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFinding:
    """A finding that was or is open. ``severity`` is the newer one, ``was`` the older one (empty
    where it was not in the older report). ``lead``: it decides nothing.
    """

    turn: Turn
    uid: str
    tenant: str
    asset: str
    vantage: str
    failure: str
    facet: str
    severity: str
    was: str
    lead: bool
    suppressed: bool
    first_seen: str | None
    days_open: int
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an asset stood in one report."""

    score: float
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedHost:
    """An asset of either report; ``None`` where it is not in that one. ``open`` counts its open
    findings that decide something, in the newer report if it is there.
    """

    tenant: str
    asset: str
    before: Standing | None
    after: Standing | None
    open: int
