"""The demonstration: the replica fleet on loopback, scanned by the road of every night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from scanner.api.nightly import RunRequest, RunResult, run
from scanner.demo.fleet import demo_fleet
from scanner.engine.progress import Progress


async def demo(reports: Path, progress: Callable[[Progress], None]) -> RunResult:
    """Start the fleet, scan it into ``reports``, stop it. The memory of it ends with it.

    Raises as ``run`` does, and ``OSError`` where loopback addresses cannot be used.
    """
    with TemporaryDirectory(prefix="scan-demo-") as folder:
        async with demo_fleet(Path(folder) / "fleet") as fleet:
            request = RunRequest(
                targets=fleet.targets,
                reports=reports,
                history=Path(folder) / "history.sqlite3",
            )
            return await run(request, progress)
