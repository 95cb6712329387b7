"""Does the server's own configuration force an encrypted transfer? Evidence of the operator."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import PAPERS, Facet, Question, Ruling, passed, undecided
from scanner.checks.papers import judge as judge_paper
from scanner.model.case import Case
from scanner.model.dossier import ConfigurationPaper
from scanner.model.finding import Severity, Source, Verdict
from scanner.model.reading import Observed, Reason, Unobserved


def read_configurations(case: Case) -> Iterator[Question[ConfigurationPaper]]:
    """Ask every configuration that was handed over."""
    for each in case.dossier.configurations:
        title = each.paper.document.title
        yield Question(PAPERS, title, Observed(each), required=False)


def judge_configuration(given: ConfigurationPaper, case: Case) -> Ruling:
    """A configuration that forces TLS, or SFTP alone, is a strong sign; the wire decides."""
    ruling = judge_paper(given.paper, case)
    if ruling.verdict is not Verdict.PASS:
        return ruling
    facts, named = given.facts, f"“{given.paper.document.title}”"
    if isinstance(facts, Unobserved):
        return undecided(f"{named}: {facts.detail}", Reason.UNREADABLE)
    missing = ", ".join(facts.value.missing)
    if missing:
        return undecided(f"{named} ({facts.value.product}) does not set {missing}", "not-forced")
    told = "SFTP in a folder of its own" if facts.value.product == "openssh" else "TLS"
    return passed(f"{named} ({facts.value.product}) forces {told}", source=Source.OPERATOR)


CONFIGURATION_FACET: Facet[ConfigurationPaper] = Facet(
    id="transfer-configuration",
    question="Does the server's configuration force an encrypted transfer?",
    layer=Source.OPERATOR,
    severity=Severity.MEDIUM,
    required="nothing: it is one strong sign, and what was seen on the wire decides",
    remedy="Force TLS on logins and data, or let accounts have SFTP in their own folder alone.",
    reads=read_configurations,
    judge=judge_configuration,
)
