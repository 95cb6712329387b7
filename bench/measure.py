"""Run one command on one core and tell what it cost."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST = 900
"""Seconds after which a command is killed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: seconds of CPU (user and system), seconds, MiB, and how it ended."""

    cpu: float
    wall: float
    peak_mib: float
    exit_code: int


def cores() -> tuple[int, int]:
    """Return a core for the tool and one for the simulator; the same one where there is one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def run(command: list[str], *, core: int, output: Path, errors: Path | None = None) -> Cost:
    """Run a command to its end on one core, its output kept in a file, and what it says beside
    it in ``errors`` where that is given.

    Counted is the process with all descendants that it waited for.
    """
    pinned = ["taskset", "--cpu-list", str(core), *command]
    start = time.perf_counter()
    with output.open("wb") as sink, (errors or output).open("ab") as beside:
        process = subprocess.Popen(
            pinned, stdin=subprocess.DEVNULL, stdout=sink, stderr=beside, env=_environment()
        )
    guard = threading.Timer(LONGEST, process.send_signal, (signal.SIGKILL,))
    guard.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        guard.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.perf_counter() - start,
        peak_mib=usage.ru_maxrss / 1024,
        exit_code=process.returncode,
    )


def _environment() -> dict[str, str]:
    """Let Python keep bytecode, as it does where nobody forbids it: pip gives a peer its own."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
