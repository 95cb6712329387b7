"""One event as each kind of receiver wants it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scanner.report.ecs import ecs_line
from scanner.report.fit import line

JSON_LINES = "application/x-ndjson"
JSON = "application/json"
FORMATS = ("ocsf", "ecs", "ocsf-array", "splunk-hec", "elastic-bulk")
"""What a delivery's ``format`` may say; the last three are for HTTP alone."""


def told(event: str, form: str) -> str:
    """Return an OCSF line in the words that ``form`` asks for."""
    return ecs_line(event) if form in {"ecs", "elastic-bulk"} else event


def body(events: Sequence[str], form: str) -> tuple[bytes, str]:
    """Return the body of one HTTP request with a batch, and its media type."""
    if form == "ocsf-array":
        return f"[{','.join(events)}]".encode(), JSON
    if form == "splunk-hec":
        return "\n".join(map(_hec, events)).encode(), JSON
    if form == "elastic-bulk":
        return "".join(f"{_create(each)}\n{told(each, form)}\n" for each in events).encode(), (
            JSON_LINES
        )
    return "".join(f"{told(each, form)}\n" for each in events).encode(), JSON_LINES


def _hec(event: str) -> str:
    read = json.loads(event)
    host = read.get("device", {}).get("hostname")
    return line(
        {
            "time": read["time"] / 1000,
            **({"host": host} if host else {}),
            "source": "ftpscan",
            "sourcetype": "ftpscan:ocsf",
            "event": read,
        }
    )


def _create(event: str) -> str:
    """A document that is there already is left as it is: sending again stores nothing twice."""
    return line({"create": {"_id": json.loads(event)["metadata"]["uid"]}})
