"""How long a person waits for ``scan --help``, beside a one-command Typer program.

``python -m bench.startup``: wall time, median of 15 rounds; the rows take turns, so that a busy
moment of the machine strikes all of them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.machine import beside_python, describe

ROUNDS = 15
_BARE = Path(__file__).with_name("bare_typer.py")


def commands() -> dict[str, list[str]]:
    """Return what is measured; the row named ``typer`` is what the others are compared with."""
    return {
        "typer": [sys.executable, str(_BARE), "--help"],
        "scan --help": [beside_python("scan"), "--help"],
        "scan --version": [beside_python("scan"), "--version"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }


def seconds(command: list[str]) -> float:
    """Run a command once; raise ``CalledProcessError`` when it fails."""
    start = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    print(f"Start-up. {describe()}")
    rows = commands()
    for command in rows.values():
        seconds(command)  # the first start writes bytecode and fills the page cache
    walls: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, command in rows.items():
            walls[name].append(seconds(command))
    base = statistics.median(walls["typer"])
    print(f"{'command':<16} {'median ms':>10} {'x typer':>8}")
    for name, taken in walls.items():
        median = statistics.median(taken)
        print(f"{name:<16} {1000 * median:>10.0f} {median / base:>8.2f}")


if __name__ == "__main__":
    main()
