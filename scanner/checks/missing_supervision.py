"""An abnormal login raises no alert that reaches anyone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scanner.checks import log_uses
from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.papers import judge as judge_paper
from scanner.checks.papers import of_kind
from scanner.checks.watch_papers import WATCH_FACETS
from scanner.model.case import Case, moment
from scanner.model.dossier import Paper
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Source
from scanner.model.reading import Observed, Reason
from scanner.model.recall import DrillResult

HOLDS = timedelta(days=90)
"""How long the result of a drill holds."""

_IN_WORDS = {"canary": "canary drill", "off-network": "off-network drill"}


def read_drill(case: Case) -> Iterator[Question[DrillResult]]:
    """Ask for the last alarm drill."""
    yield Question(PAPERS, "", case.recall.drill)


def judge_drill(drill: DrillResult, case: Case) -> Ruling:
    """The drill decides, for ninety days."""
    day = drill.at[:10]
    said = _IN_WORDS.get(drill.variant, "alarm drill")
    if case.now - moment(drill.at) > HOLDS:
        return undecided(f"the last {said}, of {day}, is over 90 days old", Reason.EXPIRED)
    if drill.verdict == "fail":
        return failed(f"the {said} of {day} raised no alert", caps=(CapTrigger.DRILL_FAILED,))
    if drill.verdict == "pass":
        return passed(f"the {said} of {day} raised an alert", source=Source.NETWORK)
    return undecided(f"the {said} of {day} could not be told: {drill.detail}", "drill-unknown")


def read_procedures(case: Case) -> Iterator[Question[Paper]]:
    """Ask every declared supervision procedure."""
    for paper in of_kind(case, "supervision-procedure"):
        yield Question(PAPERS, paper.document.title, Observed(paper), required=False)


CHECK = Check(
    id=FailureId.MISSING_SUPERVISION,
    ref="MB-06",
    title="Missing supervision",
    says="an abnormal login raises no alert that reaches anyone",
    cleared="the alarm drill reached someone",
    remedy="Send the server's login events to the SIEM, agree on a rule, and prove it by a drill.",
    controls=controls_of(FailureId.MISSING_SUPERVISION),
    facets=(
        Facet(
            id="alarm-drill",
            question="Did an alarm drill reach someone in the last 90 days?",
            layer=Source.NETWORK,
            severity=Severity.HIGH,
            required="every asset; without a drill the row stays unknown",
            remedy="Find where the alert got lost between the server's log and the people on call.",
            reads=read_drill,
            judge=judge_drill,
        ),
        Facet(
            id="supervision-procedure",
            question="Is there a valid supervision procedure?",
            layer=Source.DOCUMENT,
            severity=Severity.INFO,
            required="nothing: paper does not raise an alarm",
            remedy="Write down who watches, and who is called.",
            reads=read_procedures,
            judge=judge_paper,
        ),
        *WATCH_FACETS,
        *log_uses.WATCH_FACETS,
    ),
)
