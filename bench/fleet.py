"""CPU per host and hosts per second of ``scan run`` on a loopback fleet, beside nmap's ftp-anon.

``python -m bench.fleet [--hosts N] [--rounds N] [--connections N]``, as root. What is measured
is the user and system time of the whole process and of those it started and waited for,
start-up included; the tool has one core, the simulator another. The tools take turns, and the
median of the rounds counts. A row is void when its tool missed a host.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import namespace
from bench.machine import beside_python, describe
from bench.measure import Cost, cores, run
from bench.simulator import addresses, built, simulator
from scanner.report.stream import hosts_in

_NMAP = (
    "nmap -n -Pn -sT -T5 --min-hostgroup 4096 --min-parallelism 256 --max-parallelism 5000 "
    "--script ftp-anon -p 21"
)
_DIFFERENCES = """Differences of work. nmap: one connect to find the port, one more for the dialog
(USER, PASS, then a LIST of one folder), twenty names printed. scan: asks for TLS as well, walks
the whole tree, reads samples of the files and looks into them, keeps observations, history and
evidence, judges nine failures and writes a report; `no samples` is the same with a limit of no
files to read (files_sampled: 0). The commands per host tell the rest."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of one measurement, and the folder that its files go to."""

    hosts: tuple[str, ...]
    folder: Path
    connections: int


@dataclass(frozen=True, slots=True)
class Tool:
    """One row. ``prepare`` returns the command line; ``found`` counts the hosts it reported."""

    name: str
    prepare: Callable[[Fleet], list[str]]
    found: Callable[[Fleet], int]


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one tool, with what the simulator counted meanwhile."""

    cost: Cost
    found: int
    served: str


def _prepare_nmap(fleet: Fleet) -> list[str]:
    names = fleet.folder / "hosts.txt"
    names.write_text("\n".join(fleet.hosts) + "\n", encoding="utf-8")
    return [*_NMAP.split(), "-iL", str(names), "-oN", str(fleet.folder / "nmap.txt")]


def _found_nmap(fleet: Fleet) -> int:
    text = (fleet.folder / "nmap.txt").read_text(encoding="utf-8", errors="replace")
    return text.count("ftp-anon: Anonymous FTP login allowed")


def _prepare_scan(fleet: Fleet) -> list[str]:
    return _scan(fleet, {"connections": fleet.connections})


def _prepare_listing(fleet: Fleet) -> list[str]:
    return _scan(fleet, {"connections": fleet.connections, "files_sampled": 0})


def _scan(fleet: Fleet, limits: dict[str, int]) -> list[str]:
    document = {
        "version": 1,
        "authorisation": {"reference": "bench", "scope": ["127.0.0.0/8"]},
        "defaults": {"limits": limits},
        "targets": [
            {"host": host, "endpoints": [{"port": 21, "protocol": "ftp"}]} for host in fleet.hosts
        ],
    }
    targets, reports = fleet.folder / "targets.json", fleet.folder / "reports"
    targets.write_text(json.dumps(document), encoding="utf-8")
    shutil.rmtree(reports, ignore_errors=True)
    for left in fleet.folder.glob("history.db*"):
        left.unlink()
    history = str(fleet.folder / "history.db")
    return [
        *(beside_python("scan"), "run", str(targets)),
        *("--reports", str(reports), "--history", history),
    ]


def _found_scan(fleet: Fleet) -> int:
    (report,) = (fleet.folder / "reports").glob("*/report.json")
    # Host by host: what this process holds in memory would count in its children's peak.
    with report.open(encoding="utf-8") as lines:
        return sum(
            failure["id"] == "open-zone" and failure["verdict"] == "fail"
            for host in hosts_in(lines)
            for failure in host["failures"]
        )


TOOLS = (
    Tool("nmap ftp-anon", _prepare_nmap, _found_nmap),
    Tool("scan, no samples", _prepare_listing, _found_scan),
    Tool("scan run", _prepare_scan, _found_scan),
)


def measured(tool: Tool, fleet: Fleet) -> Round:
    """Run one tool once over the whole fleet."""
    own, other = cores()
    command = tool.prepare(fleet)
    with simulator(other) as served:
        cost = run(command, core=own, output=fleet.folder / "output.txt")
    return Round(cost, tool.found(fleet), served[0])


def row(tool: Tool, rounds: list[Round], hosts: int) -> tuple[float, str]:
    """Return the median CPU seconds and the printed row."""
    cpu = statistics.median(one.cost.cpu for one in rounds)
    wall = statistics.median(one.cost.wall for one in rounds)
    peak = max(one.cost.peak_mib for one in rounds)
    least = min(one.found for one in rounds)
    words = rounds[-1].served.split()
    per_host = [int(number) / hosts for number in words[1::2]]
    spread = max(one.cost.cpu for one in rounds) / min(one.cost.cpu for one in rounds) - 1
    verdict = "" if least == hosts else f"  VOID: found {least} of {hosts}"
    return cpu, (
        f"{tool.name:<16} {1e6 * cpu / hosts:>12.0f} {spread:>7.0%} {hosts / wall:>8.0f} "
        f"{peak:>9.0f} {per_host[0]:>9.1f} {per_host[1]:>9.1f} {per_host[2]:>10.1f}{verdict}"
    )


def report(results: dict[str, list[Round]], hosts: int) -> None:
    """Print the table and the ratio."""
    print(
        f"{'tool':<16} {'CPU us/host':>12} {'spread':>7} {'hosts/s':>8} {'peak MiB':>9} "
        f"{'sessions':>9} {'commands':>9} {'transfers':>10}  CPU"
    )
    peer = 0.0
    for tool in TOOLS:
        cost, text = row(tool, results[tool.name], hosts)
        peer = peer or cost  # the first row is what the others are compared with
        print(f"{text}  {cost / peer:.2f} x {TOOLS[0].name}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=500)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    asked = arguments()
    if shutil.which("nmap") is None:
        sys.exit("nmap is missing: install it (on Debian: apt-get install nmap)")
    namespace.enter("bench.fleet")
    built("fleet_simulator")
    print(f"Fleet of {asked.hosts} hosts, {asked.connections} at once. {describe()}", flush=True)
    results: dict[str, list[Round]] = {tool.name: [] for tool in TOOLS}
    with tempfile.TemporaryDirectory(prefix="bench-fleet-") as folder:
        fleet = Fleet(tuple(addresses(asked.hosts)), Path(folder), asked.connections)
        for tool in TOOLS:
            print(f"  {tool.name}: {' '.join(tool.prepare(fleet)).replace(folder, '...')}")
        for number in range(asked.rounds):
            for tool in TOOLS:
                results[tool.name].append(measured(tool, fleet))
                print(f"round {number + 1}: {tool.name}", file=sys.stderr, flush=True)
    report(results, asked.hosts)
    print(_DIFFERENCES)


if __name__ == "__main__":
    main()
