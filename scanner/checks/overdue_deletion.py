"""Exports are still there after the migration's end plus its retention."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.deadlines import deadline_of, span_of
from scanner.checks.deletion_papers import DELETION_FACETS
from scanner.checks.file_ages import AGE_FACETS
from scanner.checks.papers import unusable
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case, moment
from scanner.model.failure import FailureId
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import FileFact, OrderSeen, View


@dataclass(frozen=True, slots=True)
class DueOrder:
    """A migration's paths as one login saw them, with the last day they may hold files."""

    seen: OrderSeen
    deadline: date
    files: tuple[FileFact, ...]
    cut: str


def read_orders(case: Case) -> Iterator[Question[DueOrder]]:
    """Ask, for every declared migration, every login that looked at its paths."""
    yield from unusable(case, "order")
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
        sighting = case.recall.orders.get(order.order_id)
        since = f", first seen on {case.day_of(moment(sighting.first_seen))}" if sighting else ""
        return failed(
            f"{order.order_id}: {order.files} files still there {late} days after {due.deadline}"
            f"{apart}{since}"
        )
    if order.files:
        told = f"{order.order_id}: {order.files} files, due to be deleted by {due.deadline}"
        return undecided(told, "not-due")
    if order.found and order.complete:
        told = f"{order.order_id}: the paths were walked whole and are empty"
        return passed(told + _remembered(due, case))
    return _absent(due, case)


def _remembered(due: DueOrder, case: Case) -> str:
    """Return when earlier scans saw files of the order, as the end of a sentence."""
    sighting = case.recall.orders.get(due.seen.order_id)
    if sighting is None:
        return ""
    return f"; files were last seen on {case.day_of(moment(sighting.last_seen))}"


def _newer(due: DueOrder, case: Case) -> int:
    """Count files that are newer than the deadline, whatever is in doubt of their times."""
    spans = (span_of(file) for file in due.files)
    return sum(case.day_of(span[0]) > due.deadline for span in spans if span)


def _absent(due: DueOrder, case: Case) -> Ruling:
    """A path that is gone proves a deletion only where files of it were seen before.

    That a login is not shown a path is no proof that it is gone: it may be confined elsewhere.
    """
    order = due.seen
    if due.cut:
        return undecided(f"{order.order_id}: no file seen, but {due.cut}", "walk-cut")
    if order.found:
        return undecided(f"{order.order_id}: the paths could not be walked whole", "walk-cut")
    sighting = case.recall.orders.get(order.order_id)
    if sighting is None:
        told = f"{order.order_id}: the declared paths do not exist and were never seen"
        return undecided(told, "path-missing")
    last = case.day_of(moment(sighting.last_seen))
    if not order.absent:
        told = f"{order.order_id}: files were last seen on {last}, but nothing shows them deleted"
        return undecided(told, "path-missing")
    when = (
        "gone since" if last <= due.deadline else f"gone since, after the deadline {due.deadline}"
    )
    return passed(f"{order.order_id}: seen on {last}, {when}")


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
        *AGE_FACETS,
        *DELETION_FACETS,
    ),
)
