from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import environment, scan


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    return written(tmp_path, {})


def written(folder: Path, changes: dict[str, Any]) -> Path:
    """One loopback asset on a port where nothing listens."""
    file = folder / "targets.json"
    content = {
        "version": 1,
        "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
        "targets": [
            {"host": "127.0.0.1", "asset": "local", "endpoints": [{"port": 1, "protocol": "ftp"}]}
        ],
    }
    file.write_text(json.dumps(content | changes), encoding="utf-8")
    return file


def options(folder: Path) -> tuple[str, ...]:
    return ("--reports", str(folder / "reports"), "--history", str(folder / "history.sqlite"))


def test_a_valid_file_is_called_valid(targets: Path) -> None:
    told = scan("validate", str(targets))
    assert (told.returncode, told.stdout) == (0, "")
    assert told.stderr == f"scan: {targets}: valid\n"


def test_every_problem_of_a_file_is_a_line_on_standard_output(tmp_path: Path) -> None:
    file = written(tmp_path, {"versions": 1, "targets": [{"asset": "x"}]})
    told = scan("validate", str(file))
    assert told.returncode == 2
    assert len(told.stdout.splitlines()) >= 2
    assert "problems" in told.stderr


def test_a_dry_run_tells_the_ceilings_and_writes_nothing(targets: Path, tmp_path: Path) -> None:
    told = scan("run", str(targets), "--dry-run", *options(tmp_path))
    assert (told.returncode, told.stderr) == (0, "")
    assert "127.0.0.1 ftp:1" in told.stdout
    assert "at most, 1 asset " in told.stdout
    assert not (tmp_path / "reports").exists()


def test_a_run_leaves_a_report_that_assess_writes_again(targets: Path, tmp_path: Path) -> None:
    told = scan("run", str(targets), *options(tmp_path))
    assert told.returncode == 3, told.stderr
    assert "1/1 assets" in told.stderr
    assert "1 asset: 1 U" in told.stdout
    (folder,) = (tmp_path / "reports").glob("2*")
    report = (folder / "report.json").read_text(encoding="utf-8")
    assert json.loads(report)["hosts"][0]["asset"] == "local"
    again = scan("assess", str(folder))
    assert again.returncode == 3, again.stderr
    assert again.stdout == told.stdout
    assert (folder / "report.json").read_text(encoding="utf-8") == report


def test_a_file_that_cannot_be_used_scans_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, {"targets": [{}]})
    told = scan("run", str(file), *options(tmp_path))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("scan: ")
    assert not (tmp_path / "reports").exists()


def test_a_folder_that_is_no_run_cannot_be_assessed(tmp_path: Path) -> None:
    told = scan("assess", str(tmp_path))
    assert (told.returncode, told.stdout) == (2, "")
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_early_and_leaves_a_whole_report(
    number: int, code: int, tmp_path: Path
) -> None:
    """The server accepts and says nothing, so the run is under way when the signal comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = {"port": server.getsockname()[1], "protocol": "ftp"}
        target = {"host": "127.0.0.1", "asset": "mute", "endpoints": [endpoint]}
        file = written(tmp_path, {"targets": [target]})
        with subprocess.Popen(
            [sys.executable, "-m", "scanner", "run", str(file), *options(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            connection.close()
    assert process.returncode == code, err
    assert "interrupted: what was seen is written, the rest is unknown" in err
    assert "Traceback" not in err
    assert "1 asset: 1 U" in out
    (folder,) = (tmp_path / "reports").glob("2*")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {row["verdict"] for row in report["hosts"][0]["failures"]} == {"unknown"}


def test_a_second_run_with_the_same_history_finds_the_lock_held(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = {"port": server.getsockname()[1], "protocol": "ftp"}
        target = {"host": "127.0.0.1", "asset": "mute", "endpoints": [endpoint]}
        file = written(tmp_path, {"targets": [target]})
        with subprocess.Popen(
            [sys.executable, "-m", "scanner", "run", str(file), *options(tmp_path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        ) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            second = scan("run", str(file), *options(tmp_path))
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            connection.close()
    assert second.returncode == 75
    assert second.stdout == ""
    assert second.stderr.startswith("scan: ")
    assert second.stderr.count("\n") == 1


def test_a_vantage_that_no_target_lists_is_invalid_input(targets: Path, tmp_path: Path) -> None:
    for more in ((), ("--dry-run",)):
        told = scan("run", str(targets), "--vantage", "intrenet", *more, *options(tmp_path))
        assert (told.returncode, told.stdout) == (2, "")
        assert "'intrenet'; give --vantage with one of: internal" in told.stderr
    assert not (tmp_path / "reports").exists()


def test_a_run_that_goes_is_not_judged_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = {"port": server.getsockname()[1], "protocol": "ftp"}
        target = {"host": "127.0.0.1", "asset": "mute", "endpoints": [endpoint]}
        file = written(tmp_path, {"targets": [target]})
        with subprocess.Popen(
            [sys.executable, "-m", "scanner", "run", str(file), *options(tmp_path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        ) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            (folder,) = (tmp_path / "reports").glob("2*")
            told = scan("assess", str(folder))
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            connection.close()
    assert (told.returncode, told.stdout) == (75, "")
    assert told.stderr.endswith("another run holds the lock\n")
    assert scan("assess", str(folder)).returncode == 3


def test_the_shares_of_a_run_are_merged_into_one(tmp_path: Path) -> None:
    endpoints = [{"port": 1, "protocol": "ftp"}]
    listed = [
        {"host": f"127.0.0.{n + 1}", "asset": f"a{n}", "endpoints": endpoints} for n in (0, 1)
    ]
    file = written(tmp_path, {"targets": listed})
    for share in ("1/2", "2/2"):
        assert scan("run", str(file), "--shard", share, *options(tmp_path)).returncode == 3
    runs = [str(each) for each in (tmp_path / "reports").glob("2*")]
    told = scan("merge", *runs, "--reports", str(tmp_path / "merged"))
    assert told.returncode == 3, told.stderr
    assert "2 assets: 2 U" in told.stdout
    (folder,) = (tmp_path / "merged").glob("2*")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [each["asset"] for each in report["hosts"]] == ["a0", "a1"]
    again = scan("merge", runs[0], str(folder), "--reports", str(tmp_path / "merged"))
    assert (again.returncode, again.stdout) == (2, "")
    (kept,) = (Path(runs[0]) / "observations.ndjson").read_text().splitlines()
    assert again.stderr.startswith(f"scan: '{json.loads(kept)['asset']}': is in ")
    assert again.stderr.count("\n") == 1
