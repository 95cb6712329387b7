"""What a scan says to a SIEM: OCSF 2003 for each verdict, 6007 when a scan begins and ends.

Only attributes common to OCSF 1.5 to 1.8 are used (the marks of truncation came with 1.6). The
mapping of verdicts is told in ``docs/siem.md``.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeAlias

from scanner.model.failure import WEIGHTS, FailureId
from scanner.model.finding import finding_uid
from scanner.model.frozen import dataclass
from scanner.model.reading import Reason
from scanner.model.scan import ScanHeader
from scanner.model.text import neutralise
from scanner.report.controls import control_words
from scanner.report.event_evidence import Pieces, evidences, pieces_of
from scanner.report.moments import milliseconds, written
from scanner.report.situation import Activity, Compliance, Situation, Situations, Status

VERSION = "1.6.0"
"""Of OCSF, on every event: validators take an older label as a warning, a newer one as an error."""

SCHEMA = "1.0.0"
"""Of ``unmapped.ftpscan``."""

NAME = "ftpscan"
_SPACE = uuid.UUID("5f2a3f0e-9c0b-5d8e-8a9a-6f1d3f0c7b21").bytes
_WAY_IN = re.compile(r"(ftps?|sftp) (\[[^\]]+\]|[^ ]+):([0-9]{1,5})(?: |$)")
_Findings: TypeAlias = Sequence[Mapping[str, Any]]
_Ways: TypeAlias = Sequence[tuple[str, str, int]]
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
    named = hashlib.sha1(_SPACE + f"{scan}\x00{what}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(named[16], 16) & 3]  # a UUID of version 5, as RFC 9562 writes it
    return f"{named[:8]}-{named[8:12]}-5{named[13:16]}-{variant}{named[17:20]}-{named[20:32]}"


def row_uid(tenant: str, asset: str, vantage: str, failure: str) -> str:
    """Return ``finding_info.uid`` of a row: the same on every night."""
    return f"{NAME}:{finding_uid(tenant, asset, vantage, failure, '')}"


def host_events(
    header: ScanHeader, host: Mapping[str, Any], told: Situations
) -> Iterator[dict[str, Any]]:
    """Yield one event for each vantage and failure of a host document.

    ``told`` are the situations of its rows, against what was open before.
    ``metadata.sequence`` and the size are left to whoever knows the event's place in its scan. A
    host that an interruption left unseen has no events: what finishes the scan tells them.
    """
    if _cut_short(host):
        return
    pieces = pieces_of(host)
    for look in host["vantages"]:
        for row in host["failures"]:
            said = told[look["vantage"], row["id"]]
            yield _event(_Look(header, host, look, pieces), row, said)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the events of one host from one vantage have in common."""

    header: ScanHeader
    host: Mapping[str, Any]
    look: Mapping[str, Any]
    pieces: Pieces


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


def _cut_short(host: Mapping[str, Any]) -> bool:
    unseen = (look["unreached"] for look in host["vantages"])
    whys = [why["unobserved"] for why in unseen if why is not None]
    return Reason.INTERRUPTED in {*whys, *(each["reason"] for each in host["endpoints"])}


def _event(about: _Look, row: Mapping[str, Any], said: Situation) -> dict[str, Any]:
    header, host, look = about.header, about.host, about.look
    at = milliseconds(host["judged_at"])
    identity = row_uid(host["tenant"], host["asset"], look["vantage"], row["id"])
    chief = _chief(said)
    ways = _ways(chief, host)
    severity, word = _SEVERITIES[said.severity]
    code, detail = said.verdict.upper(), neutralise(row["summary"], _MOST_TEXT)
    place = f" {ways[0][0]}/{ways[0][2]}" if ways else ""
    return {
        **_CLASSES[said.activity],
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
        "status_detail": detail,
        "message": neutralise(f"{host['asset']}{place} {row['id']} {code}: {row['summary']}", 300),
        "metadata": metadata(
            header, event_uid(header.uid, identity), row["id"], host["tenant"], at
        ),
        "finding_info": _finding_info(row, identity, at, detail, _since(said, chief, at)),
        "compliance": _compliance(row, said),
        "device": _device(host, ways),
        "resources": _resources(host, ways),
        **_evidences(about.pieces, chief),
        "remediation": {"desc": neutralise(row["remedy"] or "Nothing to do.", _MOST_TEXT)},
        "unmapped": {NAME: _ours(about, row, said, chief, ways)},
    }


def _since(said: Situation, chief: _Findings, at: int) -> dict[str, int]:
    """Return since when a row fails."""
    if said.verdict != "fail":
        return {}
    seen = (milliseconds(each["first_seen"]) for each in chief if each["first_seen"])
    first = min(seen, default=at)
    return {"created_time": first, "first_seen_time": first}


def _finding_info(
    row: Mapping[str, Any], identity: str, at: int, detail: str, since: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "uid": identity,
        "title": row["id"].replace("-", " "),
        "desc": detail,
        "types": ["Misconfiguration"],
        **since,
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
    controls = control_words(row)
    return {
        "control": row["id"],
        "standards": list(controls.standards),
        "requirements": list(controls.requirements),
        "status_id": int(said.compliance),
        "status": _COMPLIANCE[said.compliance],
    }


def _device(host: Mapping[str, Any], ways: _Ways) -> dict[str, Any]:
    address = ways[0][1] if ways else next(iter(host["addresses"]), None)
    return {
        "uid": f"asset:{host['asset']}",
        "hostname": neutralise(host["host"], 255),
        **({} if address is None else {"ip": address}),
        "type_id": 1,
        "type": "Server",
    }


def _resources(host: Mapping[str, Any], ways: _Ways) -> list[dict[str, str]]:
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


def _evidences(pieces: Pieces, chief: _Findings) -> dict[str, Any]:
    named = [one for each in chief for one in each["evidence"]]
    shown = evidences(pieces, named) if named else []
    return {"evidences": shown} if shown else {}


def _ours(
    about: _Look, row: Mapping[str, Any], said: Situation, chief: _Findings, ways: _Ways
) -> dict[str, Any]:
    """Return what our own rules need, each a scalar."""
    host, look = about.host, about.look
    days = max((each["days_open"] for each in chief), default=0)
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


def _chief(said: Situation) -> _Findings:
    """Return the findings that speak for the row: the failing ones, leads apart, or all."""
    failing = [each for each in said.findings if each["verdict"] == "fail" and not each["lead"]]
    return failing or list(said.findings)


def _ways(chief: _Findings, host: Mapping[str, Any]) -> _Ways:
    """Return protocol, address and port of each way in, those of the chief findings first."""
    texts = [way for each in chief for way in each["ways_in"]]
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
