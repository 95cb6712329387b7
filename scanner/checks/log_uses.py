"""What the operator's logs show beside shared accounts: use of an open zone, uploads that nobody
ordered, and whether logging goes on at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.log_signs import declared_logs
from scanner.model.case import Case, moment
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.logs import LogDigest, OrderUploads, VisitTrace
from scanner.model.reading import Observed, Reason, Unobserved

FRESH: Final = timedelta(hours=24)
"""How old the last line of a log may be."""

DECIDES: Final = timedelta(days=30)
"""For how long the last anonymous use decides a row; an older one is a lead."""

_NO_TRANSFERS: Final = Unobserved(Reason.NOT_LOOKED_AT, "the logs tell of no transfer")


def read_anonymous(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs, where they tell of transfers."""
    for logs in declared_logs(case):
        told = isinstance(logs, Unobserved) or logs.value.uploads + logs.value.downloads > 0
        yield Question(PAPERS, "logs", logs if told else _NO_TRANSFERS, required=False)


def judge_anonymous(digest: LogDigest, case: Case) -> Ruling:
    """A file that went out without an account is proof; that none did says nothing of the door."""
    use = digest.anonymous
    count = use.downloads + use.uploads
    if count and use.last:
        recent = case.now - moment(use.last) <= DECIDES
        kinds = ((use.downloads, "taken"), (use.uploads, "left"))
        ways = " and ".join(f"{number} {word}" for number, word in kinds if number)
        return failed(
            f"files outside every declared public area were {ways} without an account, the last "
            f"on {case.day_of(moment(use.last))}",
            severity=None if recent else Severity.LOW,
        )
    if use.unplaced or digest.unread:
        unsure = digest.unread or f"{use.unplaced} transfers are logged without their path"
        return undecided(f"no anonymous use seen outside public areas, but {unsure}", "logs-cut")
    return passed("no anonymous use outside the declared public areas in the logs")


def read_uploads(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs, where orders or private areas are declared."""
    if not (case.target.migrations or case.target.areas.private):
        return
    for logs in declared_logs(case):
        if isinstance(logs, Observed) and not logs.value.uploads + logs.value.downloads:
            yield Question(PAPERS, "logs", _NO_TRANSFERS, required=False)
        else:
            yield Question(PAPERS, "logs", logs)


def judge_uploads(digest: LogDigest, case: Case) -> Ruling:
    """An upload before its order or after its end is proof; one under no order a strong sign."""
    late = [order for order in digest.orders if order.last_outside]
    if late:
        last = max(order.last_outside or "" for order in late)
        names = ", ".join(order.order_id for order in late)
        return failed(
            f"{_uploads(sum(map(_outside, late)))} to the paths of {names} outside the dates of "
            f"the order, the last on {case.day_of(moment(last))}"
        )
    if digest.unordered and digest.last_unordered:
        return failed(
            f"{_uploads(digest.unordered)} to private areas under no declared order, the last on "
            f"{case.day_of(moment(digest.last_unordered))}",
            Confidence.STRONG,
        )
    if digest.unread:
        return undecided(f"no upload seen outside an open order, but {digest.unread}", "logs-cut")
    return passed(f"none of {_uploads(digest.uploads)} lies outside an open order")


def read_freshness(case: Case) -> Iterator[Question[LogDigest]]:
    """Ask the logs, where any are declared."""
    for logs in declared_logs(case):
        yield Question(PAPERS, "logs", logs)


def judge_freshness(digest: LogDigest, case: Case) -> Ruling:
    """Logs that are watched go on, and show this scanner's own last visit."""
    told = [source for source in digest.sources if source.tells_sessions and source.newest]
    if not told:
        return undecided("the logs tell of transfers alone, not of logins", "no-sessions-told")
    newest = max(moment(source.newest) for source in told if source.newest)
    if newest - case.now > FRESH:
        ahead = f"the logs tell of {_at(newest)}, which is yet to come: check zone and clock"
        return undecided(ahead, "clock-differs")
    oldest = min(moment(source.oldest) for source in told if source.oldest)
    past = [visit for visit in _visits(digest, case) if not visit.lines]
    for visit in past:
        ruling = _missing(visit, (oldest, newest), case)
        if ruling is not None:
            return ruling
    seen = not past and any(visit.lines for visit in digest.visits)
    return _going_on(newest, seen=seen, digest=digest, case=case)


def _going_on(newest: datetime, *, seen: bool, digest: LogDigest, case: Case) -> Ruling:
    """Return what logs say that miss no visit. ``seen``: they show the last one."""
    if case.now - newest > FRESH:
        return undecided(f"the logs end on {_at(newest)}: over a day ago", Reason.EXPIRED)
    if not seen:
        told = "no earlier visit of this scanner lies within what the logs cover"
        return undecided(told, Reason.NOT_LOOKED_AT)
    if digest.unread:
        return undecided(f"the last visit is in the logs, but {digest.unread}", "logs-cut")
    return passed(f"the logs go on until {_at(newest)} and show this scanner's last visit")


def _visits(digest: LogDigest, case: Case) -> Iterator[VisitTrace]:
    """Yield earlier visits that logs may still hold. Tonight's proves nothing by its absence: logs
    may have been handed over before it.
    """
    tonight = {seen.finished for seen in case.observations}
    for visit in digest.visits:
        if visit.finished not in tonight and case.now - moment(visit.finished) <= DECIDES:
            yield visit


def _missing(visit: VisitTrace, span: tuple[datetime, datetime], case: Case) -> Ruling | None:
    """Return what it means that a visit is not in the logs; ``None`` where it need not be."""
    oldest, newest = span
    when = _at(moment(visit.started))
    if visit.shifted:
        told = f"the visit of {when} is in the logs at another time: check time zone and clock"
        return undecided(told, "clock-differs")
    if moment(visit.started) < oldest:
        return None
    if _is_translated(visit, case):
        told = f"the visit of {when} is not in the logs under this scanner's own address, which "
        return undecided(f"{told}may be translated on its way", "address-translated")
    if newest >= moment(visit.finished):
        return failed(f"the visit of this scanner of {when} is missing in logs that cover it")
    if case.now - moment(visit.finished) > FRESH:
        told = f"the logs end on {_at(newest)}, before this scanner's visit of {when}"
        return failed(told, Confidence.STRONG)
    return None


def _is_translated(visit: VisitTrace, case: Case) -> bool:
    """Whether our address is private and the server's is not: a gateway then changes ours."""
    servers = [ip_address(each) for seen in case.observations for each in seen.addresses]
    ours = [ip_address(each.partition("%")[0]) for each in visit.sources]
    return any(server.is_global for server in servers) and not any(own.is_global for own in ours)


def _outside(order: OrderUploads) -> int:
    return order.before + order.after


def _uploads(count: int) -> str:
    return "1 upload" if count == 1 else f"{count} uploads"


def _at(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


ZONE_FACETS: Final = (
    Facet(
        id="anonymous-use",
        question="Do the logs show files moved without an account?",
        layer=Source.OPERATOR,
        severity=Severity.HIGH,
        required="nothing: past use is proof, its absence closes no door",
        remedy=(
            "Close the open zone, find out from the logs who took what, and assess whether it is "
            "a breach to notify (GDPR articles 33 and 34)."
        ),
        reads=read_anonymous,
        judge=judge_anonymous,
    ),
)

MIGRATION_FACETS: Final = (
    Facet(
        id="uploads-under-order",
        question="Does every upload belong to an order that was open?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="assets whose logs tell of transfers, with declared orders or private areas",
        remedy="Find out who sent the files and why; open an order, or delete them.",
        reads=read_uploads,
        judge=judge_uploads,
    ),
)

WATCH_FACETS: Final = (
    Facet(
        id="log-freshness",
        question="Do the logs go on, and show this scanner's own last visit?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="assets whose logs are declared",
        remedy="Mend the server's logging, or what carries its logs to where they are read.",
        reads=read_freshness,
        judge=judge_freshness,
    ),
)
