"""What nmap and sslyze report of real FTP servers, beside what the scanner's document holds.

``python -m bench.peers_ftp [--postures NAME ...] [--details]``, as root. The servers are those of
the tests, each started afresh, in a private network with nothing but loopback: no packet leaves.
Every fact that a peer reports is looked up in our document (``bench.our_facts``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from bench import namespace
from bench.machine import beside_python
from bench.our_facts import compared, only_ours
from bench.peer_facts import Fact, nmap_facts, sslyze_facts
from bench.peer_programs import PYTHON, SECONDS, done, fetch, need_nmap, package_version, version
from bench.peer_tables import Compared, tables
from scanner.schemas.catalogue import load_schema
from tests.servers import POSTURES, Server
from tests.servers.packages import unpack

T = TypeVar("T")

_SCRIPTS: Final = "ftp-anon,ftp-syst,ftp-bounce,ssl-cert,ssl-enum-ciphers,banner"
_NMAP: Final = ("nmap", "-n", "-Pn", "-sT")
_SSLYZE: Final = (
    "--quiet --mozilla_config disable --sni localhost --certinfo --sslv2 --sslv3 --tlsv1 "
    "--tlsv1_1 --tlsv1_2 --tlsv1_3 --elliptic_curves --compression --reneg --resum --fallback "
    "--early_data --ems"
)
DEFAULT: Final = (
    "vsftpd-plain",
    "vsftpd-no-anonymous",
    "vsftpd-tls-optional",
    "vsftpd-tls-1.0",
    "vsftpd-expired",
    "vsftpd-implicit",
    "proftpd-writable",
    "proftpd-tls-off",
    "proftpd-tls-on",
    "pureftpd-tls-1",
    "pureftpd-tls-2",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a server logged while one tool ran: control connections and logins let in."""

    connections: int
    logins: int


# --- the tools ---------------------------------------------------------------------------


def run_nmap(server: Server, folder: Path) -> Iterable[Fact]:
    # Scripts ask for the service of a port; the table of services is the gentlest way to tell.
    service = "ftps" if server.protocol == "ftps" else "ftp"
    (folder / "nmap-services").write_text(f"{service}\t{server.port}/tcp\t0.5\n", encoding="ascii")
    output = folder / "nmap.xml"
    words = ["--datadir", str(folder), "-p", str(server.port), "--script", _SCRIPTS]
    done([*_NMAP, *words, "-oX", str(output), server.host])
    return nmap_facts(output)


def run_sslyze(server: Server, folder: Path) -> Iterable[Fact]:
    output = folder / "sslyze.json"
    words = _SSLYZE.split()
    words += ["--starttls", "ftp"] if server.protocol == "ftp" else []
    if server.certificate is not None:
        words += ["--certinfo_ca_file", str(server.certificate.authority)]
    python = str(PYTHON)
    command = [python, "-m", "sslyze", *words, "--json_out", str(output)]
    done([*command, f"{server.host}:{server.port}"], codes={0, 1})
    return sslyze_facts(output)


def run_ours(server: Server, folder: Path) -> Mapping[str, Any]:
    """Scan as a team would that trusts its authority; return the endpoint of the document."""
    tls: dict[str, object] = {}
    if server.certificate is not None:
        tls["ca"] = str(server.certificate.authority)
    if "enumerate" in load_schema("targets")["$defs"]["tls"]["properties"]:
        tls["enumerate"] = True
    endpoint = {"port": server.port, "protocol": server.protocol}
    document = {
        "version": 1,
        "authorisation": {"reference": "bench", "scope": ["127.0.0.0/8"]},
        "targets": [{"host": server.host, "endpoints": [endpoint], "tls": tls}],
    }
    targets = folder / "targets.json"
    targets.write_text(json.dumps(document), encoding="utf-8")
    command = [beside_python("scan"), "host", f"{server.host}:{server.port}", "--format", "json"]
    command += ["--targets", str(targets), "--history", str(folder / "state" / "history.db")]
    report = json.loads(done(command, codes={0, 1, 3}))
    (host,) = report["hosts"]
    (seen,) = host["endpoints"]
    assert isinstance(seen, dict)
    return seen


# --- one posture -------------------------------------------------------------------------


def compare(posture: str, *, sslyze: bool) -> tuple[Compared, Mapping[str, Cost]]:
    """Run every tool on one server; return what they told, and what each cost."""
    costs: dict[str, Cost] = {}
    with POSTURES[posture].running() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        nmap, costs["nmap"] = _counted(run_nmap, server, folder)
        facts = list(nmap)
        if sslyze:
            more, costs["sslyze"] = _counted(run_sslyze, server, folder)
            facts += more
        endpoint, costs["scan"] = _counted(run_ours, server, folder)
    answers = tuple((fact, compared(fact.name, fact.value, endpoint)) for fact in facts)
    used = {answer.place.split(".")[0] for _, answer in answers}
    return Compared(posture, answers, tuple(only_ours(endpoint, used))), costs


def _counted(run: Callable[[Server, Path], T], server: Server, folder: Path) -> tuple[T, Cost]:
    """Run a tool; return what it found, and what the server logged meanwhile."""
    before = _logged(server)
    found = run(server, folder)
    server.settle(SECONDS)
    after = _logged(server)
    return found, Cost(after.connections - before.connections, after.logins - before.logins)


def _logged(server: Server) -> Cost:
    return Cost(server.accepted_connections(), server.accepted_logins())


def cost_table(results: Mapping[str, Mapping[str, Cost]]) -> Iterator[str]:
    """Yield what each tool cost each server, in Markdown."""
    tools = list(next(iter(results.values())))
    heads = [f"{tool}: connections | {tool}: logins" for tool in tools]
    yield ""
    yield f"| server | {' | '.join(heads)} |"
    yield "|---" * (1 + 2 * len(tools)) + "|"
    for posture, costs in results.items():
        cells = [f"{costs[tool].connections} | {costs[tool].logins}" for tool in tools]
        yield f"| {posture} | {' | '.join(cells)} |"


# --- the command -------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers_ftp", description=__doc__)
    parser.add_argument("--postures", nargs="+", choices=list(POSTURES), default=list(DEFAULT))
    parser.add_argument("--details", action="store_true", help="list what agrees, too")
    return parser.parse_args()


def main() -> None:
    """Compare and print."""
    asked = arguments()
    need_nmap()
    unpack()  # the private network has no way to fetch anything
    sslyze = fetch("sslyze", "sslyze")
    namespace.enter("bench.peers_ftp")
    if not sslyze:
        print("sslyze could not be installed by its name: nmap alone is compared.")
    print(f"{version('nmap', '--version')}; {package_version('sslyze') if sslyze else 'no sslyze'}")
    results: list[Compared] = []
    costs: dict[str, Mapping[str, Cost]] = {}
    for posture in asked.postures:
        print(f"{posture} ...", file=sys.stderr, flush=True)
        compared_here, costs[posture] = compare(posture, sslyze=sslyze)
        results.append(compared_here)
    print("\n".join(tables(results, details=asked.details)))
    print("\n".join(cost_table(costs)))


if __name__ == "__main__":
    main()
