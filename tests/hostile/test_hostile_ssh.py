"""Every hostile SSH server, scanned with little patience: the scan ends, small, and tells the truth.

What each may show stands beside it in ``ssh_cases``. The target pins the key of the one peer that
all of them play, and supplies an account: a client that takes a forged server for it would hand
over the password.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.clients.faults import Fault
from scanner.model.ssh import SshFacts
from scanner.model.target import Endpoint, Limits, Protocol, Target
from scanner.probes.sftp import observe_sftp
from tests.clients.ssh_lab import a_dialer
from tests.hostile.ssh_cases import APART, CASES
from tests.hostile.ssh_lab import (
    ASSET_SECONDS,
    SECRET,
    STEP_SECONDS,
    Outcome,
    all_hostile,
    scan_each,
    scan_run,
    target_of,
)
from tests.hostile_runs.words import dangerous, obeyed
from tests.matrix.normal import normalised
from tests.probes.memory_tree import a_context
from tests.servers import Server
from tests.servers.fixtures import StartServer

MEBIBYTE: Final = 1024 * 1024
MARGIN_SECONDS: Final = 2.0
MOST_CONNECTIONS: Final = 12
"""Far more than any question needs, and far fewer than a server would call an attack."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Scan every hostile server by itself."""
    return asyncio.run(scan_each(tmp_path_factory.mktemp("hostile-ssh")))


@pytest.fixture
def outcome(outcomes: Mapping[str, Outcome], request: pytest.FixtureRequest) -> Outcome:
    """Return the outcome of the case that the test names."""
    found = outcomes[request.param]
    assert "raised" not in found.result, found.result["raised"]
    return found


every_case = pytest.mark.parametrize("outcome", CASES, indirect=True)


@every_case
def test_a_scan_ends_in_time_and_small(outcome: Outcome) -> None:
    assert outcome.result["seconds"] < ASSET_SECONDS + MARGIN_SECONDS
    assert outcome.result["growth"] < 100 * MEBIBYTE


async def test_a_prime_that_takes_a_minute_to_check_holds_up_nobody(tmp_path: Path) -> None:
    """A process scans many hosts at a time: none may keep it calculating past its own time."""
    (outcome,) = (await scan_each(tmp_path, APART, seconds=30)).values()
    assert "raised" not in outcome.result, outcome.result["raised"]
    assert outcome.result["seconds"] < ASSET_SECONDS + MARGIN_SECONDS
    assert outcome.read("host_keys") in outcome.case.shows["host_keys"].split("|")


@every_case
def test_every_fact_reads_as_the_server_behaved(outcome: Outcome) -> None:
    wrong = {
        fact: f"{read}, not {expected}"
        for fact, expected in outcome.case.shows.items()
        if (read := outcome.read(fact)) not in expected.split("|")
    }
    assert wrong == {}


@every_case
def test_nothing_is_a_fault_of_the_scanner(outcome: Outcome) -> None:
    (host,) = json.loads(outcome.result["encoded"])["hosts"]
    assert outcome.endpoint["fault"] is None
    assert "error" not in {row["verdict"] for row in host["failures"]}


@every_case
def test_what_nobody_saw_does_not_pass(outcome: Outcome) -> None:
    (host,) = json.loads(outcome.result["encoded"])["hosts"]
    passed = {
        finding["facet"]
        for row in host["failures"]
        for finding in row["findings"]
        if finding["verdict"] == "pass"
    }
    if outcome.read("kexinit") != "seen":
        assert not {facet for facet in passed if facet.startswith("ssh-")}
    if outcome.read("host_keys") != "seen":
        assert "ssh-host-key" not in passed
    if outcome.read("view") != "seen":
        assert "clear-data" not in passed


@every_case
def test_the_password_goes_to_the_pinned_server_alone_and_once(outcome: Outcome) -> None:
    secret = SECRET.encode()
    assert not any(secret in connection.clear for connection in outcome.connections)
    sent = sum(connection.protected.count(secret) for connection in outcome.connections)
    assert sent <= outcome.case.trusted
    assert SECRET not in json.dumps(outcome.result)


@every_case
def test_no_server_is_hammered(outcome: Outcome) -> None:
    assert len(outcome.connections) <= MOST_CONNECTIONS


@every_case
def test_nothing_that_a_terminal_obeys_is_passed_on(outcome: Outcome) -> None:
    lines = outcome.result["text"].split("\n")
    assert [line for line in lines if obeyed(line)] == []
    assert [line for line in lines if line.startswith("open-zone               PASS  owned")] == []
    assert dangerous(json.loads(outcome.result["encoded"])) == []
    assert dangerous(outcome.result["observations"]) == []
    assert dangerous(outcome.result["incomplete"]) == []


async def test_a_probe_ends_by_itself_whoever_answers() -> None:
    async with all_hostile() as endpoints:
        ends = await asyncio.gather(*(_probe(endpoint.port) for endpoint in endpoints.values()))
    named = dict(zip(endpoints, ends, strict=True))
    assert {name: str(end) for name, end in named.items() if not isinstance(end, _ENDS)} == {}


_ENDS: Final = (SshFacts, Fault)


async def _probe(port: int) -> SshFacts | BaseException:
    target = Target(
        asset="hostile",
        host="127.0.0.1",
        endpoints=(Endpoint(port=port, protocol=Protocol.SFTP),),
        limits=Limits(timeout_seconds=STEP_SECONDS, asset_seconds=ASSET_SECONDS),
    )
    try:
        # All of them share one processor here, hence the patience.
        async with asyncio.timeout(10 * ASSET_SECONDS):
            return await observe_sftp(a_dialer(port), a_context(target))
    except Exception as error:  # noqa: BLE001 - the test is to name who raised it
        return error


async def test_a_good_server_among_them_is_scanned_as_if_it_were_alone(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("openssh-password")
    alone = await scan_run(tmp_path / "alone", _good(server))
    async with all_hostile() as endpoints:
        hostile = [target_of(name, endpoint) for name, endpoint in endpoints.items()]
        half = len(hostile) // 2
        mixed = [*hostile[:half], _good(server), *hostile[half:]]
        together = await scan_run(tmp_path / "together", *mixed)
    assert set(together) == {*CASES, "good"}
    assert normalised(together["good"]) == normalised(alone["good"])


def _good(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "asset": "good",
        "endpoints": [{"port": server.port, "protocol": "sftp"}],
        "host_keys": [key.fingerprint for key in server.host_keys],
        "timeout_seconds": 30,
    }
