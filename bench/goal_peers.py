"""The peers of the goals table: how each is run, in its favour, and how its answers are counted."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Final

from bench.goal_tools import Ground, Tool, first_number
from bench.peer_programs import FOLDER
from bench.ssh_tools import NMAP as NMAP_SSH
from bench.ssh_tools import At
from bench.ssh_tools import nmap as nmap_ssh

_NMAP: Final = "nmap -n -Pn -sT -T5 --min-hostgroup 4096"
_NMAP_PARALLEL: Final = (256, 5000)  # at least, at most: more gains nothing
_CURL_PARALLEL: Final = 300  # the most that curl takes


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
        found=first_number,
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


# To find the port, nmap connects to every host of a group at once. They are one sshd, which lets
# 128 connections wait to be taken. A SYN beyond is dropped, and sent again after a second: nmap
# does not wait so long, calls the host's port filtered, and asks it nothing.
_SSH_GROUP: Final = 64


def _ssh_scripts(ground: Ground) -> list[list[str]]:
    servers = [At(host, int(port)) for host, _, port in map(_parted, ground.names())]
    return [nmap_ssh(servers, ground.folder, "--max-hostgroup", str(_SSH_GROUP))]


def _parted(place: str) -> tuple[str, str, str]:
    return place.partition(":")


SSH_SCRIPTS: Final = Tool(
    name="nmap, three SSH scripts",
    commands=_ssh_scripts,
    found=lambda ground: NMAP_SSH.found(ground.folder),
    work="ssh2-enum-algos, ssh-auth-methods of a decoy, ssh-hostkey",
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
