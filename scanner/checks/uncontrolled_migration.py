"""Migrations run without a procedure: no order, no integrity proof, no owner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.checks import log_uses
from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.papers import judge as judge_paper
from scanner.checks.papers import of_kind
from scanner.checks.personal import is_harmful
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.dossier import Paper
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import FileFact, View, Zone

SIDECARS = frozenset({"sha256", "sha512", "asc", "sig", "p7s", "md5"})
"""Extensions of the files that prove an export's integrity."""


def read_procedure(case: Case) -> Iterator[Question[Paper]]:
    """Ask every declared migration procedure."""
    papers = list(of_kind(case, "migration-procedure"))
    for paper in papers:
        yield Question(PAPERS, paper.document.title, Observed(paper))
    if not papers:
        nothing = Unobserved(Reason.NOT_DECLARED, "no migration procedure is declared")
        yield Question(PAPERS, "", nothing)


def read_orders(case: Case) -> Iterator[Question[Migration]]:
    """Ask every declared migration."""
    for migration in case.target.migrations:
        yield Question(PAPERS, migration.order_id, Observed(migration))


def judge_order(migration: Migration, _case: Case) -> Ruling:
    """An order names its controller, its owner, its date and its end."""
    wanted = {
        "controller": migration.controller,
        "owner": migration.owner,
        "ordered_on": migration.ordered_on,
        "migration_end": migration.migration_end,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        return failed(f"order {migration.order_id} lacks {', '.join(missing)}")
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
            for file in view.walk.files
            if is_harmful(file) and not file.orders and file.zone is not Zone.PUBLIC
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


@dataclass(frozen=True, slots=True)
class Export:
    """The files of one order that a login saw."""

    order_id: str
    files: tuple[FileFact, ...]


def read_integrity(case: Case) -> Iterator[Question[Export]]:
    """Ask every login that saw files of an order."""
    for login in logins(case):
        if not isinstance(login.view, Observed):
            continue
        for order in login.view.value.walk.orders:
            files = tuple(
                file for file in login.view.value.walk.files if order.order_id in file.orders
            )
            if files:
                way = f"{order.order_id} by {login.way_in}"
                yield Question(login.vantage, way, Observed(Export(order.order_id, files)))


def judge_integrity(export: Export, _case: Case) -> Ruling:
    """A checksum or a signature beside the export is a sign of procedure; none tells nothing."""
    proofs = sum(file.extension in SIDECARS for file in export.files)
    if proofs:
        return passed(f"{export.order_id}: {proofs} checksum or signature files beside the export")
    return undecided(f"{export.order_id}: no checksum or signature beside the export", "no-sidecar")


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
            id="integrity-proof",
            question="Does a checksum or signature lie beside each export?",
            layer=Source.ACCOUNT,
            severity=Severity.MEDIUM,
            required="orders whose files are present",
            remedy="Write a SHA-256 file or a detached signature beside each export.",
            reads=read_integrity,
            judge=judge_integrity,
        ),
        *log_uses.MIGRATION_FACETS,
    ),
)
