"""Scans one targets file after another and writes down what came of it and what it took.

``python -m tests.hostile_runs.child FOLDER``: for every ``FOLDER/*/targets.json``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from scanner.api import ScanDocument, scan_host
from scanner.report.document import encode
from scanner.report.text import host_text


def _peak() -> int:
    """Return the most memory held at once since ``_forget_peak``, in bytes (proc(5), VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


async def _scan(targets: Path) -> dict[str, Any]:
    _forget_peak()
    before, begun = _peak(), time.monotonic()
    document = await scan_host(
        "127.0.0.1", targets=targets, history=targets.with_name("history.sqlite3")
    )
    seconds = time.monotonic() - begun
    return {"seconds": seconds, "growth": _peak() - before, **_told(document)}


def _told(document: ScanDocument) -> dict[str, Any]:
    (report,) = document.hosts
    return {
        "exit_code": document.exit_code,
        "encoded": encode(document.as_dict()),
        "text": host_text(report),
        "incomplete": document.incomplete,
        "observations": [dataclasses.asdict(seen) for seen in report.observations],
        # The largest child so far, in KiB (getrusage(2)).
        "worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    }


def main(folder: Path) -> None:
    for targets in sorted(folder.glob("*/targets.json")):
        try:
            result = asyncio.run(_scan(targets))
        except Exception:  # noqa: BLE001 - the test is to see it
            result = {"raised": traceback.format_exc()}
        text = json.dumps(result, default=str)
        targets.with_name("result.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
