"""When an export is due, and between which moments a file was last changed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scanner.model.case import Case, moment
from scanner.model.listing import Precision
from scanner.model.target import Migration
from scanner.model.view import FileFact

_DOUBT = {
    Precision.DAY: timedelta(days=1),
    Precision.MINUTE: timedelta(minutes=1),
}
"""How much later than its time a file may have been changed, by the precision of that."""
_ZONE_DOUBT = timedelta(days=1)
"""How far off a local time may be whose zone nobody told."""


def deadline_of(migration: Migration, case: Case) -> date | None:
    """Return the last day on which the export may lie there, if the papers say it."""
    retention = migration.retention_days
    if retention is None:
        retention = case.target.retention_days
    if migration.migration_end is None or retention is None:
        return None
    return migration.migration_end + timedelta(days=retention)


def span_of(file: FileFact) -> tuple[datetime, datetime] | None:
    """Return between which moments a file was last changed, as far as its server told."""
    if file.modified is None:
        return None
    told = moment(file.modified)
    if file.zone_known and file.precision not in _DOUBT:
        return told, told
    zone = timedelta() if file.zone_known else _ZONE_DOUBT
    doubt = _DOUBT.get(file.precision, timedelta()) if file.precision else timedelta()
    return told - zone, told + doubt + zone


def last_day_of(named: str) -> date:
    """Return the last day that a name's date (``2026-03-01`` or ``2026-03``) may mean."""
    if len(named) > len("2026-03"):
        return date.fromisoformat(named)
    first = date.fromisoformat(f"{named}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
