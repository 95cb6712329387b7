"""The latest run, and the old ones: only what a run has made is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.errors import InputError
from scanner.sinks.lock import exclusive
from scanner.sinks.outbox import Outbox
from scanner.sinks.run_shelf import Pruned, point_latest, prune, shelved


def run_of(reports: Path, day: int, state: str = "done") -> Path:
    uid = f"{day:08x}-0000-4000-8000-000000000000"
    path = reports / f"202611{day:02}T030000Z-{uid[:8]}"
    path.mkdir(parents=True)
    (path / "run.json").write_text(json.dumps({"uid": uid, "state": state}))
    (path / "report.json").write_text("{}")
    return path


def names(reports: Path) -> list[str]:
    return sorted(path.name for path in reports.iterdir())


def test_the_newest_runs_stay(tmp_path: Path) -> None:
    runs = [run_of(tmp_path, day) for day in (1, 2, 3, 4)]
    dry = prune(tmp_path, keep=2, dry_run=True)
    assert names(tmp_path) == [run.name for run in runs]
    assert prune(tmp_path, keep=2) == dry == Pruned(removed=(runs[0].name, runs[1].name))
    assert names(tmp_path) == [run.name for run in runs[2:]]
    assert prune(tmp_path, keep=2) == Pruned()


def test_runs_begun_before_a_moment_go(tmp_path: Path) -> None:
    runs = [run_of(tmp_path, day) for day in (1, 2, 3)]
    before = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    assert prune(tmp_path, before=before).removed == (runs[0].name,)


def test_a_run_that_was_killed_counts_for_nothing_and_goes_once_it_is_old(tmp_path: Path) -> None:
    old, *_ = [run_of(tmp_path, 1, "running"), run_of(tmp_path, 2), run_of(tmp_path, 3, "running")]
    assert prune(tmp_path, keep=1).removed == (old.name,)
    run_of(tmp_path, 4)
    assert len(prune(tmp_path, keep=1).removed) == 2


def test_what_no_run_has_made_is_left_alone(tmp_path: Path) -> None:
    reports, elsewhere = tmp_path / "reports", tmp_path / "elsewhere"
    run_of(reports, 28)
    linked = run_of(elsewhere, 1)
    (reports / linked.name).symlink_to(linked)
    (reports / "notes").mkdir()
    (reports / "20261101T030000Z-nothexal").mkdir()
    (reports / "20261102T030000Z-0000000a").mkdir()
    other = reports / "20261103T030000Z-0000000b"
    other.mkdir()
    (other / "run.json").write_text('{"uid": "another", "state": "done"}')
    file = reports / "20261104T030000Z-0000000c"
    file.write_text("")
    (reports / "20261105T030000Z-00000005").mkdir()
    (reports / "20261105T030000Z-00000005" / "run.json").symlink_to(linked / "run.json")
    before = names(reports)
    assert len(shelved(reports)) == 1
    assert prune(reports, before=datetime(2026, 11, 27, tzinfo=UTC)) == Pruned()
    assert names(reports) == before
    assert (linked / "report.json").exists()


def test_a_link_within_an_old_run_is_not_followed(tmp_path: Path) -> None:
    reports, outside = tmp_path / "reports", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    old = run_of(reports, 1)
    (old / "link").symlink_to(outside)
    run_of(reports, 2)
    assert prune(reports, keep=1).removed == (old.name,)
    assert (outside / "kept").exists()


def test_a_run_that_goes_or_waits_to_be_delivered_stays_and_is_told(tmp_path: Path) -> None:
    locked, waits, old = (run_of(tmp_path, day) for day in (1, 2, 3))
    run_of(tmp_path, 4)
    assert Outbox(tmp_path, "file-x").add(waits.name)
    with exclusive(locked / ".lock"):
        done = prune(tmp_path, keep=1)
    assert done.removed == (old.name,)
    why = dict(done.stayed)
    assert why[locked.name].startswith("a run writes it")
    assert "file-x.json" in why[waits.name]
    Outbox(tmp_path, "file-x").done(waits.name)
    assert prune(tmp_path, keep=1).removed == (locked.name, waits.name)


def test_nothing_goes_where_the_memory_of_deliveries_cannot_be_read(tmp_path: Path) -> None:
    run_of(tmp_path, 1)
    run_of(tmp_path, 2)
    (tmp_path / ".delivery").mkdir()
    (tmp_path / ".delivery" / "x.json").write_text("{")
    with pytest.raises(InputError, match=r"x\.json: not readable"):
        prune(tmp_path, keep=1)
    assert len(shelved(tmp_path)) == 2


def test_what_a_death_left_half_removed_is_removed(tmp_path: Path) -> None:
    run = run_of(tmp_path, 1)
    run.rename(tmp_path / f".{run.name}.gone")
    prune(tmp_path, keep=1, dry_run=True)
    assert names(tmp_path) == [f".{run.name}.gone"]
    prune(tmp_path, keep=1)
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: No such file"):
        prune(tmp_path / "none", keep=1)


def test_latest_is_a_relative_link_that_never_goes_back(tmp_path: Path) -> None:
    first, second = run_of(tmp_path, 1), run_of(tmp_path, 2)
    link = tmp_path / "latest"
    assert point_latest(first) is None
    assert str(link.readlink()) == first.name
    assert point_latest(second) is None
    assert point_latest(first) is None
    assert str(link.readlink()) == second.name
    assert names(tmp_path) == [first.name, second.name, "latest"]


def test_latest_goes_with_the_run_it_leads_to(tmp_path: Path) -> None:
    run = run_of(tmp_path, 1)
    point_latest(run)
    prune(tmp_path, before=datetime(2026, 12, 1, tzinfo=UTC))
    assert names(tmp_path) == []


def test_a_file_called_latest_is_left_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path, 1)
    (tmp_path / "latest").write_text("mine")
    assert point_latest(run) == f"{tmp_path / 'latest'}: is not a link of ours, and is left alone"
    assert (tmp_path / "latest").read_text() == "mine"
