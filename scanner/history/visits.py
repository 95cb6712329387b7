"""The last visit from each vantage, so that an asset's logs can be asked whether they show it.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import sqlite3

from scanner.history.rows import to_stored, told
from scanner.model.case import moment
from scanner.model.finding import HostReport
from scanner.model.visit import Visit, visit_of

_MOST_SOURCES = 64


def latest(db: sqlite3.Connection, asset: int) -> tuple[Visit, ...]:
    """Return the last visit from each vantage."""
    found = db.execute(
        "SELECT vantage, started, finished, sources FROM visit WHERE asset = ? ORDER BY vantage",
        (asset,),
    )
    return tuple(
        Visit(
            vantage=vantage,
            started=told(started),
            finished=told(finished),
            sources=tuple(sources.split()),
        )
        for vantage, started, finished, sources in found
    )


def keep(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep when and from where the report's asset was reached, unless a later visit is there."""
    del then  # a visit has its own times
    visits = [visit for visit in map(visit_of, report.observations) if visit is not None]
    db.executemany(
        "INSERT INTO visit VALUES (?, ?, ?, ?, ?) ON CONFLICT (asset, vantage) DO UPDATE SET"
        " started = excluded.started, finished = excluded.finished, sources = excluded.sources"
        " WHERE finished <= excluded.finished",
        [
            (
                asset,
                visit.vantage,
                to_stored(moment(visit.started)),
                to_stored(moment(visit.finished)),
                " ".join(visit.sources[:_MOST_SOURCES]),
            )
            for visit in visits
        ],
    )
