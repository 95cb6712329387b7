"""Findings over the nights: when each was first and last seen, how bad, what became of it.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from scanner.history.rows import since_of
from scanner.model.finding import Finding, HostReport, Verdict
from scanner.model.frozen import dataclass
from scanner.model.past import CLOSED

_KEEP = """
INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?) ON CONFLICT (uid) DO UPDATE SET
    first_seen = CASE WHEN closed IS NULL THEN min(first_seen, excluded.first_seen)
        WHEN closed <= excluded.last_seen THEN excluded.first_seen ELSE first_seen END,
    closed = CASE WHEN closed <= excluded.last_seen THEN NULL ELSE closed END,
    severity = CASE WHEN last_seen <= excluded.last_seen THEN excluded.severity ELSE severity END,
    accepted = CASE WHEN last_seen <= excluded.last_seen THEN excluded.accepted ELSE accepted END,
    last_seen = max(last_seen, excluded.last_seen)
"""
_CHANGE = "INSERT OR IGNORE INTO change VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class _Known:
    """What was known of a finding before this report."""

    closed: int | None
    last_seen: int
    severity: str


def keep(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Open the finding of every fail, and close those of which the report has a pass."""
    said = [(row.id, finding) for row in report.failures for finding in row.findings]
    fails = {each.uid: (failure, each) for failure, each in said if each.verdict is Verdict.FAIL}
    until = {risk.failure: "" for risk in report.exceptions}
    for risk in report.exceptions:
        until[risk.failure] = max(until[risk.failure], risk.until.isoformat())
    known = _known(db, asset)
    db.executemany(
        _CHANGE,
        [
            change
            for uid, (_, each) in fails.items()
            for change in _opened(known.get(uid), each, then)
        ],
    )
    db.executemany(
        _KEEP,
        [
            (
                uid,
                asset,
                each.vantage,
                failure,
                each.facet,
                since_of(each.first_seen, then),
                then,
                _weight(each),
                until.get(failure, "") if each.suppressed else "",
            )
            for uid, (failure, each) in fails.items()
        ],
    )
    if not report.mixed_identity:  # a pass may be another server's: nothing is closed
        passes = {each.uid for _, each in said if each.verdict is Verdict.PASS} - fails.keys()
        _close(db, [uid for uid in passes & known.keys() if known[uid].closed is None], then)


def _close(db: sqlite3.Connection, uids: list[str], then: int) -> None:
    for uid in uids:
        closed = db.execute(
            "UPDATE finding SET closed = ?1 WHERE uid = ?2 AND closed IS NULL AND last_seen <= ?1",
            (then, uid),
        ).rowcount
        if closed:
            db.execute(_CHANGE, (uid, then, CLOSED))


def _known(db: sqlite3.Connection, asset: int) -> dict[str, _Known]:
    found = db.execute(
        "SELECT uid, closed, last_seen, severity FROM finding WHERE asset = ?", (asset,)
    )
    return {uid: _Known(*rest) for uid, *rest in found}


def _opened(known: _Known | None, each: Finding, then: int) -> Iterator[tuple[str, int, str]]:
    """Yield what a fail changes: it is new, it is back, or it is another severity than before.

    A report older than what is known changes nothing that came after it.
    """
    weight = _weight(each)
    if known is None:
        yield each.uid, since_of(each.first_seen, then), weight
    elif known.closed is not None:
        if known.closed <= then:
            yield each.uid, since_of(each.first_seen, then), weight
    elif known.last_seen <= then and known.severity != weight:
        yield each.uid, then, weight


def _weight(finding: Finding) -> str:
    return "" if finding.is_lead else finding.severity.value
