"""What one ``scan host`` costs, beside one call of each peer, on the same real server.

``python -m bench.adhoc [--rounds N] [--write]``, as root: vsftpd beside nmap, OpenSSH
beside ssh-audit and nmap, in a private network with nothing but loopback. The
tools take turns, each with one core; the median counts. Each call of ours begins a history.
"""

from __future__ import annotations

import argparse
import compileall
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import scanner
from bench import namespace, page
from bench.machine import beside_python, describe
from bench.measure import Cost, cores, run
from bench.peer_programs import SECONDS, need_nmap, need_ssh_audit, package_version, version
from bench.ssh_tools import NMAP, SCAN_HOST, SSH_AUDIT, At, Tool, nmap_output, only_host, output
from tests.servers import POSTURES
from tests.servers.packages import unpack

_OURS: Final = "scan host"


def _ftp_nmap(servers: Sequence[At], folder: Path) -> list[str]:
    (at,) = servers
    # Scripts ask for the service of a port; the table of services is the gentlest way to tell.
    (folder / "nmap-services").write_text(f"ftp\t{at.port}/tcp\t0.5\n", encoding="ascii")
    words = ["nmap", "-n", "-Pn", "-sT", "--datadir", str(folder), "-p", str(at.port)]
    return [*words, "--script", "ftp-anon", "-oX", str(nmap_output(folder)), at.host]


def _ftp_ours(servers: Sequence[At], folder: Path) -> list[str]:
    (at,) = servers
    words = [beside_python("scan"), "host", str(at), "--protocol", "ftp"]
    return [*words, "--format", "json", "--history", str(folder / "history.db")]


def _found_ftp_nmap(folder: Path) -> int:
    return int('<script id="ftp-anon"' in nmap_output(folder).read_text(encoding="utf-8"))


def _found_ftp_ours(folder: Path) -> int:
    return int(only_host(folder)["anonymous_view"]["walk"]["sampled"] > 0)


_ROWS: Final[Mapping[str, tuple[Tool, ...]]] = {
    "vsftpd-plain": (
        Tool("nmap", _ftp_nmap, _found_ftp_nmap),
        Tool(_OURS, _ftp_ours, _found_ftp_ours),
    ),
    "openssh-password": (SSH_AUDIT, NMAP, SCAN_HOST),
}


def measured(posture: str, rounds: int) -> dict[str, list[Cost]]:
    """Let the tools take turns on one server; the first turn is for nothing.

    Raises ``SystemExit`` where a tool did not find what it is asked about.
    """
    costs: dict[str, list[Cost]] = {tool.name: [] for tool in _ROWS[posture]}
    with POSTURES[posture].running() as server, tempfile.TemporaryDirectory() as name:
        at = [At(server.host, server.port)]
        for number in range(rounds + 1):
            for tool in _ROWS[posture]:
                folder = Path(name) / f"{tool.name} {number}"
                folder.mkdir()
                errors = folder / "errors.txt"
                command = tool.command(at, folder)
                cost = run(command, core=cores()[0], output=output(folder), errors=errors)
                server.settle(SECONDS)
                if not tool.found(folder):
                    sys.exit(f"{tool.name} found nothing: {errors.read_text(encoding='utf-8')}")
                if number:
                    costs[tool.name].append(cost)
    return costs


def table(costs: Mapping[str, Mapping[str, list[Cost]]]) -> Iterator[str]:
    """Yield the rows, in Markdown. Ratios are medians of the rounds' own ratios."""
    yield "| server | tool | CPU ms | least | wall ms | least | ours: CPU | ours: wall |"
    yield "|---" * 8 + "|"
    for posture, runs in costs.items():
        for tool, each in runs.items():
            cpu, wall = [one.cpu for one in each], [one.wall for one in each]
            cells = [posture, tool, *map(_ms, chain(_middle(cpu), _middle(wall)))]
            for part in (_cpu, _wall):
                pairs = zip(runs[_OURS], each, strict=True)
                ratio = statistics.median(part(ours) / part(one) for ours, one in pairs)
                cells.append("" if tool == _OURS else f"x {ratio:.2f}")
            yield f"| {' | '.join(cells)} |"


def _cpu(cost: Cost) -> float:
    return cost.cpu


def _wall(cost: Cost) -> float:
    return cost.wall


def _middle(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), min(seconds)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.adhoc", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="write it into docs/performance.md")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    asked = arguments()
    need_nmap()
    unpack()  # the private network has no way to fetch anything
    need_ssh_audit()
    # As pip does where it installs a package; content workers write no bytecode.
    compileall.compile_dir(Path(scanner.__file__).parent, quiet=1)
    namespace.enter("bench.adhoc")
    peers = f"{version('nmap', '--version')}; {package_version('ssh-audit')}"
    lines = [f"{describe()}; {peers}. {asked.rounds} rounds.", ""]
    lines += table({posture: measured(posture, asked.rounds) for posture in _ROWS})
    print("\n".join(lines))
    if asked.write:
        page.write("performance.md", "AD HOC", lines)


if __name__ == "__main__":
    main()
