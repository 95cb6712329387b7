"""A damaged, held or unreadable history, met by a nightly run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.api import RunResult, run
from scanner.api.memory import past_of
from scanner.api.recovery import ready, rebuild
from scanner.errors import DamagedHistoryError, HistoryError, HistoryHeldError, InputError
from scanner.history import History, mask_key
from scanner.model.attempts import MOST_FAILURES, AttemptKind
from scanner.model.finding import Verdict
from scanner.model.past import CLOSED
from scanner.model.reading import Observed
from scanner.model.recall import DrillResult
from tests.api.test_nightly import finding, host, of_an_old_day, quiet, report, request, targets
from tests.cli.shell import scan
from tests.history.cases import Clock, as_nobody
from tests.report.nights import FIRST, SECOND, asset, said, written
from tests.servers.fixtures import StartServer

PAGE = 4096


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2 + 100]


def without_header(content: bytes) -> bytes:
    return b"\xa5" * PAGE + content[PAGE:]


def broken_in_the_middle(content: bytes) -> bytes:
    """Break every page but the first: whatever they hold, a walk through the file meets it."""
    return content[:PAGE] + b"\x5a" * (len(content) - PAGE)


def one_broken_page(content: bytes) -> bytes:
    """Break the root page of the findings, and nothing else."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(content)
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'finding'").fetchone()
    start = (root - 1) * PAGE
    return content[:start] + b"\x5a" * PAGE + content[start + PAGE :]


def emptied(_: bytes) -> bytes:
    return b""


DAMAGE = (truncated, without_header, broken_in_the_middle, one_broken_page, emptied)


def damage(path: Path, how: Callable[[bytes], bytes]) -> bytes:
    with closing(sqlite3.connect(path)) as db:
        # Without its log the file is whole, as it lies on the disk.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
    content = how(path.read_bytes())
    path.write_bytes(content)
    return content


async def told_run(wanted: Any) -> tuple[RunResult, list[str]]:
    lines: list[str] = []
    return await run(replace(wanted, tell=lines.append), quiet), lines


@pytest.mark.parametrize("how", DAMAGE)
async def test_a_damaged_history_is_put_away_and_built_anew_and_the_run_goes_on(
    how: Callable[[bytes], bytes], start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain", contents=of_an_old_day)
    wanted = targets(tmp_path, host(server.port, "a"))
    first, silent = await told_run(request(tmp_path, wanted))
    history = tmp_path / "history.sqlite3"
    with History.open(history, Clock()) as memory:
        before = memory.recall("default", "a")
    content = damage(history, how)
    second, (line,) = await told_run(request(tmp_path, wanted, night=1))
    assert silent == []
    assert "\n" not in line
    aside = tmp_path / "history.sqlite3.corrupt-20261123T030000Z"
    # SQLite may have set its journal in the header again.
    assert aside.read_bytes()[PAGE:] == content[PAGE:]
    assert aside.stat().st_size == len(content)
    for word in (str(history), aside.name, "from 1 runs (1 reports of assets)", "not carried over"):
        assert word in line
    seen = finding(report(second), "a", "anonymous-read")
    assert (seen["first_seen"], seen["days_open"]) == ("2026-11-22T03:00:00Z", 1)
    assert (second.delta["new"], second.delta["unchanged"]) == (0, first.delta["new"])
    assert [score for _, score in report(second)["hosts"][0]["trend"]] == [
        report(first)["hosts"][0]["score"],
        report(second)["hosts"][0]["score"],
    ]
    with History.open(history, Clock()) as memory:
        after = memory.recall("default", "a")
    assert (after.findings, after.severities, after.sightings) == (
        before.findings,
        before.severities,
        before.sightings,
    )
    assert {cap.since for cap in after.caps} == {cap.since for cap in before.caps}
    assert (history.stat().st_mode & 0o777, aside.stat().st_mode & 0o777) == (0o600, 0o600)


def test_nights_are_told_again_the_oldest_first(tmp_path: Path) -> None:
    reports, path = tmp_path / "reports", tmp_path / "h.sqlite3"
    second = replace(
        asset("files", said("mended", Verdict.PASS), said("kept"), score=60.0), judged_at=SECOND
    )
    first = replace(asset("files", said("mended"), said("kept")), judged_at=FIRST)
    written(reports, SECOND, [second])
    written(reports, FIRST, [first])
    third = written(reports, "2026-07-03T02:00:00Z", [])
    (third / "report.json").write_text("{")
    (reports / "latest").symlink_to(third)
    (reports / "notes.txt").write_text("")
    told = rebuild(reports, path)
    assert (told.runs, told.unread, told.assets, told.aside) == (2, 1, 2, None)
    (known,) = past_of("files", path)
    kept, mended = known.findings
    assert (kept.facet, kept.first_seen, kept.last_seen) == ("kept", FIRST, SECOND)
    assert [change.became for change in mended.changes] == ["high", CLOSED]
    assert [point.score for point in known.scores["internet"]] == [40.0, 60.0]


def test_limits_and_drills_are_saved_from_what_can_still_be_read(tmp_path: Path) -> None:
    path, clock = tmp_path / "h.sqlite3", Clock()
    result = DrillResult(verdict="pass", at="2031-02-28T02:00:00Z")
    with History.open(path, clock) as memory:
        memory.refuse("key-1")
        memory.record_drill("acme", "db1", result)
        for _ in range(3):
            memory.reserve("192.0.2.1", AttemptKind.DECOY)
    damage(path, one_broken_page)
    told = rebuild(tmp_path, path, clock=clock)
    assert "refused" not in told.line()
    with History.open(path, clock) as memory:
        assert memory.is_refused("key-1")
        assert memory.recall("acme", "db1").drill == Observed(result)
        left = [memory.reserve("192.0.2.1", AttemptKind.ACCOUNT) for _ in range(3)]
        assert sum(attempt is not None for attempt in left) == MOST_FAILURES - 3


def test_failed_logins_of_the_last_day_are_counted_from_reports(tmp_path: Path) -> None:
    path, reports = tmp_path / "h.sqlite3", tmp_path / "reports"
    written(reports, FIRST, [replace(asset("files"), judged_at=FIRST)])
    document = json.loads(next(reports.glob("*/report.json")).read_text())
    failed = sum(each["logins_failed"] for each in document["hosts"][0]["endpoints"])
    assert failed == 1
    for hours, expected in ((23, MOST_FAILURES - 1), (25, MOST_FAILURES)):
        clock = Clock()
        clock.now = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
        clock.pass_by(hours=hours)
        told = rebuild(reports, path, clock=clock)
        assert "refused credentials" in told.line() or told.aside is not None
        with History.open(path, clock) as memory:
            left = [memory.reserve("192.0.2.1", AttemptKind.ACCOUNT) for _ in range(6)]
        assert sum(attempt is not None for attempt in left) == expected
        path.unlink()


def test_a_lost_masking_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    assert "masking key is gone" in rebuild(tmp_path, path).line()
    mask_key(path)
    assert "masking key" not in rebuild(tmp_path, path).line()


def test_a_file_that_never_was_a_history_is_left_alone(tmp_path: Path) -> None:
    path, letter = tmp_path / "letter", b"a letter, not a database " * 100
    path.write_bytes(letter)
    path.chmod(0o600)
    with pytest.raises(HistoryError, match="is no history") as caught:
        asyncio.run(run(request_of(tmp_path, path), quiet))
    assert not isinstance(caught.value, DamagedHistoryError)
    assert path.read_bytes() == letter
    assert not (tmp_path / "reports").exists()


def request_of(tmp_path: Path, history: Path) -> Any:
    wanted = request(tmp_path, targets(tmp_path, host(1, "a")))
    return replace(wanted, history=history)


def test_a_history_that_another_process_holds_means_75_and_nothing_scanned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.sqlite3"
    History.open(path, Clock()).close()
    monkeypatch.setattr("scanner.api.recovery.PATIENCE", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryHeldError, match="held by another process"):
            asyncio.run(run(request_of(tmp_path, path), quiet))
    assert not (tmp_path / "reports").exists()


def test_a_history_that_may_not_be_read_is_told_in_one_line_and_is_not_damaged() -> None:
    with as_nobody() as folder:
        path = folder / "history.sqlite3"
        History.open(path, Clock()).close()
        path.chmod(0o000)
        told: list[str] = []
        with pytest.raises(HistoryError, match="cannot be opened") as caught:
            ready(path, folder / "reports", Clock(), told.append)
        assert not isinstance(caught.value, DamagedHistoryError)
        assert len(caught.value.problems) == 1
        assert told == []
        path.chmod(0o600)


def test_what_ended_four_hundred_days_ago_is_forgotten_at_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    ended = datetime(2025, 10, 18, tzinfo=UTC)
    with History.open(path, Clock()) as memory:
        memory.remember(asset("old", said("open", asset="old")), ended)
        memory.remember(asset("gone", said("x", Verdict.PASS, asset="gone")), ended)
    asyncio.run(run(request_of(tmp_path, path), quiet))
    (kept,) = past_of("old", path)
    assert [each.facet for each in kept.findings] == ["open"]
    with pytest.raises(InputError, match="knows no asset"):
        past_of("gone", path)


def test_the_command_builds_anew_and_keeps_the_old_one_aside(tmp_path: Path) -> None:
    path, reports = tmp_path / "h.sqlite3", tmp_path / "reports"
    written(reports, FIRST, [replace(asset("files", said("a")), judged_at=FIRST)])
    History.open(path, Clock()).close()
    old = path.read_bytes()
    words = ("history", "--rebuild", "--reports", str(reports), "--history", str(path))
    told = scan(*words)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (0, "", 1)
    (aside,) = tmp_path.glob("h.sqlite3.replaced-*")
    assert aside.read_bytes() == old
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {aside.name, "h.sqlite3", "h.sqlite3.lock", "reports"}
    assert [each.facet for each in past_of("files", path)[0].findings] == ["a"]
    nowhere = scan(*words[:3], str(tmp_path / "none"), *words[4:])
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (2, 1)
