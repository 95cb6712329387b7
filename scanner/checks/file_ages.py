"""How old are the files that no declared deadline covers? The facets of overdue deletion on it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.deadlines import deadline_of, last_day_of, span_of
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case, moment
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import FileFact, View, Zone


@dataclass(frozen=True, slots=True)
class Ages:
    """Files outside every dated order, with the retention that the owner declares for the host."""

    files: tuple[FileFact, ...]
    retention: timedelta
    cut: str


def read_ages(case: Case) -> Iterator[Question[Ages]]:
    """Ask about files outside every dated order, where the owner declares a retention."""
    days = case.target.retention_days
    if days is None:
        return
    for login in logins(case):
        reading = _ages(login.view, timedelta(days=days), case)
        yield Question(login.vantage, login.way_in, reading, required=False)


def _ages(view: Reading[View], retention: timedelta, case: Case) -> Reading[Ages]:
    if isinstance(view, Unobserved):
        return view
    walk = view.value.walk
    cut = was_cut(view.value)
    if walk.dropped and not cut:
        cut = f"{walk.dropped} files are beyond what is kept of a listing"
    return Observed(Ages(_undated(walk.files, case), retention, cut), view.evidence)


def _undated(files: tuple[FileFact, ...], case: Case) -> tuple[FileFact, ...]:
    """Return the files that are neither public nor under an order with a deadline."""
    dated = {each.order_id for each in case.target.migrations if deadline_of(each, case)}
    return tuple(
        file for file in files if file.zone is not Zone.PUBLIC and dated.isdisjoint(file.orders)
    )


def judge_first_seen(ages: Ages, case: Case) -> Ruling:
    """The scanner's own clock: it saw the same file longer ago than the retention.

    A file that was changed since is another one, however alike it looks.
    """
    starts = (_there_since(file, case) for file in ages.files)
    late = sum(case.now - start > ages.retention for start in starts if start)
    days = ages.retention.days
    if late:
        return failed(f"{late} files have been seen for more than {days} days")
    if ages.cut:
        return undecided(f"no file seen for more than {days} days, but {ages.cut}", "walk-cut")
    return passed(f"no file has been seen for more than {days} days")


def _there_since(file: FileFact, case: Case) -> datetime | None:
    """Return since when the scanner knows that this very file lies there."""
    first = case.recall.sightings.get(file.key)
    if first is None:
        return None
    since, span = moment(first), span_of(file)
    if span is None or span[0] > case.now:  # a clock that runs ahead tells nothing
        return since
    return max(since, span[1])


def _is_old(file: FileFact, limit: datetime) -> bool:
    span = span_of(file)
    return span is not None and span[1] < limit


def judge_modified(ages: Ages, case: Case) -> Ruling:
    """A modification time may be the source's own (``put -p``): a strong sign, not proof.

    Only what is older however its time is read counts; what may be older is in doubt.
    """
    spans = [span for file in ages.files if (span := span_of(file))]
    limit = case.now - ages.retention
    late = sum(latest < limit for _, latest in spans)
    doubtful = sum(earliest < limit <= latest for earliest, latest in spans)
    days = ages.retention.days
    if late:
        return failed(f"{late} files were last changed over {days} days ago", Confidence.STRONG)
    if doubtful:
        told = f"{doubtful} files are about {days} days old, and their times too coarse to tell"
        return undecided(told, "time-in-doubt")
    if ages.cut:
        return undecided(f"no file older than {days} days, but {ages.cut}", "walk-cut")
    return passed(f"no file is older than {days} days")


def judge_named(ages: Ages, case: Case) -> Ruling:
    """A date in a name may be that of what it holds: a strong sign, not proof.

    It is a second sign beside the time of last change only where one file bears both.
    """
    limit = case.today - ages.retention
    old = [file for file in ages.files if file.named and last_day_of(file.named) < limit]
    changed = case.now - ages.retention
    both = sum(_is_old(file, changed) for file in old)
    days = ages.retention.days
    told = f"{len(old)} files bear a date over {days} days ago in their names"
    if both:
        return failed(f"{told}, and {both} of them were last changed then", Confidence.STRONG)
    if old and not any(_is_old(file, changed) for file in ages.files):
        return failed(told, Confidence.STRONG)
    if old:
        return undecided(f"{told}, but were changed later", Reason.SUSPECTED)
    if ages.cut:
        return undecided(f"no name bears such a date, but {ages.cut}", "walk-cut")
    return passed(f"no name bears a date over {days} days ago")


_STEPS: Final = (30, 90, 365)
_TELLING: Final = 90
"""Days from which on the age of a file is worth a lead, where nobody declared a retention."""


def read_untimed(case: Case) -> Iterator[Question[tuple[FileFact, ...]]]:
    """Ask about files outside every dated order, where the owner declares no retention."""
    if case.target.retention_days is not None:
        return
    for login in logins(case):
        if isinstance(login.view, Observed):
            files = _undated(login.view.value.walk.files, case)
            if files:
                reading = Observed(files, login.view.evidence)
                yield Question(login.vantage, login.way_in, reading, required=False)


def judge_distribution(files: tuple[FileFact, ...], case: Case) -> Ruling:
    """Age alone proves nothing expired: what is old is told, and decides nothing."""
    ages = sorted([(case.now - span[1]).days for file in files if (span := span_of(file))])
    upto = [bisect_right(ages, bound) for bound in (-1, *_STEPS)]
    parts = [
        (high - low, f"of at most {days} days")
        for low, high, days in zip(upto, upto[1:], _STEPS, strict=False)
    ]
    parts.append((len(ages) - upto[-1], f"over {_STEPS[-1]} days old"))
    parts.append((len(files) - sum(count for count, _ in parts), "of unknown age"))
    told = ", ".join(f"{count} {words}" for count, words in parts if count)
    told = f"no retention is declared for {len(files)} files: {told}"
    if ages and ages[-1] > _TELLING:
        return failed(told, Confidence.WEAK)
    return undecided(told, Reason.NOT_DECLARED)


_DELETE = "Delete what is older than the retention, or declare an order for it."
AGE_FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="first-seen",
        question="Has the scanner itself seen files for longer than the retention?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: a fail is proof, a pass decides nothing",
        remedy=_DELETE,
        reads=read_ages,
        judge=judge_first_seen,
    ),
    Facet(
        id="modified-time",
        question="Are there files last changed longer ago than the retention?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is one strong sign",
        remedy=_DELETE,
        reads=read_ages,
        judge=judge_modified,
    ),
    Facet(
        id="named-date",
        question="Are there files whose names bear a date longer ago than the retention?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is one strong sign",
        remedy=_DELETE,
        reads=read_ages,
        judge=judge_named,
    ),
    Facet(
        id="age-distribution",
        question="How old are the files for which nobody declares a retention?",
        layer=Source.ACCOUNT,
        severity=Severity.INFO,
        required="nothing: age alone proves no fault, it is a lead",
        remedy="Declare a retention for this host, or an order with its end.",
        reads=read_untimed,
        judge=judge_distribution,
    ),
)
