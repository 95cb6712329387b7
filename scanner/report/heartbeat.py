"""The beginning and the end of a scan as events (OCSF 6007), with what lay between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from scanner.model.failure import FailureId
from scanner.model.scan import ScanHeader
from scanner.report.fit import fitted_line
from scanner.report.moments import milliseconds, written
from scanner.report.ocsf import NAME, SCHEMA, classed, event_uid, host_events, metadata
from scanner.report.situation import Situations, situations

_DAY = int(timedelta(days=1).total_seconds() * 1000)


class Ending(Enum):
    """How a scan ended: ``activity_id`` and caption."""

    COMPLETED = (2, "Completed")
    CANCELLED = (3, "Cancelled")
    ERROR = (6, "Error")


@dataclass(slots=True, kw_only=True)
class EventLog:
    """The events of one scan, numbered from 1, as lines of JSON without line feed.

    Holds counts alone, however many there are. ``header`` need not know its end before ``ended``.
    """

    header: ScanHeader
    tenant: str
    scheduled: bool = True
    sequence: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    conclusive: int = 0
    inconclusive: int = 0

    def started(self) -> str:
        """Return the first event."""
        return self._numbered(_started(self))

    def host(
        self, host: Mapping[str, Any], known: Mapping[str, str], told: Situations | None = None
    ) -> Iterator[str]:
        """Yield the events of one host document; see ``host_events`` for ``known``. ``told`` are
        the situations of its rows where they are known already.
        """
        told = situations(host, known) if told is None else told
        for event in host_events(self.header, host, told):
            self._count(event["unmapped"][NAME])
            yield self._numbered(event)

    def ended(self, header: ScanHeader, how: Ending) -> str:
        """Return the last event. ``header`` knows when the scan ended, and what it covered."""
        return self._numbered(_ended(self, header, how))

    def _count(self, ours: Mapping[str, Any]) -> None:
        known = ours["verdict"] in {"fail", "pass", "not-applicable"}
        self.conclusive += known
        self.inconclusive += not known
        if ours["verdict"] == "fail" or ours["change"] == "resolved":
            self.changes[ours["change"]] += 1

    def _numbered(self, event: dict[str, Any]) -> str:
        self.sequence += 1
        event["metadata"]["sequence"] = self.sequence
        return fitted_line(event)


def _heartbeat(
    log: EventLog, header: ScanHeader, activity: tuple[int, str], at: str
) -> dict[str, Any]:
    moment = milliseconds(at)
    name = activity[1].lower()
    return {
        **classed(6007, "Scan Activity", (6, "Application Activity"), activity),
        "time": moment,
        "time_dt": written(moment),
        "timezone_offset": 0,
        "severity_id": 1,
        "severity": "Informational",
        "metadata": metadata(
            header, event_uid(header.uid, f"scan.{name}"), f"scan.{name}", log.tenant, moment
        ),
        "scan": {
            "uid": header.uid,
            "name": "nightly" if log.scheduled else "ad hoc",
            "type_id": 2 if log.scheduled else 1,
            "type": "Scheduled" if log.scheduled else "Manual",
        },
        "start_time": milliseconds(header.started),
    }


def _started(log: EventLog) -> dict[str, Any]:
    header = log.header
    return {
        **_heartbeat(log, header, (1, "Started"), header.started),
        "status_id": 1,
        "status": "Success",
        "message": f"scan started: {header.coverage.targeted} assets",
        "total": header.coverage.targeted,
        "unmapped": {
            NAME: {
                "schema": SCHEMA,
                "vantage": ",".join(header.vantages),
                "targeted": header.coverage.targeted,
                "targets_sha256": header.targets_sha256,
            }
        },
    }


def _ended(log: EventLog, header: ScanHeader, how: Ending) -> dict[str, Any]:
    coverage, started, at = (
        header.coverage,
        milliseconds(header.started),
        milliseconds(header.finished),
    )
    whole = how is Ending.COMPLETED
    opened = sum(log.changes[one] for one in ("new", "changed", "unchanged"))
    told = (
        f"{coverage.targeted} targeted, {coverage.assessed} assessed, {coverage.unreachable}"
        f" unreachable; {opened} open, {log.changes['new']} new, {log.changes['resolved']} resolved"
    )
    partial = not whole or coverage.assessed < coverage.targeted or coverage.inconclusive > 0
    return {
        **_heartbeat(log, header, how.value, header.finished),
        "end_time": at,
        "duration": max(at - started, 0),
        "status_id": 1 if whole else 2,
        "status": "Success" if whole else "Failure",
        "status_code": "PARTIAL" if partial else "COMPLETE",
        "status_detail": told,
        "message": f"scan {how.value[1].lower()}: {told}",
        "total": coverage.targeted,
        "num_network_items": coverage.assessed,
        "num_skipped_items": max(coverage.targeted - coverage.assessed, 0),
        "num_detections": opened,
        "num_resolutions": log.changes["resolved"],
        "unmapped": {NAME: _counts(log, header, at)},
    }


def _counts(log: EventLog, header: ScanHeader, at: int) -> dict[str, Any]:
    coverage = header.coverage
    planned = max(coverage.targeted * len(FailureId), log.conclusive + log.inconclusive)
    return {
        "schema": SCHEMA,
        "vantage": ",".join(header.vantages),
        "coverage": {
            "targeted": coverage.targeted,
            "assessed": coverage.assessed,
            "unreachable": coverage.unreachable,
            "excluded": coverage.excluded,
            "checks_planned": planned,
            "checks_conclusive": log.conclusive,
            "checks_inconclusive": planned - log.conclusive,
        },
        "delta": {one: log.changes[one] for one in ("new", "changed", "resolved", "unchanged")},
        "events_in_run": log.sequence + 1,
        "targets_sha256": header.targets_sha256,
        "next_expected": written(milliseconds(header.started) + _DAY if log.scheduled else at),
    }
