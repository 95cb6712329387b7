"""The operator's list of accounts against the people who hold them and the logins that work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.generic_names import is_generic
from scanner.model.case import Case
from scanner.model.dossier import InventoryRow
from scanner.model.failure import CapTrigger
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.login_keys import AccountKeys
from scanner.model.reading import Observed, Reading, Reason
from scanner.model.ssh import SshFacts
from scanner.model.target import Account
from scanner.model.view import CredentialStatus


@dataclass(frozen=True, slots=True)
class Holders:
    """Accounts and the people who hold them, and whether the list is a full inventory."""

    rows: tuple[InventoryRow, ...]
    full: bool


@dataclass(frozen=True, slots=True)
class Register:
    """What one look found of the accounts. ``listed`` is the inventory's own part of ``rows``.

    ``working`` are the accounts that a login, or a key without a signature, was accepted for.
    """

    rows: tuple[InventoryRow, ...]
    listed: frozenset[str]
    working: tuple[str, ...]


def read_holders(case: Case) -> Iterator[Question[Holders]]:
    """Ask the operator's inventory, else the accounts of the targets file."""
    yield Question(PAPERS, "", _holders(case))


def _holders(case: Case) -> Reading[Holders]:
    inventory = case.dossier.inventory
    declared = tuple(_row(account) for account in case.target.accounts if account.holders)
    if isinstance(inventory, Observed):
        rows = _joined(inventory.value, declared)
        named = {row.username for row in rows}
        full = bool(rows) and all(a.username in named for a in case.target.accounts)
        return Observed(Holders(rows, full))
    if inventory.reason is Reason.NOT_DECLARED and declared:
        return Observed(Holders(declared, len(declared) == len(case.target.accounts)))
    return inventory


def _row(account: Account) -> InventoryRow:
    return InventoryRow(username=account.username, holders=account.holders, kind=account.kind)


def _joined(
    inventory: tuple[InventoryRow, ...], declared: tuple[InventoryRow, ...]
) -> tuple[InventoryRow, ...]:
    """Return the inventory, and the declared accounts that it leaves out."""
    listed = {row.username for row in inventory}
    return (*inventory, *(row for row in declared if row.username not in listed))


def judge_holders(holders: Holders, _case: Case) -> Ruling:
    """Two holders are proof; a service account with one named owner is not shared."""
    shared = [row.username for row in holders.rows if len(row.holders) > 1]
    if shared:
        return failed(
            f"{named_accounts(shared)} held by several people", caps=(CapTrigger.SHARED_ACCOUNT,)
        )
    if not holders.full:
        return undecided("no holder is declared for every account", Reason.NOT_DECLARED)
    count = len(holders.rows)
    told = "the one account has" if count == 1 else f"none of {count} accounts has"
    return passed(f"{told} {'one named holder' if count == 1 else 'several holders'}")


def read_register(case: Case) -> Iterator[Question[Register]]:
    """Ask the inventory, where one is declared: once, with what all looks saw of the accounts."""
    inventory = case.dossier.inventory
    if not isinstance(inventory, Observed):
        return
    declared = tuple(_row(account) for account in case.target.accounts if account.holders)
    listed = frozenset(row.username for row in inventory.value)
    rows = _joined(inventory.value, declared)
    working = tuple(sorted(working_accounts(case)))
    yield Question(PAPERS, "", Observed(Register(rows, listed, working)))


def working_accounts(case: Case) -> set[str]:
    """Return the accounts that some endpoint let in, or would let in by a listed key."""
    names: set[str] = set()
    for _, endpoint in case.endpoints():
        if endpoint.facts is None:
            continue
        views = endpoint.facts.accounts
        names |= {view.username for view in views if view.status is CredentialStatus.ACCEPTED}
        if isinstance(endpoint.facts, SshFacts):
            names |= set(_opened_by_key(endpoint.facts.account_keys))
    return names


def _opened_by_key(asked: Iterable[AccountKeys]) -> Iterator[str]:
    for each in asked:
        if not isinstance(each.answers, Observed):
            continue
        queries = each.answers.value.queries
        if any(query.accepted == Observed(value=True) for query in queries):
            yield each.username


def judge_orphans(register: Register, _case: Case) -> Ruling:
    """An account that nobody is named for is proof."""
    orphans = [row.username for row in register.rows if not row.holders]
    if orphans:
        return failed(f"{named_accounts(orphans)} held by nobody named")
    return passed(f"every account has a named holder ({_counted(register.rows)})")


def judge_expired(register: Register, case: Case) -> Ruling:
    """A holder whose time is over holds nothing: proof where the account still works."""
    late = [row.username for row in register.rows if _is_over(row.expires, case.today)]
    alive = [name for name in late if name in register.working]
    if alive:
        return failed(f"{named_accounts(alive)} still let in, though its holder's time is over")
    if late:
        told = f"{named_accounts(late)} still listed, though its holder's time is over"
        return failed(told, Confidence.STRONG, severity=Severity.MEDIUM)
    return passed(f"no holder's time is over ({_counted(register.rows)})")


def judge_unlisted(register: Register, _case: Case) -> Ruling:
    """An account that works and that nobody is recorded for is proof; one with a holder in the
    targets file alone is a gap of the inventory.
    """
    known = {row.username for row in register.rows}
    stray = [name for name in register.working if name not in known]
    if stray:
        return failed(f"{named_accounts(stray)} let in, and in no inventory")
    beside = [name for name in register.working if name not in register.listed]
    if beside:
        told = f"{named_accounts(beside)} let in, with a holder in the targets file alone"
        return failed(told, Confidence.WEAK, severity=Severity.LOW)
    if not register.working:
        return passed("no account that was let in is missing from the inventory: none was")
    return passed(f"the inventory lists each of {len(register.working)} accounts that were let in")


def read_names(case: Case) -> Iterator[Question[tuple[str, ...]]]:
    """Look at the names of every account that is known."""
    inventory = case.dossier.inventory
    names = [account.username for account in case.target.accounts]
    names += [row.username for row in inventory.value] if isinstance(inventory, Observed) else []
    if names:
        known = tuple(dict.fromkeys(names))
        yield Question(PAPERS, "", Observed(known), required=False)


def judge_names(names: tuple[str, ...], _case: Case) -> Ruling:
    """A generic name proves nothing: it is worth a look at who knows the secret."""
    generic = [name for name in names if is_generic(name)]
    if generic:
        return failed(
            f"{named_accounts(generic)} named for a purpose, not for a holder", Confidence.WEAK
        )
    return passed("no account has a generic name")


def _is_over(expires: date | None, today: date) -> bool:
    return expires is not None and expires < today


def _counted(rows: tuple[InventoryRow, ...]) -> str:
    return "1 account" if len(rows) == 1 else f"{len(rows)} accounts"


def named_accounts(usernames: list[str]) -> str:
    """Return ``account a`` or ``accounts a, b and 3 more``."""
    shown = ", ".join(usernames[:5])
    more = f" and {len(usernames) - 5} more" if len(usernames) > 5 else ""
    return f"{'account' if len(usernames) == 1 else 'accounts'} {shown}{more}"


_REQUIRED = "assets whose account inventory is declared"

REGISTER_FACETS = (
    Facet(
        id="inventory-holders",
        question="Does no account have several holders?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required="every asset; without an inventory the row stays unknown",
        remedy="Split the account: one per person; name one owner for each service account.",
        reads=read_holders,
        judge=judge_holders,
    ),
    Facet(
        id="account-without-holder",
        question="Does each account of the inventory have a holder?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required=_REQUIRED,
        remedy="Name the one person who answers for the account, or close the account.",
        reads=read_register,
        judge=judge_orphans,
    ),
    Facet(
        id="expired-holder",
        question="Is each holder still entitled to the account?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required=_REQUIRED,
        remedy="Close the account, or give it to a new holder with a new secret and a new date.",
        reads=read_register,
        judge=judge_expired,
    ),
    Facet(
        id="unlisted-account",
        question="Is each account that works in the inventory?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required=_REQUIRED,
        remedy="Enter the account with its one holder in the inventory, or close it.",
        reads=read_register,
        judge=judge_unlisted,
    ),
    Facet(
        id="generic-account-name",
        question="Do account names name their holder?",
        layer=Source.OPERATOR,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Find out who knows the secret; give each person an account under their own name.",
        reads=read_names,
        judge=judge_names,
    ),
)
