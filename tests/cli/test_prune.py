"""Old run folders: removed on demand, and by the run that comes after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import scan
from tests.cli.test_run import options, written
from tests.sinks.test_run_shelf import names, run_of


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for day in (1, 2, 3):
        run_of(tmp_path / "reports", day)
    return tmp_path / "reports"


def test_what_is_removed_is_printed(reports: Path) -> None:
    before = names(reports)
    dry = scan("prune", str(reports), "--keep", "1", "--dry-run")
    assert dry.stdout == "".join(f"would remove {name}\n" for name in before[:2])
    assert (dry.returncode, names(reports)) == (0, before)
    told = scan("prune", str(reports), "--older-than", "1")
    assert told.stdout == "".join(f"removed {name}\n" for name in before)
    assert (told.returncode, told.stderr, names(reports)) == (0, "", [])


@pytest.mark.parametrize("words", [(), ("--keep", "1", "--older-than", "1"), ("--keep", "0")])
def test_words_that_say_nothing_remove_nothing(words: tuple[str, ...], reports: Path) -> None:
    told = scan("prune", str(reports), *words)
    assert (told.returncode, told.stdout) == (2, "")
    assert len(names(reports)) == 3


def test_a_run_keeps_the_newest_and_is_the_latest(reports: Path, tmp_path: Path) -> None:
    file = written(tmp_path, {})
    told = scan("run", str(file), "--keep", "2", *options(tmp_path))
    assert told.returncode == 3, told.stderr
    *kept, latest = names(reports)
    assert latest == "latest"
    assert kept[0].startswith("20261103T")
    assert str((reports / "latest").readlink()) == kept[1]
    assert (reports / "latest" / "run.json").is_file()
    assert told.stderr.count("scan: removed 2026110") == 2


def test_a_run_whose_events_wait_is_not_removed(reports: Path, tmp_path: Path) -> None:
    delivery = [{"kind": "file", "path": str(tmp_path / "not-there" / "events.ndjson")}]
    file = written(tmp_path, {"delivery": delivery})
    for _ in range(2):
        told = scan("run", str(file), "--keep", "1", *options(tmp_path))
        assert told.returncode == 4, told.stderr
    assert len(names(reports)) == 5  # two runs, .delivery, the audit log and latest
    assert "not all of it was delivered" in told.stderr
