"""Judges a paper by its dates and its hash. A paper attests; it never proves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.checks.base import PAPERS, Question, Ruling, passed, undecided
from scanner.model.case import Case
from scanner.model.dossier import Paper
from scanner.model.finding import Source
from scanner.model.reading import Observed, Reading, Reason, Unobserved


def of_kind(case: Case, *kinds: str) -> Iterator[Paper]:
    """Yield the declared papers of one kind, or of several."""
    return (paper for paper in case.dossier.papers if paper.document.kind in kinds)


def attested(case: Case, *kinds: str) -> Iterator[Question[Paper]]:
    """Ask every declared paper of these kinds; none has to be there."""
    for paper in of_kind(case, *kinds):
        yield Question(PAPERS, paper.document.title, Observed(paper), required=False)


def unusable(case: Case, *kinds: str) -> Iterator[Question[Any]]:
    """Ask the files of these kinds that could not be used, and those of which nothing is known:
    what they would have said is not known.
    """
    for paper in case.target.faulty_papers:
        if paper.kind in kinds or not paper.kind:
            more = len(paper.faults) - 1
            told = paper.faults[0] + (f" (and {more} more)" if more else "")
            yield Question(PAPERS, "", Unobserved(Reason.UNREADABLE, told))


def file_problem(declared: str | None, actual: Reading[str]) -> str:
    """Return what is wrong with a paper's file, or an empty string."""
    if isinstance(actual, Unobserved):
        return actual.detail if actual.reason is Reason.UNREADABLE else ""
    if declared and declared != actual.value:
        return "the file is not the one whose hash is declared"
    return ""


def judge(paper: Paper, case: Case) -> Ruling:
    """Reviewed, owned and not expired is an attested pass; anything else is unknown.

    A review that is yet to come is none.
    """
    document = paper.document
    named = f"“{document.title}”"
    problem = file_problem(document.sha256, paper.sha256)
    if problem:
        return undecided(f"{named}: {problem}", Reason.UNREADABLE)
    if document.expires is None or document.expires < case.today:
        return undecided(f"{named} has expired or has no expiry date", Reason.EXPIRED)
    if document.reviewed is None or document.reviewed > case.today or not document.owner:
        return undecided(f"{named} has no review date or no owner", "unreviewed")
    return passed(
        f"{named}, declared by {document.owner}, valid to {document.expires}",
        source=Source.DOCUMENT,
    )
