"""Run folders with events, and what became of them at a receiver."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scanner.report.document import host_document
from scanner.report.heartbeat import Ending, EventLog
from tests.report import builders

RUN = "20261122T030000Z-01234567"


def event_lines(hosts: int = 3, scan: str = "scan-1") -> list[str]:
    """Return the events of a scan of so many hosts."""
    header = replace(builders.header(), uid=scan)
    log = EventLog(header=header, tenant="default")
    lines = [log.started()]
    for number in range(hosts):
        report = replace(builders.bad_report(), asset=f"ftp-{number}")
        lines += log.host(host_document(report), {})
    return [*lines, log.ended(header, Ending.COMPLETED)]


def run_with(
    reports: Path, lines: Iterable[str], name: str = RUN, file: str = "events.ndjson"
) -> Path:
    """Lay down a run folder that holds these events."""
    folder = reports / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text("{}")
    (folder / file).write_text("".join(f"{line}\n" for line in lines))
    return folder


def uid(event: dict[str, Any] | str) -> str:
    """Return the id by which receivers tell events apart."""
    read = json.loads(event) if isinstance(event, str) else event
    found: str = read["metadata"]["uid"]
    return found


def by_id(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return events once each; fails where one id stands for two contents."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        assert found.setdefault(uid(event), event) == event
    return found
