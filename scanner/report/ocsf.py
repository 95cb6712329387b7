"""What a scan says to a SIEM: OCSF 2003 for each verdict, 6007 when a scan begins and ends.

Only attributes common to OCSF 1.5 to 1.8 are used (the marks of truncation came with 1.6). The
mapping of verdicts is told in ``docs/siem.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.model.failure import WEIGHTS, FailureId
from scanner.model.scan import ScanHeader
from scanner.model.text import neutralise
from scanner.report.controls import ControlWords
from scanner.report.event_values import NAME, Own, Shared, rows_told
from scanner.report.situation import Activity, Compliance, Situations, Status

VERSION = "1.6.0"
"""Of OCSF, on every event: validators take an older label as a warning, a newer one as an error."""

SCHEMA = "1.0.0"
"""Of ``unmapped.ftpscan``."""

_MOST_TEXT = 600
_SEVERITIES = {
    "info": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
_ACTIVITIES = {Activity.CREATE: "Create", Activity.UPDATE: "Update", Activity.CLOSE: "Close"}
_STATUSES = {
    Status.UNKNOWN: "Unknown",
    Status.NEW: "New",
    Status.SUPPRESSED: "Suppressed",
    Status.RESOLVED: "Resolved",
}
_COMPLIANCE = {
    Compliance.UNKNOWN: "Unknown",
    Compliance.PASS: "Pass",
    Compliance.FAIL: "Fail",
    Compliance.OTHER: "Other",
}


def host_events(
    header: ScanHeader, host: Mapping[str, Any], told: Situations
) -> Iterator[dict[str, Any]]:
    """Yield one event for each vantage and failure of a host document.

    ``told`` are the situations of its rows, against what was open before.
    ``metadata.sequence`` and the size are left to whoever knows the event's place in its scan. A
    host that an interruption left unseen has no events: what finishes the scan tells them.
    """
    for row in rows_told(header, host, told):
        yield event_of(header, *row)


def metadata(header: ScanHeader, uid: str, code: str, tenant: str, at: int) -> dict[str, Any]:
    """Return what both classes say of the event itself."""
    return {
        "version": VERSION,
        "profiles": ["datetime"],
        "uid": uid,
        "correlation_uid": header.uid,
        "event_code": code,
        "log_name": NAME,
        "tenant_uid": tenant,
        "logged_time": at,
        "product": {
            "name": header.tool_name,
            "uid": NAME,
            "version": header.tool_version,
        },
    }


def classed(
    uid: int, name: str, category: tuple[int, str], activity: tuple[int, str]
) -> dict[str, Any]:
    """Return the class, category, activity and type of an event, each as number and caption."""
    return {
        "class_uid": uid,
        "class_name": name,
        "category_uid": category[0],
        "category_name": category[1],
        "activity_id": activity[0],
        "activity_name": activity[1],
        "type_uid": uid * 100 + activity[0],
        "type_name": f"{name}: {activity[1]}",
    }


_CLASSES = {
    activity: classed(2003, "Compliance Finding", (2, "Findings"), (activity, word))
    for activity, word in _ACTIVITIES.items()
}


def event_of(
    header: ScanHeader, shared: Shared, controls: ControlWords, own: Own
) -> dict[str, Any]:
    """Return the event of one row. What the host alone says is put where it belongs, whatever it
    is, and never looked into: ``scanner.report.event_form`` leaves blanks there.
    """
    severity, word = _SEVERITIES[shared.severity]
    detail = neutralise(shared.summary, _MOST_TEXT)
    return {
        **_CLASSES[shared.activity],
        "time": own.time,
        "time_dt": own.time_dt,
        "timezone_offset": 0,
        "start_time": own.start,
        "end_time": own.end,
        "severity_id": severity,
        "severity": word,
        "status_id": int(shared.status),
        "status": _STATUSES[shared.status],
        "status_code": shared.verdict.upper(),
        "status_detail": detail,
        "message": own.message,
        "metadata": metadata(header, own.uid, shared.failure, own.tenant, own.time),
        "finding_info": _finding_info(shared, own, detail),
        "compliance": _compliance(shared, controls),
        "device": own.device,
        "resources": own.resources,
        **({"evidences": own.evidences} if shared.proven else {}),
        "remediation": {"desc": neutralise(shared.remedy or "Nothing to do.", _MOST_TEXT)},
        "unmapped": {NAME: _ours(shared, own)},
    }


def _finding_info(shared: Shared, own: Own, detail: str) -> dict[str, Any]:
    fails = shared.verdict == "fail"
    return {
        "uid": own.identity,
        "title": shared.failure.replace("-", " "),
        "desc": detail,
        "types": ["Misconfiguration"],
        **({"created_time": own.since, "first_seen_time": own.since} if fails else {}),
        "last_seen_time": own.time,
        "modified_time": own.time,
        "analytic": {
            "uid": shared.failure,
            "name": shared.failure,
            "type_id": 1,
            "type": "Rule",
            "version": SCHEMA,
        },
    }


def _compliance(shared: Shared, controls: ControlWords) -> dict[str, Any]:
    return {
        "control": shared.failure,
        "standards": list(controls.standards),
        "requirements": list(controls.requirements),
        "status_id": int(shared.compliance),
        "status": _COMPLIANCE[shared.compliance],
    }


def _ours(shared: Shared, own: Own) -> dict[str, Any]:
    """Return what our own rules need, each a scalar."""
    return {
        "schema": SCHEMA,
        "asset": own.asset,
        "vantage": shared.vantage,
        "failure": shared.failure,
        "weight": WEIGHTS[FailureId(shared.failure)],
        "verdict": shared.verdict,
        "change": shared.change,
        "reason": shared.reason,
        "source": shared.source,
        "confidence": shared.confidence,
        "severity": shared.severity,
        "days_open": own.days,
        "port": shared.port,
        "protocol": shared.protocol,
        "score": own.score,
        "grade": own.grade,
        "decoy": own.decoy,
        "breach_candidate": own.breach,
    }
