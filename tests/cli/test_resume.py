"""``kill -9`` of a run, then ``--resume``: each asset once in report and history."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from scanner.api.audit import verify_audit
from tests.cli.shell import environment, scan
from tests.cli.test_run import options, written
from tests.servers.fixtures import StartServer

ASSETS = 200
KILLING = Path(__file__).with_name("killing")


FEW = 60
"""Assets where their number is not the point."""


@pytest.mark.parametrize("point", [1, 30])
def test_a_killed_run_is_finished_with_each_asset_once(point: int, tmp_path: Path) -> None:
    hosts = fleet(FEW)
    slow = {"limits": {"connections": 2}}
    file = written(tmp_path, {"targets": hosts, "defaults": slow})
    words = [sys.executable, "-m", "scanner", "run", str(file), *options(tmp_path)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment()) as process:
        deadline = time.monotonic() + 60
        while kept(tmp_path) < point and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
    (folder,) = (tmp_path / "reports").glob("2*")
    before = kept(tmp_path)
    assert point <= before < FEW
    assert not (folder / "report.json").exists()
    told = scan("run", str(file), "--resume", str(folder), *options(tmp_path))
    assert told.returncode == 3, told.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert sorted(each["asset"] for each in report["hosts"]) == sorted(
        str(h["asset"]) for h in hosts
    )
    assert kept(tmp_path) == FEW
    log = tmp_path / "reports" / "audit.ndjson"
    check = verify_audit(log)
    assert (check.breaks, check.open) == ((), ())
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    begun = [each["command"] for each in records if each["event"] == "begin"]
    assert begun == ["run", "run"]
    assert {each["asset"] for each in records if each["event"] == "asset"} == {
        each["asset"] for each in report["hosts"]
    }
    with sqlite3.connect(tmp_path / "history.sqlite") as history:
        assert history.execute("SELECT count(*) FROM asset").fetchone() == (FEW,)
    history.close()


def kept(folder: Path) -> int:
    """How many whole records the one run of this folder has kept."""
    return sum(
        path.read_bytes().count(b"\n") for path in folder.glob("reports/2*/observations.ndjson")
    )


KILLS = 10
BEYOND = 40
"""Writes that a run makes at most, beyond taking up what it had kept, before it is killed."""


def fleet(count: int) -> list[dict[str, object]]:
    """Assets on loopback, where nothing listens."""
    return [
        {
            "host": f"127.0.7.{number + 1}",
            "asset": f"a{number}",
            "endpoints": [{"port": 1, "protocol": "ftp"}],
        }
        for number in range(count)
    ]


def killed(*words: str, **when: str) -> None:
    """Run ``scan`` until it is killed amid a write."""
    told = scan(*words, PYTHONPATH=str(KILLING), **when)
    assert told.returncode == -signal.SIGKILL, told.stderr


def hold_each_once(folder: Path, history: Path, wanted: list[str]) -> None:
    """Report, observations, history and events tell of each asset once, and all is in place."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert sorted(each["asset"] for each in report["hosts"]) == wanted
    lines = (folder / "observations.ndjson").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["asset"] for line in lines) == wanted
    with sqlite3.connect(history) as db:
        assert sorted(name for (name,) in db.execute("SELECT name FROM asset")) == wanted
    db.close()
    lines = (folder / "events.ndjson").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert [one["metadata"]["sequence"] for one in events] == list(range(1, len(events) + 1))
    assert len({one["metadata"]["uid"] for one in events}) == len(events)
    beats = [one["activity_name"] for one in events if one["class_uid"] == 6007]
    assert beats == [events[0]["activity_name"], events[-1]["activity_name"]]
    assert beats == ["Started", "Completed"]
    told = Counter(one["device"]["uid"] for one in events if one["class_uid"] == 2003)
    assert told == {f"asset:{name}": 9 for name in wanted}
    assert json.loads((folder / "run.json").read_text())["state"] == "done"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "events.ndjson",
        "findings.csv",
        "observations.ndjson",
        "report.html",
        "report.json",
        "run.json",
    ]
    assert str((folder.parent / "latest").readlink()) == folder.name


def test_a_run_that_is_killed_ten_times_tells_each_asset_once(tmp_path: Path) -> None:
    """At ten points drawn by lot: while it scans, and while it takes up what it had kept."""
    drawn = random.Random(20261126)
    file = written(tmp_path, {"targets": fleet(ASSETS)})
    words = ["run", str(file), *options(tmp_path)]
    killed(*words, KILL_AT_WRITE=str(drawn.randrange(4, BEYOND)))
    (folder,) = (tmp_path / "reports").glob("2*")
    points = {kept(tmp_path)}
    for _ in range(KILLS - 1):
        most = 2 + 3 * kept(tmp_path) + BEYOND
        killed(*words, "--resume", str(folder), KILL_AT_WRITE=str(drawn.randrange(1, most)))
        assert kept(tmp_path) >= max(points)
        points.add(kept(tmp_path))
        assert not (folder / "report.json").exists()
        assert not (tmp_path / "reports" / "latest").is_symlink()
    assert len(points) > 2
    assert max(points) < ASSETS
    told = scan(*words, "--resume", str(folder))
    assert told.returncode == 3, told.stderr
    hold_each_once(
        folder, tmp_path / "history.sqlite", sorted(f"a{number}" for number in range(ASSETS))
    )


@pytest.mark.parametrize(
    "amid", ["report.json", "findings.csv", "report.html", "events.ndjson", "run.json"]
)
def test_a_run_that_is_killed_while_it_writes_its_report_is_finished(
    amid: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    real = {"host": "127.0.0.1", "asset": "a2"}
    real_one = {**real, "endpoints": [{"port": server.port, "protocol": "ftp"}]}
    file = written(tmp_path, {"targets": [*fleet(2), real_one]})
    words = ["run", str(file), *options(tmp_path)]
    killed(*words, KILL_AMID=amid)
    (folder,) = (tmp_path / "reports").glob("2*")
    assert kept(tmp_path) == 3
    assert json.loads((folder / "run.json").read_text())["state"] == "running"
    assert not (tmp_path / "reports" / "latest").is_symlink()
    before = sightings(tmp_path)
    assert before
    told = scan(*words, "--resume", str(folder))
    assert told.returncode == 1, told.stderr
    hold_each_once(folder, tmp_path / "history.sqlite", ["a0", "a1", "a2"])
    assert sightings(tmp_path) == before


def sightings(folder: Path) -> list[object]:
    """The files that the history has seen, and when."""
    with sqlite3.connect(folder / "history.sqlite") as history:
        found = history.execute("SELECT * FROM sighting ORDER BY 1, 2").fetchall()
    history.close()
    return found


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("--vantage", "dmz"), "--vantage"),
        (("--shard", "1/2"), "--shard"),
        (("--fail-on", "high"), "--fail-on"),
        (("--reports", "elsewhere"), "--reports"),
        (("--dry-run",), "--dry-run"),
        (("--shard", "1/2", "--vantage", "dmz"), "--vantage, --shard"),
    ],
)
def test_what_the_old_run_decides_is_refused_beside_resume(
    given: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    file = written(tmp_path, {})
    told = scan("run", str(file), "--resume", str(tmp_path / "reports" / "none"), *given)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"scan: {named}: not beside --resume: the run decides")
    assert told.stderr.count("\n") == 1
