"""Exports are still there after the migration's end plus its retention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case, moment
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.listing import Precision
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import FileFact, OrderSeen, View, Zone

_DOUBT = {
    Precision.DAY: timedelta(days=1),
    Precision.MINUTE: timedelta(minutes=1),
}
"""How much later than its time a file may have been changed, by the precision of that."""
_ZONE_DOUBT = timedelta(days=1)
"""How far off a local time may be whose zone nobody told."""


@dataclass(frozen=True, slots=True)
class DueOrder:
    """A migration's paths as one login saw them, with the last day they may hold files."""

    seen: OrderSeen
    deadline: date
    files: tuple[FileFact, ...]
    cut: str


def deadline_of(migration: Migration, case: Case) -> date | None:
    """Return the last day on which the export may lie there, if the papers say it."""
    retention = migration.retention_days
    if retention is None:
        retention = case.target.retention_days
    if migration.migration_end is None or retention is None:
        return None
    return migration.migration_end + timedelta(days=retention)


def read_orders(case: Case) -> Iterator[Question[DueOrder]]:
    """Ask, for every declared migration, every login that looked at its paths."""
    if not case.target.migrations:
        nothing = Unobserved(Reason.NOT_DECLARED, "no migration is declared")
        yield Question(PAPERS, "", nothing)
    for migration in case.target.migrations:
        deadline = deadline_of(migration, case)
        if deadline is None:
            told = f"{migration.order_id} declares no migration_end with a retention"
            yield Question(PAPERS, migration.order_id, Unobserved(Reason.NOT_DECLARED, told))
        else:
            yield from _order(case, migration, deadline)


def _order(case: Case, migration: Migration, deadline: date) -> Iterator[Question[DueOrder]]:
    questions = []
    for login in logins(case):
        way = f"{migration.order_id} by {login.way_in}"
        reading = _due(login.view, migration, deadline)
        if not (login.open_to_all and isinstance(reading, Unobserved)):
            questions.append(Question(login.vantage, way, reading))
    found = any(_found(question.reading) for question in questions)
    yield from (q for q in questions if not (found and _elsewhere(q.reading)))
    if not questions:
        for seen in case.observations:
            nobody = Unobserved(Reason.NOT_LOOKED_AT, "no login could look at the paths")
            yield Question(seen.vantage, migration.order_id, nobody)


def _found(reading: Reading[DueOrder]) -> bool:
    """Whether this login saw the paths: one that did tells more than one confined elsewhere."""
    return isinstance(reading, Observed) and reading.value.seen.found


def _elsewhere(reading: Reading[DueOrder]) -> bool:
    """Whether this login saw neither the paths nor a file of them: it is confined elsewhere."""
    if isinstance(reading, Unobserved):
        return False
    seen = reading.value.seen
    return not seen.found and not seen.files and not reading.value.cut


def _due(view: Reading[View], migration: Migration, deadline: date) -> Reading[DueOrder]:
    if isinstance(view, Unobserved):
        return view
    for order in view.value.walk.orders:
        if order.order_id == migration.order_id and order.patterns == migration.paths:
            files = tuple(f for f in view.value.walk.files if order.order_id in f.orders)
            due = DueOrder(order, deadline, files, was_cut(view.value))
            return Observed(due, view.evidence)
    return Unobserved(Reason.NOT_LOOKED_AT, "the declared paths were not walked")


def judge_order(due: DueOrder, case: Case) -> Ruling:
    """Any file after the deadline is proof; only a whole, empty walk is a pass."""
    order = due.seen
    if order.files and case.today > due.deadline:
        late = (case.today - due.deadline).days
        newer = _newer(due, case)
        apart = f", {newer} of them newer than the deadline" if newer else ""
        return failed(
            f"{order.order_id}: {order.files} files still there {late} days after {due.deadline}"
            f"{apart}"
        )
    if order.files:
        told = f"{order.order_id}: {order.files} files, due to be deleted by {due.deadline}"
        return undecided(told, "not-due")
    if order.found and order.complete:
        return passed(f"{order.order_id}: the paths were walked whole and are empty")
    return _absent(due, case)


def _newer(due: DueOrder, case: Case) -> int:
    """Count files that are newer than the deadline, whatever is in doubt of their times."""
    spans = (_span(file) for file in due.files)
    return sum(_day_of(span[0], case) > due.deadline for span in spans if span)


def _span(file: FileFact) -> tuple[datetime, datetime] | None:
    """Return between which moments a file was last changed, as far as its server told."""
    if file.modified is None:
        return None
    told = moment(file.modified)
    zone = timedelta() if file.zone_known else _ZONE_DOUBT
    doubt = _DOUBT.get(file.precision, timedelta()) if file.precision else timedelta()
    return told - zone, told + doubt + zone


def _day(text: str, case: Case) -> date:
    """Return the day of a moment, where the target is."""
    return _day_of(moment(text), case)


def _day_of(when: datetime, case: Case) -> date:
    return when.astimezone(ZoneInfo(case.target.timezone)).date()


def _absent(due: DueOrder, case: Case) -> Ruling:
    order = due.seen
    if due.cut:
        return undecided(f"{order.order_id}: no file seen, but {due.cut}", "walk-cut")
    sighting = case.recall.orders.get(order.order_id)
    if sighting is not None and _day(sighting.last_seen, case) <= due.deadline:
        return passed(f"{order.order_id}: seen on {sighting.last_seen[:10]}, gone since")
    if not order.found:
        told = f"{order.order_id}: the declared paths do not exist and were never seen"
        return undecided(told, "path-missing")
    return undecided(f"{order.order_id}: the paths could not be walked whole", "walk-cut")


@dataclass(frozen=True, slots=True)
class Ages:
    """Files outside every order, with the retention that the owner declares for the host."""

    files: tuple[FileFact, ...]
    retention: timedelta
    cut: str


def read_ages(case: Case) -> Iterator[Question[Ages]]:
    """Ask about files outside every order, where the owner declares a retention."""
    days = case.target.retention_days
    if days is None:
        return
    for login in logins(case):
        reading = _ages(login.view, timedelta(days=days))
        yield Question(login.vantage, login.way_in, reading, required=False)


def _ages(view: Reading[View], retention: timedelta) -> Reading[Ages]:
    if isinstance(view, Unobserved):
        return view
    walk = view.value.walk
    files = tuple(file for file in walk.files if not file.orders and file.zone is not Zone.PUBLIC)
    cut = was_cut(view.value)
    if walk.dropped and not cut:
        cut = f"{walk.dropped} files are beyond what is kept of a listing"
    return Observed(Ages(files, retention, cut), view.evidence)


def judge_first_seen(ages: Ages, case: Case) -> Ruling:
    """The scanner's own clock: it saw the same file longer ago than the retention."""
    seen = (case.recall.sightings.get(file.key) for file in ages.files)
    late = sum(case.now - moment(first) > ages.retention for first in seen if first)
    days = ages.retention.days
    if late:
        return failed(f"{late} files have been seen for more than {days} days")
    if ages.cut:
        return undecided(f"no file seen for more than {days} days, but {ages.cut}", "walk-cut")
    return passed(f"no file has been seen for more than {days} days")


def judge_modified(ages: Ages, case: Case) -> Ruling:
    """A modification time may be the source's own (``put -p``): a strong sign, not proof.

    Only what is older however its time is read counts; what may be older is in doubt.
    """
    spans = [span for file in ages.files if (span := _span(file))]
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


CHECK = Check(
    id=FailureId.OVERDUE_DELETION,
    ref="MB-03",
    title="Overdue deletion",
    says="exports are still there after the migration's end plus retention",
    cleared="every declared path is empty after its deadline",
    remedy="Delete each export when its retention ends, by a job whose success is checked.",
    controls=controls_of(FailureId.OVERDUE_DELETION),
    facets=(
        Facet(
            id="declared-deadline",
            question="Are a migration's files gone after its deadline?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="every declared migration; without one the row stays unknown",
            remedy="Delete the export, prove it by the next scan, and automate the deletion.",
            reads=read_orders,
            judge=judge_order,
        ),
        Facet(
            id="first-seen",
            question="Has the scanner itself seen files for longer than the retention?",
            layer=Source.ACCOUNT,
            severity=Severity.MEDIUM,
            required="nothing: a fail is proof, a pass decides nothing",
            remedy="Delete what is older than the retention, or declare an order for it.",
            reads=read_ages,
            judge=judge_first_seen,
        ),
        Facet(
            id="modified-time",
            question="Are there files last changed longer ago than the retention?",
            layer=Source.ACCOUNT,
            severity=Severity.MEDIUM,
            required="nothing: it is one strong sign",
            remedy="Delete what is older than the retention, or declare an order for it.",
            reads=read_ages,
            judge=judge_modified,
        ),
    ),
)
