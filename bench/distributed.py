"""What it costs to have targets looked at by workers over a broker instead of in this process.

    python -m bench.distributed [TARGETS] [--write]

The same targets (ports where nothing listens: the cheapest look there is, so that the difference
stands out) through ``scan run`` alone, and through ``scan run --engine nats`` with two workers and
nats-server as it is deployed. CPU is that of all processes of ours, start-up included, workers
and broker too. ``--write`` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import page
from bench.machine import describe
from tests.servers.nats import NatsServer, identities, nats_server

SCAN = (sys.executable, "-m", "scanner")
ROUNDS = 3


def targets(folder: Path, count: int) -> Path:
    listed = [
        {
            "host": f"127.9.{number // 250}.{number % 250 + 1}",
            "asset": f"a{number}",
            "endpoints": [{"port": 9, "protocol": "ftp"}],
        }
        for number in range(count)
    ]
    leave = {"reference": "bench", "scope": ["127.0.0.0/8"]}
    path = folder / "targets.json"
    path.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": listed}))
    return path


def seconds_of(pid: int) -> float:
    """CPU of a process that lives, from the kernel's table."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scanned(folder: Path, path: Path, *more: str) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        begun, spent = time.monotonic(), os.times()
        subprocess.run(
            [
                *(*SCAN, "run", str(path), "--reports", own),
                *("--history", f"{own}/history.sqlite3"),
                *more,
            ],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wall, now = time.monotonic() - begun, os.times()
    children = now.children_user + now.children_system
    return wall, children - spent.children_user - spent.children_system


@contextmanager
def workers(folder: Path, server: NatsServer, count: int) -> Iterator[list[int]]:
    where = ("--nats", server.url, "--nats-tls", str(server.identities["internal"]))
    running = [
        subprocess.Popen(
            [
                *(*SCAN, "worker", "--vantage", "internal", "--slots", "100", *where),
                *("--history", str(folder / f"worker-{number}" / "history.sqlite3")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]
    try:
        time.sleep(5.0)  # they are there when the run begins
        yield [child.pid for child in running]
    finally:
        for child in running:
            child.terminate()
            child.wait(30)


def measured(count: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each round, by engine; the engines take turns."""
    rows: dict[str, list[tuple[float, float]]] = {"local": [], "nats": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = targets(folder, count)
        with nats_server(folder, identities(folder)) as server, workers(folder, server, 2) as pids:
            where = ("--nats", server.url, "--nats-tls", str(server.identities["coordinator"]))
            beside = [*pids, server.process.pid]
            for _ in range(ROUNDS):
                rows["local"].append(scanned(folder, path))
                before = sum(map(seconds_of, beside))
                wall, cpu = scanned(folder, path, "--engine", "nats", *where)
                rows["nats"].append((wall, cpu + sum(map(seconds_of, beside)) - before))
    return rows


def table(count: int, rows: dict[str, list[tuple[float, float]]], machine: str) -> list[str]:
    """Return the page's lines."""
    median = {
        engine: sorted(found, key=lambda row: row[1])[ROUNDS // 2] for engine, found in rows.items()
    }
    base = median["local"][1]
    lines = [
        f"{machine}; {count} targets, {ROUNDS} rounds that take turns, median by CPU.",
        "",
        "| engine | CPU a target, ms | ratio to local | wall, s |",
        "|---|---|---|---|",
    ]
    for engine, (wall, cpu) in median.items():
        lines.append(f"| {engine} | {cpu / count * 1e3:.1f} | {cpu / base:.2f} | {wall:.1f} |")
    return lines


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="workers over a broker against one process")
    parser.add_argument("targets", nargs="?", type=int, default=5000)
    parser.add_argument("--write", action="store_true", help="write it into docs/performance.md")
    asked = parser.parse_args()
    machine = describe()
    lines = table(asked.targets, measured(asked.targets), machine)
    print("\n".join(lines))
    if asked.write:
        page.write("performance.md", "ENGINES", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
