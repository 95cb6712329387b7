"""One drill's course over small servers: what is sent when, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from scanner.api.alarm_drill import DrillRequest, run_drills
from scanner.errors import InputError
from scanner.history import History
from scanner.model.drill import DrillVerdict
from scanner.model.reading import Observed, Unobserved
from scanner.model.recall import DrillResult
from tests.drill.cases import RULE, drilled, one_drill, target, until, written
from tests.drill.team import USER, Answer, silent, team, told

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)  # a Thursday


def recalled(folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> object:
    with History.open(folder / "history.sqlite3", clock) as history:
        return history.recall("default", "files").drill


# The course


async def test_an_alert_for_each_step_is_a_pass_and_is_kept(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        report = await one_drill(running.targets())
    assert report.verdict is DrillVerdict.PASS
    assert report.kept
    (event,) = running.events
    (in_event,) = set(USER.findall(event))
    assert b"DRILL, not an incident" in event
    assert b"SOC-118" in event
    assert b"CHG-1042" in event
    named = [line for line in running.commands if line.startswith(b"USER")]
    assert len(named) == 1
    assert in_event not in named[0]
    assert running.commands.count(b"PASS drill-not-an-incident") == 1
    kept = recalled(tmp_path)
    assert isinstance(kept, Observed)
    assert (kept.value.verdict, kept.value.at) == ("pass", report.finished)
    log = (tmp_path / "audit.ndjson").read_text().splitlines()
    begun, drilled, ended = map(json.loads, log)
    assert (begun["command"], begun["authorisation"]) == ("drill", "CHG-1042")
    assert drilled["dialled"][0]["asked"]["PASS"] == 1
    assert drilled["accounts"] == ["drill-*"]
    assert ended["ended"] == "done"


async def test_silence_after_the_login_is_a_fail(tmp_path: Path) -> None:
    async with team(tmp_path, logins=silent) as running:
        report = await one_drill(running.targets(), patience=0.5)
    assert (report.verdict, report.kept) == (DrillVerdict.FAIL, True)


async def test_silence_after_the_test_event_touches_no_server(tmp_path: Path) -> None:
    async with team(tmp_path, says=silent) as running:
        report = await one_drill(running.targets(), patience=0.5)
    assert report.verdict is DrillVerdict.UNKNOWN
    assert (len(running.events), running.connections) == (1, 0)
    assert isinstance(report.course.login, Unobserved)


def _of_another(event: bytes) -> list[str]:
    return ["drill-0123456789abcdef"] if USER.search(event) else []


def _cut(event: bytes) -> list[str]:
    return [user[:-1] for user in told(event)]


def _test_event_again(event: bytes) -> list[str]:
    return told(TEST_EVENTS[-1]) if TEST_EVENTS else told(event)


TEST_EVENTS: list[bytes] = []


@pytest.mark.parametrize("forged", [_of_another, _cut, _test_event_again])
async def test_an_alert_with_another_nonce_is_none(tmp_path: Path, forged: Answer) -> None:
    TEST_EVENTS.clear()

    def says(event: bytes) -> list[str]:
        TEST_EVENTS.append(event)
        return told(event)

    async with team(tmp_path, says=says, logins=forged) as running:
        report = await one_drill(running.targets(), patience=0.5)
    assert report.verdict is DrillVerdict.FAIL


async def test_an_alert_in_capitals_amid_much_else_counts(tmp_path: Path) -> None:
    def loud(event: bytes) -> list[str]:
        return [f"{'x' * 100_000} ALERT {user.upper()}!" for user in told(event)]

    async with team(tmp_path, says=loud, logins=loud) as running:
        assert (await one_drill(running.targets())).verdict is DrillVerdict.PASS


async def test_a_server_that_bars_us_has_reacted(tmp_path: Path) -> None:
    async with team(tmp_path) as running:

        def bars(event: bytes) -> list[str]:
            running.barred = True
            return told(event)

        running._on = bars
        report = await one_drill(running.targets())
    assert report.verdict is DrillVerdict.PASS
    assert report.course.reactions == (
        "ended the connection: 421 go away",
        "answers no more (connection-lost)",
    )


# What is not begun


@pytest.mark.parametrize(
    ("drill", "more", "told_why"),
    [
        ({"agreed_rule": None}, {}, "no agreed_rule is named; nothing was sent"),
        ({"test": None}, {}, "names no 'test' or no 'alert'"),
        ({"alert": None}, {}, "names no 'test' or no 'alert'"),
        ({}, {"windows": ["Sat 00:00-01:00"]}, "nothing is sent outside Sat 00:00-01:00 (UTC)"),
    ],
)
async def test_what_is_not_agreed_or_not_now_sends_nothing_and_replaces_nothing(
    tmp_path: Path, drill: dict[str, Any], more: dict[str, Any], told_why: str
) -> None:
    earlier = DrillResult(verdict="pass", at="2026-11-01T00:00:00Z")
    with History.open(tmp_path / "history.sqlite3", lambda: NOW) as history:
        history.record_drill("default", "files", earlier)
    async with team(tmp_path) as running:
        declared = {**running.drill(), "agreed_rule": RULE, **drill}
        kept_keys = {key: value for key, value in declared.items() if value is not None}
        one = target(running.ports[0], "ftp", {}, **more)
        path = written(tmp_path, {**one, "drill": kept_keys})
        result = await drilled(path, clock=lambda: NOW)
    (report,) = result.drills
    assert (report.verdict, report.kept, result.exit_code) == (DrillVerdict.UNKNOWN, False, 3)
    assert told_why in report.detail
    assert (running.events, running.connections) == ([], 0)
    assert recalled(tmp_path, lambda: NOW) == Observed(earlier)


async def test_a_name_that_leads_out_of_scope_is_not_drilled(tmp_path: Path) -> None:
    async def elsewhere(_: str) -> tuple[IPv4Address, ...]:
        return (IPv4Address("203.0.113.9"),)

    async with team(tmp_path) as running:
        one = target(running.ports[0], "ftp", running.drill(), host="files.example.org")
        path = written(tmp_path, one)
        content = json.loads(path.read_text())
        content["authorisation"]["scope"] = ["*.example.org", "127.0.0.0/8"]
        path.write_text(json.dumps(content))
        report = await one_drill(path, resolver=elsewhere)
    assert report.verdict is DrillVerdict.UNKNOWN
    assert "out of scope" in report.detail
    assert running.events == []


@pytest.mark.parametrize(
    ("changes", "host", "line"),
    [
        ({"allow": {}}, None, "no target allows a drill"),
        ({"allow": {"drill": False}}, "files", r"targets\[0\]\.allow\.drill: is not set"),
        ({}, "other", "--host: 'other' is no host or asset of"),
    ],
)
async def test_what_no_target_allows_is_invalid_input(
    tmp_path: Path, changes: dict[str, Any], host: str | None, line: str
) -> None:
    async with team(tmp_path) as running:
        path = running.targets(**changes)
        with pytest.raises(InputError, match=line):
            await run_drills(DrillRequest(targets=path, host=host), lambda _: None)
    assert running.events == []


async def test_an_authorisation_that_has_ended_allows_no_drill(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        path = running.targets()
        content = json.loads(path.read_text())
        content["authorisation"]["valid_until"] = "2026-11-25"
        path.write_text(json.dumps(content))
        with pytest.raises(InputError):
            await drilled(path, clock=lambda: NOW)
    assert running.events == []


async def test_a_token_that_cannot_be_had_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        alert = {"kind": "webhook", "listen": "127.0.0.1:1", "token": "env:NO_SUCH_TOKEN"}
        path = running.targets(running.drill(alert=alert))
        with pytest.raises(InputError, match=r"targets\[0\]\.drill\.alert\.token: env:NO_SUCH"):
            await drilled(path)
    assert running.events == []


# What replaces what


@pytest.mark.parametrize(
    ("past", "says", "logins", "after"),
    [
        ("pass", told, silent, "fail"),
        ("fail", told, told, "pass"),
        ("pass", silent, told, "unknown"),
        ("fail", silent, told, "fail"),
        ("unknown", silent, told, "unknown"),
    ],
)
async def test_a_broken_way_ends_a_pass_and_excuses_no_fail(
    tmp_path: Path, past: str, says: Answer, logins: Answer, after: str
) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with History.open(tmp_path / "history.sqlite3", lambda: datetime.now(UTC)) as history:
        history.record_drill("default", "files", DrillResult(verdict=past, at=before))
    async with team(tmp_path, says, logins) as running:
        await one_drill(running.targets(), patience=0.5)
    kept = recalled(tmp_path)
    assert isinstance(kept, Observed)
    assert kept.value.verdict == after


async def test_a_login_that_could_not_be_made_leaves_an_earlier_pass(tmp_path: Path) -> None:
    earlier = DrillResult(verdict="pass", at="2026-11-01T00:00:00Z")
    with History.open(tmp_path / "history.sqlite3", lambda: NOW) as history:
        history.record_drill("default", "files", earlier)
    async with team(tmp_path) as running:
        report = await one_drill(
            written(tmp_path, target(1, "ftp", running.drill())), clock=lambda: NOW
        )
    assert (report.verdict, report.kept) == (DrillVerdict.UNKNOWN, False)
    assert report.detail == "no endpoint takes a login: connection refused"
    assert recalled(tmp_path, lambda: NOW) == Observed(earlier)


@pytest.mark.parametrize("fault", ["a receiver that cannot listen", "an intake that is gone"])
async def test_what_fails_on_our_side_leaves_an_earlier_pass(tmp_path: Path, fault: str) -> None:
    earlier = DrillResult(verdict="pass", at="2026-11-01T00:00:00Z")
    with History.open(tmp_path / "history.sqlite3", lambda: NOW) as history:
        history.record_drill("default", "files", earlier)
    async with team(tmp_path) as running:
        taken = {"kind": "webhook", "listen": f"127.0.0.1:{running.ports[0]}"}
        gone = {"kind": "http", "url": "http://127.0.0.1:1/"}
        changes = {"alert": taken} if "receiver" in fault else {"test": gone}
        path = running.targets(running.drill(**changes))
        report = await one_drill(path, clock=lambda: NOW)
    assert (report.verdict, report.kept) == (DrillVerdict.UNKNOWN, False)
    words = "alerts cannot be listened for" if "receiver" in fault else "was not taken"
    assert words in report.detail
    assert (running.events, running.connections) == ([], 0)
    assert recalled(tmp_path, lambda: NOW) == Observed(earlier)


async def test_several_targets_have_their_drills_one_after_the_other(tmp_path: Path) -> None:
    async with team(tmp_path, logins=silent) as running:
        drill = running.drill()
        several = [
            target(running.ports[0], "ftp", drill, asset="one"),
            target(1, "ftp", drill, asset="two"),
            target(2, "ftp", drill, asset="three", allow={}),
        ]
        result = await drilled(written(tmp_path, *several), patience=0.5)
        alone = await drilled(written(tmp_path, *several), patience=0.5, host="two")
    assert [(each.asset, str(each.verdict)) for each in result.drills] == [
        ("one", "fail"),
        ("two", "unknown"),
    ]
    assert result.exit_code == 1
    assert ([each.asset for each in alone.drills], alone.exit_code) == (["two"], 3)


async def test_an_interrupted_drill_decides_nothing(tmp_path: Path) -> None:
    async with team(tmp_path, says=silent) as running:
        task = asyncio.create_task(drilled(running.targets()))
        await until(lambda: bool(running.events))
        task.cancel()
        result = await task
    assert (result.drills, result.interrupted) == ((), True)
    assert isinstance(recalled(tmp_path), Unobserved)
