"""One judge for every road: observations, papers, memory and a clock become a host report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache

from scanner import scoring
from scanner.checks.base import Check, evaluate
from scanner.checks.personal import harm_in
from scanner.checks.questions import logins
from scanner.checks.registry import all_checks
from scanner.engine.credentials import credentials_of
from scanner.engine.unseen import unseen
from scanner.model.case import Case, moment
from scanner.model.content import DataClass
from scanner.model.dossier import Dossier
from scanner.model.failure import NEVER_NOT_APPLICABLE, CapTrigger, FailureId
from scanner.model.finding import (
    BreachSeverity,
    Cap,
    FailureResult,
    Finding,
    HostReport,
    Severity,
    Source,
    Verdict,
)
from scanner.model.frozen import dataclass, replace
from scanner.model.observation import Observations
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import PastCap, Recall
from scanner.model.target import Target
from scanner.model.trend import ScorePoint, point_of, standpoint, trend_of
from scanner.probes.context import utc_text

AGEING = timedelta(days=30)
"""A finding or a warning open for longer takes one letter off."""

LIFTED_BY = {CapTrigger.OPEN_PERSONAL_DATA: FailureId.OPEN_ZONE}
"""Caps that another row than the one where they fire lifts: once nobody gets in without
authentication, nothing is readable without it, whoever may still look at the files."""

LIFTING_FACETS = {
    CapTrigger.OPEN_PERSONAL_DATA: frozenset({"anonymous-read"}),
    CapTrigger.ANONYMOUS_WRITE: frozenset({"anonymous-write"}),
    CapTrigger.OPEN_LISTING: frozenset({"anonymous-read"}),
    CapTrigger.NO_AUTHENTICATION: frozenset({"ssh-none"}),
    CapTrigger.CLEAR_PRIVATE_DATA: frozenset({"clear-data"}),
    CapTrigger.PASSWORD_IN_CLEAR: frozenset({"named-login-in-clear", "clear-on-implicit-port"}),
    CapTrigger.SHARED_ACCOUNT: frozenset(
        {"inventory-holders", "two-people-accepted", "authorized-keys"}
    ),
    CapTrigger.DRILL_FAILED: frozenset({"alarm-drill"}),
    CapTrigger.NO_ORDER: frozenset({"unordered-data"}),
}
"""The facets whose passes, from the same vantage, lift each cap: all of those that were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docket:
    """What a judge is given of one asset. ``judged_at`` (RFC 3339 UTC) is its clock."""

    target: Target
    observations: tuple[Observations, ...]
    dossier: Dossier
    recall: Recall
    judged_at: str


def judge(docket: Docket) -> HostReport:
    """Return the report of one asset. Pure: the same docket gives the same report."""
    case = _case(docket)
    results = tuple(_result(check, case) for check in all_checks())
    caps = _caps(results, case)
    assessment = scoring.assess(
        results, caps, lowered_because=_ignored(results, case), at=utc_text(case.now)
    )
    target = docket.target
    breach = _breach(case)
    return HostReport(
        tenant=target.tenant,
        asset=target.asset,
        host=target.host,
        owner=target.owner,
        tags=target.tags,
        judged_at=docket.judged_at,
        observations=docket.observations,
        failures=results,
        assessment=assessment,
        credentials=credentials_of(target, docket.observations),
        exceptions=target.exceptions,
        decoy=target.decoy,
        breach_candidate=_breach_clock(caps, case),
        breach_severity=breach,
        trend=_trend(docket, assessment.score),
    )


def _trend(docket: Docket, score: float) -> tuple[ScorePoint, ...]:
    past = docket.recall.scores.get(standpoint(docket.observations), ())
    return trend_of(past, point_of(docket.observations, score, docket.judged_at))


def _case(docket: Docket) -> Case:
    """Add an unseen set of endpoints for every declared vantage where nobody stood."""
    seen = {observations.vantage for observations in docket.observations}
    missing = [vantage for vantage in docket.target.vantages if vantage not in seen]
    return Case(
        target=docket.target,
        observations=(
            *docket.observations,
            *(_from_nowhere(docket.target, vantage) for vantage in missing),
        ),
        dossier=docket.dossier,
        recall=docket.recall,
        now=moment(docket.judged_at),
    )


def _from_nowhere(target: Target, vantage: str) -> Observations:
    told = f"nobody looked from the vantage {vantage}"
    return unseen(target, vantage, Unobserved(Reason.NO_VANTAGE, told))


def _result(check: Check, case: Case) -> FailureResult:
    try:
        result = evaluate(check, case)
    except Exception as error:  # noqa: BLE001 - our own bug becomes the verdict "error"
        return _own_bug(check, error)
    dated = tuple([_dated(check, finding, case) for finding in result.findings])
    if dated != result.findings:
        result = replace(result, findings=dated)
    return _declared_away(result, case)


def _own_bug(check: Check, error: Exception) -> FailureResult:
    return FailureResult(
        id=check.id,
        verdict=Verdict.ERROR,
        source=None,
        confidence=None,
        severity=Severity.INFO,
        summary=f"the scanner failed to judge this ({type(error).__name__})",
        reason=str(Reason.OWN_FAULT),
        remedy="Report this fault of the scanner; the row is not decided.",
        controls=check.controls,
    )


def _dated(check: Check, finding: Finding, case: Case) -> Finding:
    """Tell since when a finding is open: also one not seen tonight, or just mended."""
    before = case.recall.findings.get(finding.uid)
    if finding.verdict is not Verdict.FAIL and before is None:
        return finding
    first = before or utc_text(case.now)
    as_bad = finding.severity
    if finding.verdict not in {Verdict.FAIL, Verdict.PASS}:
        as_bad = case.recall.severities.get(finding.uid, as_bad)
    return replace(
        finding,
        severity=as_bad,
        first_seen=first,
        days_open=max(0, (case.now - moment(first)).days),
        suppressed=finding.verdict is Verdict.FAIL and _accepted(check.id, case),
    )


def _accepted(failure: FailureId, case: Case) -> bool:
    """Whether somebody accepts this failure today."""
    return any(
        risk.failure == failure and risk.until >= case.today for risk in case.target.exceptions
    )


def _declared_away(result: FailureResult, case: Case) -> FailureResult:
    for declared in case.target.not_applicable:
        if declared.failure == result.id and declared.until >= case.today:
            if _never_away(result.id, case):
                continue
            told = f"{declared.reason} (signed by {declared.signed_by}, until {declared.until})"
            return replace(
                result,
                verdict=Verdict.NOT_APPLICABLE,
                source=Source.DOCUMENT,
                confidence=None,
                severity=Severity.INFO,
                summary=told,
                reason=declared.reason,
            )
    return result


def _never_away(failure: FailureId, case: Case) -> bool:
    if failure in NEVER_NOT_APPLICABLE:
        return True
    is_open = any(endpoint.facts is not None for _, endpoint in case.endpoints())
    return failure is FailureId.CLEAR_STORAGE and is_open


def _caps(results: Sequence[FailureResult], case: Case) -> tuple[Cap, ...]:
    past = {(cap.trigger, cap.failure, cap.vantage): cap for cap in case.recall.caps}
    fired = {
        (trigger, LIFTED_BY.get(trigger, result.id), finding.vantage)
        for result in results
        if result.verdict is not Verdict.NOT_APPLICABLE
        for finding in result.findings
        for trigger in finding.caps
    }
    now = utc_text(case.now)
    kept = [
        scoring.cap_of(*key, since=past[key].since if key in past else now, stale=False)
        for key in sorted(fired)
    ]
    kept += [
        scoring.cap_of(cap.trigger, cap.failure, cap.vantage, since=cap.since, stale=True)
        for key, cap in sorted(past.items())
        if key not in fired and (_is_mixed(case) or _still_holds(cap, results))
    ]
    return tuple(kept)


def _is_mixed(case: Case) -> bool:
    """Whether the addresses of a name were not one server: a pass may then be another's."""
    return any(seen.mixed_identity for seen in case.observations)


def _still_holds(cap: PastCap, results: Sequence[FailureResult]) -> bool:
    """A cap that fired once holds until its facets pass from the same vantage."""
    if cap.trigger is CapTrigger.ATTESTED_ONLY:
        return True  # the score itself decides that one; only its date is kept
    seen = [
        finding
        for result in results
        for finding in result.findings
        if finding.facet in LIFTING_FACETS[cap.trigger] and finding.vantage == cap.vantage
    ]
    return not seen or any(finding.verdict is not Verdict.PASS for finding in seen)


def _ignored(results: Iterable[FailureResult], case: Case) -> str:
    """Return which finding or warning has been open too long, or an empty string."""
    for result in results:
        if result.verdict is Verdict.NOT_APPLICABLE:
            continue
        for finding in result.findings:
            days = _days_open(result.id, finding, case)
            if days > AGEING.days:
                return f"{finding.facet} has been open for {days} days"
    warnings = case.dossier.warnings
    for warning in warnings.value if isinstance(warnings, Observed) else ():
        days = (case.today - warning.opened).days
        # A closing date that is yet to come is a plan: until then the warning is open.
        is_open = warning.closed is None or warning.closed > case.today
        if is_open and days > AGEING.days:
            return f"warning {warning.id} has been open for {days} days"
    return ""


def _days_open(failure: FailureId, finding: Finding, case: Case) -> int:
    """Return for how long a finding that decides something has been open, and nobody accepted it.

    One that could not be seen tonight is still open: silence mends nothing, and nor does a pass
    where the addresses of a name were not one server.
    """
    if _accepted(failure, case):
        return 0
    if finding.verdict is Verdict.FAIL:
        return 0 if finding.is_lead else finding.days_open
    first = case.recall.findings.get(finding.uid)
    mended = finding.verdict is Verdict.PASS and not _is_mixed(case)
    if mended or first is None or not finding.required:
        return 0
    severity = _severities()[finding.facet]
    return 0 if severity.is_lead else (case.now - moment(first)).days


@cache
def _severities() -> dict[str, Severity]:
    return {facet.id: facet.severity for check in all_checks() for facet in check.facets}


def _breach_clock(caps: Iterable[Cap], case: Case) -> str | None:
    """Return since when personal data are open to all; a decoy starts no clock."""
    if case.target.decoy is not None and case.target.decoy.until >= case.today:
        return None
    moments = [
        cap.since for cap in caps if cap.trigger is CapTrigger.OPEN_PERSONAL_DATA and not cap.stale
    ]
    return min(moments, default=None)


def _breach(case: Case) -> BreachSeverity | None:
    classes: set[DataClass] = set()
    open_to_all = False
    for login in logins(case):
        if isinstance(login.view, Observed):
            harm = harm_in(login.view.value.walk.files)
            classes |= harm.classes
            open_to_all = open_to_all or (login.open_to_all and bool(harm))
    return scoring.enisa_severity(classes, open_to_all=open_to_all)
