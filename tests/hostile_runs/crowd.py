"""A thousand hostile servers and two hundred that mean well, scanned by one ``scan run``."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile import UNUSED_ADDRESS, Endpoint, serving, silent
from tests.hostile_runs.cases import CASES, Case
from tests.hostile_runs.ground import prepare
from tests.hostile_runs.lab import ROOT, target_of, write_targets
from tests.matrix.lab import history_in, trust_in
from tests.servers import (
    MODERN,
    Openssh,
    Options,
    Proftpd,
    ProftpdSftp,
    Pureftpd,
    Server,
    Vsftpd,
    running,
)
from tests.servers.process import EVERYWHERE

HOSTILE: Final = 1000
GOOD: Final = 200
AT_ONCE: Final = 500
"""Assets that are scanned at the same time: what a targets file that says nothing gets."""
GOOD_SERVERS: Final[Mapping[str, Options]] = {
    "vsftpd-plain": Vsftpd(place=EVERYWHERE),
    "vsftpd-tls-optional": Vsftpd(place=EVERYWHERE, tls=MODERN, local_users=True),
    "vsftpd-tls-required": Vsftpd(place=EVERYWHERE, tls=MODERN, tls_required="everybody"),
    "proftpd-tls-on": Proftpd(place=EVERYWHERE, tls=MODERN, tls_required="on"),
    "proftpd-sftp": ProftpdSftp(place=EVERYWHERE),
    # Fifty clients at the same time are all that this one takes by default.
    "pureftpd-plain": Pureftpd(place=EVERYWHERE, extra=("-c", "200")),
    "pureftpd-tls-2": Pureftpd(place=EVERYWHERE, tls_level=2, extra=("-c", "200")),
    "openssh-password": Openssh(place=EVERYWHERE),
}
HOSTILE_SECONDS: Final = 12.0
"""For one hostile server: more than alone, as five hundred share the scanner's processor."""
RUN_SECONDS: Final = 120.0
"""After which a run has not ended in time, and is killed."""
_OPEN_FILES: Final = 8192
"""A listener and at most three connections for each hostile server, and as much again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What one ``scan run`` came to. ``peak`` is of its largest process, in bytes."""

    seconds: float
    code: int
    peak: int
    out: str
    report: Mapping[str, Any]

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The report's hosts by their asset."""
        return {host["asset"]: host for host in self.report["hosts"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """The servers that misbehave, in the order of their targets; ``trap`` is where some lead to."""

    targets: Sequence[Mapping[str, Any]]
    endpoints: Sequence[Endpoint]
    trap: Endpoint


@contextmanager
def many_open_files() -> Iterator[None]:
    """Let this process, and those it starts, hold a file for each server of the crowd.

    Raises RuntimeError where the machine forbids it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES:
        raise RuntimeError(
            f"{HOSTILE} servers at once need {_OPEN_FILES} open files, and the hard limit here is "
            f"{hard}: raise it (ulimit -Hn, nofile in limits.conf, --ulimit of a container)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _OPEN_FILES), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def good_targets() -> Iterator[list[dict[str, Any]]]:
    """Run the servers that mean well, each on every address, and yield the hosts they play."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running(options)) for options in GOOD_SERVERS.values()]
        named = list(zip(GOOD_SERVERS, servers, strict=True))
        for name, server in named:
            if server.protocol == "sftp":
                os.environ[_secret(name)] = server.user("transfer").password
                stack.callback(os.environ.pop, _secret(name))
        taken = itertools.islice(itertools.cycle(named), GOOD)
        yield [_good(place, name, server) for place, (name, server) in enumerate(taken, 1)]


def _secret(name: str) -> str:
    return f"CROWD_{name.upper().replace('-', '_')}"


def _good(place: int, name: str, server: Server) -> dict[str, Any]:
    # Time enough, however busy the others keep the machine: speed is not what is compared.
    target: dict[str, Any] = {
        "host": f"127.77.0.{place}",
        "asset": f"good-{place}-{name}",
        "endpoints": [{"port": server.port, "protocol": server.protocol}],
        "timeout_seconds": 30,
    }
    if server.protocol == "sftp":
        account = {"username": "transfer", "password": f"env:{_secret(name)}"}
        target |= {"accounts": [account], **trust_in(server)}
    return target


@asynccontextmanager
async def hostile_targets(folder: Path) -> AsyncIterator[Hostile]:
    """Serve every hostile behaviour again and again, each time on an address of its own."""
    async with AsyncExitStack() as stack:
        trap = await stack.enter_async_context(serving(silent(), host=UNUSED_ADDRESS))
        ground = prepare(folder, trap.port)
        targets: list[dict[str, Any]] = []
        endpoints: list[Endpoint] = []
        for number, (name, case) in enumerate(_repeated()):
            address = f"127.78.{number // 250}.{number % 250 + 1}"
            context = case.implicit(ground) if case.implicit else None
            endpoint = await stack.enter_async_context(
                serving(case.make(ground), host=address, context=context)
            )
            target = target_of(name, case, endpoint, ground)
            target |= {"host": address, "asset": f"{target['asset']}-{number}"}
            target |= {"timeout_seconds": 2, "limits": {"asset_seconds": HOSTILE_SECONDS}}
            if "tls" in target:
                target["tls"] |= {"server_name": "localhost"}  # so that passwords are sent, too
            targets.append(target)
            endpoints.append(endpoint)
        yield Hostile(targets=targets, endpoints=endpoints, trap=trap)


def _repeated() -> Iterator[tuple[str, Case]]:
    return itertools.islice(itertools.cycle(CASES.items()), HOSTILE)


async def scan_run(folder: Path, *targets: Mapping[str, Any]) -> Crowd:
    """Scan the targets with the command, in a process of its own, and wait for it in a thread."""
    file = write_targets(folder, *targets, connections=AT_ONCE)
    return await asyncio.to_thread(_waited_for, folder, file)


_MEASURE: Final = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as told:
    told.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
"""Runs a command and notes the most KiB that a process of it held. It is small itself: what a
process held before it became another program counts as that program's (getrusage(2))."""


def _waited_for(folder: Path, file: Path) -> Crowd:
    history = history_in(folder / "state")
    command = [sys.executable, "-m", "scanner", "run", str(file)]
    command += ["--reports", str(folder / "reports"), "--history", str(history)]
    words, peak = folder / "words", folder / "peak"
    killed = ["timeout", "--signal=KILL", str(RUN_SECONDS), *command]
    begun = time.monotonic()
    with words.open("wb") as sink:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(peak), *killed],
            cwd=ROOT,
            stdout=sink,
            stderr=subprocess.STDOUT,
            check=False,
        )
    seconds = time.monotonic() - begun
    out = words.read_text(encoding="utf-8")
    reports = list((folder / "reports").glob("2*/report.json"))
    assert reports, f"no report after {seconds:.0f} s and exit {done.returncode}: {out[-2000:]}"
    return Crowd(
        seconds=seconds,
        code=done.returncode,
        peak=int(peak.read_text(encoding="ascii")) * 1024,
        out=out,
        report=json.loads(reports[0].read_text(encoding="utf-8")),
    )
