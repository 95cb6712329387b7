"""The tools of the goals table: how each is run, in its favour, and how its answers are counted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.machine import beside_python
from bench.peer_programs import FOLDER
from bench.probed import RECORDS
from bench.simulator import built
from scanner.report.stream import hosts_in

_NMAP: Final = "nmap -n -Pn -sT -T5 --min-hostgroup 4096"
_NMAP_PARALLEL: Final = (256, 5000)  # at least, at most: more gains nothing
_CURL_PARALLEL: Final = 300  # the most that curl takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What one tool works on: a file with a host a line, how many there are, how many answer in
    full, and a folder of the tool's own.
    """

    places: Path
    hosts: int
    live: int
    folder: Path
    connections: int
    port: int = 21

    @property
    def output(self) -> Path:
        """Where standard output goes."""
        return self.folder / "output.txt"

    def names(self) -> Iterator[str]:
        """Yield the hosts as they stand in the file."""
        with self.places.open(encoding="ascii") as lines:
            yield from filter(None, map(str.strip, lines))


Commands = Callable[[Ground], list[list[str]]]
Count = Callable[[Ground], int]


def nothing(_ground: Ground) -> float:
    """Return no figure of a tool's own."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One line of a row. ``commands`` run at once, each on a core; ``found`` counts the hosts that
    were answered in full. ``work`` says how its work differs. It gets one in ``fewer`` hosts, at
    most ``most``.
    """

    name: str
    commands: Commands
    found: Count
    work: str = ""
    fewer: int = 1
    most: int = 1_000_000_000
    figure: Callable[[Ground], float] = nothing
    octet: int | None = None
    """Hosts of another kind than the row's."""
    live_only: bool = False
    """Whether it is given the live hosts of a mixed fleet alone."""


# --- the floor ---------------------------------------------------------------------------


def floor(unit: str, *, seconds: int = 10) -> Tool:
    """Return the C client of one unit of work, with as many seconds for each host."""
    return Tool(
        name="C floor",
        commands=lambda ground: [
            [
                str(built("floor_client")),
                *(unit, str(ground.places), str(ground.connections)),
                *(str(ground.port), str(seconds)),
            ]
        ],
        found=_first_number,
        work=f"{unit} and nothing else; keeps nothing",
    )


def _first_number(ground: Ground) -> int:
    words = ground.output.read_text(encoding="utf-8").split()
    return int(words[0]) if words else 0


# --- ours --------------------------------------------------------------------------------

OURS: Final = "probed"
OBSERVED: Final = "observed"
SCAN_RUN: Final = "scan run"

_PROOF: Final = {
    "W1": "greeting",
    "W2": "anonymous_view",
    "W2L": "anonymous_view",
    "W3": "anonymous_view",
    "W1t": "tls",
    "S1": "kexinit",
    "S3": "methods",
}
"""The fact that is there once a unit was done in full."""


def probed(unit: str) -> Tool:
    """Return our own clients doing one unit of work, each host recorded on disk."""
    return Tool(
        name=OURS,
        commands=lambda ground: [
            [
                *(sys.executable, "-m", "bench.probed", unit, str(ground.places)),
                *(str(ground.connections), str(ground.folder / "records")),
            ]
        ],
        found=partial(_recorded, fact=_PROOF[unit]),
        work=f"{unit} with the scanner's clients and readers; an observation on disk for each host",
    )


def observed(fact: str, **limits: object) -> Tool:
    """Return the engine asking all that a scan asks, each host recorded, nothing judged."""
    return Tool(
        name=OBSERVED,
        commands=lambda ground: [
            [
                *(sys.executable, "-m", "bench.observed", str(_targets(ground, limits))),
                *(str(ground.connections), str(ground.folder / "records")),
            ]
        ],
        found=partial(_recorded, fact=fact),
        work="every question of a scan, an observation on disk for each host; nothing is judged",
    )


def _recorded(ground: Ground, *, fact: str) -> int:
    (records,) = (ground.folder / "records").glob(f"*/{RECORDS}")
    with records.open(encoding="ascii") as lines:
        return sum(_has(json.loads(line), fact) for line in lines)


def _has(record: dict[str, Any], fact: str) -> bool:
    (look,) = record["observations"]
    return any("value" in ((seen.get("facts") or {}).get(fact) or {}) for seen in look["endpoints"])


def scan_run(
    found: Count,
    *,
    name: str = SCAN_RUN,
    processes: int = 1,
    live_only: bool = False,
    fewer: int = 1,
    **limits: object,
) -> Tool:
    """Return ``scan run`` itself, in as many processes as said, a share of the hosts each."""

    def commands(ground: Ground) -> list[list[str]]:
        targets = _targets(ground, limits)
        return [_run(ground, targets, share, processes) for share in range(1, processes + 1)]

    return Tool(
        name=name,
        commands=commands,
        found=found,
        live_only=live_only,
        fewer=fewer,
        work="every question of a scan; saves observations, judges, scores, reports with evidence, "
        "remembers"
        + (f"; {processes} processes, a share of the hosts each" if processes > 1 else ""),
    )


_NO_LIMITS: Final = ("timeout_seconds",)
"""What stands beside the limits in a targets file."""


def _run(ground: Ground, targets: Path, share: int, processes: int) -> list[str]:
    where = ground.folder / str(share)
    where.mkdir(exist_ok=True)
    return [
        *(beside_python("scan"), "run", str(targets), "--shard", f"{share}/{processes}"),
        *("--reports", str(where / "reports"), "--history", str(where / "history.db")),
    ]


def _targets(ground: Ground, limits: dict[str, object]) -> Path:
    """Write the targets file, host by host: there may be a million."""
    path = ground.folder / "targets.json"
    protocol = "sftp" if ground.port == 22 else "ftp"
    defaults = {name: limits[name] for name in _NO_LIMITS if name in limits}
    bounds = {name: limit for name, limit in limits.items() if name not in defaults}
    head = {
        "version": 1,
        "authorisation": {"reference": "bench", "scope": ["127.0.0.0/8"]},
        "defaults": {**defaults, "limits": {"connections": ground.connections, **bounds}},
    }
    with path.open("w", encoding="ascii") as file:
        file.write(json.dumps(head)[:-1] + ', "targets": [')
        for number, place in enumerate(ground.names()):
            host, _, port = place.partition(":")
            endpoint = {"port": int(port or ground.port), "protocol": protocol}
            told = json.dumps({"host": host, "endpoints": [endpoint]})
            file.write(f"{',' if number else ''}\n{told}")
        file.write("\n]}\n")
    return path


def _hosts_of(ground: Ground) -> Iterator[dict[str, Any]]:
    # Host by host: what this process holds in memory would count in its children's peak.
    reports = list(ground.folder.glob("*/reports/*/report.json"))
    if not reports:
        raise LookupError("no report was written")
    for report in reports:
        with report.open(encoding="utf-8") as lines:
            yield from hosts_in(lines)


def open_zones(ground: Ground) -> int:
    """Count the hosts of a run that let anybody in, as the whole fleet does."""
    return sum(
        failure["id"] == "open-zone" and failure["verdict"] == "fail"
        for host in _hosts_of(ground)
        for failure in host["failures"]
    )


def with_facts(*names: str) -> Count:
    """Return what counts the hosts of a run of which every one of these facts was seen."""

    def count(ground: Ground) -> int:
        return sum(
            all(not _is_unobserved(seen.get(name)) for name in names)
            for host in _hosts_of(ground)
            for seen in host["endpoints"]
        )

    return count


def _is_unobserved(reading: object) -> bool:
    return reading is None or (isinstance(reading, dict) and "unobserved" in reading)


SCAN_HOST: Final = Tool(
    name="scan host",
    commands=lambda ground: [
        [
            *(beside_python("scan"), "host", f"{next(ground.names())}:{ground.port}"),
            *("--protocol", "ftp", "--format", "json"),
            *("--history", str(ground.folder / "history.db")),
        ]
    ],
    found=lambda ground: ground.output.read_text(encoding="utf-8").count('"open-zone"') and 1,
    work="every question of a scan, samples of files, a judged report",
)


# --- peers -------------------------------------------------------------------------------


def nmap(script: str, sign: str, work: str, *, extra: str = "") -> Tool:
    """Return nmap with one script, tuned; ``sign`` is what it prints of each host."""
    return Tool(
        name=f"nmap {script}",
        commands=lambda ground: [
            [
                *(*_NMAP.split(), *_parallel(ground), *extra.split()),
                *("--script", script, "-p", str(ground.port)),
                *("-iL", str(ground.places), "-oN", str(ground.folder / "nmap.txt")),
            ]
        ],
        found=partial(_signs, name="nmap.txt", sign=sign),
        work=work,
    )


def _parallel(ground: Ground) -> list[str]:
    """Return how much nmap does at once: as it likes best, unless the servers take less."""
    least, most = _NMAP_PARALLEL
    if ground.connections < least:
        least = most = ground.connections
    return ["--min-parallelism", str(least), "--max-parallelism", str(most)]


def _signs(ground: Ground, *, name: str, sign: str) -> int:
    path = ground.folder / name
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        return sum(line.count(sign) for line in lines)


ANONYMOUS: Final = nmap(
    "ftp-anon",
    "ftp-anon: Anonymous FTP login allowed",
    "one more connect to find the port; USER, PASS, PASV, LIST; prints twenty names",
)
IMPATIENT: Final = nmap(
    "ftp-anon",
    "ftp-anon: Anonymous FTP login allowed",
    "as before; scripts are given 3 s",
    extra="--script-timeout 3s",
)
CERTIFICATES: Final = nmap(
    "ssl-cert",
    "ssl-cert: Subject:",
    "one more connect to find the port; AUTH TLS, handshake, prints the certificate",
)
ALGORITHMS: Final = nmap(
    "ssh2-enum-algos",
    "ssh2-enum-algos:",
    "one more connect to find the port; prints the name-lists",
)
NMAP_ONE: Final = Tool(
    name="nmap ftp-anon",
    commands=lambda ground: [
        [
            *("nmap", "-n", "-Pn", "-p", str(ground.port), "--script", "ftp-anon"),
            *("-oN", str(ground.folder / "nmap.txt"), next(ground.names())),
        ]
    ],
    found=ANONYMOUS.found,
    work="a connect to find the port, an anonymous login and one listing",
)


def _curl(ground: Ground) -> list[list[str]]:
    wanted = ground.folder / "curl.txt"
    with wanted.open("w", encoding="ascii") as file:
        for place in ground.names():
            file.write(f'url = "ftp://{place}/"\noutput = "/dev/null"\n')
    said = ["--silent", "--write-out", "ended with %{exitcode};\\n", "--config", str(wanted)]
    at_once = min(_CURL_PARALLEL, ground.connections)
    return [["curl", "-Z", "--parallel-max", str(at_once), *said]]


CURL: Final = Tool(
    name="curl -Z",
    commands=_curl,
    found=partial(_signs, name="output.txt", sign="ended with 0;"),
    work="one process, 300 at once (its most); PWD, TYPE and LIST beside W2; keeps nothing; given "
    "2,000 hosts, for with each further one it takes more for all",
    most=2_000,
)


def library(name: str, work: str, *, connections: int = 0, fewer: int = 1) -> Tool:
    """Return a Python library doing the row's unit (``bench.library_clients``)."""
    return Tool(
        name=name,
        commands=lambda ground: [
            [
                *(sys.executable, "-m", "bench.library_clients", name, str(ground.places)),
                str(connections or ground.connections),
            ]
        ],
        found=_first_number,
        work=work,
        fewer=fewer,
    )


AIOFTP: Final = library(
    "aioftp", "W3 on uvloop, with its own TYPE before each transfer; keeps nothing", fewer=5
)
ASYNCSSH: Final = library(
    "asyncssh", "on uvloop; methods of a decoy user over one verified exchange; keeps nothing"
)
PARAMIKO: Final = library("paramiko", "the same in 32 threads; keeps nothing", connections=32)


def _ssh_audit(ground: Ground) -> list[list[str]]:
    program = str(FOLDER / "bin" / "ssh-audit")
    return [[program, "-j", "--skip-rate-test", "--threads", "32", "-T", str(ground.places)]]


SSH_AUDIT: Final = Tool(
    name="ssh-audit",
    commands=_ssh_audit,
    found=lambda ground: sum("kex" in one for one in json.loads(ground.output.read_bytes())),
    work="32 threads, no rate test; asks every key type and group size over further connections, "
    "and no login methods",
    fewer=4,
)


def _sslyze(ground: Ground) -> list[list[str]]:
    wanted = ground.folder / "sslyze.txt"
    wanted.write_text("".join(f"{name}:{ground.port}\n" for name in ground.names()), "ascii")
    words = ["-m", "sslyze", "--starttls", "ftp", "--certinfo", "--targets_in", str(wanted)]
    return [[str(FOLDER / "bin" / "python"), *words]]


SSLYZE: Final = Tool(
    name="sslyze",
    commands=_sslyze,
    found=partial(_signs, name="output.txt", sign=", SNI enabled)"),
    work="--certinfo: several handshakes, and chains judged by five trust stores",
    fewer=40,
)


# --- memory ------------------------------------------------------------------------------


def idle(kind: str, octet: int) -> Tool:
    """Return what opens all hosts at once, reads the greeting, and tells bytes for each."""
    return Tool(
        name=f"idle, {kind}",
        commands=lambda ground: [
            [sys.executable, "-m", "bench.idle_memory", kind, str(ground.places)]
        ],
        found=_first_number,
        figure=lambda ground: float(ground.output.read_text(encoding="utf-8").split()[1]) / 1000,
        work="figure: KB of resident memory for each open connection",
        octet=octet,
    )
