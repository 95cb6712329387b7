"""Fleets of host documents of any size for tests and measurements of the page: synthetic, and the
same every time.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from scanner.report.changes import with_changes
from scanner.report.document import encode, header_document, host_document
from tests.report import builders

HOSTILE = (
    "\"'></title></style></script><script>document.body.dataset.owned=1</script>"
    "<img src=x onerror=document.body.dataset.owned=1><style>@import 'http://evil.example/x'</style>"
    "{{ 7*7 }}{% raw %}\x1b[2J\x1b]0;owned\x07\u202eevil\u2066\u2028\x00\x85"
)
"""What a server, an owner or a file may be called."""


def head(hosts: int, **changes: Any) -> dict[str, Any]:
    """The head of a report on this many hosts."""
    scan: dict[str, Any] = json.loads(encode(header_document(builders.header())))
    seen = {"targeted": hosts, "assessed": hosts, "unreachable": 0, "excluded": 0}
    return scan | {"coverage": {**seen, "inconclusive": 0}} | changes


def kinds() -> list[dict[str, Any]]:
    """One document of each kind: failing, passing, silent, a decoy."""
    makers = (
        builders.bad_report,
        builders.good_report,
        builders.silent_report,
        builders.decoy_report,
    )
    return [json.loads(encode(host_document(make()))) for make in makers]


def trend(number: int, nights: int) -> list[list[Any]]:
    """Scores that wander, oldest first."""
    return [
        [f"2026-06-{night + 1:02d}T02:00:00Z", float((number * 37 + night * night * 5) % 101)]
        for night in range(nights)
    ]


def fleet(count: int, *, nights: int = 12) -> Iterator[dict[str, Any]]:
    """Yield host documents: of twenty, five fail, two are silent, the rest pass; names differ."""
    bad, good, silent, _ = kinds()
    for number in range(count):
        host = copy.copy(bad if number % 4 == 0 else silent if number % 10 == 1 else good)
        host["asset"] = f"transfer-{number:05d}"
        host["host"] = f"transfer-{number:05d}.example.org"
        host["owner"] = f"Team {number % 7}"
        host["score"] = host["score"] - number % 9 if host["score"] > 9 else host["score"]
        host["trend"] = trend(number, nights)
        host = _renamed(host, number)
        yield with_changes(host, _known(host) if number % 3 else {})


def _known(host: dict[str, Any]) -> dict[str, str]:
    """What was open before: what fails tonight but for one, and a drill that passes tonight."""
    every = [each for row in host["failures"] for each in row["findings"]]
    open_before = [each["uid"] for each in every if each["verdict"] == "fail"]
    open_before = open_before[1:] + [each["uid"] for each in every if each["facet"] == "drill"]
    return dict.fromkeys(open_before, "high")


def _renamed(host: dict[str, Any], number: int) -> dict[str, Any]:
    """Give findings uids of their own: a page holds each once."""
    rows = []
    for row in host["failures"]:
        found = [{**each, "uid": f"{each['uid'][:-5]}{number:05x}"} for each in row["findings"]]
        rows.append({**row, "findings": found})
    return {**host, "failures": rows}


def hostile() -> dict[str, Any]:
    """A failing host in which every text that others write is hostile."""
    host = kinds()[0]
    for name in ("asset", "host", "owner", "breach_candidate", "letter_lowered"):
        host[name] = HOSTILE
    for name in ("aliases", "addresses", "tags"):
        host[name] = [HOSTILE]
    for row in host["failures"]:
        row["summary"] = row["remedy"] = row["reason"] = HOSTILE
        row["controls"] = {HOSTILE: [HOSTILE]}
        for finding in row["findings"]:
            finding |= {"summary": HOSTILE, "remedy": HOSTILE, "facet": HOSTILE}
            finding |= {"vantage": HOSTILE, "ways_in": [HOSTILE]}
    for piece in host["evidence"]:
        piece |= {"kind": HOSTILE, "at": HOSTILE, "data": {HOSTILE: HOSTILE, "more": [HOSTILE]}}
    for endpoint in host["endpoints"]:
        endpoint |= {"detail": HOSTILE, "address": HOSTILE, "reason": HOSTILE, "state": HOSTILE}
    for risk in host["exceptions"]:
        risk |= {"reason": HOSTILE, "approved_by": HOSTILE}
    for cap in host["caps"]:
        cap |= {"reason": HOSTILE, "vantage": HOSTILE}
    for credential in host["credentials"]:
        credential |= {"username": HOSTILE, "detail": HOSTILE, "skipped": [HOSTILE]}
    host["changes"] = [
        {"failure": "open-zone", "vantage": HOSTILE, "change": "new", "opened": [], "closed": []}
    ]
    return host
