"""What ssh-audit and nmap report of real SSH servers, beside what the scanner's document holds,
and what each of them costs.

``python -m bench.peers_ssh [--postures NAME ...] [--rounds N] [--many N] [--details] [--write]``,
as root. The servers are those of the tests, each started afresh, in a private network with nothing
but loopback: no packet leaves. Every fact that a peer reports is looked up in our document
(``bench.our_facts_ssh``). The tools take turns; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import namespace, page
from bench.machine import describe
from bench.measure import Cost, cores, run
from bench.our_facts import compared, only_ours
from bench.our_facts_ssh import SSH_PLACES
from bench.peer_facts_ssh import nmap_ssh_facts, ssh_audit_facts
from bench.peer_programs import SECONDS, need_nmap, need_ssh_audit, package_version, version
from bench.peer_tables import Compared, tables
from bench.ssh_tools import (
    NMAP,
    SCAN_HOST,
    SCAN_RUN,
    SSH_AUDIT,
    At,
    Tool,
    audited,
    nmap_output,
    only_host,
    output,
)
from tests.servers import POSTURES, Server
from tests.servers.openssh import Openssh
from tests.servers.packages import unpack
from tests.servers.postures import Posture
from tests.servers.process import EVERYWHERE

_PATIENCE: Final = 30.0
"""A tool that needs more seconds than this for one server is asked once, not in every round."""
_ONE: Final = (SSH_AUDIT, NMAP, SCAN_HOST)
_MANY: Final = (SSH_AUDIT, NMAP, SCAN_RUN)
_GROUPS: Final = "diffie-hellman-group-exchange-sha1,diffie-hellman-group-exchange-sha256"
_SERVERS: Final[Mapping[str, Posture]] = {
    **{name: one for name, one in POSTURES.items() if name.startswith(("openssh", "dropbear"))},
    "proftpd-sftp": POSTURES["proftpd-sftp"],
    "openssh-group-exchange": Posture(
        "openssh-group-exchange", Openssh(key_exchanges=_GROUPS, macs="hmac-sha2-512")
    ),
}
_DEFAULT: Final = (
    "openssh-password",
    "openssh-keys",
    "openssh-keyboard-interactive",
    "openssh-two-factors",
    "openssh-blank",
    "openssh-legacy",
    "openssh-group-exchange",
    "dropbear-password",
    "proftpd-sftp",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One call of one tool: its cost, the connections that the server logged, what it found."""

    cost: Cost
    connections: int
    found: int


Runs = Mapping[str, list[Run]]


# --- running -----------------------------------------------------------------------------


def measured(tool: Tool, servers: Sequence[At], real: Server, folder: Path) -> Run:
    """Call a tool once, with one core of its own."""
    folder.mkdir()
    command = tool.command(servers, folder)
    before = real.accepted_connections()
    errors = folder / "errors.txt"
    cost = run(command, core=cores()[0], output=output(folder), errors=errors)
    real.settle(SECONDS)
    if cost.exit_code not in {0, 1, 2, 3}:  # ssh-audit's and ours tell of findings
        told = errors.read_text(encoding="utf-8", errors="replace")
        sys.exit(f"{' '.join(command[:3])} ended with {cost.exit_code}: {told[-2000:]}")
    return Run(cost, real.accepted_connections() - before, tool.found(folder))


def compare(posture: str, rounds: int) -> tuple[Compared, Runs]:
    """Run every tool on one server; return what they told in the first round, and all costs."""
    runs: dict[str, list[Run]] = {tool.name: [] for tool in _ONE}
    with _SERVERS[posture].running() as server, tempfile.TemporaryDirectory() as name:
        base = Path(name)
        at = [At(server.host, server.port)]
        for number in range(rounds):
            for tool in _ONE:
                kept = runs[tool.name]
                if not kept or kept[0].cost.wall < _PATIENCE:
                    kept.append(measured(tool, at, server, base / f"{tool.name} {number}"))
        (audit,) = audited(base / f"{SSH_AUDIT.name} 0")
        facts = [*ssh_audit_facts(audit), *nmap_ssh_facts(nmap_output(base / f"{NMAP.name} 0"))]
        endpoint = only_host(base / f"{SCAN_HOST.name} 0")
    answers = tuple((one, compared(one.name, one.value, endpoint, SSH_PLACES)) for one in facts)
    used = {answer.place.split(".")[0] for _, answer in answers}
    return Compared(posture, answers, tuple(only_ours(endpoint, used))), runs


def warm_up() -> None:
    """Let each tool run once for nothing: Python writes bytecode at a program's first start."""
    with POSTURES["openssh-keys"].running() as server, tempfile.TemporaryDirectory() as name:
        for tool in (*_ONE, SCAN_RUN):
            at = [At(server.host, server.port)]
            measured(tool, at, server, Path(name) / f"{tool.name} warm")


def many(count: int, rounds: int) -> Runs:
    """Run every tool on ``count`` addresses of one OpenSSH server, all in one call."""
    runs: dict[str, list[Run]] = {tool.name: [] for tool in _MANY}
    posture = Posture("openssh-everywhere", Openssh(place=EVERYWHERE))
    with posture.running() as server, tempfile.TemporaryDirectory() as name:
        servers = [At(f"127.1.0.{number + 1}", server.port) for number in range(count)]
        for number in range(rounds):
            for tool in _MANY:
                folder = Path(name) / f"{tool.name} {number}"
                runs[tool.name].append(measured(tool, servers, server, folder))
    return runs


# --- the tables --------------------------------------------------------------------------


def cost_table(costs: Mapping[str, Runs]) -> Iterator[str]:
    """Yield what one call for one server costs, in Markdown."""
    names = [tool.name for tool in _ONE]
    heads = [f"{name}: connections | CPU ms | wall ms" for name in names]
    yield f"| server | {' | '.join(heads)} | CPU, scan host / ssh-audit | / nmap |"
    yield "|---" * (3 + 3 * len(names)) + "|"
    for posture, runs in costs.items():
        cells = [_cells(runs[name], 1) for name in names]
        ratios = [_ratio(runs, SCAN_HOST, peer) for peer in (SSH_AUDIT, NMAP)]
        yield f"| {posture} | {' | '.join([*cells, *ratios])} |"


def many_table(runs: Runs, count: int) -> Iterator[str]:
    """Yield what one call for many servers costs, in Markdown."""
    yield "| tool | connections/host | CPU ms/host | wall ms/host | CPU, x ssh-audit | peak MiB | |"
    yield "|---|---|---|---|---|---|---|"
    for tool in _MANY:
        kept = runs[tool.name]
        least = min(one.found for one in kept)
        void = "" if least == count else f"VOID: complete for {least} of {count}"
        peak = max(one.cost.peak_mib for one in kept)
        cells = [tool.name, _cells(kept, count), _ratio(runs, tool, SSH_AUDIT), f"{peak:.0f}", void]
        yield f"| {' | '.join(cells)} |"


def _cells(runs: Sequence[Run], hosts: int) -> str:
    connections = statistics.median(one.connections for one in runs) / hosts
    cpu = 1000 * _cpu(runs) / hosts
    wall = 1000 * statistics.median(one.cost.wall for one in runs) / hosts
    return f"{connections:g} | {cpu:.0f} | {wall:.0f}"


def _cpu(runs: Sequence[Run]) -> float:
    return statistics.median(one.cost.cpu for one in runs)


def _ratio(runs: Runs, tool: Tool, peer: Tool) -> str:
    """Return the median of the rounds' ratios: rounds take turns, and their load is alike."""
    pairs = zip(runs[tool.name], runs[peer.name], strict=False)
    return f"{statistics.median(ours.cost.cpu / theirs.cost.cpu for ours, theirs in pairs):.2f}"


# --- the command -------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers_ssh", description=__doc__)
    parser.add_argument("--postures", nargs="+", choices=list(_SERVERS), default=list(_DEFAULT))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=20, help="servers in one call; 0 for none")
    parser.add_argument("--details", action="store_true", help="list what agrees, too")
    parser.add_argument("--write", action="store_true", help="write it into docs/peers.md")
    return parser.parse_args()


def report(asked: argparse.Namespace) -> Iterator[str]:
    """Measure, and yield the lines of the section."""
    yield (
        f"{describe()}; {version('nmap', '--version')}; {package_version('ssh-audit')}; median of "
        f"{asked.rounds} rounds."
    )
    yield ""
    warm_up()
    results: list[Compared] = []
    costs: dict[str, Runs] = {}
    for posture in asked.postures:
        print(f"{posture} ...", file=sys.stderr, flush=True)
        told, costs[posture] = compare(posture, asked.rounds)
        results.append(told)
    yield from tables(results, details=asked.details)
    yield ""
    yield "One call for one server:"
    yield ""
    yield from cost_table(costs)
    if asked.many:
        print(f"{asked.many} in one call ...", file=sys.stderr, flush=True)
        yield ""
        yield f"One call for {asked.many} addresses of one OpenSSH server:"
        yield ""
        yield from many_table(many(asked.many, asked.rounds), asked.many)


def main() -> None:
    """Compare and print."""
    asked = arguments()
    need_nmap()
    unpack()  # the private network has no way to fetch anything
    need_ssh_audit()
    namespace.enter("bench.peers_ssh")
    lines = list(report(asked))
    print("\n".join(lines))
    if asked.write:
        page.write("peers.md", "SSH", lines)


if __name__ == "__main__":
    main()
