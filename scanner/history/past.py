"""The history as a person asks it: one asset over the nights, or all that is open.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from scanner.history import scores
from scanner.history.rows import told
from scanner.model.past import Change, OpenAsset, PastAsset, PastFinding

_FINDINGS = """
SELECT uid, vantage, failure, facet, severity, first_seen, last_seen, closed, accepted
    FROM finding WHERE asset = ? ORDER BY closed IS NOT NULL, first_seen, uid
"""
_CHANGES = """
SELECT uid, at, became FROM change WHERE uid IN (SELECT uid FROM finding WHERE asset = ?)
    ORDER BY uid, at
"""
_RANKED = "info low medium high critical"
_OPEN = """
SELECT tenant, name, sum(severity <> ''), sum(severity = ''),
    max(instr(?, severity) * (severity <> '')),
    coalesce(min(first_seen) FILTER (WHERE severity <> ''), min(first_seen)) AS oldest,
    asset.last_seen
FROM finding JOIN asset ON asset.id = finding.asset WHERE closed IS NULL
GROUP BY asset.id ORDER BY sum(severity <> '') = 0, oldest, tenant, name
"""


def assets(db: sqlite3.Connection, name: str, nights: int) -> Iterator[PastAsset]:
    """Yield the assets of that name, one for each tenant, with scores of the last ``nights``."""
    query = "SELECT id, tenant, last_seen FROM asset WHERE name = ? ORDER BY tenant"
    for number, tenant, last_seen in db.execute(query, (name,)).fetchall():
        yield PastAsset(
            tenant=tenant,
            asset=name,
            last_seen=told(last_seen),
            findings=tuple(_findings(db, number)),
            scores=scores.nights(db, number, nights),
        )


def open_assets(db: sqlite3.Connection) -> Iterator[OpenAsset]:
    """Yield every asset with open findings, the one with the oldest first, leads alone last."""
    for tenant, name, findings, leads, worst, oldest, last_seen in db.execute(_OPEN, (_RANKED,)):
        yield OpenAsset(
            tenant=tenant,
            asset=name,
            findings=findings,
            leads=leads,
            severity=_RANKED[worst - 1 :].split(maxsplit=1)[0] if worst else "",
            oldest=told(oldest),
            last_seen=told(last_seen),
        )


def _findings(db: sqlite3.Connection, asset: int) -> Iterator[PastFinding]:
    """Yield those that are open first, the oldest of them first."""
    changes = {
        uid: tuple(_changes((at, became) for _, at, became in group))
        for uid, group in groupby(db.execute(_CHANGES, (asset,)), key=lambda row: str(row[0]))
    }
    for uid, vantage, failure, facet, severity, first, last, closed, accepted in db.execute(
        _FINDINGS, (asset,)
    ):
        yield PastFinding(
            uid=uid,
            vantage=vantage,
            failure=failure,
            facet=facet,
            severity=severity,
            first_seen=told(first),
            last_seen=told(last),
            closed=None if closed is None else told(closed),
            accepted=accepted,
            changes=changes.get(uid, ()),
        )


def _changes(rows: Iterator[tuple[int, str]]) -> Iterator[Change]:
    """Leave out what changed nothing: nights may have been told in any order."""
    before: str | None = None
    for at, became in rows:
        if became != before:
            yield Change(told(at), became)
        before = became
