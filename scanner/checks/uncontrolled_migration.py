"""Migrations run without a procedure: no order, no integrity proof, no owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scanner.checks import log_uses
from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.configuration import CONFIGURATION_FACET
from scanner.checks.controls import controls_of
from scanner.checks.integrity import INTEGRITY_FACETS
from scanner.checks.papers import file_problem, of_kind, unusable
from scanner.checks.papers import judge as judge_paper
from scanner.checks.personal import harmful_in
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.dossier import OrderPaper, Paper
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Document
from scanner.model.view import FileFact, View, Zone

PROCEDURE = "migration-procedure"
EXERCISED_WITHIN = timedelta(days=366)
_NO_FILE: Reading[str] = Unobserved(Reason.NOT_DECLARED, "no file is named")


def read_procedure(case: Case) -> Iterator[Question[Paper]]:
    """Ask every declared migration procedure."""
    papers = list(of_kind(case, PROCEDURE))
    faulty = list(unusable(case, "procedure", "attestation"))
    yield from faulty
    for paper in papers:
        yield Question(PAPERS, paper.document.title, Observed(paper))
    if not papers and not faulty:
        nothing = Unobserved(Reason.NOT_DECLARED, "no migration procedure is declared")
        yield Question(PAPERS, "", nothing)


def read_exercise(case: Case) -> Iterator[Question[Document]]:
    """Ask every declared migration procedure when it was last exercised."""
    for paper in of_kind(case, PROCEDURE):
        document = paper.document
        yield Question(PAPERS, document.title, Observed(document), required=False)


def judge_exercise(document: Document, case: Case) -> Ruling:
    """A procedure that nobody has gone through for a year is a lead, and so is one without a
    version.
    """
    named = f"“{document.title}”"
    last = document.exercised
    if last is None or last > case.today:
        return failed(f"{named}: no exercise of it is declared")
    if case.today - last > EXERCISED_WITHIN:
        return failed(f"{named} was last exercised on {last}, over a year ago")
    if not document.version:
        return failed(f"{named} bears no version")
    return passed(f"{named}, version {document.version}, was exercised on {last}")


def read_orders(case: Case) -> Iterator[Question[OrderPaper]]:
    """Ask every declared migration."""
    yield from unusable(case, "order")
    hashed = {paper.order.order_id: paper for paper in case.dossier.orders}
    for migration in case.target.migrations:
        paper = hashed.get(migration.order_id) or OrderPaper(migration, _NO_FILE)
        yield Question(PAPERS, migration.order_id, Observed(paper))


def judge_order(paper: OrderPaper, case: Case) -> Ruling:
    """An order names its controller, its owner, its date and its end; one that has expired, or
    whose file is another one, is unknown.
    """
    migration = paper.order
    wanted = {
        "controller": migration.controller,
        "owner": migration.owner,
        "ordered_on": migration.ordered_on,
        "migration_end": migration.migration_end,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        return failed(f"order {migration.order_id} lacks {', '.join(missing)}")
    problem = file_problem(migration.sha256, paper.sha256)
    if problem:
        return undecided(f"order {migration.order_id}: {problem}", Reason.UNREADABLE)
    if migration.expires is not None and migration.expires < case.today:
        told = f"order {migration.order_id} expired on {migration.expires}"
        return undecided(told, Reason.EXPIRED)
    reviewed = migration.reviewed or migration.ordered_on
    if reviewed is None or reviewed > case.today:
        told = f"order {migration.order_id} is of a day that is yet to come"
        return undecided(told, "unreviewed")
    return passed(f"order {migration.order_id} has an owner and an end")


@dataclass(frozen=True, slots=True)
class Unordered:
    """The readable personal files that lie under no order's paths."""

    files: tuple[FileFact, ...]
    cut: str


def read_unordered(case: Case) -> Iterator[Question[Unordered]]:
    """Ask every login that looked at files."""
    for login in logins(case):
        reading: Reading[Unordered]
        if isinstance(login.view, Unobserved):
            reading = login.view
        else:
            reading = Observed(_unordered(login.view.value), login.view.evidence)
        yield Question(login.vantage, login.way_in, reading, required=False)


def _unordered(view: View) -> Unordered:
    return Unordered(
        tuple(
            file
            for file in harmful_in(view.walk.files)
            if not file.orders and file.zone is not Zone.PUBLIC
        ),
        was_cut(view),
    )


def judge_unordered(unordered: Unordered, _case: Case) -> Ruling:
    """Customer data that no order covers came here by no procedure: one strong sign.

    The cap does not wait for the row: that the data lie there without an order is seen.
    """
    count = len(unordered.files)
    if count:
        told = "1 file" if count == 1 else f"{count} files"
        return failed(
            f"{told} with personal data under no declared order",
            Confidence.STRONG,
            caps=(CapTrigger.NO_ORDER,),
        )
    if unordered.cut:
        told = f"no personal data seen outside a declared order, but {unordered.cut}"
        return undecided(told, "walk-cut")
    return passed("no personal data seen outside a declared order")


CHECK = Check(
    id=FailureId.UNCONTROLLED_MIGRATION,
    ref="MB-01",
    title="Uncontrolled migration",
    says="migrations run without a procedure: no order, no integrity proof, no owner",
    cleared="a procedure and complete orders are declared",
    remedy="Write a procedure: order, owner, checksums, encrypted transfer, deletion date.",
    controls=controls_of(FailureId.UNCONTROLLED_MIGRATION),
    facets=(
        Facet(
            id="migration-procedure",
            question="Is there a valid migration procedure?",
            layer=Source.DOCUMENT,
            severity=Severity.MEDIUM,
            required="every asset; without one the row stays unknown",
            remedy="Write the procedure, have it reviewed, and declare it in the targets file.",
            reads=read_procedure,
            judge=judge_paper,
        ),
        Facet(
            id="order-complete",
            question="Does every order name its owner and its end?",
            layer=Source.OPERATOR,
            severity=Severity.MEDIUM,
            required="every declared migration",
            remedy="Complete the order: controller, owner, date, end of migration.",
            reads=read_orders,
            judge=judge_order,
        ),
        Facet(
            id="unordered-data",
            question="Do personal data lie under no declared order?",
            layer=Source.ACCOUNT,
            severity=Severity.MEDIUM,
            required="nothing: it is one strong sign",
            remedy="Find out who put the files there and why; delete them or open an order.",
            reads=read_unordered,
            judge=judge_unordered,
        ),
        Facet(
            id="procedure-exercise",
            question="Was the migration procedure exercised within a year?",
            layer=Source.DOCUMENT,
            severity=Severity.LOW,
            required="nothing: it is a lead",
            remedy="Go through the procedure once a year; write its version and the day down.",
            reads=read_exercise,
            judge=judge_exercise,
        ),
        *INTEGRITY_FACETS,
        CONFIGURATION_FACET,
        *log_uses.MIGRATION_FACETS,
    ),
)
