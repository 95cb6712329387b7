"""One account serves several people or machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.shared_keys import TWO_PEOPLE
from scanner.model.case import Case
from scanner.model.dossier import InventoryRow
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Source
from scanner.model.reading import Observed, Reading, Reason
from scanner.model.target import Account


@dataclass(frozen=True, slots=True)
class Holders:
    """Accounts and the people who hold them, and whether the list is a full inventory."""

    rows: tuple[InventoryRow, ...]
    full: bool


def read_holders(case: Case) -> Iterator[Question[Holders]]:
    """Ask the operator's inventory, else the accounts of the targets file."""
    inventory = case.dossier.inventory
    declared = tuple(_row(account) for account in case.target.accounts if account.holders)
    reading: Reading[Holders]
    if isinstance(inventory, Observed):
        rows = _joined(inventory.value, declared)
        named = {row.username for row in rows}
        full = bool(rows) and all(a.username in named for a in case.target.accounts)
        reading = Observed(Holders(rows, full))
    elif inventory.reason is Reason.NOT_DECLARED and declared:
        full = len(declared) == len(case.target.accounts)
        reading = Observed(Holders(declared, full))
    else:
        reading = inventory
    yield Question(PAPERS, "", reading)


def _row(account: Account) -> InventoryRow:
    return InventoryRow(username=account.username, holders=account.holders, kind=account.kind)


def _joined(
    inventory: tuple[InventoryRow, ...], declared: tuple[InventoryRow, ...]
) -> tuple[InventoryRow, ...]:
    """Return the inventory, and the declared accounts that it leaves out."""
    listed = {row.username for row in inventory}
    return (*inventory, *(row for row in declared if row.username not in listed))


def judge_holders(holders: Holders, _case: Case) -> Ruling:
    """Two holders, or none, is proof; a service account with one named owner is not shared."""
    shared = [row.username for row in holders.rows if len(row.holders) > 1]
    orphans = [row.username for row in holders.rows if not row.holders]
    if shared:
        return failed(f"{_named(shared)} held by several people", caps=(CapTrigger.SHARED_ACCOUNT,))
    if orphans:
        return failed(f"{_named(orphans)} held by nobody named")
    if not holders.full:
        return undecided("no holder is declared for every account", Reason.NOT_DECLARED)
    count = len(holders.rows)
    told = "the one account has" if count == 1 else f"each of {count} accounts has"
    return passed(f"{told} one named holder")


def _named(usernames: list[str]) -> str:
    shown = ", ".join(usernames[:5])
    more = f" and {len(usernames) - 5} more" if len(usernames) > 5 else ""
    return f"{'account' if len(usernames) == 1 else 'accounts'} {shown}{more}"


CHECK = Check(
    id=FailureId.SHARED_ACCOUNT,
    ref="MB-05",
    title="Shared account",
    says="one account serves several people or machines",
    cleared="each account has one named holder",
    remedy="Give each person and each machine an account of its own, with one named holder.",
    controls=controls_of(FailureId.SHARED_ACCOUNT),
    facets=(
        Facet(
            id="inventory-holders",
            question="Does each account have one named holder?",
            layer=Source.OPERATOR,
            severity=Severity.HIGH,
            required="every asset; without an inventory the row stays unknown",
            remedy="Split the account: one per person; name one owner for each service account.",
            reads=read_holders,
            judge=judge_holders,
        ),
        TWO_PEOPLE,
    ),
)
