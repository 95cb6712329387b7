"""The goals of the project as one table: the scanner beside the floor of the machine and peers.

``python -m bench.goals [--rows 1 2 ...] [--hosts N] [--rounds N] [--without TOOL ...] [--write]``,
as root. One core for the tool, another for the fleet, in a private network; rounds take turns, and
the median counts. Measured is the whole process with all that it waited for, start-up included. A
tool that missed a live host is void, and every ratio with it. ``--write`` puts the table into
docs/performance.md.

The simulated fleet never sleeps where it has a core for itself, so that no tool pays for waking it;
with ``--asleep`` it does.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import namespace, page
from bench.goal_peers import SSH_AUDIT, SSLYZE
from bench.goal_rows import FLOOR, ROWS, Row, Servers
from bench.goal_servers import Stage, crowded, staged, written
from bench.goal_table import Round, Standing, details, summary, unsteady
from bench.goal_tools import Ground, Tool
from bench.machine import describe
from bench.measure import cores, run_together
from bench.peer_programs import fetch
from bench.simulator import built
from tests.servers.packages import unpack

_LONGEST: Final = 3600.0
_ROOT: Final = Path(__file__).parents[1]
_FETCHED: Final = {SSH_AUDIT.name: ("ssh-audit", "ssh_audit"), SSLYZE.name: ("sslyze", "sslyze")}
_PROGRAMS: Final = frozenset({"taskset", "nmap", "curl"})
_SHORT: Final = ("1", "2", "3", "4", "5")
_SHORT_HOSTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One row's standings, and the command lines that made them."""

    row: Row
    standings: Mapping[str, Standing]
    commands: tuple[str, ...]


def survived(row: Row, asked: argparse.Namespace) -> Measured:
    """Measure one row. A row that breaks is void, and the others are measured all the same."""
    try:
        return measured(row, asked)
    except Exception:  # noqa: BLE001 - hours of other rows are not lost for it
        traceback.print_exc()
        return Measured(row, {tool.name: Standing(()) for tool in row.tools}, ())


def measured(row: Row, asked: argparse.Namespace) -> Measured:
    """Measure one row: every tool once in each round."""
    count = row.hosts(asked.hosts)
    tools = [tool for tool in row.tools if tool.name not in asked.without]
    rounds: dict[str, list[Round]] = {tool.name: [] for tool in tools}
    commands: dict[str, str] = {}
    with staged(row, count, cores()[1], awake=_awake(row, asked)) as stage:
        for number in range(asked.rounds * row.repeat):
            for tool in tools:
                print(f"row {row.number}, round {number + 1}: {tool.name}", file=sys.stderr)
                one, commands[tool.name] = _one_round(stage, tool, count)
                rounds[tool.name].append(one)
    standings = {name: Standing(tuple(every)) for name, every in rounds.items()}
    return Measured(row, standings, tuple(commands.values()))


def _one_round(stage: Stage, tool: Tool, count: int) -> tuple[Round, str]:
    with tempfile.TemporaryDirectory(prefix="bench-goals-") as name:
        folder = Path(name)
        places = folder / "places.txt"
        hosts, live = written(stage, tool, count, places)
        ground = Ground(
            places=places,
            hosts=hosts,
            live=live,
            folder=folder,
            connections=min(stage.row.connections, hosts),
            port=stage.row.port,
        )
        commands = tool.commands(ground)
        errors = folder / "errors.txt"
        with stage.act():
            cost = run_together(
                commands,
                spread=tool.cores,
                output=ground.output,
                errors=errors,
                longest=_LONGEST,
            )
        found, figure, fault = _answers(tool, ground, errors, cost.exit_code)
    one = Round(
        cpu=cost.cpu,
        wall=cost.wall,
        peak_mib=cost.peak_mib,
        hosts=hosts,
        found=found,
        expected=live,
        figure=figure,
        fault=fault,
    )
    return one, "  &  ".join(shown(command, folder) for command in commands)


def _answers(tool: Tool, ground: Ground, errors: Path, code: int) -> tuple[int, float, str]:
    """Return the hosts that a tool answered for, its own figure, and what went wrong."""
    if code < 0:
        return 0, 0.0, f"killed by signal {-code}"
    try:
        return tool.found(ground), tool.figure(ground), ""
    except (ValueError, LookupError, OSError) as error:
        said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        print("\n".join(said[-15:]), file=sys.stderr)
        return 0, 0.0, f"no answer, ended with {code} ({type(error).__name__})"


def shown(command: list[str], folder: Path) -> str:
    """Return a command line as a reader may repeat it."""
    line = " ".join(command).replace(sys.executable, "python").replace(str(folder), "...")
    return line.replace(f"{_ROOT}/", "")


def head(every: list[Measured], asked: argparse.Namespace, began: str) -> Iterator[str]:
    """Yield the goals and what came of them, in Markdown."""
    sleeps = [one.row.number for one in every if not _awake(one.row, asked)]
    fleet = f" Rows in which the fleet slept at times: {', '.join(sleeps)}." if sleeps else ""
    yield f"{began}. {asked.hosts:,} hosts asked for, median of {asked.rounds} rounds.{fleet}"
    yield ""
    yield from summary(
        [(one.row.number, one.row.title, one.row.goals, one.standings) for one in every]
    )


def row_section(one: Measured) -> Iterator[str]:
    """Yield what one row rests on, in Markdown."""
    row = one.row
    yield ""
    yield f"### Row {row.number}: {row.title}"
    yield ""
    yield f"Hosts: {row.servers}. At once: {row.connections:,}. {row.note}".rstrip()
    yield ""
    yield from details(one.standings)
    yield ""
    warned = unsteady(one.standings, FLOOR)
    if warned:
        yield warned
        yield ""
    yield "Differences of work:"
    yield ""
    yield from (f"- {tool.name}: {tool.work}." for tool in row.tools)
    yield ""
    yield "```"
    yield from one.commands
    yield "```"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    numbers = [row.number for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m bench.goals", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=numbers)
    parser.add_argument("--hosts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", nargs="+", default=[], metavar="TOOL")
    parser.add_argument("--short", action="store_true", help="a few rows and hosts, a minute")
    parser.add_argument("--write", action="store_true", help="write it into docs/performance.md")
    parser.add_argument("--asleep", action="store_true", help="a simulated fleet that sleeps")
    asked = parser.parse_args()
    if asked.short:
        asked.hosts, asked.rounds = _SHORT_HOSTS, 1
        asked.without = [*asked.without, *_FETCHED]
    default = _SHORT if asked.short else numbers
    asked.rows = asked.rows or list(default)
    return asked


def _awake(row: Row, asked: argparse.Namespace) -> bool:
    """Whether the fleet of a row never sleeps: it needs a core of this machine for that."""
    return not asked.asleep and not crowded(row, len(os.sched_getaffinity(0)))


def prepare(rows: list[Row], without: list[str]) -> None:
    """See that everything is there, before the private network has no way to fetch it."""
    wanted = {tool.name for row in rows for tool in row.tools} - set(without)
    for program in sorted({"taskset", *(name.split()[0] for name in wanted)} & _PROGRAMS):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: run tools/apt.sh nmap curl util-linux")
    for name, (package, module) in _FETCHED.items():
        if name in wanted and not fetch(package, module):
            sys.exit(f"{package} could not be installed by its name")
    if any(row.servers in {Servers.OPENSSH, Servers.VSFTPD} for row in rows):
        unpack()
    built("fleet_simulator")
    built("floor_client")


def main() -> None:
    """Measure, print and write."""
    asked = arguments()
    rows = [row for row in ROWS if row.number in asked.rows]
    if os.environ.get("BENCH_NAMESPACE") is None:
        prepare(rows, asked.without)
    namespace.enter("bench.goals")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began = describe()
    by_row: dict[str, Measured] = {}
    for row in sorted(rows, key=lambda row: not row.first):
        by_row[row.number] = survived(row, asked)
        # Should the rest be cut short.
        print("\n".join(row_section(by_row[row.number])), flush=True)
    every = [by_row[row.number] for row in rows]
    top = list(head(every, asked, began))
    print("\n".join(["", *top]))
    if asked.write:
        lines = [*top, *(line for one in every for line in row_section(one))]
        page.write("performance.md", "GOALS", lines)


if __name__ == "__main__":
    main()
