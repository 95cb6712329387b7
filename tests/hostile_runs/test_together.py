"""All hostile servers in one run, beside servers that mean well and are scanned as ever."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.hostile_runs.cases import CASES
from tests.hostile_runs.lab import (
    ASSET_SECONDS,
    ROOT,
    all_hostile,
    target_of,
    write_targets,
)
from tests.hostile_runs.words import dangerous, obeyed
from tests.matrix.lab import history_in
from tests.matrix.normal import normalised
from tests.servers import POSTURES, Server
from tests.servers.packages import Prefix

GOOD: Final = (
    "vsftpd-plain",
    "vsftpd-tls-optional",
    "vsftpd-implicit",
    "proftpd-tls-on",
    "proftpd-sftp",
    "pureftpd-tls-2",
    "openssh-keys",
    "openssh-password",
    "openssh-legacy",
    "dropbear-password",
)
RUN_SECONDS: Final = 60.0
MARGIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What ``scan run`` left behind."""

    seconds: float
    code: int
    out: str
    err: str
    report: Mapping[str, Any]

    def host(self, asset: str) -> dict[str, Any]:
        (found,) = [host for host in self.report["hosts"] if host["asset"] == asset]
        assert isinstance(found, dict)
        return found


def good_target(name: str, server: Server) -> dict[str, Any]:
    endpoint = {"port": server.port, "protocol": server.protocol}
    return {"host": server.host, "asset": name, "endpoints": [endpoint]}


async def scan_run(folder: Path, targets: Path) -> Run:
    """Run the command in a process of its own; the hostile servers live in this one."""
    reports = folder / "reports"
    history = history_in(folder / "state")
    begun = time.monotonic()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scanner", "run", str(targets)),
        *("--reports", str(reports), "--history", str(history)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    (report,) = reports.glob("2*/report.json")
    return Run(
        seconds=time.monotonic() - begun,
        code=child.returncode or 0,
        out=out.decode(),
        err=err.decode(),
        report=json.loads(report.read_text(encoding="utf-8")),
    )


async def scan_twice(folder: Path, good: Mapping[str, Server]) -> tuple[Run, Run]:
    """Scan the good servers alone, then beside all hostile ones."""
    meant_well = [good_target(name, server) for name, server in good.items()]
    alone = folder / "alone"
    first = await scan_run(alone, write_targets(alone, *meant_well))
    together = folder / "together"
    async with all_hostile(folder) as (ground, endpoints, _trap):
        hostile = [target_of(name, case, endpoints[name], ground) for name, case in CASES.items()]
        mixed = [*hostile[::2], *meant_well, *hostile[1::2]]
        second = await scan_run(together, write_targets(together, *mixed))
    return first, second


@pytest.fixture(scope="module")
def runs(server_packages: Prefix, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    with ExitStack() as stack:
        good = {name: stack.enter_context(POSTURES[name].running()) for name in GOOD}
        return asyncio.run(scan_twice(tmp_path_factory.mktemp("together"), good))


@pytest.fixture(scope="module")
def alone(runs: tuple[Run, Run]) -> Run:
    return runs[0]


@pytest.fixture(scope="module")
def together(runs: tuple[Run, Run]) -> Run:
    return runs[1]


def test_the_run_ends_with_every_target_in_its_report(together: Run) -> None:
    assets = [host["asset"] for host in together.report["hosts"]]
    expected = [*GOOD, *(name.replace(":", "-") for name in CASES)]
    assert sorted(assets) == sorted(expected)
    assert together.report["scan"]["coverage"]["targeted"] == len(expected)
    assert together.code == 1
    assert "Traceback" not in together.err


@pytest.mark.parametrize("name", GOOD)
def test_a_good_server_is_scanned_as_if_it_were_alone(name: str, alone: Run, together: Run) -> None:
    assert normalised(together.host(name)) == normalised(alone.host(name))


def test_no_hostile_server_gets_more_than_its_time(together: Run) -> None:
    late = {
        host["asset"]: seconds
        for host in hostile_hosts(together)
        if (seconds := spent(host)) > ASSET_SECONDS + MARGIN_SECONDS
    }
    assert late == {}


def spent(host: Mapping[str, Any]) -> float:
    (look,) = host["vantages"]
    begun, ended = (datetime.fromisoformat(look[key]) for key in ("started", "finished"))
    return (ended - begun).total_seconds()


def hostile_hosts(run: Run) -> Iterator[dict[str, Any]]:
    return (host for host in run.report["hosts"] if host["asset"] not in GOOD)


def test_no_hostile_server_meets_a_fault_of_the_scanner(together: Run) -> None:
    verdicts = {row["verdict"] for host in together.report["hosts"] for row in host["failures"]}
    assert "error" not in verdicts


def test_nothing_that_a_terminal_obeys_is_passed_on(together: Run) -> None:
    assert dangerous(together.report) == []
    lines = [*together.out.split("\n"), *together.err.split("\n")]
    assert [line for line in lines if obeyed(line)] == []
