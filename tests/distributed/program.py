"""A worker or a coordinator as a process of its own, so that it can be killed.

Impatient ones: a silent worker counts as dead after seconds. The arguments are JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from scanner.api import BrokerPlace, RunRequest, WorkerRequest, run, work

ACK_WAIT = 3.0


def note(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def place(asked: dict[str, Any]) -> BrokerPlace:
    return BrokerPlace(
        url=asked["url"], tls=Path(asked["tls"]), ack_wait=ACK_WAIT, patience=asked["patience"]
    )


async def coordinate(asked: dict[str, Any]) -> int:
    resume = asked.get("resume")
    result = await run(
        RunRequest(
            targets=Path(asked["targets"]),
            reports=Path(asked["reports"]),
            history=Path(asked["history"]),
            resume=None if resume is None else Path(resume),
            broker=place(asked),
            tell=note,
        ),
        lambda progress: note(f"{progress.done}/{progress.total}"),
    )
    return result.exit_code


async def serve(asked: dict[str, Any]) -> int:
    request = WorkerRequest(
        place=place(asked),
        vantage=asked["vantage"],
        slots=asked["slots"],
        base=Path(asked["base"]),
        history=Path(asked["history"]),
    )
    await work(request, note)
    return 0


def main() -> int:
    asked: dict[str, Any] = json.loads(sys.argv[1])
    return asyncio.run(serve(asked) if "vantage" in asked else coordinate(asked))


if __name__ == "__main__":
    sys.exit(main())
