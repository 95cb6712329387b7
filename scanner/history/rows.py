"""Rows of the history: what is kept of a report, and how it is read again.

Every function works inside its caller's transaction. Stored moments are whole seconds since 1970
in UTC; told ones are RFC 3339 UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from scanner.history import drills
from scanner.model.case import moment
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Cap, HostReport, Severity, Verdict
from scanner.model.observation import FtpFacts
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.recall import DrillResult, OrderSighting, PastCap, Recall
from scanner.model.ssh import SshFacts
from scanner.model.view import View

DRILL_HOLDS_FOR = drills.HOLDS_FOR
_LARGEST = (1 << 63) - 1
"""What SQLite can hold: a server may claim more."""
MOST_SIGHTINGS = 10_000
"""Files remembered per asset; beyond it, those seen last the longest ago are forgotten."""

_FADING = (
    "DELETE FROM finding WHERE closed < ?",
    # Of a finding that is kept, what happened since it was opened stays.
    """DELETE FROM change WHERE at < ? AND NOT EXISTS
        (SELECT 1 FROM finding WHERE finding.uid = change.uid AND first_seen <= at)""",
    "DELETE FROM sighting WHERE last_seen < ?",
    "DELETE FROM migration WHERE last_seen < ?",
    "DELETE FROM drill WHERE at < ?",
    "DELETE FROM host_key WHERE last_seen < ?",
    "DELETE FROM judged WHERE at < ?",
    "DELETE FROM visit WHERE finished < ?",
    "DELETE FROM score WHERE at < ?",
    """DELETE FROM asset WHERE last_seen < ? AND id NOT IN (
        SELECT asset FROM finding UNION SELECT asset FROM cap UNION SELECT asset FROM sighting
        UNION SELECT asset FROM migration UNION SELECT asset FROM drill
        UNION SELECT asset FROM host_key UNION SELECT asset FROM judged
        UNION SELECT asset FROM visit UNION SELECT asset FROM score)""",
)


def to_stored(when: datetime) -> int:
    """Return an aware moment as stored, cut to the second."""
    return int(when.timestamp())


@lru_cache(maxsize=1_000)
def told(stored: int) -> str:
    """Return a stored moment in words of RFC 3339."""
    return datetime.fromtimestamp(stored, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def asset_id(db: sqlite3.Connection, tenant: str, name: str, then: int) -> int:
    """Return the number of an asset seen at ``then``, giving it one the first time."""
    (number,) = db.execute(
        "INSERT INTO asset (tenant, name, last_seen) VALUES (?, ?, ?) ON CONFLICT (tenant, name)"
        " DO UPDATE SET last_seen = max(last_seen, excluded.last_seen) RETURNING id",
        (tenant, name, then),
    ).fetchone()
    return int(number)


def known_asset(db: sqlite3.Connection, tenant: str, name: str) -> int | None:
    """Return the number of an asset, if it has one."""
    query = "SELECT id FROM asset WHERE tenant = ? AND name = ?"
    found = db.execute(query, (tenant, name)).fetchone()
    return None if found is None else int(found[0])


def open_findings(db: sqlite3.Connection, asset: int, vantage: str | None = None) -> dict[str, str]:
    """Return uid and first moment of every open fail, of one vantage or of all."""
    found = db.execute(
        "SELECT uid, first_seen FROM finding WHERE asset = ?1 AND closed IS NULL"
        " AND (?2 IS NULL OR vantage = ?2)",
        (asset, vantage),
    )
    return {uid: told(first_seen) for uid, first_seen in found}


def open_severities(
    db: sqlite3.Connection, asset: int, vantage: str | None = None
) -> dict[str, Severity]:
    """Return uid and last known severity of every open fail that decides its row."""
    found = db.execute(
        "SELECT uid, severity FROM finding WHERE asset = ?1 AND closed IS NULL"
        " AND severity <> '' AND (?2 IS NULL OR vantage = ?2)",
        (asset, vantage),
    )
    return {uid: Severity(severity) for uid, severity in found}


def caps_in_force(db: sqlite3.Connection, asset: int) -> tuple[PastCap, ...]:
    """Return the caps that fired and were not lifted, the oldest first."""
    found = db.execute(
        "SELECT fired, failure, vantage, since FROM cap WHERE asset = ? ORDER BY since", (asset,)
    )
    return tuple(
        PastCap(
            trigger=CapTrigger(fired),
            failure=FailureId(failure),
            vantage=vantage,
            since=told(since),
        )
        for fired, failure, vantage, since in found
    )


def sightings(db: sqlite3.Connection, asset: int) -> dict[str, str]:
    """Return key and first moment of every remembered file."""
    found = db.execute("SELECT key, first_seen FROM sighting WHERE asset = ?", (asset,))
    return {key: told(first_seen) for key, first_seen in found}


def orders(db: sqlite3.Connection, asset: int) -> dict[str, OrderSighting]:
    """Return when files of each order were there."""
    found = db.execute(
        "SELECT order_id, first_seen, last_seen, files FROM migration WHERE asset = ?", (asset,)
    )
    return {
        order: OrderSighting(first_seen=told(first), last_seen=told(last), files=files)
        for order, first, last, files in found
    }


def latest_drill(db: sqlite3.Connection, asset: int, now: int) -> Reading[DrillResult]:
    """Return the last drill while it holds (90 days); of several variants the worst."""
    every = drills.of_asset(db, asset)
    if not every:
        return Recall().drill
    variant, (verdict, at, detail), holds = drills.ruling(every, now)
    if not holds:
        clause = f"the last alarm drill, of {told(at)}, is over {DRILL_HOLDS_FOR.days} days old"
        return Unobserved(Reason.EXPIRED, clause)
    return Observed(DrillResult(verdict=verdict, at=told(at), detail=detail, variant=variant))


def last_drill(db: sqlite3.Connection, asset: int, variant: str, now: int) -> Reading[DrillResult]:
    """Return the last drill of one variant while it holds."""
    every = drills.of_asset(db, asset)
    if variant not in every or not drills.ruling({variant: every[variant]}, now)[2]:
        return Recall().drill
    verdict, at, detail = every[variant]
    return Observed(DrillResult(verdict=verdict, at=told(at), detail=detail, variant=variant))


def keep_drill(db: sqlite3.Connection, asset: int, result: DrillResult, then: int) -> None:
    """Keep a drill's result unless a later one of its variant is there."""
    drills.keep(db, asset, result.variant, (result.verdict, then, result.detail))


def keep_caps(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep the caps that fired, and drop those that the report has lifted.

    A cap that the report does not list is lifted only with a pass of its failure from its vantage:
    runs from several vantages may share one history, and none knows what fired elsewhere
    meanwhile. The cap of papers alone is the score's own, and follows each report.
    """
    caps = report.assessment.caps
    db.executemany(
        "INSERT INTO cap VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " since = min(since, excluded.since), last_fired = max(last_fired, excluded.last_fired)",
        [(asset, *_cap_key(cap), since_of(cap.since, then), then) for cap in caps if not cap.stale],
    )
    if report.mixed_identity:
        return
    listed, passed = {_cap_key(cap) for cap in caps}, _passed(report)
    in_force = db.execute("SELECT fired, failure, vantage FROM cap WHERE asset = ?", (asset,))
    gone = [
        (asset, *key, then)
        for key in in_force.fetchall()
        if key not in listed and (key[1:] in passed or key[0] == CapTrigger.ATTESTED_ONLY)
    ]
    db.executemany(
        "DELETE FROM cap WHERE asset = ? AND fired = ? AND failure = ? AND vantage = ?"
        " AND last_fired <= ?",
        gone,
    )


def keep_sightings(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep when each file was seen; one whose size changed counts as a new file.

    Of a mixed identity no size is kept: another server's file of that name mends nothing.
    """
    mixed = report.mixed_identity
    sizes: dict[str, int | None] = {}
    for view in _views(report):
        for file in view.walk.files:
            if sizes.get(file.key) is None:
                size = None if mixed else file.size
                sizes[file.key] = None if size is None else min(size, _LARGEST)
    db.executemany(
        "INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET"
        " first_seen = CASE WHEN size <> excluded.size AND last_seen <= excluded.last_seen"
        "  THEN excluded.first_seen ELSE min(first_seen, excluded.first_seen) END,"
        " size = CASE WHEN last_seen <= excluded.last_seen"
        "  THEN coalesce(excluded.size, size) ELSE size END,"
        " last_seen = max(last_seen, excluded.last_seen)",
        [(asset, key, size, then) for key, size in islice(sizes.items(), MOST_SIGHTINGS)],
    )
    if sizes:
        _forget_oldest_sightings(db, asset)


def keep_orders(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep when files of each order were there; where none are now, nothing changes."""
    files: dict[str, int] = {}
    for view in _views(report):
        for order in view.walk.orders:
            files[order.order_id] = max(order.files, files.get(order.order_id, 0))
    db.executemany(
        "INSERT INTO migration VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET"
        " files = CASE WHEN last_seen <= excluded.last_seen THEN excluded.files ELSE files END,"
        " first_seen = min(first_seen, excluded.first_seen),"
        " last_seen = max(last_seen, excluded.last_seen)",
        [(asset, order, count, then) for order, count in files.items() if count > 0],
    )


def forget_nights(db: sqlite3.Connection, before: int) -> int:
    """Delete what was last seen or closed before; return how many rows went."""
    return sum(db.execute(statement, (before,)).rowcount for statement in _FADING)


def _forget_oldest_sightings(db: sqlite3.Connection, asset: int) -> None:
    counted = "SELECT count(*) FROM sighting WHERE asset = ?"
    if db.execute(counted, (asset,)).fetchone()[0] <= MOST_SIGHTINGS:
        return
    db.execute(
        "DELETE FROM sighting WHERE asset = ?1 AND key IN (SELECT key FROM sighting"
        " WHERE asset = ?1 ORDER BY last_seen DESC, first_seen LIMIT -1 OFFSET ?2)",
        (asset, MOST_SIGHTINGS),
    )


def since_of(said: str | None, then: int) -> int:
    """Return the stored moment that a report tells, never later than the report itself."""
    return min(to_stored(moment(said)), then) if said else then


def _cap_key(cap: Cap | PastCap) -> tuple[str, str, str]:
    return cap.trigger.value, cap.failure.value, cap.vantage


def _passed(report: HostReport) -> set[tuple[FailureId, str]]:
    return {
        (row.id, finding.vantage)
        for row in report.failures
        for finding in row.findings
        if finding.verdict is Verdict.PASS
    }


def _views(report: HostReport) -> Iterator[View]:
    for observations in report.observations:
        for endpoint in observations.endpoints:
            if endpoint.facts is not None:
                yield from _views_of(endpoint.facts)


def _views_of(facts: FtpFacts | SshFacts) -> Iterator[View]:
    readings = [account.view for account in facts.accounts]
    if isinstance(facts, FtpFacts):
        readings.append(facts.anonymous_view)
    for reading in readings:
        if isinstance(reading, Observed):
            yield reading.value
