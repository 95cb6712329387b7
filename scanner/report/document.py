"""The report document: what is said of every asset, in JSON's own types.

Its shape is published as ``scanner/schemas/report-1.0.0.json``; it never changes within a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scanner.model import ascii_json
from scanner.model.evidence import Evidence
from scanner.model.failure import FailureId, Grade
from scanner.model.finding import (
    Assessment,
    Cap,
    FailureResult,
    Finding,
    HostReport,
    Severity,
    Verdict,
)
from scanner.model.observation import Observations
from scanner.model.scan import ScanHeader
from scanner.model.target import AcceptedRisk, Decoy
from scanner.model.trend import ScorePoint
from scanner.report.endpoints import endpoint_documents
from scanner.report.plain import flat, plain, record

SCHEMA_VERSION = "1.0.0"
CONTROLS = (
    "gdpr",
    "cnil",
    "anssi",
    "iso27001",
    "nist",
    "cis",
    "pci",
    "hipaa",
    "nis2",
    "cwe",
)
"""The frameworks that every row is mapped to."""
_LISTS = ("ways_in", "caps")
"""Tuples of a finding beside its evidence, of which a document has a list of its own."""


def encode(document: Mapping[str, Any]) -> str:
    """Return one line of ASCII JSON: safe on any terminal, and the same for the same facts."""
    return ascii_json.encode(document)


def scan_document(
    header: ScanHeader, hosts: Iterable[Mapping[str, Any]], fleet: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the whole report. ``hosts`` are host documents, ``fleet`` leads across assets."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scan": header_document(header),
        "hosts": [dict(host) for host in hosts],
        "fleet": [dict(lead) for lead in fleet],
    }


def header_document(header: ScanHeader) -> dict[str, Any]:
    """Return the head of a report."""
    return {
        "uid": header.uid,
        "started": header.started,
        "finished": header.finished,
        "tool": {"name": header.tool_name, "version": header.tool_version},
        "vantages": list(header.vantages),
        "authorisation": header.authorisation,
        "targets_sha256": header.targets_sha256,
        "coverage": plain(header.coverage),
        "delta": plain(header.delta),
    }


def host_document(report: HostReport) -> dict[str, Any]:
    """Return one element of ``hosts``: the nine failures in order, and what they rest on."""
    looks = sorted(report.observations, key=lambda seen: (seen.vantage, seen.host, seen.started))
    shown = _cited(report, looks)
    known = frozenset(piece.id for piece in shown)
    return {
        **_identity(report, looks),
        "credentials": [plain(credential) for credential in report.credentials],
        "endpoints": endpoint_documents(looks),
        **_score(report.assessment, report.trend),
        "breach_candidate": report.breach_candidate,
        "enisa": plain(report.breach_severity),
        "decoy": _decoy(report.decoy),
        "exceptions": [_exception(risk) for risk in report.exceptions],
        "failures": [_failure(result, known) for result in nine(report)],
        "evidence": [plain(piece) for piece in shown],
    }


def nine(report: HostReport) -> list[FailureResult]:
    """Return the nine rows in order. A row that nobody judged is our own fault, and says so."""
    judged = {result.id: result for result in report.failures}
    return [judged.get(failure) or _unjudged(failure) for failure in FailureId]


def _unjudged(failure: FailureId) -> FailureResult:
    return FailureResult(
        id=failure,
        verdict=Verdict.ERROR,
        source=None,
        confidence=None,
        severity=Severity.INFO,
        summary="not judged: a fault of the scanner",
        reason="own-fault",
    )


def _identity(report: HostReport, looks: Sequence[Observations]) -> dict[str, Any]:
    return {
        "tenant": report.tenant,
        "asset": report.asset,
        "host": report.host,
        "aliases": sorted({seen.host for seen in looks} - {report.host}),
        "addresses": sorted({address for seen in looks for address in seen.addresses}),
        "owner": report.owner,
        "tags": list(report.tags),
        "judged_at": report.judged_at,
        "vantages": [_look(seen) for seen in looks],
    }


def _look(seen: Observations) -> dict[str, Any]:
    return record(seen, without=frozenset({"asset", "endpoints", "evidence"}))


def _score(assessment: Assessment, trend: Sequence[ScorePoint]) -> dict[str, Any]:
    return {
        "score": round(assessment.score, 1),
        "best_case": round(assessment.best_case, 1),
        "coverage": round(assessment.coverage, 1),
        "grade": assessment.grade.value,
        "worst": assessment.worst.value,
        "best": assessment.best.value,
        "letter_lowered": assessment.letter_lowered,
        "megabus_match": plain(assessment.megabus_match),
        "caps": [plain(cap) for cap in ranked_caps(assessment.caps)],
        "trend": [[point.at, point.score] for point in trend],
    }


def ranked_caps(caps: Iterable[Cap]) -> list[Cap]:
    """Return caps, the lowest letter first."""
    letters = list(Grade)
    return sorted(
        caps, key=lambda cap: (-letters.index(cap.grade), cap.trigger, cap.failure, cap.vantage)
    )


def _failure(result: FailureResult, known: frozenset[str]) -> dict[str, Any]:
    return {
        "id": result.id.value,
        "verdict": result.verdict.value,
        "source": plain(result.source),
        "confidence": plain(result.confidence),
        "severity": result.severity.value,
        "summary": result.summary,
        "reason": result.reason,
        "remedy": result.remedy,
        "controls": _controls(result),
        "findings": [_finding(finding, known) for finding in result.findings],
    }


def _controls(result: FailureResult) -> dict[str, list[str]]:
    """Return a row's controls: those of the last row of that failure where they are the same."""
    known = _LATEST.get(result.id)
    if known is None or known[0] is not result.controls:
        told = {name: list(result.controls.get(name, ())) for name in CONTROLS}
        known = _LATEST[result.id] = (result.controls, told)
    return known[1]


_LATEST: dict[FailureId, tuple[Mapping[str, tuple[str, ...]], dict[str, list[str]]]] = {}
"""One entry for each of the nine failures. Nobody changes a document: what is alike is shared."""


def _finding(finding: Finding, known: frozenset[str]) -> dict[str, Any]:
    return {
        **flat(finding, _LISTS),
        "lead": finding.verdict is Verdict.FAIL and finding.is_lead,
        "evidence": [identity for identity in finding.evidence if identity in known],
    }


def _cited(report: HostReport, looks: Sequence[Observations]) -> list[Evidence]:
    """Return the evidence that a finding or a mixed identity names, in the order of gathering."""
    named = {
        identity
        for result in report.failures
        for finding in result.findings
        for identity in finding.evidence
    }
    named |= {
        identity
        for seen in looks
        for difference in seen.mixed_identity
        for identity in difference.evidence
    }
    return [piece for seen in looks for piece in seen.evidence if piece.id in named]


def _decoy(decoy: Decoy | None) -> dict[str, str] | None:
    return None if decoy is None else {"owner": decoy.owner, "until": decoy.until.isoformat()}


def _exception(risk: AcceptedRisk) -> dict[str, str]:
    return {
        "failure": risk.failure,
        "reason": risk.reason,
        "approved_by": risk.approved_by,
        "until": risk.until.isoformat(),
    }
