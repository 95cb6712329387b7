from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import scan

CLOSED = "127.0.0.1:1"
"""A loopback port on which nothing listens."""


@pytest.fixture
def history(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite")


def test_a_foreign_host_without_leave_is_refused_with_the_mend(history: str) -> None:
    told = scan("host", "ftp.example.org", "--history", history)
    assert (told.returncode, told.stdout) == (2, "")
    assert "nothing authorises this scan" in told.stderr
    assert "--authorised REFERENCE" in told.stderr


def test_a_targets_file_that_is_not_there_is_refused(history: str, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.json")
    told = scan("host", "ftp.example.org", "--targets", gone, "--history", history)
    assert (told.returncode, told.stdout) == (2, "")
    assert "gone.json" in told.stderr


def test_nothing_behind_a_port_is_incomplete_and_unknown_in_every_row(history: str) -> None:
    told = scan("host", CLOSED, "--protocol", "ftp", "--history", history)
    report = json.loads(told.stdout)
    assert told.returncode == 3
    assert "incomplete: " in told.stderr
    (host,) = report["hosts"]
    assert {row["verdict"] for row in host["failures"]} == {"unknown"}
    assert host["endpoints"][0]["state"] == "closed"
    assert report["scan"]["authorisation"] == "loopback"


def test_the_same_as_text(history: str) -> None:
    told = scan("host", CLOSED, "--protocol", "ftp", "--format", "text", "--history", history)
    assert told.returncode == 3
    assert told.stdout.startswith("U  0/100  127.0.0.1")
    assert told.stdout.count("? ????") == 9
    assert "\x1b" not in told.stdout
