"""The demonstration: the replica fleet on loopback, scanned by the road of every night."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from scanner.api.alarm_drill import DrillRequest, run_drills
from scanner.api.nightly import RunRequest, run
from scanner.api.publish import RunResult
from scanner.demo.fleet import Fleet, demo_fleet
from scanner.engine.progress import Progress

PATIENCE = 2.0
"""Seconds in which an alert of the fleet's own pipelines has to come. One that comes at all is
there within milliseconds."""


async def demo(reports: Path, progress: Callable[[Progress], None]) -> RunResult:
    """Start the fleet, drill and scan it into ``reports``, stop it. The memory of it ends with it.

    Raises as ``run`` does, and ``OSError`` where loopback addresses cannot be used.
    """
    with TemporaryDirectory(prefix="scan-demo-") as folder:
        async with demo_fleet(Path(folder) / "fleet") as fleet:
            history = Path(folder) / "history.sqlite3"
            return await drilled_and_scanned(fleet, reports, history, progress)


async def drilled_and_scanned(
    fleet: Fleet, reports: Path, history: Path, progress: Callable[[Progress], None]
) -> RunResult:
    """Run the drills of a running fleet, and then the scan that reuses what they came to."""
    drills = DrillRequest(targets=fleet.targets, history=history, patience=PATIENCE)
    if (await run_drills(drills, lambda _: None)).interrupted:
        raise asyncio.CancelledError  # there is nothing yet that a scan cut short could tell
    request = RunRequest(targets=fleet.targets, reports=reports, history=history)
    return await run(request, progress)
