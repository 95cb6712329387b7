"""Run folders of nights that never were, for what reads reports alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from scanner.api.head import DONE, RunHead
from scanner.model.failure import FailureId, Grade
from scanner.model.finding import Finding, HostReport, Severity, Verdict, finding_uid
from scanner.model.trend import ScorePoint
from scanner.report.document import encode, host_document
from scanner.report.stream import stream
from tests.report import builders

FIRST, SECOND = "2026-07-01T02:00:00Z", "2026-07-02T02:00:00Z"


def said(
    facet: str,
    verdict: Verdict = Verdict.FAIL,
    *,
    asset: str = "files",
    first_seen: str | None = FIRST,
    **changes: object,
) -> Finding:
    """A finding of ``open-zone``: of a fail ``first_seen`` is the first of the two nights."""
    plain = builders.finding(FailureId.OPEN_ZONE, facet, first_seen=first_seen)
    uid = finding_uid("default", asset, "internet", "open-zone", facet)
    severity = Severity.HIGH if verdict is Verdict.FAIL else Severity.INFO
    plain = replace(plain, uid=uid, verdict=verdict, severity=severity)
    return replace(plain, **changes)  # type: ignore[arg-type]


def asset(
    name: str = "files", *findings: Finding, score: float = 40.0, grade: Grade = Grade.D
) -> HostReport:
    """A report with one row that has findings."""
    rows = tuple(
        builders.row(failure, *(findings if failure is FailureId.OPEN_ZONE else ()))
        for failure in FailureId
    )
    plain = builders.silent_report()
    assessment = replace(plain.assessment, score=score, grade=grade)
    return replace(
        plain,
        asset=name,
        failures=rows,
        assessment=assessment,
        trend=(ScorePoint(builders.AT, score),),
        observations=(builders.look(evidence=()),),
    )


def written(reports: Path, at: str, hosts: Sequence[HostReport], **changes: object) -> Path:
    """Write a run folder that holds ``run.json`` and ``report.json``; return its path."""
    folder = reports / f"{at.replace('-', '').replace(':', '')}-{len(hosts):08x}"
    folder.mkdir(parents=True)
    plain = RunHead(
        uid=f"scan-{at}",
        targets="/etc/targets.json",
        targets_sha256="0" * 64,
        authorisation="CHG-1",
        vantage="internet",
        started=at,
        finished=at,
        fail_on="high",
        targeted=len(hosts),
        excluded=0,
        state=DONE,
    )
    head = replace(plain, **changes)  # type: ignore[arg-type]
    (folder / "run.json").write_text(json.dumps(asdict(head)))
    scan = replace(
        builders.header(), uid=head.uid, started=at, finished=at, vantages=(head.vantage,)
    )
    lines = (encode(host_document(each)) for each in hosts)
    with (folder / "report.json").open("w", encoding="utf-8") as file:
        file.writelines(stream(scan, lines, []))
    return folder
