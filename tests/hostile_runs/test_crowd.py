"""One thousand hostile servers cost two hundred good ones nothing, and end with the run."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.hostile_runs.crowd import (
    GOOD,
    HOSTILE,
    RUN_SECONDS,
    Crowd,
    Hostile,
    good_targets,
    hostile_targets,
    many_open_files,
    scan_run,
)
from tests.hostile_runs.ground import SECRET
from tests.hostile_runs.lab import ROOT
from tests.hostile_runs.words import obeyed
from tests.matrix.normal import normalised
from tests.servers.packages import Prefix

MEBIBYTE: Final = 1024 * 1024
PEAK: Final = 320 * MEBIBYTE
"""The good servers alone take some 105 MiB, and a crowd that is contained takes hardly more. Held
for each of the 500 that talk at once, half of the 1 MiB that a reply may have would be 250 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    alone: Crowd
    together: Crowd
    hostile: Hostile


async def scan_twice(folder: Path) -> Scene:
    """Scan the good servers alone, then among the hostile ones."""
    with many_open_files(), good_targets() as good:
        alone = await scan_run(folder / "alone", *good)
        async with hostile_targets(folder) as hostile:
            each = HOSTILE // GOOD
            mixed = [
                target
                for place, one in enumerate(good)
                for target in (*hostile.targets[place * each : (place + 1) * each], one)
            ]
            together = await scan_run(folder / "together", *mixed)
    return Scene(alone=alone, together=together, hostile=hostile)


@pytest.fixture(scope="module")
def scene(server_packages: Prefix, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with warnings.catch_warnings():
        # A connection that is made while the servers' loop ends belongs to nobody.
        warnings.simplefilter("ignore", ResourceWarning)
        seen = asyncio.run(scan_twice(tmp_path_factory.mktemp("crowd")))
        gc.collect()
    return seen


# Two runs of up to RUN_SECONDS belong to the first test, whichever it is.
pytestmark = pytest.mark.timeout(3 * RUN_SECONDS)


def test_the_good_servers_were_looked_at(scene: Scene) -> None:
    hosts = scene.alone.hosts.values()
    assert len(hosts) == GOOD
    states = {endpoint["state"] for host in hosts for endpoint in host["endpoints"]}
    assert states == {"open"}
    accounts = [account for host in hosts for account in host["credentials"]]
    assert {account["status"] for account in accounts} == {"accepted"}


def test_the_hostile_servers_were_met(scene: Scene) -> None:
    assert len(scene.hostile.endpoints) == HOSTILE
    met = [one for one in scene.hostile.endpoints if one.connections]
    # All of them where there is time. On a busy machine a second may pass before a connection
    # that the kernel has made is seen by either side.
    assert len(met) > HOSTILE * 9 // 10


def test_every_target_stands_once_in_the_report(scene: Scene) -> None:
    assert len(scene.together.report["hosts"]) == HOSTILE + GOOD
    assert len(scene.together.hosts) == HOSTILE + GOOD
    assert scene.together.report["scan"]["coverage"]["targeted"] == HOSTILE + GOOD


def difference(alone: Any, together: Any, place: str = "") -> str:
    """Return the first place where two documents differ, and how; nothing where they do not."""
    if isinstance(alone, dict) and isinstance(together, dict) and alone.keys() == together.keys():
        told = (difference(alone[key], together[key], f"{place}.{key}") for key in alone)
        return next(filter(None, told), "")
    if isinstance(alone, list) and isinstance(together, list) and len(alone) == len(together):
        pairs = enumerate(zip(alone, together, strict=True))
        told = (difference(one, other, f"{place}[{at}]") for at, (one, other) in pairs)
        return next(filter(None, told), "")
    return "" if alone == together else f"{place}: {str(alone)[:200]} / {str(together)[:200]}"


def test_a_good_server_is_scanned_as_if_it_were_alone(scene: Scene) -> None:
    together = scene.together.hosts
    differing = {
        asset: told
        for asset, host in scene.alone.hosts.items()
        if (told := difference(normalised(host), normalised(together[asset])))
    }
    assert differing == {}


def test_the_run_ends_in_time_and_stays_small(scene: Scene) -> None:
    assert scene.together.code == 1, scene.together.out[-2000:]
    assert scene.together.seconds < RUN_SECONDS
    assert scene.together.peak < PEAK


def test_no_server_meets_a_fault_of_the_scanner(scene: Scene) -> None:
    hosts = scene.together.hosts.values()
    assert "error" not in {row["verdict"] for host in hosts for row in host["failures"]}
    assert {endpoint["fault"] for host in hosts for endpoint in host["endpoints"]} == {None}
    assert "Traceback" not in scene.together.out


def test_an_announced_address_is_never_dialled(scene: Scene) -> None:
    assert scene.hostile.trap.connections == []


def test_the_supplied_password_goes_into_nothing_clear_and_no_output(scene: Scene) -> None:
    secret = SECRET.encode()
    connections = [one for endpoint in scene.hostile.endpoints for one in endpoint.connections]
    assert not any(secret in one.clear for one in connections)
    assert SECRET not in json.dumps(scene.together.report)
    assert SECRET not in scene.together.out


def test_a_machine_that_allows_too_few_open_files_is_told_so() -> None:
    said = "from tests.hostile_runs.crowd import many_open_files as limit\nwith limit(): pass"
    short = ["sh", "-c", 'ulimit -n 1024; exec "$0" -c "$1"', sys.executable, said]
    done = subprocess.run(short, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "need 8192 open files, and the hard limit here is 1024" in done.stderr


def test_nothing_that_a_terminal_obeys_is_passed_on(scene: Scene) -> None:
    assert [line for line in scene.together.out.split("\n") if obeyed(line)] == []
