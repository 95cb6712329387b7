"""Judges a paper by its dates and its hash. A paper attests; it never proves."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import Ruling, passed, undecided
from scanner.model.case import Case
from scanner.model.dossier import Paper
from scanner.model.finding import Source
from scanner.model.reading import Reading, Reason, Unobserved


def of_kind(case: Case, kind: str) -> Iterator[Paper]:
    """Yield the declared papers of one kind."""
    return (paper for paper in case.dossier.papers if paper.document.kind == kind)


def file_problem(declared: str | None, actual: Reading[str]) -> str:
    """Return what is wrong with a paper's file, or an empty string."""
    if isinstance(actual, Unobserved):
        return actual.detail if actual.reason is Reason.UNREADABLE else ""
    if declared and declared != actual.value:
        return "the file is not the one whose hash is declared"
    return ""


def judge(paper: Paper, case: Case) -> Ruling:
    """Reviewed, owned and not expired is an attested pass; anything else is unknown."""
    document = paper.document
    named = f"“{document.title}”"
    problem = file_problem(document.sha256, paper.sha256)
    if problem:
        return undecided(f"{named}: {problem}", Reason.UNREADABLE)
    if document.expires is None or document.expires < case.today:
        return undecided(f"{named} has expired or has no expiry date", Reason.EXPIRED)
    if document.reviewed is None or not document.owner:
        return undecided(f"{named} has no review date or no owner", "unreviewed")
    return passed(
        f"{named}, declared by {document.owner}, valid to {document.expires}",
        source=Source.DOCUMENT,
    )
