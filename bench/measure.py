"""Run one command on one core, or on a few, and tell what it cost."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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


def run(
    command: list[str],
    *,
    core: int,
    further: Sequence[int] = (),
    output: Path,
    errors: Path | None = None,
    longest: float = LONGEST,
) -> Cost:
    """Run a command to its end on one core, or on ``further`` ones too, its output kept in a file,
    and what it says beside it in ``errors`` where that is given. After ``longest`` seconds it is
    killed.

    Counted is the process with all descendants that it waited for.
    """
    pinned = ["taskset", "--cpu-list", ",".join(map(str, (core, *further))), *command]
    start = time.perf_counter()
    with output.open("wb") as sink, (errors or output).open("ab") as beside:
        process = subprocess.Popen(
            pinned, stdin=subprocess.DEVNULL, stdout=sink, stderr=beside, env=_environment()
        )
    guard = threading.Timer(longest, process.send_signal, (signal.SIGKILL,))
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


def run_together(
    commands: list[list[str]],
    *,
    spread: int,
    output: Path,
    errors: Path,
    longest: float = LONGEST,
) -> Cost:
    """Run commands at once as ``run`` does, on ``spread`` cores as far as there are so many: each
    on a core of its own, or one command on all of them.

    Counted is the CPU of all, the time until the last has ended, and the peak of the largest.
    """
    usable = sorted(os.sched_getaffinity(0))
    further = usable[1:spread] if len(commands) == 1 else []

    def one(number: int) -> Cost:
        core = usable[number % len(usable)]
        where = output if number == 0 else output.with_suffix(f".{number}")
        return run(
            commands[number],
            core=core,
            further=further,
            output=where,
            errors=errors,
            longest=longest,
        )

    start = time.perf_counter()
    with ThreadPoolExecutor(len(commands)) as threads:
        costs = list(threads.map(one, range(len(commands))))
    return Cost(
        cpu=sum(cost.cpu for cost in costs),
        wall=time.perf_counter() - start,
        peak_mib=max(cost.peak_mib for cost in costs),
        exit_code=max((cost.exit_code for cost in costs), key=abs),
    )


def _environment() -> dict[str, str]:
    """Let Python keep bytecode, as it does where nobody forbids it: pip gives a peer its own."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
