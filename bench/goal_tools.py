"""Our tools of the goals table and the floor: how each is run, and how its answers are counted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from bench.machine import beside_python
from bench.probed import RECORDS
from bench.simulator import NEVER, addresses, built
from scanner.report.stream import hosts_in


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
    """One line of a row. ``commands`` run at once on ``cores``, each on its own or one on all;
    ``found`` counts the hosts that were answered in full. ``work`` says how its work differs. It
    gets one in ``fewer`` hosts, at most ``most``.
    """

    name: str
    commands: Commands
    found: Count
    work: str = ""
    cores: int = 1
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
        found=first_number,
        work=f"{unit} and nothing else; keeps nothing",
    )


def first_number(ground: Ground) -> int:
    """Return the number that a tool's output begins with; 0 where there is none."""
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
    shares: int = 1,
    processes: int = 1,
    live_only: bool = False,
    among: int = 1,
    **limits: object,
) -> Tool:
    """Return ``scan run`` itself: as many runs as there are shares of the hosts, or one run in
    which as many processes look. ``among``: each host is one of so many in the targets file, of
    whom no other is looked at.
    """

    def commands(ground: Ground) -> list[list[str]]:
        targets = _targets(ground, limits, among)
        looking = ["--processes", str(processes)] if processes > 1 else []
        all_shares = shares * among
        return [
            [*_run(ground, targets, share, all_shares), *looking] for share in range(1, shares + 1)
        ]

    return Tool(
        name=name,
        commands=commands,
        found=found,
        cores=max(shares, processes),
        live_only=live_only,
        work="every question of a scan; saves observations, judges, scores, reports with evidence, "
        "remembers"
        + (f"; {shares} runs, a share of the hosts each" if shares > 1 else "")
        + (f"; {processes} processes look, and a further one judges" if processes > 1 else "")
        + (f"; the file holds {among} times as many targets" if among > 1 else ""),
    )


_NO_LIMITS: Final = ("timeout_seconds",)
"""What stands beside the limits in a targets file."""


def _run(ground: Ground, targets: Path, share: int, shares: int) -> list[str]:
    where = ground.folder / str(share)
    where.mkdir(exist_ok=True)
    return [
        *(beside_python("scan"), "run", str(targets), "--shard", f"{share}/{shares}"),
        *("--reports", str(where / "reports"), "--history", str(where / "history.db")),
    ]


def _targets(ground: Ground, limits: dict[str, object], among: int = 1) -> Path:
    """Write the targets file, host by host: there may be a million. Behind each host stand others,
    so that it is one of ``among``.
    """
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
        others = addresses(ground.hosts * (among - 1), NEVER)
        for number, place in enumerate(ground.names()):
            host, _, port = place.partition(":")
            endpoints = [{"port": int(port or ground.port), "protocol": protocol}]
            for position, each in enumerate([host, *islice(others, among - 1)]):
                told = json.dumps({"host": each, "endpoints": endpoints})
                file.write(f"{',' if number or position else ''}\n{told}")
        file.write("\n]}\n")
    return path


def _hosts_of(ground: Ground) -> Iterator[dict[str, Any]]:
    # Host by host: what this process holds in memory would count in its children's peak.
    reports = list(ground.folder.glob("*/reports/2*/report.json"))  # not again by ``latest``
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


# --- memory ------------------------------------------------------------------------------


def content(kind: str) -> Tool:
    """Return what reads a sample of 64 KiB for each host, and tells megabytes a second."""
    return Tool(
        name=f"content, {kind}",
        commands=lambda ground: [
            [sys.executable, "-m", "bench.content_speed", kind, str(ground.places)]
        ],
        found=first_number,
        figure=lambda ground: float(ground.output.read_text(encoding="utf-8").split()[1]),
        work="figure: MB/s of what recognises data in files; its CPU has the making of the samples",
    )


def idle(kind: str, octet: int) -> Tool:
    """Return what opens all hosts at once, reads the greeting, and tells bytes for each."""
    return Tool(
        name=f"idle, {kind}",
        commands=lambda ground: [
            [sys.executable, "-m", "bench.idle_memory", kind, str(ground.places)]
        ],
        found=first_number,
        figure=lambda ground: float(ground.output.read_text(encoding="utf-8").split()[1]) / 1000,
        work="figure: KB of resident memory for each open connection",
        octet=octet,
    )
