"""The programs of the goals table: a fleet in a private network, and who talks to it (root)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.goal_peers import AIOFTP
from bench.goal_rows import MIXTURE, ROWS
from bench.goal_servers import Stage, crowded, mixture, written
from bench.goal_tools import Ground, open_zones, scan_run
from bench.page import DOCS, placed
from bench.simulator import addresses
from tests.bench.fleet_manners import DELAY_MS

ROOT = Path(__file__).parents[2]
HOSTS = 24
OWN = ("C floor", "probed")
PEERS = sorted({tool.name for row in ROWS for tool in row.tools} - set(OWN))


def goals(*words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "bench.goals", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def cells(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The cells of every line of the tables that a measurement printed."""
    assert done.returncode == 0, done.stderr[-3000:]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]


def table(*words: str) -> list[list[str]]:
    """The cells of a measurement without peers."""
    return cells(goals(*words, "--rounds", "1", "--without", *PEERS))


def test_the_floor_and_our_clients_do_every_unit_of_work_with_the_whole_fleet() -> None:
    units = ("1", "2", "3", "4", "5")
    lines = table("--rows", *units, "--hosts", str(HOSTS))
    measured = [line for line in lines if line[0] in OWN]
    assert [line[0] for line in measured] == [*OWN] * len(units)
    assert {line[7] for line in measured} == {str(HOSTS)}
    assert {line[9] for line in measured} == {""}
    verdicts = {(line[0], line[2]): line[6] for line in lines if line[0] in units}
    assert verdicts["1", "CPU: probed / C floor"] in {"must", "stretch", "missed"}
    assert verdicts["2", "CPU: probed / curl -Z"] == "void: curl -Z not measured"


def test_a_table_says_in_which_rows_its_fleet_slept() -> None:
    words = ("--rows", "1", "--hosts", str(HOSTS), "--rounds", "1")
    said = "Rows in which the fleet slept at times: 1."
    asleep = goals(*words, "--asleep")
    assert [line[7] for line in cells(asleep) if line[0] in OWN] == [str(HOSTS)] * 2
    assert said in asleep.stdout
    assert said not in goals(*words).stdout


def test_only_simulated_fleets_need_a_core_for_themselves() -> None:
    rows = {row.number: row for row in ROWS}
    assert not crowded(rows["1"], 2)
    assert crowded(rows["1"], 1)
    assert crowded(rows["10"], 2)
    assert not crowded(rows["10"], 3)
    assert not crowded(rows["6b"], 1)


def test_a_run_in_two_shares_and_one_of_two_processes_see_the_whole_fleet() -> None:
    lines = cells(goals("--rows", "10", "--hosts", str(4 * HOSTS), "--rounds", "1"))
    runs = [line for line in lines if line[0].startswith("scan run")]
    assert [line[0] for line in runs] == [
        "scan run",
        "scan run, two shares",
        "scan run --processes 2",
    ]
    assert {(line[7], line[9]) for line in runs} == {(str(HOSTS), "")}
    assert [line[6].startswith("void") for line in lines if line[0] == "10"] == [False] * 4


def test_hosts_of_the_fleet_speak_fall_silent_and_reset_as_they_are_meant_to() -> None:
    inside = ["unshare", "--net", sys.executable, "-m", "tests.bench.fleet_manners"]
    done = subprocess.run(
        inside, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    seen = json.loads(done.stdout)
    assert seen.pop("waited_ms") >= DELAY_MS
    assert seen == {
        "ftp": "220 Fleet simulator",
        "ftps": "TLSv1.3 220 Fleet simulator",
        "ssh": "SSH-2.0-FleetSimulator_1.0",
        "silent": "TimeoutError",
        "resets": "ConnectionResetError",
        "mute": "TimeoutError",
        "late": "220 Fleet simulator",
        "sleeps": True,
        "awake": "220 Fleet simulator",
        "never sleeps": True,
    }


def test_the_page_has_a_place_for_the_table() -> None:
    text = (DOCS / "performance.md").read_text("utf-8")
    assert "a line of ours" in placed(text, "GOALS", ["a line of ours"])


def test_a_share_of_a_large_file_holds_the_hosts_and_as_many_others(tmp_path: Path) -> None:
    places = tmp_path / "places.txt"
    places.write_text("127.1.0.1\n127.1.0.2\n")
    ground = Ground(places=places, hosts=2, live=2, folder=tmp_path, connections=2)
    (command,) = scan_run(open_zones, among=3).commands(ground)
    targets = json.loads((tmp_path / "targets.json").read_text())["targets"]
    hosts = [each["host"] for each in targets]
    assert command[command.index("--shard") + 1] == "1/3"
    assert hosts[0::3] == ["127.1.0.1", "127.1.0.2"]
    assert len(set(hosts)) == 6


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_content_is_read_at_some_speed(tmp_path: Path, kind: str) -> None:
    places = tmp_path / "places.txt"
    places.write_text("127.1.0.1\n127.1.0.2\n")
    command = [sys.executable, "-m", "bench.content_speed", kind, str(places)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "2"
    assert float(told[1]) > 0.1


def test_dead_hosts_of_a_mixed_fleet_are_not_live() -> None:
    (line,) = (one for one in table("--rows", "8", "--hosts", "80") if one[0] == "C floor")
    assert line[7] == "40"
    assert line[9] == ""  # 30 of 40 were expected, and 30 were found


def test_a_mixed_fleet_holds_its_shares_and_no_address_twice() -> None:
    hosts = list(mixture(10 * sum(MIXTURE)))
    assert sum(live for _, live in hosts) == 10 * MIXTURE[0]
    assert len({address for address, _ in hosts}) == len(hosts)


def test_addresses_run_on_beyond_one_octet() -> None:
    names = list(addresses(70_000))
    assert len(set(names)) == 70_000
    assert names[65_023:65_025] == ["127.1.255.254", "127.2.0.1"]


def test_a_slow_peer_gets_fewer_hosts_and_at_least_one(tmp_path: Path) -> None:
    stage = Stage(ROWS[0], 0)
    path = tmp_path / "places.txt"
    assert AIOFTP.fewer > 1
    assert written(stage, AIOFTP, 100, path) == (100 // AIOFTP.fewer,) * 2
    assert written(stage, AIOFTP, 1, path) == (1, 1)
    assert path.read_text("ascii") == "127.1.0.1\n"
