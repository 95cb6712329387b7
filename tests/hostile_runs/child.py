"""Scans one target after another and writes down what each scan took.

``python -m tests.hostile_runs.child FOLDER``: for every targets file in the folder.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import time
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
    document = await scan_host("127.0.0.1", targets=targets, history=targets.parent / "history.sqlite3")
    took = time.monotonic() - begun
    return {"seconds": took, "growth": _peak() - before, **_told(document)}


def _told(document: ScanDocument) -> dict[str, Any]:
    (report,) = document.hosts
    return {
        "exit_code": document.exit_code,
        "document": json.loads(encode(document.as_dict())),
        "encoded": encode(document.as_dict()),
        "text": host_text(report),
        "observations": [dataclasses.asdict(seen) for seen in report.observations],
    }


def main(folder: Path) -> None:
    for targets in sorted(folder.glob("*/targets.json")):
        try:
            result = asyncio.run(_scan(targets))
        except Exception as error:  # noqa: BLE001 - the test is to see it
            result = {"raised": f"{type(error).__name__}: {error}"}
        text = json.dumps(result, default=str)
        targets.with_name("result.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
