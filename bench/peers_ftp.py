"""What nmap and sslyze report of real FTP servers, beside what the scanner's document holds.

``python -m bench.peers_ftp [--postures NAME ...] [--details]``, as root. The servers are those of
the tests, each started afresh, in a private network with nothing but loopback: no packet leaves.
Every fact that a peer reports is looked up in our document (``bench.our_facts``).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from bench import namespace
from bench.machine import beside_python
from bench.our_facts import Answer, compared, only_ours, shown
from bench.peer_facts import Fact, nmap_facts, sslyze_facts
from scanner.schemas.catalogue import load_schema
from tests.servers import POSTURES, Server
from tests.servers.packages import unpack

T = TypeVar("T")

_PEERS: Final = Path(__file__).parents[1] / ".cache" / "peers"
_SECONDS: Final = 180
_SCRIPTS: Final = "ftp-anon,ftp-syst,ftp-bounce,ssl-cert,ssl-enum-ciphers,banner"
_NMAP: Final = ("nmap", "-n", "-Pn", "-sT")
_SSLYZE: Final = (
    "--quiet --mozilla_config disable --sni localhost --certinfo --sslv2 --sslv3 --tlsv1 "
    "--tlsv1_1 --tlsv1_2 --tlsv1_3 --elliptic_curves --compression --reneg --resum --fallback "
    "--early_data --ems"
)
_VERDICTS: Final = ("agree", "disagree", "missing", "left out")
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


@dataclass(frozen=True, slots=True)
class Compared:
    """One posture: each peer's fact with our answer, what only we saw, and what each cost."""

    posture: str
    answers: tuple[tuple[Fact, Answer], ...]
    ours_alone: tuple[tuple[str, str], ...]
    costs: Mapping[str, Cost]


# --- the tools ---------------------------------------------------------------------------


def run_nmap(server: Server, folder: Path) -> Iterable[Fact]:
    # Scripts ask for the service of a port; the table of services is the gentlest way to tell.
    service = "ftps" if server.protocol == "ftps" else "ftp"
    (folder / "nmap-services").write_text(f"{service}\t{server.port}/tcp\t0.5\n", encoding="ascii")
    output = folder / "nmap.xml"
    words = ["--datadir", str(folder), "-p", str(server.port), "--script", _SCRIPTS]
    _done([*_NMAP, *words, "-oX", str(output), server.host])
    return nmap_facts(output)


def run_sslyze(server: Server, folder: Path) -> Iterable[Fact]:
    output = folder / "sslyze.json"
    words = _SSLYZE.split()
    words += ["--starttls", "ftp"] if server.protocol == "ftp" else []
    if server.certificate is not None:
        words += ["--certinfo_ca_file", str(server.certificate.authority)]
    python = str(_PEERS / "bin" / "python")
    command = [python, "-m", "sslyze", *words, "--json_out", str(output)]
    _done([*command, f"{server.host}:{server.port}"], codes={0, 1})
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
    report = json.loads(_done(command, codes={0, 1, 3}))
    (host,) = report["hosts"]
    (seen,) = host["endpoints"]
    assert isinstance(seen, dict)
    return seen


def _done(command: list[str], *, codes: Iterable[int] = (0,)) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command[:4])} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


# --- one posture -------------------------------------------------------------------------


def compare(posture: str, *, sslyze: bool) -> Compared:
    """Run every tool on one server."""
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
    return Compared(posture, answers, tuple(only_ours(endpoint, used)), costs)


def _counted(run: Callable[[Server, Path], T], server: Server, folder: Path) -> tuple[T, Cost]:
    """Run a tool; return what it found, and what the server logged meanwhile."""
    before = _logged(server)
    found = run(server, folder)
    server.settle(_SECONDS)
    after = _logged(server)
    return found, Cost(after.connections - before.connections, after.logins - before.logins)


def _logged(server: Server) -> Cost:
    return Cost(server.accepted_connections(), server.accepted_logins())


# --- the tables --------------------------------------------------------------------------


def tables(results: list[Compared], *, details: bool) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    every = [(one.posture, fact, answer) for one in results for fact, answer in one.answers]
    sums = Counter(answer.verdict for _, _, answer in every)
    told = ", ".join(f"{sums[verdict]} {verdict}" for verdict in _VERDICTS)
    yield f"{len(every)} facts of peers on {len(results)} servers: {told}."
    yield ""
    yield from _by_fact(every)
    yield from _differences(every, details=details)
    yield from _alone(results)
    yield from _costs(results)


Row = tuple[str, Fact, Answer]


def _by_fact(every: list[Row]) -> Iterator[str]:
    yield f"| fact | peers | servers | {' | '.join(_VERDICTS)} | our place |"
    yield "|---" * (4 + len(_VERDICTS)) + "|"
    for name in dict.fromkeys(fact.name for _, fact, _ in every):
        rows = [row for row in every if row[1].name == name]
        peers = ", ".join(sorted({fact.peer for _, fact, _ in rows}))
        servers = len({posture for posture, _, _ in rows})
        counts = Counter(answer.verdict for _, _, answer in rows)
        numbers = (str(counts[verdict] or "") for verdict in _VERDICTS)
        places = sorted({f"`{answer.place}`" for _, _, answer in rows if answer.place})
        where = ", ".join(places) or rows[0][2].why
        yield f"| {name} | {peers} | {servers} | {' | '.join(numbers)} | {where} |"


def _differences(every: list[Row], *, details: bool) -> Iterator[str]:
    yield ""
    yield "| server | fact | peer | it says | we say | | why |"
    yield "|---|---|---|---|---|---|---|"
    for posture, fact, answer in every:
        if details or answer.verdict == "disagree":
            cells = (
                posture,
                fact.name,
                fact.peer,
                _cell(shown(fact.value)),
                _cell(answer.ours),
                answer.verdict,
                answer.why if answer.verdict != "agree" else "",
            )
            yield f"| {' | '.join(cells)} |"


def _cell(text: str, most: int = 160) -> str:
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _alone(results: list[Compared]) -> Iterator[str]:
    yield ""
    yield "| only in our document | servers | such as |"
    yield "|---|---|---|"
    found: dict[str, list[str]] = {}
    for one in results:
        for name, value in one.ours_alone:
            found.setdefault(name, []).append(value)
    for name, values in found.items():
        yield f"| `{name}` | {len(values)} | {_cell(values[0], 100)} |"


def _costs(results: list[Compared]) -> Iterator[str]:
    tools = list(results[0].costs)
    heads = [f"{tool}: connections | {tool}: logins" for tool in tools]
    yield ""
    yield f"| server | {' | '.join(heads)} |"
    yield "|---" * (1 + 2 * len(tools)) + "|"
    for one in results:
        cells = [f"{one.costs[tool].connections} | {one.costs[tool].logins}" for tool in tools]
        yield f"| {one.posture} | {' | '.join(cells)} |"


# --- the command -------------------------------------------------------------------------


def fetch_sslyze() -> bool:
    """Put sslyze into an environment of its own; whether it is there."""
    python = _PEERS / "bin" / "python"
    if not python.exists():
        venv.create(_PEERS, with_pip=True)
    if _is_installed(python):
        return True
    quiet = [str(python), "-m", "pip", "install", "--quiet", "sslyze"]
    subprocess.run(quiet, stdin=subprocess.DEVNULL, check=False)
    return _is_installed(python)


def _is_installed(python: Path) -> bool:
    asked = [str(python), "-c", "import sslyze"]
    return subprocess.run(asked, stdin=subprocess.DEVNULL, check=False).returncode == 0


def _sslyze_version() -> str:
    said = "import importlib.metadata as m; print('sslyze', m.version('sslyze'))"
    return _version(str(_PEERS / "bin" / "python"), "-c", said)


def _version(*command: str) -> str:
    """Return the first three words of what a command prints: its name and version."""
    return " ".join(_done(list(command)).split()[:3])


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers_ftp", description=__doc__)
    parser.add_argument("--postures", nargs="+", choices=list(POSTURES), default=list(DEFAULT))
    parser.add_argument("--details", action="store_true", help="list what agrees, too")
    return parser.parse_args()


def main() -> None:
    """Compare and print."""
    asked = arguments()
    if shutil.which("nmap") is None:
        sys.exit("nmap is missing: install it (on Debian: apt-get install nmap)")
    unpack()  # the private network has no way to fetch anything
    sslyze = fetch_sslyze()
    namespace.enter("bench.peers_ftp")
    if not sslyze:
        print("sslyze could not be installed by its name: nmap alone is compared.")
    print(f"{_version('nmap', '--version')}; {_sslyze_version() if sslyze else 'no sslyze'}")
    results = []
    for posture in asked.postures:
        print(f"{posture} ...", file=sys.stderr, flush=True)
        results.append(compare(posture, sslyze=sslyze))
    print("\n".join(tables(results, details=asked.details)))


if __name__ == "__main__":
    main()
