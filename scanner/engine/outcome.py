"""What a scan's reports mean for whoever waits for its exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from scanner.model.case import counted, moment
from scanner.model.finding import Finding, HostReport, Severity, Verdict
from scanner.model.reading import INCOMPLETE, Reason
from scanner.model.scan import Coverage, Delta
from scanner.model.view import CredentialStatus

MOST_LINES = 200
"""How many lines about unfinished steps a run keeps."""


def reaches(report: HostReport, fail_on: Severity) -> bool:
    """Whether a finding that nobody accepted is at or above ``fail_on``. Decoys never are."""
    if _is_decoy(report):
        return False
    return any(
        finding.verdict is Verdict.FAIL
        and not finding.suppressed
        and not finding.is_lead
        and finding.severity.rank >= fail_on.rank
        for row in report.failures
        if row.verdict is not Verdict.NOT_APPLICABLE
        for finding in row.findings
    )


def has_own_bug(report: HostReport) -> bool:
    """Whether a fault of the scanner left anything undecided, even behind a worse verdict."""
    rows = any(row.verdict is Verdict.ERROR for row in report.failures)
    findings = any(finding.verdict is Verdict.ERROR for finding in _findings(report))
    probes = any(e.fault for seen in report.observations for e in seen.endpoints)
    return rows or findings or probes


def unfinished(report: HostReport) -> tuple[str, ...]:
    """Return one line per planned network or credentialed step that failed.

    Endpoints and credentials are looked at beside the findings: a finding is the worst of all
    ways in, so a failing one can hide another that was never answered.
    """
    if is_excluded(report):
        return ()
    steps = (*_unanswered(report), *_unused(report), *_unknown(report))
    return tuple(dict.fromkeys(f"{report.asset}: {step}" for step in steps))


def is_excluded(report: HostReport) -> bool:
    """Whether the team excluded the asset: by its host, or by every address it leads to."""
    return bool(report.observations) and all(
        seen.unreached is not None and seen.unreached.reason is Reason.EXCLUDED
        for seen in report.observations
    )


def _unanswered(report: HostReport) -> Iterator[str]:
    for seen in report.observations:
        for endpoint in counted(seen):
            if endpoint.facts is None and endpoint.reason is not Reason.NOT_LOOKED_AT:
                why = endpoint.detail or endpoint.reason or endpoint.fault or "no answer"
                yield f"{endpoint.way_in} is {endpoint.state} ({why})"


def _unused(report: HostReport) -> Iterator[str]:
    for credential in report.credentials:
        if credential.status != CredentialStatus.ACCEPTED:
            why = f" ({credential.detail})" if credential.detail else ""
            yield f"credential {credential.username} {credential.status}{why}"


def _unknown(report: HostReport) -> Iterator[str]:
    for finding in _findings(report):
        unknown = finding.verdict is Verdict.UNKNOWN and finding.required
        if unknown and finding.reason in INCOMPLETE:
            yield finding.summary


def _findings(report: HostReport) -> Iterator[Finding]:
    return (finding for row in report.failures for finding in row.findings)


def _is_decoy(report: HostReport) -> bool:
    today: date = moment(report.judged_at).date()
    return report.decoy is not None and report.decoy.until >= today


def exit_code(*, own_bug: bool, findings: bool, incomplete: bool) -> int:
    """Return the first of 70, 1, 3 and 0 that applies."""
    if own_bug:
        return 70
    if findings:
        return 1
    return 3 if incomplete else 0


def delta_of(
    report: HostReport, known: Mapping[str, str], severities: Mapping[str, str] | None = None
) -> Delta:
    """Return how the failing findings compare with those that history held open.

    ``severities`` are those of what decided its row: one that is now another, or is a lead now
    and was none, has changed. Of a mixed identity nothing is resolved: a pass may be another
    server's.
    """
    failing = {f.uid: f for f in _findings(report) if f.verdict is Verdict.FAIL}
    passing = {f.uid for f in _findings(report) if f.verdict is Verdict.PASS} - set(failing)
    still = {uid for uid in failing if uid in known}
    changed = 0
    if severities is not None:
        changed = sum(severities.get(uid, "") != _weight(failing[uid]) for uid in still)
    return Delta(
        new=len(failing) - len(still),
        changed=changed,
        resolved=0 if report.mixed_identity else len(passing & set(known)),
        unchanged=len(still) - changed,
    )


def _weight(finding: Finding) -> str:
    return "" if finding.is_lead else finding.severity


class Tally:
    """Adds up a run, one report at a time, holding none of them."""

    def __init__(self, fail_on: Severity, targeted: int, excluded: int = 0) -> None:
        self._fail_on = fail_on
        self.targeted = targeted
        self.excluded = excluded
        self.done = 0
        self.unreachable = 0
        self.barred = 0
        self.inconclusive = 0
        self.new = 0
        self.changed = 0
        self.resolved = 0
        self.unchanged = 0
        self.failures = 0
        self.own_bug = False
        self.findings = False
        self.unfinished: list[str] = []
        self.grades: Counter[str] = Counter()

    def add(
        self,
        report: HostReport,
        known: Mapping[str, str],
        severities: Mapping[str, str] | None = None,
    ) -> None:
        """Count one report, against the open findings that history knew; see ``delta_of``."""
        steps = unfinished(report)
        delta = delta_of(report, known, severities)
        self.done += 1
        barred = is_excluded(report)
        self.barred += barred
        self.unreachable += not barred and not _answered(report)
        self.inconclusive += bool(steps)
        self.new += delta.new
        self.changed += delta.changed
        self.resolved += delta.resolved
        self.unchanged += delta.unchanged
        self.failures += report.assessment.megabus_match.matched
        self.own_bug = self.own_bug or has_own_bug(report)
        self.findings = self.findings or reaches(report, self._fail_on)
        self.unfinished += steps[: max(0, MOST_LINES - len(self.unfinished))]
        self.grades[str(report.assessment.grade)] += 1

    def coverage(self) -> Coverage:
        """Return how many assets were meant, judged, not reached, left out, left undecided."""
        return Coverage(
            targeted=self.targeted - self.barred,
            assessed=self.done - self.unreachable - self.barred,
            unreachable=self.unreachable,
            excluded=self.excluded + self.barred,
            inconclusive=self.inconclusive,
        )

    def delta(self) -> Delta:
        """Return what changed since history last saw these assets."""
        return Delta(
            new=self.new, changed=self.changed, resolved=self.resolved, unchanged=self.unchanged
        )

    def exit_code(self) -> int:
        """Return the exit code of the run."""
        return exit_code(
            own_bug=self.own_bug,
            findings=self.findings,
            incomplete=bool(self.inconclusive) or self.done < self.targeted,
        )


def _answered(report: HostReport) -> bool:
    return any(e.facts is not None for seen in report.observations for e in seen.endpoints)
