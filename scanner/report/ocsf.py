"""What a scan says to a SIEM: OCSF 2003 for each verdict, 6007 when a scan begins and ends.

Only attributes common to OCSF 1.5 to 1.8 are used (the marks of truncation came with 1.6). The
mapping of verdicts is told in ``docs/siem.md``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from scanner.model.failure import WEIGHTS, FailureId
from scanner.model.finding import finding_uid
from scanner.model.reading import Reason
from scanner.model.scan import ScanHeader
from scanner.model.text import neutralise
from scanner.report.event_evidence import evidences
from scanner.report.moments import milliseconds, written
from scanner.report.situation import Activity, Compliance, Situation, Status, situation

VERSION = "1.6.0"
"""Of OCSF, on every event: validators take an older label as a warning, a newer one as an error."""

SCHEMA = "1.0.0"
"""Of ``unmapped.ftpscan``."""

NAME = "ftpscan"
_SPACE = uuid.UUID("5f2a3f0e-9c0b-5d8e-8a9a-6f1d3f0c7b21")
_WAY_IN = re.compile(r"(ftps?|sftp) (\[[^\]]+\]|[^ ]+):([0-9]{1,5})(?: |$)")
_MOST_WAYS = 8
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


def event_uid(scan: str, what: str) -> str:
    """Return ``metadata.uid``: the same for the same scan and matter, however often it is sent."""
    return str(uuid.uuid5(_SPACE, f"{scan}\x00{what}"))


def row_uid(tenant: str, asset: str, vantage: str, failure: str) -> str:
    """Return ``finding_info.uid`` of a row: the same on every night."""
    return f"{NAME}:{finding_uid(tenant, asset, vantage, failure, '')}"


def host_events(
    header: ScanHeader, host: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield one event for each vantage and failure of a host document.

    ``known`` maps the uid of each finding that was open before, leads apart, to its severity.
    ``metadata.sequence`` and the size are left to whoever knows the event's place in its scan. A
    host that an interruption left unseen has no events: what finishes the scan tells them.
    """
    for look in host["vantages"] if not _cut_short(host) else ():
        for row in host["failures"]:
            said = situation(host, row, look["vantage"], known)
            yield _event(header, host, look, row, said)


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


def _cut_short(host: Mapping[str, Any]) -> bool:
    unseen = (look["unreached"] for look in host["vantages"])
    whys = [why["unobserved"] for why in unseen if why is not None]
    return Reason.INTERRUPTED in {*whys, *(each["reason"] for each in host["endpoints"])}


def _event(
    header: ScanHeader,
    host: Mapping[str, Any],
    look: Mapping[str, Any],
    row: Mapping[str, Any],
    said: Situation,
) -> dict[str, Any]:
    at = milliseconds(host["judged_at"])
    identity = row_uid(host["tenant"], host["asset"], look["vantage"], row["id"])
    ways = _ways(said, host)
    severity, word = _SEVERITIES[said.severity]
    code = said.verdict.upper()
    place = f" {ways[0][0]}/{ways[0][2]}" if ways else ""
    return {
        **classed(
            2003,
            "Compliance Finding",
            (2, "Findings"),
            (said.activity, _ACTIVITIES[said.activity]),
        ),
        "time": at,
        "time_dt": written(at),
        "timezone_offset": 0,
        "start_time": milliseconds(look["started"]),
        "end_time": milliseconds(look["finished"]),
        "severity_id": severity,
        "severity": word,
        "status_id": int(said.status),
        "status": _STATUSES[said.status],
        "status_code": code,
        "status_detail": neutralise(row["summary"], _MOST_TEXT),
        "message": neutralise(f"{host['asset']}{place} {row['id']} {code}: {row['summary']}", 300),
        "metadata": metadata(
            header, event_uid(header.uid, identity), row["id"], host["tenant"], at
        ),
        "finding_info": _finding_info(row, said, identity, at),
        "compliance": _compliance(row, said),
        "device": _device(host, ways),
        "resources": _resources(host, ways),
        **_evidences(host, said),
        "remediation": {"desc": neutralise(row["remedy"] or "Nothing to do.", _MOST_TEXT)},
        "unmapped": {NAME: _ours(host, look, row, said, ways)},
    }


def _finding_info(
    row: Mapping[str, Any], said: Situation, identity: str, at: int
) -> dict[str, Any]:
    since = [milliseconds(each["first_seen"]) for each in _chief(said) if each["first_seen"]]
    first = min(since, default=at) if said.verdict == "fail" else None
    return {
        "uid": identity,
        "title": row["id"].replace("-", " "),
        "desc": neutralise(row["summary"], _MOST_TEXT),
        "types": ["Misconfiguration"],
        **({} if first is None else {"created_time": first, "first_seen_time": first}),
        "last_seen_time": at,
        "modified_time": at,
        "analytic": {
            "uid": row["id"],
            "name": row["id"],
            "type_id": 1,
            "type": "Rule",
            "version": SCHEMA,
        },
    }


def _compliance(row: Mapping[str, Any], said: Situation) -> dict[str, Any]:
    controls = {name: ids for name, ids in row["controls"].items() if ids}
    return {
        "control": row["id"],
        "standards": sorted(controls),
        "requirements": [f"{name} {one}" for name, ids in sorted(controls.items()) for one in ids],
        "status_id": int(said.compliance),
        "status": _COMPLIANCE[said.compliance],
    }


def _device(host: Mapping[str, Any], ways: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    address = ways[0][1] if ways else next(iter(host["addresses"]), None)
    return {
        "uid": f"asset:{host['asset']}",
        "hostname": neutralise(host["host"], 255),
        **({} if address is None else {"ip": address}),
        "type_id": 1,
        "type": "Server",
    }


def _resources(
    host: Mapping[str, Any], ways: Sequence[tuple[str, str, int]]
) -> list[dict[str, str]]:
    if not ways:
        return [{"uid": f"asset:{host['asset']}", "name": host["asset"], "type": "File server"}]
    return [
        {
            "uid": f"asset:{host['asset']}:tcp/{port}",
            "name": f"{address}:{port}",
            "type": f"{protocol.upper()} service",
        }
        for protocol, address, port in ways[:_MOST_WAYS]
    ]


def _evidences(host: Mapping[str, Any], said: Situation) -> dict[str, Any]:
    named = [one for each in _chief(said) for one in each["evidence"]]
    shown = evidences(host, named)
    return {"evidences": shown} if shown else {}


def _ours(
    host: Mapping[str, Any],
    look: Mapping[str, Any],
    row: Mapping[str, Any],
    said: Situation,
    ways: Sequence[tuple[str, str, int]],
) -> dict[str, Any]:
    """Return what our own rules need, each a scalar."""
    days = max((each["days_open"] for each in _chief(said)), default=0)
    protocol, _, port = ways[0] if ways else ("", "", 0)
    return {
        "schema": SCHEMA,
        "asset": host["asset"],
        "vantage": look["vantage"],
        "failure": row["id"],
        "weight": WEIGHTS[FailureId(row["id"])],
        "verdict": said.verdict,
        "change": said.change.value,
        "reason": row["reason"],
        "source": row["source"] or "",
        "confidence": row["confidence"] or "",
        "severity": said.severity,
        "days_open": days if said.verdict == "fail" else 0,
        "port": port,
        "protocol": protocol,
        "score": host["score"],
        "grade": host["grade"],
        "decoy": host["decoy"] is not None,
        "breach_candidate": host["breach_candidate"] is not None,
    }


def _chief(said: Situation) -> list[Mapping[str, Any]]:
    """Return the findings that speak for the row: the failing ones, leads apart, or all."""
    failing = [each for each in said.findings if each["verdict"] == "fail" and not each["lead"]]
    return failing or list(said.findings)


def _ways(said: Situation, host: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return protocol, address and port of each way in, those of the chief findings first."""
    texts = [way for each in _chief(said) for way in each["ways_in"]]
    found = [_way(text) for text in texts]
    ways = [way for way in found if way is not None]
    if not ways:
        ways = [
            (each["protocol"], each["address"], each["port"])
            for each in host["endpoints"]
            if each["declared"] and each["address"]
        ]
    return list(dict.fromkeys(ways))


@lru_cache(maxsize=1_000)
def _way(text: str) -> tuple[str, str, int] | None:
    read = _WAY_IN.match(text)
    if read is None:
        return None
    try:
        address = str(ip_address(read[2].strip("[]")))
    except ValueError:
        return None
    return read[1], address, int(read[3])
