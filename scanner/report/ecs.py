"""The same events in the words of the Elastic Common Schema (ECS 9.4).

Made from an OCSF event alone, so that whatever was written as OCSF can be told as ECS. Every field
is one of ECS, or stands under ``ftpscan``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanner.report.fit import line

ECS_VERSION = "9.4.0"
_RISK = {1: 0.0, 2: 21.0, 3: 47.0, 4: 73.0, 5: 99.0}


def ecs_document(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an OCSF event of ours as a document of nested objects.

    ``event.id`` is ``metadata.uid``: used as ``_id``, sending again stores nothing twice.
    """
    ours = dict(event["unmapped"]["ftpscan"])
    meta = event["metadata"]
    document: dict[str, Any] = {
        "@timestamp": event["time_dt"],
        "ecs": {"version": ECS_VERSION},
        "message": event["message"],
        "event": _event(event),
        "observer": {
            "product": meta["product"]["name"],
            "version": meta["product"]["version"],
            "type": "scanner",
        },
        "organization": {"id": meta["tenant_uid"]},
        "ftpscan": {**ours, "scan": meta["correlation_uid"]},
    }
    if event["class_uid"] == 2003:
        document.update(_finding(event, ours))
        document["ftpscan"]["finding"] = event["finding_info"]["uid"]
    else:
        document["ftpscan"]["activity"] = event["activity_name"].lower()
    return document


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    meta = event["metadata"]
    finding = event["class_uid"] == 2003
    told = {
        "id": meta["uid"],
        "kind": "state" if finding else "event",
        "category": ["configuration"],
        "type": ["info"],
        "action": event["activity_name"].lower(),
        "code": meta["event_code"],
        "dataset": "ftpscan.finding" if finding else "ftpscan.scan",
        "provider": "ftpscan",
        "severity": event["severity_id"],
        "sequence": meta["sequence"],
        "created": event["time_dt"],
        "outcome": _outcome(event),
    }
    if finding:
        told["risk_score"] = _RISK[event["severity_id"]]
    return told


def _outcome(event: Mapping[str, Any]) -> str:
    """Whether the check ran: what it found stands in ``ftpscan.verdict``."""
    if event["class_uid"] == 2003:
        unknown = event["unmapped"]["ftpscan"]["verdict"] in {"unknown", "error"}
        return "unknown" if unknown else "success"
    return "success" if event["status_id"] == 1 else "failure"


def _finding(event: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    device = event["device"]
    told: dict[str, Any] = {
        "host": {"name": device["hostname"]},
        "rule": {
            "id": ours["failure"],
            "name": event["finding_info"]["title"],
            "ruleset": "ftpscan",
            "version": event["finding_info"]["analytic"]["version"],
        },
        "related": {"hosts": [device["hostname"]]},
    }
    if "ip" in device:
        told["host"]["ip"] = [device["ip"]]
        told["related"]["ip"] = [device["ip"]]
    if ours["port"]:
        told["server"] = {"address": device["hostname"], "port": ours["port"]}
        if "ip" in device:
            told["server"]["ip"] = device["ip"]
        told["service"] = {"type": ours["protocol"]}
        told["network"] = {
            "protocol": "ssh" if ours["protocol"] == "sftp" else ours["protocol"],
            "transport": "tcp",
        }
    return told


def ecs_line(ocsf_line: str) -> str:
    """Return a line that holds an OCSF event of ours as a line with the ECS document."""
    return line(ecs_document(json.loads(ocsf_line)))
