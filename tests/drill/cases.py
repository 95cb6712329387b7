"""Targets files with a drill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scanner.api.alarm_drill import DrillRequest, DrillRun, run_drills
from scanner.report.drill import DrillReport

RULE = "SOC-118: login attempt as drill-*"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for ten seconds at most."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def written(folder: Path, *targets: dict[str, Any], scope: str = "127.0.0.0/8") -> Path:
    path = folder / "targets.json"
    leave = {"reference": "CHG-1042", "contact": "soc@example.org", "scope": [scope]}
    content = {"version": 1, "authorisation": leave, "targets": list(targets)}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def target(port: int, protocol: str, drill: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "asset": "files",
        "endpoints": [{"port": port, "protocol": protocol}],
        "timeout_seconds": 5,
        "drill": {"agreed_rule": RULE, **drill},
        "allow": {"drill": True},
        **more,
    }


async def drilled(path: Path, *, patience: float = 20.0, **more: Any) -> DrillRun:
    request = DrillRequest(
        targets=path, history=path.parent / "history.sqlite3", patience=patience, **more
    )
    return await run_drills(request, lambda _: None)


async def one_drill(path: Path, *, patience: float = 20.0, **more: Any) -> DrillReport:
    (report,) = (await drilled(path, patience=patience, **more)).drills
    return report
