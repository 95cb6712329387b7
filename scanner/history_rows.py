"""Rows of the history: what is kept of a report, and how it is read again.

Every function works inside its caller's transaction. Times are seconds since 1970 in UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from scanner.model.case import moment
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Cap, Finding, HostReport, Verdict
from scanner.model.observation import FileFact, FtpFacts, SshFacts, View
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.recall import DrillResult, OrderSighting, PastCap, Recall

DRILL_HOLDS_FOR = timedelta(days=90)
MOST_SIGHTINGS = 10_000
"""Files remembered per asset; beyond it, those seen last the longest ago are forgotten."""


def seconds(moment_: datetime) -> int:
    """Return an aware moment as stored: whole seconds, what is left over cut off."""
    return int(moment_.timestamp())


def text(stored: int) -> str:
    """Return a stored moment as RFC 3339 UTC."""
    return datetime.fromtimestamp(stored, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(length: timedelta) -> int:
    """Return a length of time in whole seconds."""
    return int(length.total_seconds())


_DELETE_EMPTY_ASSETS = "DELETE FROM asset WHERE last_seen < ?" + "".join(
    f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.asset = asset.id)"
    for table in ("finding", "cap", "sighting", "migration", "drill")
)


def asset_id(db: sqlite3.Connection, tenant: str, name: str, then: int) -> int:
    (number,) = db.execute(
        "INSERT INTO asset (tenant, name, last_seen) VALUES (?, ?, ?) ON CONFLICT (tenant, name)"
        " DO UPDATE SET last_seen = max(last_seen, excluded.last_seen) RETURNING id",
        (tenant, name, then),
    ).fetchone()
    return int(number)


def known_asset(db: sqlite3.Connection, tenant: str, name: str) -> int | None:
    query = "SELECT id FROM asset WHERE tenant = ? AND name = ?"
    found = db.execute(query, (tenant, name)).fetchone()
    return None if found is None else int(found[0])


def open_findings(db: sqlite3.Connection, asset: int, vantage: str | None) -> dict[str, str]:
    found = db.execute(
        "SELECT uid, first_seen FROM finding WHERE asset = ?1 AND closed IS NULL"
        " AND (?2 IS NULL OR vantage = ?2)",
        (asset, vantage),
    )
    return {uid: text(first_seen) for uid, first_seen in found}


def caps_in_force(db: sqlite3.Connection, asset: int) -> tuple[PastCap, ...]:
    found = db.execute(
        "SELECT fired, failure, vantage, since FROM cap WHERE asset = ? ORDER BY since", (asset,)
    )
    return tuple(
        PastCap(
            trigger=CapTrigger(fired),
            failure=FailureId(failure),
            vantage=vantage,
            since=text(since),
        )
        for fired, failure, vantage, since in found
    )


def sightings(db: sqlite3.Connection, asset: int) -> dict[str, str]:
    found = db.execute("SELECT key, first_seen FROM sighting WHERE asset = ?", (asset,))
    return {key: text(first_seen) for key, first_seen in found}


def orders(db: sqlite3.Connection, asset: int) -> dict[str, OrderSighting]:
    found = db.execute(
        "SELECT order_id, first_seen, last_seen, files FROM migration WHERE asset = ?", (asset,)
    )
    return {
        order: OrderSighting(first_seen=text(first), last_seen=text(last), files=files)
        for order, first, last, files in found
    }


def latest_drill(db: sqlite3.Connection, asset: int, now: int) -> Reading[DrillResult]:
    query = "SELECT verdict, at, detail FROM drill WHERE asset = ?"
    found = db.execute(query, (asset,)).fetchone()
    if found is None:
        return Recall().drill
    verdict, at, detail = found
    if now - at > span(DRILL_HOLDS_FOR):
        held = f"the last alarm drill, of {text(at)}, is over {DRILL_HOLDS_FOR.days} days old"
        return Unobserved(Reason.EXPIRED, held)
    return Observed(DrillResult(verdict=verdict, at=text(at), detail=detail))


def keep_findings(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    said = [(row.id, finding) for row in report.failures for finding in row.findings]
    fails = {each.uid: (row, each) for row, each in said if each.verdict is Verdict.FAIL}
    passes = {each.uid for _, each in said if each.verdict is Verdict.PASS} - fails.keys()
    db.executemany(
        "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (uid) DO UPDATE SET"
        " first_seen = CASE WHEN closed IS NULL THEN min(first_seen, excluded.first_seen)"
        "  WHEN closed <= excluded.last_seen THEN excluded.first_seen ELSE first_seen END,"
        " closed = CASE WHEN closed <= excluded.last_seen THEN NULL ELSE closed END,"
        " last_seen = max(last_seen, excluded.last_seen)",
        [
            (uid, asset, each.vantage, row.value, each.facet, _first_seen(each, then), then)
            for uid, (row, each) in fails.items()
        ],
    )
    db.executemany(
        "UPDATE finding SET closed = ?1 WHERE uid = ?2 AND closed IS NULL AND last_seen <= ?1",
        [(then, uid) for uid in open_findings(db, asset, None) if uid in passes],
    )


def _first_seen(finding: Finding, then: int) -> int:
    if finding.first_seen is None:
        return then
    return min(seconds(moment(finding.first_seen)), then)


def keep_caps(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    fired = [cap for cap in report.assessment.caps if not cap.stale]
    db.executemany(
        "INSERT INTO cap VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET since = min(since, excluded.since)",
        [(asset, *_cap_key(cap), _since(cap, then)) for cap in fired],
    )
    in_force = {_cap_key(cap) for cap in report.assessment.caps}
    spoken = _vantages(report)
    lifted = [
        _cap_key(cap)
        for cap in caps_in_force(db, asset)
        if cap.vantage in spoken or cap.trigger is CapTrigger.ATTESTED_ONLY
        if _cap_key(cap) not in in_force
    ]
    db.executemany(
        "DELETE FROM cap WHERE asset = ? AND fired = ? AND failure = ? AND vantage = ?"
        " AND since <= ?",
        [(asset, *key, then) for key in lifted],
    )


def _cap_key(cap: Cap | PastCap) -> tuple[str, str, str]:
    return cap.trigger.value, cap.failure.value, cap.vantage


def _since(cap: Cap, then: int) -> int:
    return min(seconds(moment(cap.since)), then) if cap.since else then


def _vantages(report: HostReport) -> set[str]:
    """From where the report speaks. Runs that share a history may each look from elsewhere."""
    seen = {each.vantage for each in report.observations}
    return seen | {finding.vantage for row in report.failures for finding in row.findings}


@dataclass(frozen=True, slots=True)
class _Sighted:
    sizes: dict[str, int | None]
    orders: dict[str, int]


def _sighted(report: HostReport) -> _Sighted:
    """Gather files and orders over all views: any size told, the most files of an order."""
    seen = _Sighted({}, {})
    for view in _views(report):
        for file in view.walk.files:
            if seen.sizes.get(file.key) is None:
                seen.sizes[file.key] = file.size
        for order in view.walk.orders:
            seen.orders[order.order_id] = max(order.files, seen.orders.get(order.order_id, 0))
    return seen


def _views(report: HostReport) -> Iterator[View]:
    for observations in report.observations:
        for endpoint in observations.endpoints:
            if endpoint.facts is not None:
                yield from _views_of(endpoint.facts)


def _views_of(facts: FtpFacts | SshFacts) -> Iterator[View]:
    readings = [account.view for account in facts.accounts]
    if isinstance(facts, FtpFacts):
        readings.insert(0, facts.anonymous_view)
    for reading in readings:
        if isinstance(reading, Observed):
            yield reading.value
