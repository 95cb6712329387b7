"""``kill -9`` of a run, then ``--resume``: each asset once in report and history."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scanner.api.audit import verify_audit
from tests.cli.shell import environment, scan
from tests.cli.test_run import options, written

ASSETS = 200


@pytest.mark.parametrize("point", [1, 90])
def test_a_killed_run_is_finished_with_each_asset_once(point: int, tmp_path: Path) -> None:
    hosts = [
        {
            "host": f"127.0.7.{number + 1}",
            "asset": f"a{number}",
            "endpoints": [{"port": 1, "protocol": "ftp"}],
        }
        for number in range(ASSETS)
    ]
    slow = {"limits": {"connections": 2}}
    file = written(tmp_path, {"targets": hosts, "defaults": slow})
    words = [sys.executable, "-m", "scanner", "run", str(file), *options(tmp_path)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment()) as process:
        deadline = time.monotonic() + 60
        while kept(tmp_path) < point and process.poll() is None:
            assert time.monotonic() < deadline
        process.kill()
    (folder,) = (tmp_path / "reports").glob("*Z-*")
    before = kept(tmp_path)
    assert point <= before < ASSETS
    assert not (folder / "report.json").exists()
    told = scan("run", str(file), "--resume", str(folder), *options(tmp_path))
    assert told.returncode == 3, told.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert sorted(each["asset"] for each in report["hosts"]) == sorted(
        str(h["asset"]) for h in hosts
    )
    assert kept(tmp_path) == ASSETS
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
        assert history.execute("SELECT count(*) FROM asset").fetchone() == (ASSETS,)
    history.close()


def kept(folder: Path) -> int:
    """How many whole records the one run of this folder has kept."""
    return sum(
        path.read_bytes().count(b"\n") for path in folder.glob("reports/*/observations.ndjson")
    )
