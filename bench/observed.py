"""All that a scan asks, over a targets file, each host ending with its observation on disk.

A program: ``python -m bench.observed TARGETS CONNECTIONS FOLDER``. It is ``scan run`` without
judging, scoring, reporting and remembering: what these cost is the difference of the two.
"""

from __future__ import annotations

import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from bench.probed import RECORDS, VANTAGE
from scanner.api.job import nightly, utc_now
from scanner.api.workshop import workshop
from scanner.cli.runner import finish
from scanner.engine.record import encode
from scanner.engine.scheduler import schedule
from scanner.model.target import Target
from scanner.sinks.run_folder import RunFolder


async def observe_all(targets: Path, connections: int, folder: RunFolder) -> None:
    """Observe every target of a file, and record each."""
    job = nightly(targets, utc_now)
    history = folder.path / "history.db"
    async with workshop(job, vantage=VANTAGE, history=history, contact=None, clock=utc_now) as shop:

        async def work(target: Target) -> None:
            seen = await shop.observe(target)
            folder.append(RECORDS, encode(shop.record(target, seen)))

        with folder.kept_open():
            await schedule(job.file.targets, work, most=connections)


def main() -> None:
    """Observe."""
    targets, connections, where = sys.argv[1:]
    folder = RunFolder.create(Path(where), datetime.now(UTC), str(uuid.uuid4()))
    finish(observe_all(Path(targets), int(connections), folder))


if __name__ == "__main__":
    main()
