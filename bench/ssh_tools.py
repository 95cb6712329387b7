"""How ssh-audit, nmap and the scanner are asked about SSH servers, one or many in one call."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.machine import beside_python
from bench.peer_programs import FOLDER
from scanner.report.stream import hosts_in

DECOY: Final = "qzx-nobody-71"
"""Whom nmap asks for login methods: nobody of that name lives on a server of the tests."""
THREADS: Final = 32
"""What ssh-audit takes by default."""
_SCRIPTS: Final = "ssh2-enum-algos,ssh-auth-methods,ssh-hostkey"
_ARGUMENTS: Final = f"ssh.user={DECOY},ssh_hostkey=all"
_COMPLETE: Final = ("kexinit", "host_keys", "methods")


@dataclass(frozen=True, slots=True)
class At:
    """One server: where it answers."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tool:
    """``command`` returns the words to run, and writes what they read into the folder.

    ``found`` counts the servers of which the tool then told what it tells of any.
    Standard output goes to ``output(folder)``.
    """

    name: str
    command: Callable[[Sequence[At], Path], list[str]]
    found: Callable[[Path], int]


def output(folder: Path) -> Path:
    """Return the file that a tool's standard output belongs into."""
    return folder / "output.txt"


def nmap_output(folder: Path) -> Path:
    """Return the file of nmap's XML."""
    return folder / "nmap.xml"


def only_host(folder: Path) -> dict[str, Any]:
    """Return the one endpoint of the document that ``scan host`` printed."""
    (host,) = json.loads(output(folder).read_text(encoding="utf-8"))["hosts"]
    (seen,) = host["endpoints"]
    assert isinstance(seen, dict)
    return seen


def audited(folder: Path) -> list[dict[str, Any]]:
    """Return what ssh-audit printed of each server."""
    told = json.loads(output(folder).read_text(encoding="utf-8"))
    return told if isinstance(told, list) else [told]


# --- one call ----------------------------------------------------------------------------


def _nmap(servers: Sequence[At], folder: Path) -> list[str]:
    return nmap(servers, folder, "--min-hostgroup", "64")


def nmap(servers: Sequence[At], folder: Path, *groups: str) -> list[str]:
    """Return nmap with its three SSH scripts. ``groups`` say how many of several servers it takes
    at once.
    """
    # Scripts ask for the service of a port; the table of services is the gentlest way to tell.
    ports = sorted({one.port for one in servers})
    table = "".join(f"ssh\t{port}/tcp\t0.5\n" for port in ports)
    (folder / "nmap-services").write_text(table, encoding="ascii")
    names = folder / "hosts.txt"
    names.write_text("".join(f"{one.host}\n" for one in servers), encoding="ascii")
    words = ["nmap", "-n", "-Pn", "-sT", "--datadir", str(folder), "-iL", str(names)]
    words += ["-p", ",".join(map(str, ports)), "--script", _SCRIPTS, "--script-args", _ARGUMENTS]
    words += ["-T4", *groups] if len(servers) > 1 else []
    return [*words, "-oX", str(nmap_output(folder))]


def _ssh_audit(servers: Sequence[At], folder: Path) -> list[str]:
    words = [str(FOLDER / "bin" / "ssh-audit"), "-j", "--skip-rate-test"]
    if len(servers) == 1:
        return [*words, "-p", str(servers[0].port), servers[0].host]
    names = folder / "targets.txt"
    names.write_text("".join(f"{one}\n" for one in servers), encoding="ascii")
    return [*words, "--threads", str(THREADS), "-T", str(names)]


def _scan_host(servers: Sequence[At], folder: Path) -> list[str]:
    (server,) = servers
    words = [beside_python("scan"), "host", str(server), "--protocol", "sftp"]
    return [*words, "--format", "json", "--history", str(folder / "history.db")]


def _scan_run(servers: Sequence[At], folder: Path) -> list[str]:
    return scan_run(servers, folder, connections=len(servers))


def scan_run(servers: Sequence[At], folder: Path, *, connections: int) -> list[str]:
    """Return ``scan run`` over the servers, ``connections`` of them at once."""
    document = {
        "version": 1,
        "authorisation": {"reference": "bench", "scope": ["127.0.0.0/8"]},
        "defaults": {"limits": {"connections": connections}},
        "targets": [
            {"host": one.host, "endpoints": [{"port": one.port, "protocol": "sftp"}]}
            for one in servers
        ],
    }
    targets, reports = folder / "targets.json", folder / "reports"
    targets.write_text(json.dumps(document), encoding="utf-8")
    shutil.rmtree(reports, ignore_errors=True)
    words = [beside_python("scan"), "run", str(targets), "--reports", str(reports)]
    return [*words, "--history", str(folder / "history.db")]


# --- what it brought ---------------------------------------------------------------------


def _found_nmap(folder: Path) -> int:
    text = nmap_output(folder).read_text(encoding="utf-8", errors="replace")
    scripts = [f'<script id="{name}"' for name in _SCRIPTS.split(",")]
    return min(text.count(script) for script in scripts)


def _found_ssh_audit(folder: Path) -> int:
    return sum("kex" in one for one in audited(folder))


def _found_scan_host(folder: Path) -> int:
    return int(_is_complete(only_host(folder)))


def found_scan_run(folder: Path) -> int:
    """Count the hosts of a run whose algorithms, host keys and login methods were seen."""
    (report,) = (folder / "reports").glob("2*/report.json")
    # Host by host: what this process holds in memory would count in its children's peak.
    with report.open(encoding="utf-8") as lines:
        return sum(_is_complete(seen) for host in hosts_in(lines) for seen in host["endpoints"])


def missed_scan_run(folder: Path) -> Counter[str]:
    """Return why facts of a run's hosts are missing, and how often."""
    (report,) = (folder / "reports").glob("2*/report.json")
    with report.open(encoding="utf-8") as lines:
        return Counter(
            why for host in hosts_in(lines) for seen in host["endpoints"] for why in _gaps(seen)
        )


def _is_complete(endpoint: dict[str, Any]) -> bool:
    return not any(_gaps(endpoint))


def _gaps(endpoint: dict[str, Any]) -> Iterator[str]:
    for name in _COMPLETE:
        reading = endpoint.get(name, {"unobserved": endpoint["reason"], "detail": ""})
        if isinstance(reading, dict) and "unobserved" in reading:
            detail = reading.get("detail") or endpoint["detail"]
            yield f"{name}: {reading['unobserved']} ({detail})"


NMAP: Final = Tool("nmap", _nmap, _found_nmap)
SSH_AUDIT: Final = Tool("ssh-audit", _ssh_audit, _found_ssh_audit)
SCAN_HOST: Final = Tool("scan host", _scan_host, _found_scan_host)
SCAN_RUN: Final = Tool("scan run", _scan_run, found_scan_run)
