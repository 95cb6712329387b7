"""What the operator hands over on deletion: the facets of overdue deletion on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.papers import attested, of_kind
from scanner.checks.papers import judge as judge_paper
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.dossier import Paper
from scanner.model.finding import Confidence, Severity, Source, Verdict
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reason
from scanner.model.recall import CertificateMatch

RUN_WITHIN = timedelta(days=8)
"""A weekly job with a day to spare."""


def read_jobs(case: Case) -> Iterator[Question[Paper]]:
    """Ask every declared retention rule."""
    return attested(case, "retention-rule")


def judge_job(paper: Paper, case: Case) -> Ruling:
    """A rule with a success of this week is a strong sign; it may still name the wrong path."""
    ruling = judge_paper(paper, case)
    if ruling.verdict is not Verdict.PASS:
        return ruling
    named, last = f"“{paper.document.title}”", paper.document.exercised
    if last is None or last > case.today:
        return undecided(f"{named}: no day is told on which it last succeeded", "no-success")
    if case.today - last > RUN_WITHIN:
        return undecided(f"{named} last succeeded on {last}", Reason.EXPIRED)
    return passed(f"{named} last succeeded on {last}", source=Source.OPERATOR)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and how it stands against what was seen. ``cut``: why not all was seen."""

    paper: Paper
    match: CertificateMatch | None
    cut: str


def read_certificates(case: Case) -> Iterator[Question[Certified]]:
    """Ask every declared deletion certificate."""
    matches = {match.title: match for match in case.recall.certificates}
    cut = _cut(case)
    for paper in of_kind(case, "deletion-certificate"):
        match = matches.get(paper.document.title)
        digest = paper.sha256
        if match and not (isinstance(digest, Observed) and digest.value == match.sha256):
            match = None  # the file is another one than was compared
        reading = Observed(Certified(paper, match, cut))
        yield Question(PAPERS, paper.document.title, reading, required=False)


def _cut(case: Case) -> str:
    """Return why a file that was not seen may still lie there, or an empty string."""
    seen = False
    for login in logins(case):
        if isinstance(login.view, Observed):
            seen = True
            cut = was_cut(login.view.value)
            if cut or login.view.value.walk.dropped:
                return cut or "not all files of a listing were kept"
    return "" if seen else "no login looked at the files"


def judge_certificate(certified: Certified, case: Case) -> Ruling:
    """Files that were seen before, are listed as deleted and are gone: the deletion is shown.

    One that is listed and lies there is a strong sign: it may have come again.
    """
    document, match = certified.paper.document, certified.match
    named = f"“{document.title}”"
    if match is None:
        return undecided(f"{named} lists no files that could be compared", Reason.NOT_LOOKED_AT)
    if match.present:
        told = f"{match.present} of {match.listed} files that {named} calls deleted lie there"
        return failed(told, Confidence.STRONG)
    ruling = judge_paper(certified.paper, case)
    if ruling.verdict is not Verdict.PASS:
        return ruling
    if not match.matched:
        return undecided(f"none of the files that {named} lists was ever seen", "never-seen")
    told = f"{match.matched} of {match.listed} files that {named} lists were seen before"
    if certified.cut:
        return undecided(f"{told} and not now, but {certified.cut}", "walk-cut")
    return passed(f"{told} and are gone", source=Source.OPERATOR)


DELETION_FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="retention-job",
        question="Does a job delete what is older than its retention, and did it run this week?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="nothing: it is one strong sign, and may name the wrong path",
        remedy="Automate the deletion, and write down the day of its last success.",
        reads=read_jobs,
        judge=judge_job,
    ),
    Facet(
        id="deletion-certificate",
        question="Are the files gone that a deletion certificate lists?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required="nothing: what lies there decides; backups remain in any case",
        remedy="Delete what the certificate lists, and find out why it was said to be gone.",
        reads=read_certificates,
        judge=judge_certificate,
    ),
)
