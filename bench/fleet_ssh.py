"""Hundreds of real SSH endpoints in one ``scan run``, at several concurrencies.

``python -m bench.fleet_ssh [--hosts N] [--connections N ...] [--alone] [--write]``, as root. The
endpoints are played by OpenSSH and Dropbear (``bench.ssh_pool``), in a private network with
nothing but loopback. Beside it: the floor of any scan (``bench.ssh_floor``), and ssh-audit.
Connections are counted on the loopback device, by nobody's word. The tool has one core. A row is
void when its tool missed an endpoint, or had two connections to one at the same time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import namespace, page
from bench.loopback_watch import Seen, watching
from bench.machine import describe
from bench.measure import Cost, cores, run
from bench.peer_programs import fetch, package_version
from bench.ssh_pool import Pool, pool
from bench.ssh_tools import (
    SSH_AUDIT,
    THREADS,
    At,
    Tool,
    found_scan_run,
    missed_scan_run,
    output,
    scan_run,
)
from tests.servers.packages import unpack


@dataclass(frozen=True, slots=True)
class Row:
    """One run of one tool over all endpoints."""

    name: str
    cost: Cost
    found: int
    seen: Seen
    servers_cpu: float
    logged: int
    one_at_a_time: bool
    missed: str = ""


def tools(connections: list[int], *, alone: bool) -> Iterator[tuple[Tool, bool]]:
    """Yield each tool, and whether it promises one connection at a time to an endpoint."""
    for most in connections:
        name = f"floor, {most} at once"
        yield Tool(name, partial(_floor, connections=most), _found_floor), True
        command = partial(scan_run, connections=most)
        yield Tool(f"scan run, {most} at once", command, found_scan_run), True
    if not alone:
        yield Tool(f"ssh-audit, {THREADS} threads", SSH_AUDIT.command, SSH_AUDIT.found), False


def _floor(servers: Sequence[At], folder: Path, *, connections: int) -> list[str]:
    names = folder / "targets.txt"
    names.write_text("".join(f"{one}\n" for one in servers), encoding="ascii")
    return [sys.executable, "-m", "bench.ssh_floor", str(names), str(connections)]


def _found_floor(folder: Path) -> int:
    return int(output(folder).read_text(encoding="ascii"))


def measured(tool: Tool, fleet: Pool, folder: Path, *, one_at_a_time: bool) -> Row:
    """Run one tool once over the whole fleet."""
    folder.mkdir()
    command = tool.command(fleet.endpoints, folder)
    before, logged = fleet.cpu(), fleet.accepted()
    with watching() as seen:
        errors = folder / "errors.txt"
        cost = run(command, core=cores()[0], output=output(folder), errors=errors)
        fleet.settle()
    found, missed = tool.found(folder), ""
    if found < len(fleet.endpoints) and tool.found is found_scan_run:
        reasons = missed_scan_run(folder).most_common(3)
        missed = ", ".join(f"{count} x {reason}" for reason, count in reasons)
    return Row(
        name=tool.name,
        cost=cost,
        found=found,
        missed=missed,
        seen=seen,
        servers_cpu=fleet.cpu() - before,
        logged=fleet.accepted() - logged,
        one_at_a_time=one_at_a_time,
    )


def table(rows: list[Row], hosts: int) -> Iterator[str]:
    """Yield the rows, in Markdown."""
    yield (
        "| tool | wall s | hosts/s | CPU ms/host | peak MiB | connections/host "
        "| most at once: one endpoint | all | servers' CPU ms/host | |"
    )
    yield "|---" * 10 + "|"
    for row in rows:
        cells = (
            row.name,
            f"{row.cost.wall:.1f}",
            f"{hosts / row.cost.wall:.1f}",
            f"{1000 * row.cost.cpu / hosts:.1f}",
            f"{row.cost.peak_mib:.0f}",
            f"{sum(row.seen.opened.values()) / hosts:.2f}",
            str(row.seen.most_at_one),
            str(row.seen.most),
            f"{1000 * row.servers_cpu / hosts:.0f}",
            "; ".join(faults(row, hosts)),
        )
        yield f"| {' | '.join(cells)} |"


def faults(row: Row, hosts: int) -> Iterator[str]:
    """Yield what makes a row void."""
    if row.found != hosts:
        yield f"VOID: complete for {row.found} of {hosts} {row.missed}".rstrip()
    if row.seen.lost:
        yield f"VOID: {row.seen.lost} packets went unseen"
    if row.one_at_a_time and row.seen.most_at_one > 1:
        yield f"VOID: {row.seen.most_at_one} connections at once to one endpoint"
    opened = sum(row.seen.opened.values())
    if opened < row.logged:
        yield f"VOID: the servers logged {row.logged} connections, and {opened} were seen"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet_ssh", description=__doc__)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 50, 500])
    parser.add_argument("--alone", action="store_true", help="leave out ssh-audit")
    parser.add_argument("--write", action="store_true", help="write it into docs/performance.md")
    return parser.parse_args()


def report(asked: argparse.Namespace) -> Iterator[str]:
    """Measure, and yield the lines of the section."""
    began = describe()
    rows: list[Row] = []
    with pool(asked.hosts) as fleet, tempfile.TemporaryDirectory(prefix="bench-ssh-") as name:
        for number, (tool, single) in enumerate(tools(asked.connections, alone=asked.alone)):
            print(f"{tool.name} ...", file=sys.stderr, flush=True)
            folder = Path(name) / str(number)
            rows.append(measured(tool, fleet, folder, one_at_a_time=single))
        daemons = len(fleet.servers)
    yield f"{began}; {package_version('ssh-audit')}. {asked.hosts} endpoints of {daemons} servers."
    yield ""
    yield from table(rows, asked.hosts)


def main() -> None:
    """Measure and print."""
    asked = arguments()
    unpack()  # the private network has no way to fetch anything
    if not fetch("ssh-audit", "ssh_audit"):
        sys.exit("ssh-audit could not be installed by its name")
    namespace.enter("bench.fleet_ssh")
    lines = list(report(asked))
    print("\n".join(lines))
    if asked.write:
        page.write("performance.md", "SSH", lines)


if __name__ == "__main__":
    main()
