"""No valid processor contract covers the data (GDPR art. 28(3))."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.papers import file_problem, unusable
from scanner.checks.questions import logins
from scanner.model.case import Case
from scanner.model.dossier import ContractPaper
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.papers import CLAUSES
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Contract

_SEVERAL = 2


def read_contracts(case: Case) -> Iterator[Question[ContractPaper]]:
    """Ask one contract for each controller whose data were ordered, and every declared one."""
    contracts = case.dossier.contracts
    yield from unusable(case, "contract")
    for paper in contracts:
        if not _is_renewed(paper, case):
            yield Question(PAPERS, paper.contract.controller, Observed(paper))
    covered = {_party(paper.contract.controller) for paper in contracts}
    ordered = {_party(each.controller): each.controller for each in case.target.migrations}
    for key, controller in sorted(ordered.items()):
        if key and key not in covered:
            told = f"no contract with {controller} is declared"
            yield Question(PAPERS, controller, Unobserved(Reason.NOT_DECLARED, told))
    for order in case.target.migrations:
        if not order.controller:
            told = f"order {order.order_id} names no controller to have a contract with"
            yield Question(PAPERS, order.order_id, Unobserved(Reason.NOT_DECLARED, told))
    if not contracts and not any(ordered):
        yield Question(PAPERS, "", Unobserved(Reason.NOT_DECLARED, "no contract is declared"))


def _is_renewed(paper: ContractPaper, case: Case) -> bool:
    """Whether a contract has expired and a later one with the same controller holds today."""
    old = paper.contract.expires
    if old is None or old >= case.today:
        return False
    party = _party(paper.contract.controller)
    others = (other.contract for other in case.dossier.contracts)
    return any(
        _party(each.controller) == party and each.expires is not None and each.expires >= case.today
        for each in others
    )


def _party(name: str) -> str:
    """Return a name as it is compared: without regard to case and spacing."""
    return " ".join(name.split()).casefold()


def judge_contract(paper: ContractPaper, case: Case) -> Ruling:
    """A missing clause is a fail; an expired, unreviewed or incomplete contract is unknown."""
    contract = paper.contract
    named = f"contract with {contract.controller}"
    missing = [clause for clause in CLAUSES if clause not in contract.clauses]
    if missing:
        listed = ", ".join(f"({clause})" for clause in missing)
        first = CLAUSES[missing[0]]
        return failed(f"{named} lacks clauses {listed}; ({missing[0]}): {first}")
    problem = file_problem(contract.sha256, paper.sha256)
    if problem:
        return undecided(f"{named}: {problem}", Reason.UNREADABLE)
    told, reason = _undecided_by(contract, case.today)
    if told:
        return undecided(f"{named} {told}", reason)
    return passed(f"{named}, declared by {contract.owner}, valid to {contract.expires}")


def _undecided_by(contract: Contract, today: date) -> tuple[str, str]:
    """Return what keeps a contract from counting today, and the reason; empty where nothing."""
    duration, lacking = contract.duration, _lacking(contract)
    faults = (
        (contract.signed is None or contract.signed > today, "is not signed", "unsigned"),
        (
            contract.expires is None or contract.expires < today,
            "has expired or has no expiry date",
            str(Reason.EXPIRED),
        ),
        (
            duration is not None and not duration[0] <= today <= duration[1],
            "does not run today",
            str(Reason.EXPIRED),
        ),
        (bool(lacking), f"does not tell {', '.join(lacking)}", "incomplete"),
        (
            contract.reviewed is None or contract.reviewed > today or not contract.owner,
            "has no review date or no owner",
            "unreviewed",
        ),
    )
    return next(((told, reason) for holds, told, reason in faults if holds), ("", ""))


def _lacking(contract: Contract) -> list[str]:
    """Return which of the things that a contract has to settle it does not tell."""
    told = {
        "its processor": contract.processor,
        "its subject": contract.subject,
        "its duration": contract.duration,
        "its types of data": contract.data_types,
    }
    return [name for name, value in told.items() if not value]


def read_particulars(case: Case) -> Iterator[Question[Contract]]:
    """Ask every declared contract for what else art. 28(3) wants it to tell."""
    for paper in case.dossier.contracts:
        contract = paper.contract
        yield Question(PAPERS, contract.controller, Observed(contract), required=False)


def judge_particulars(contract: Contract, _case: Case) -> Ruling:
    """A register row need not repeat the whole contract: what it leaves out is a lead."""
    wanted = {"the purpose": contract.purpose, "the persons concerned": contract.data_subjects}
    missing = [name for name, value in wanted.items() if not value]
    named = f"contract with {contract.controller}"
    if missing:
        return failed(f"{named}: the register does not tell {' and '.join(missing)}")
    return passed(f"{named}: the register tells purpose and persons concerned")


@dataclass(frozen=True, slots=True)
class Customers:
    """How many folders at the top bear customers' names, and with how many there are contracts."""

    folders: int
    contracts: int


def read_customers(case: Case) -> Iterator[Question[Customers]]:
    """Ask every login that saw several folders at the top that look like customers' own."""
    contracts = len({_party(paper.contract.controller) for paper in case.dossier.contracts})
    for login in logins(case):
        if not isinstance(login.view, Observed):
            continue
        folders = login.view.value.walk.names.customers
        if folders >= _SEVERAL:
            reading = Observed(Customers(folders, contracts), login.view.evidence)
            yield Question(login.vantage, login.way_in, reading, required=False)


def judge_customers(customers: Customers, _case: Case) -> Ruling:
    """Names are weak: they suggest that the operator is a processor for each of them."""
    told = f"{customers.folders} folders at the top look like customers' own"
    if customers.contracts < customers.folders:
        noun = "controller" if customers.contracts == 1 else "controllers"
        more = f"contracts with {customers.contracts} {noun} are declared"
        return failed(f"{told}; {more}", Confidence.WEAK)
    return passed(f"{told}, and there are as many contracts")


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
        Facet(
            id="contract-particulars",
            question="Does each contract's row tell its purpose and whose data they are?",
            layer=Source.DOCUMENT,
            severity=Severity.LOW,
            required="nothing: it is a lead",
            remedy="Write purpose and data_subjects of the contract into the register.",
            reads=read_particulars,
            judge=judge_particulars,
        ),
        Facet(
            id="customer-folders",
            question="Are there as many contracts as folders that bear customers' names?",
            layer=Source.ACCOUNT,
            severity=Severity.LOW,
            required="nothing: names are weak signs",
            remedy="Find out whose data each folder holds; have one contract per controller.",
            reads=read_customers,
            judge=judge_customers,
        ),
    ),
)
