"""Kills the process amid a write to a run folder, as a power cut would: half of it is written.

``KILL_AT_WRITE`` counts the writes; ``KILL_AMID`` names the file. Python imports this module at its
start where its folder is on ``PYTHONPATH``.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from scanner.sinks import run_folder
from scanner.sinks.writing import write_all

_replace = Path.replace
_at = int(os.environ.get("KILL_AT_WRITE", "0"))
_amid = os.environ.get("KILL_AMID", "")
_done = 0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _counted(handle: int, data: bytes) -> None:
    global _done  # noqa: PLW0603 - writes of one process
    _done += 1
    if _done == _at:
        os.write(handle, data[: len(data) // 2])
        _die()
    write_all(handle, data)


def _renamed(self: Path, target: Path) -> Path:
    if _amid == target.name and (_amid != "run.json" or (target.parent / "events.ndjson").exists()):
        _die()
    return _replace(self, target)


run_folder.write_all = _counted  # type: ignore[attr-defined]  # for this process alone
Path.replace = _renamed  # type: ignore[method-assign,assignment]  # for this process alone
