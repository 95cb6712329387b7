"""No valid processor contract covers the data (GDPR art. 28(3))."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.papers import file_problem
from scanner.model.case import Case
from scanner.model.dossier import ContractPaper
from scanner.model.failure import FailureId
from scanner.model.finding import Severity, Source
from scanner.model.reading import Observed, Reason, Unobserved

CLAUSES = frozenset("abcdefgh")
"""The clauses of art. 28(3), second sentence."""


def read_contracts(case: Case) -> Iterator[Question[ContractPaper]]:
    """Ask one contract for each controller whose data were ordered, and every declared one."""
    contracts = case.dossier.contracts
    for paper in contracts:
        yield Question(PAPERS, paper.contract.controller, Observed(paper))
    covered = {paper.contract.controller for paper in contracts}
    ordered = {order.controller for order in case.target.migrations if order.controller}
    for controller in sorted(ordered - covered):
        told = f"no contract with {controller} is declared"
        yield Question(PAPERS, controller, Unobserved(Reason.NOT_DECLARED, told))
    for order in case.target.migrations:
        if not order.controller:
            told = f"order {order.order_id} names no controller to have a contract with"
            yield Question(PAPERS, order.order_id, Unobserved(Reason.NOT_DECLARED, told))
    if not contracts and not ordered:
        yield Question(PAPERS, "", Unobserved(Reason.NOT_DECLARED, "no contract is declared"))


def judge_contract(paper: ContractPaper, case: Case) -> Ruling:
    """A missing clause is a fail; an expired, unsigned or altered contract is unknown."""
    contract = paper.contract
    named = f"contract with {contract.controller}"
    missing = sorted(CLAUSES - set(contract.clauses))
    if missing:
        return failed(f"{named} lacks clauses {', '.join(f'({item})' for item in missing)}")
    problem = file_problem(contract.sha256, paper.sha256)
    if problem:
        return undecided(f"{named}: {problem}", Reason.UNREADABLE)
    if contract.signed is None or contract.signed > case.today:
        return undecided(f"{named} is not signed", "unsigned")
    if contract.expires is None or contract.expires < case.today:
        return undecided(f"{named} has expired or has no expiry date", Reason.EXPIRED)
    if contract.duration and not contract.duration[0] <= case.today <= contract.duration[1]:
        return undecided(f"{named} does not run today", Reason.EXPIRED)
    owner = contract.owner or "nobody named"
    return passed(f"{named}, declared by {owner}, valid to {contract.expires}")


CHECK = Check(
    id=FailureId.MISSING_CONTRACT,
    ref="MB-08, art. 28",
    title="Missing contract",
    says="no valid processor contract covers the data",
    cleared="a valid contract is declared for every controller",
    remedy="Sign a contract with the eight clauses of GDPR art. 28(3) with each controller.",
    controls=controls_of(FailureId.MISSING_CONTRACT),
    facets=(
        Facet(
            id="processor-contract",
            question="Does a valid contract cover each controller's data?",
            layer=Source.DOCUMENT,
            severity=Severity.MEDIUM,
            required="each controller of a declared migration; without any the row stays unknown",
            remedy="Add the missing clauses and have the contract signed again.",
            reads=read_contracts,
            judge=judge_contract,
        ),
    ),
)
