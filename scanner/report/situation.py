"""What a row says tonight, beside what was open before: the words that every event uses.

The table of ``docs/siem.md`` in code. A row closes only on a conclusive pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any, TypeAlias

from scanner.model.frozen import dataclass

_PAPERS = "papers"
_LEADS = frozenset({"low", "info"})


class Change(StrEnum):
    """Tonight against the last scan that could tell."""

    NEW = "new"
    CHANGED = "changed"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"


class Activity(IntEnum):
    """``activity_id`` of an OCSF finding."""

    CREATE = 1
    UPDATE = 2
    CLOSE = 3


class Status(IntEnum):
    """``status_id`` of an OCSF finding."""

    UNKNOWN = 0
    NEW = 1
    SUPPRESSED = 3
    RESOLVED = 4


class Compliance(IntEnum):
    """``compliance.status_id`` of OCSF."""

    UNKNOWN = 0
    PASS = 1
    FAIL = 3
    OTHER = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One row, from one vantage, tonight. ``severity`` is a word of the report."""

    verdict: str
    change: Change
    activity: Activity
    status: Status
    compliance: Compliance
    severity: str
    findings: tuple[Mapping[str, Any], ...]


Situations: TypeAlias = Mapping[tuple[str, str], Situation]
"""By vantage and failure."""


def situations(host: Mapping[str, Any], known: Mapping[str, str]) -> Situations:
    """Return what every row of a host document comes to, seen from each of its vantages."""
    return {
        (look["vantage"], row["id"]): situation(host, row, look["vantage"], known)
        for look in host["vantages"]
        for row in host["failures"]
    }


def situation(
    host: Mapping[str, Any], row: Mapping[str, Any], vantage: str, known: Mapping[str, str]
) -> Situation:
    """Return what a row of a host document comes to, seen from ``vantage``.

    ``known`` maps the uid of each finding that was open before this scan, leads apart, to its
    severity.
    """
    seen = tuple([each for each in row["findings"] if each["vantage"] in {vantage, _PAPERS}])
    before = tuple([each for each in seen if each["uid"] in known]) if known else ()
    verdict = verdict_from(host, row, vantage)
    if verdict == "fail":
        return _failing(row, seen, before, known)
    if verdict == "pass":
        return _passing(host, seen, before, known)
    if verdict == "not-applicable":
        return _quiet(verdict, Compliance.OTHER, seen)
    return _not_told(verdict, seen, before, known)


def _failing(
    row: Mapping[str, Any],
    seen: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]],
    known: Mapping[str, str],
) -> Situation:
    failing = [each for each in seen if each["verdict"] == "fail" and _decides(each)]
    suppressed = bool(failing) and all(each["suppressed"] for each in failing)
    fresh = not any(each in before for each in failing)
    moved = any(known.get(each["uid"]) != each["severity"] for each in failing) or any(
        each["verdict"] == "pass" for each in before
    )
    change = Change.NEW if fresh else Change.CHANGED if moved else Change.UNCHANGED
    return Situation(
        verdict="fail",
        change=change,
        activity=Activity.CREATE if fresh and not suppressed else Activity.UPDATE,
        status=Status.SUPPRESSED if suppressed else Status.NEW,
        compliance=Compliance.FAIL,
        severity=row["severity"],
        findings=tuple(seen),
    )


def _passing(
    host: Mapping[str, Any],
    seen: tuple[Mapping[str, Any], ...],
    before: Sequence[Mapping[str, Any]],
    known: Mapping[str, str],
) -> Situation:
    if not before:
        return _quiet("pass", Compliance.PASS, seen)
    mixed = any(look["mixed_identity"] for look in host["vantages"])
    if mixed or any(each["verdict"] != "pass" for each in before):
        # Passed, but not conclusively for what was open: nothing is closed.
        return _not_told("unknown", seen, before, known)
    return Situation(
        verdict="pass",
        change=Change.RESOLVED,
        activity=Activity.CLOSE,
        status=Status.RESOLVED,
        compliance=Compliance.PASS,
        severity="info",
        findings=seen,
    )


def _quiet(verdict: str, compliance: Compliance, seen: tuple[Mapping[str, Any], ...]) -> Situation:
    return Situation(
        verdict=verdict,
        change=Change.UNCHANGED,
        activity=Activity.UPDATE,
        status=Status.RESOLVED,
        compliance=compliance,
        severity="info",
        findings=seen,
    )


def _not_told(
    verdict: str,
    seen: tuple[Mapping[str, Any], ...],
    before: Sequence[Mapping[str, Any]],
    known: Mapping[str, str],
) -> Situation:
    """Not told tonight: what was open stays open, as bad as it was."""
    ranks = ("critical", "high", "medium", "low", "info")
    worst = min((str(known[each["uid"]]) for each in before), key=ranks.index, default="info")
    return Situation(
        verdict=verdict,
        change=Change.UNCHANGED,
        activity=Activity.UPDATE,
        status=Status.NEW if before else Status.UNKNOWN,
        compliance=Compliance.UNKNOWN,
        severity=worst,
        findings=seen,
    )


def verdict_from(host: Mapping[str, Any], row: Mapping[str, Any], vantage: str) -> str:
    """Return the row's verdict as far as one vantage tells it.

    A fail that only another vantage saw is unknown here: never a pass.
    """
    verdict: str = row["verdict"]
    if verdict != "fail" or len(host["vantages"]) < 2:
        return verdict
    seen = (each for each in row["findings"] if each["vantage"] in {vantage, _PAPERS})
    here = any(each["verdict"] == "fail" and _decides(each) for each in seen)
    return "fail" if here else "unknown"


def _decides(finding: Mapping[str, Any]) -> bool:
    return finding["confidence"] != "weak" and finding["severity"] not in _LEADS
