"""What the operator's logs show of shared accounts: facets of that failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from scanner.checks.account_register import named_accounts
from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.model.case import Case, moment
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.logs import AccountUse, LogDigest, Overlap
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.text import neutralise

_STRONG: Final = Confidence.STRONG
_NO_SESSIONS: Final = Unobserved(Reason.NOT_LOOKED_AT, "the logs tell of no session of an account")


def declared_logs(case: Case) -> Iterator[Reading[LogDigest]]:
    """Yield the digest of the logs where any are declared; nobody is asked for logs otherwise."""
    logs = case.dossier.logs
    if isinstance(logs, Observed) or logs.reason is not Reason.NOT_DECLARED:
        yield logs


def read_sources(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs, where they tell of accounts at all."""
    for logs in declared_logs(case):
        if isinstance(logs, Observed) and not logs.value.accounts:
            yield Question(PAPERS, "logs", _NO_SESSIONS, required=False)
        else:
            yield Question(PAPERS, "logs", logs)


def judge_sources(digest: LogDigest, _case: Case) -> Ruling:
    """One account in two distant places at once is one strong sign; one after the other is none."""
    found = [use for use in digest.accounts if use.source_overlaps]
    if found:
        return failed(_told(found, "source", found[0].source_overlaps), _STRONG)
    unsure = digest.unread or _dropped(digest)
    if not unsure and digest.unaddressed:
        unsure = f"{digest.unaddressed} lines tell no address"
    if unsure:
        return undecided(f"no account seen in two distant places at once, but {unsure}", "logs-cut")
    return passed(f"{_counted(digest)}: none in two distant places at once")


def read_keys(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs, where they tell by which keys accounts were entered."""
    for logs in declared_logs(case):
        if isinstance(logs, Unobserved) or any(use.keys for use in logs.value.accounts):
            yield Question(PAPERS, "logs", logs)


def judge_keys(digest: LogDigest, _case: Case) -> Ruling:
    """Two keys on one account at once is one strong sign; a key that replaced another is none."""
    found = [use for use in digest.accounts if use.key_overlaps]
    if found:
        return failed(_told(found, "key", found[0].key_overlaps), _STRONG)
    unsure = digest.unread or _dropped(digest)
    if unsure:
        return undecided(f"no account seen under two keys at once, but {unsure}", "logs-cut")
    return passed(f"{_counted(digest)}: none under two keys at once")


def read_outside(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs about accounts whose networks are declared."""
    if any(account.networks for account in case.target.accounts):
        yield from read_sources(case)


def judge_outside(digest: LogDigest, case: Case) -> Ruling:
    """A login from elsewhere than declared is a strong sign that someone else has the secret."""
    found = [use for use in digest.accounts if use.outside]
    if found:
        use = max(found, key=lambda each: each.last_outside or "")
        count = sum(each.outside for each in found)
        return failed(
            f"{count} {'session' if count == 1 else 'sessions'} of {_names(found)} from outside "
            f"the declared networks, the last on {_day(use.last_outside, case)}",
            _STRONG,
        )
    wanted = {neutralise(each.username, 64) for each in case.target.accounts if each.networks}
    if not wanted & {use.username for use in digest.accounts}:
        told = "no account whose networks are declared appears in the logs"
        return undecided(told, Reason.NOT_LOOKED_AT)
    if digest.unread:
        return undecided(f"no session from outside, but {digest.unread}", "logs-cut")
    return passed("every session came from the declared networks of its account")


@dataclass(frozen=True, slots=True)
class RetiredAccounts:
    """What the logs tell, and until when accounts of the inventory were to be used."""

    digest: LogDigest
    expiry: dict[str, date]


def read_retired(case: Case) -> Iterator[Question[RetiredAccounts]]:
    """Ask the logs about accounts that the inventory lets expire."""
    inventory = case.dossier.inventory
    rows = inventory.value if isinstance(inventory, Observed) else ()
    expiry = {neutralise(row.username, 64): row.expires for row in rows if row.expires}
    if not expiry:
        return
    for question in read_sources(case):
        reading: Reading[RetiredAccounts]
        if isinstance(question.reading, Unobserved):
            reading = question.reading
        else:
            reading = Observed(RetiredAccounts(question.reading.value, expiry))
        yield Question(PAPERS, "logs", reading, question.required)


def judge_retired(retired: RetiredAccounts, case: Case) -> Ruling:
    """Whoever logs in by an account that has ended is not the one whom it was given to."""
    found = [
        use
        for use in retired.digest.accounts
        if use.username in retired.expiry
        and case.day_of(moment(use.last)) > retired.expiry[use.username]
    ]  # fmt: skip
    if found:
        last = max(use.last for use in found)
        return failed(
            f"{_names(found)} used after the inventory says it expired, last on {_day(last, case)}",
            _STRONG,
        )
    if retired.digest.unread:
        return undecided(f"no use after expiry, but {retired.digest.unread}", "logs-cut")
    return passed("no account was used after the inventory says it expired")


def _told(found: list[AccountUse], what: str, overlaps: tuple[Overlap, ...]) -> str:
    longest = max(overlaps, key=lambda each: each.seconds)
    times = sum(each.times for use in found for each in _of(use, what))
    often = "once" if times == 1 else f"{times} times"
    return (
        f"{_names(found)} in use from two {what}s at once, {often}: {found[0].username} from "
        f"{longest.one} and {longest.other} for {longest.seconds} s at {longest.at}"
    )


def _of(use: AccountUse, what: str) -> tuple[Overlap, ...]:
    return use.key_overlaps if what == "key" else use.source_overlaps


def _names(found: Iterable[AccountUse]) -> str:
    return named_accounts([use.username for use in found])


def _counted(digest: LogDigest) -> str:
    sessions = sum(use.sessions for use in digest.accounts)
    count = len(digest.accounts)
    accounts = "1 account" if count == 1 else f"{count} accounts"
    return f"{accounts}, {sessions} {'session' if sessions == 1 else 'sessions'} in the logs"


def _dropped(digest: LogDigest) -> str:
    if digest.accounts_dropped:
        return f"{digest.accounts_dropped} lines are of more accounts than are kept"
    dropped = sum(use.dropped for use in digest.accounts)
    return f"{dropped} sessions are of more sources than are kept" if dropped else ""


def _day(at: str | None, case: Case) -> str:
    return str(case.day_of(moment(at))) if at else "a day that is not told"


FACETS: Final[tuple[Facet[LogDigest] | Facet[RetiredAccounts], ...]] = (
    Facet(
        id="overlapping-sources",
        question="Was one account used from two distant places at the same time?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required="assets whose logs are declared and tell of sessions",
        remedy=(
            "Ask who was behind the two addresses; give each an account. Where it is one machine "
            "behind several addresses, declare accounts[].networks."
        ),
        reads=read_sources,
        judge=judge_sources,
    ),
    Facet(
        id="overlapping-keys",
        question="Was one account used under two keys at the same time?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required="assets whose logs are declared and tell of keys",
        remedy="Find out whose keys they are; give each person an account with one key.",
        reads=read_keys,
        judge=judge_keys,
    ),
    Facet(
        id="outside-networks",
        question="Did every session come from the declared networks of its account?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="assets whose logs and accounts[].networks are declared",
        remedy="Ask who logged in from there; change the secret, and limit where it works from.",
        reads=read_outside,
        judge=judge_outside,
    ),
    Facet(
        id="retired-account-used",
        question="Was no account used after the inventory says it expired?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="assets whose logs are declared, and whose inventory tells expiry dates",
        remedy="Close the account on the server, and ask who still used it.",
        reads=read_retired,
        judge=judge_retired,
    ),
)
