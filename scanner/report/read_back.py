"""A host document read back as a report, as far as the history keeps it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from scanner.model.failure import CapTrigger, FailureId, Grade
from scanner.model.finding import (
    Assessment,
    Cap,
    Confidence,
    FailureResult,
    Finding,
    HostReport,
    MegabusMatch,
    Severity,
    Source,
    Verdict,
)
from scanner.model.observation import (
    EndpointObservation,
    EndpointState,
    IdentityDifference,
    Observations,
)
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import AcceptedRisk, Protocol
from scanner.model.trend import ScorePoint

_Document = Mapping[str, Any]


def report_of(host: _Document, observations: Sequence[Observations] = ()) -> HostReport:
    """Return the report that a host document tells of.

    Without ``observations`` it has those of the document, which know no facts. What the history
    does not keep is left empty. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for a
    document of another shape.
    """
    return HostReport(
        tenant=host["tenant"],
        asset=host["asset"],
        host=host["host"],
        owner=host["owner"],
        tags=tuple(host["tags"]),
        judged_at=host["judged_at"],
        observations=tuple(observations) or tuple(_looks(host)),
        failures=tuple(map(_row, host["failures"])),
        assessment=_assessment(host),
        exceptions=tuple(map(_risk, host["exceptions"])),
        breach_candidate=host["breach_candidate"],
        trend=tuple(ScorePoint(at, score) for at, score in host["trend"]),
    )


def _row(row: _Document) -> FailureResult:
    return FailureResult(
        id=FailureId(row["id"]),
        verdict=Verdict(row["verdict"]),
        source=None,
        confidence=None,
        severity=Severity(row["severity"]),
        summary=row["summary"],
        findings=tuple(map(_finding, row["findings"])),
    )


def _finding(finding: _Document) -> Finding:
    return Finding(
        uid=finding["uid"],
        facet=finding["facet"],
        vantage=finding["vantage"],
        ways_in=tuple(finding["ways_in"]),
        verdict=Verdict(finding["verdict"]),
        source=Source(finding["source"]),
        confidence=Confidence(finding["confidence"]),
        severity=Severity(finding["severity"]),
        summary=finding["summary"],
        first_seen=finding["first_seen"],
        days_open=finding["days_open"],
        suppressed=finding["suppressed"],
    )


def _assessment(host: _Document) -> Assessment:
    return Assessment(
        score=host["score"],
        best_case=host["best_case"],
        coverage=host["coverage"],
        grade=Grade(host["grade"]),
        worst=Grade(host["worst"]),
        best=Grade(host["best"]),
        megabus_match=MegabusMatch(**host["megabus_match"]),
        caps=tuple(map(_cap, host["caps"])),
    )


def _cap(cap: _Document) -> Cap:
    return Cap(
        trigger=CapTrigger(cap["trigger"]),
        grade=Grade(cap["grade"]),
        reason=cap["reason"],
        failure=FailureId(cap["failure"]),
        vantage=cap["vantage"],
        since=cap["since"],
        stale=cap["stale"],
    )


def _risk(risk: _Document) -> AcceptedRisk:
    until = date.fromisoformat(risk["until"])
    return AcceptedRisk(**{**risk, "until": until})


def _looks(host: _Document) -> Iterable[Observations]:
    for look in host["vantages"]:
        why = look["unreached"]
        yield Observations(
            asset=host["asset"],
            host=look["host"],
            vantage=look["vantage"],
            started=look["started"],
            finished=look["finished"],
            unreached=None if why is None else Unobserved(Reason(why["unobserved"])),
            mixed_identity=tuple(_difference(each) for each in look["mixed_identity"]),
            endpoints=tuple(
                _endpoint(each) for each in host["endpoints"] if each["vantage"] == look["vantage"]
            ),
        )


def _difference(told: _Document) -> IdentityDifference:
    return IdentityDifference(
        port=told["port"],
        protocol=Protocol(told["protocol"]),
        mark=told["mark"],
        seen={address: tuple(marks) for address, marks in told["seen"].items()},
    )


def _endpoint(told: _Document) -> EndpointObservation:
    return EndpointObservation(
        port=told["port"],
        protocol=Protocol(told["protocol"]),
        address=told["address"],
        declared=told["declared"],
        state=EndpointState(told["state"]),
        reason=None if told["reason"] is None else Reason(told["reason"]),
    )
