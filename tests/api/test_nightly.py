"""The nightly run and its second judgement, on real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.api import Progress, RunRequest, RunResult, assess, run
from scanner.errors import InputError, LockedError
from scanner.model.finding import Severity
from scanner.sinks.lock import exclusive
from tests.servers import POSTURES
from tests.servers.fixtures import StartServer

SCHEMA = Path(__file__).parents[2] / "scanner" / "schemas" / "report-1.0.0.json"
OPEN_CAPS = {"open-listing", "open-personal-data"}
NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def targets(tmp_path: Path, *hosts: dict[str, Any], **more: Any) -> Path:
    document = {
        "version": 1,
        "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
        "targets": list(hosts),
        **more,
    }
    path = tmp_path / "targets.json"
    path.write_text(json.dumps(document))
    return path


def host(port: int, asset: str, protocol: str = "ftp", **more: Any) -> dict[str, Any]:
    endpoints = [{"port": port, "protocol": protocol}]
    return {"host": "127.0.0.1", "asset": asset, "endpoints": endpoints, **more}


def request(tmp_path: Path, path: Path, *, night: int = 0, **more: Any) -> RunRequest:
    moment = NIGHT + timedelta(days=night)
    return RunRequest(
        targets=path,
        reports=tmp_path / "reports",
        history=tmp_path / "history.sqlite3",
        clock=lambda: moment,
        **more,
    )


def quiet(_: Progress) -> None:
    """Take progress and say nothing."""


def report(result: RunResult) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((result.folder / "report.json").read_text())
    return loaded


def finding(document: dict[str, Any], asset: str, facet: str) -> dict[str, Any]:
    (found,) = (
        item
        for each in document["hosts"]
        if each["asset"] == asset
        for row in each["failures"]
        for item in row["findings"]
        if item["facet"] == facet
    )
    loaded: dict[str, Any] = found
    return loaded


@pytest.fixture
def open_and_strict(start_server: StartServer, tmp_path: Path) -> Path:
    loose = start_server("vsftpd-plain")
    strict = start_server("openssh-keys")
    return targets(
        tmp_path, host(loose.port, "loose"), host(strict.port, "strict", protocol="sftp")
    )


async def test_a_run_leaves_a_valid_report_and_private_files(
    open_and_strict: Path, tmp_path: Path
) -> None:
    told: list[Progress] = []
    result = await run(request(tmp_path, open_and_strict), told.append)
    document = report(result)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert sorted(each["asset"] for each in document["hosts"]) == ["loose", "strict"]
    assert [len(each["failures"]) for each in document["hosts"]] == [9, 9]
    assert document["scan"]["coverage"]["targeted"] == 2
    assert [item.done for item in told] == [1, 2]
    files = {path.name: path.stat().st_mode & 0o777 for path in result.folder.iterdir()}
    assert files == dict.fromkeys(["run.json", "observations.ndjson", "report.json"], 0o600)
    assert (result.exit_code, result.interrupted) == (1, False)


async def test_judging_again_gives_the_same_document(open_and_strict: Path, tmp_path: Path) -> None:
    result = await run(request(tmp_path, open_and_strict), quiet)
    before = report(result)
    again = assess(result.folder)
    assert report(again) == before
    assert again.exit_code == result.exit_code


async def test_judging_again_reads_the_papers_as_they_are_now(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    result = await run(request(tmp_path, targets(tmp_path, host(server.port, "a"))), quiet)
    accepted = {
        "failure": "open-zone",
        "reason": "known",
        "approved_by": "CISO",
        "until": "2027-01-31",
    }
    targets(tmp_path, host(server.port, "a", exceptions=[accepted]))
    again = assess(result.folder)
    assert finding(report(again), "a", "anonymous-read")["suppressed"]


async def test_a_second_night_remembers_the_first(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "a"))
    first = await run(request(tmp_path, path), quiet)
    second = await run(request(tmp_path, path, night=12), quiet)
    seen = finding(report(second), "a", "anonymous-read")
    assert (seen["first_seen"], seen["days_open"]) == ("2026-11-22T03:00:00Z", 12)
    assert first.delta["new"] > 0
    assert (second.delta["new"], second.delta["unchanged"]) == (0, first.delta["new"])


async def test_a_closed_door_lifts_its_cap_only_when_it_is_seen_closed(
    start_server: StartServer, tmp_path: Path
) -> None:
    with POSTURES["vsftpd-plain"].running() as server:
        path = targets(tmp_path, host(server.port, "a"))
        await run(request(tmp_path, path), quiet)
    gone = report(await run(request(tmp_path, path, night=1), quiet))["hosts"][0]
    assert {cap["stale"] for cap in gone["caps"]} == {True}
    mended = start_server("vsftpd-no-anonymous")
    path = targets(tmp_path, host(mended.port, "a"))
    closed = report(await run(request(tmp_path, path, night=2), quiet))["hosts"][0]
    assert {cap["trigger"] for cap in gone["caps"]} >= OPEN_CAPS
    assert {cap["trigger"] for cap in closed["caps"]} & OPEN_CAPS == set()


async def test_an_interrupted_run_writes_every_host_and_says_what_was_not_scanned(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    hosts = [host(server.port, "first"), *(host(1 + n, f"later-{n}") for n in range(3))]
    limits = {"defaults": {"limits": {"connections": 1}}}
    path = targets(tmp_path, *hosts, **limits)
    task: asyncio.Task[RunResult] = asyncio.current_task()  # type: ignore[assignment]
    result = await _cancelled_after_one(task, request(tmp_path, path))
    document = report(result)
    assert result.interrupted
    assert sorted(each["asset"] for each in document["hosts"]) == [
        "first",
        "later-0",
        "later-1",
        "later-2",
    ]
    late = finding(document, "later-2", "anonymous-read")
    assert (late["verdict"], late["summary"].endswith("the run was interrupted)")) == (
        "unknown",
        True,
    )


async def _cancelled_after_one(task: asyncio.Task[RunResult], wanted: RunRequest) -> RunResult:
    def cancel(progress: Progress) -> None:
        if progress.done == 1:
            task.cancel()

    return await run(wanted, cancel)


async def test_targets_of_another_vantage_are_left_out_and_counted(tmp_path: Path) -> None:
    path = targets(tmp_path, host(1, "outside", vantages=["internet"]))
    result = await run(request(tmp_path, path, vantage="internal"), quiet)
    assert report(result)["scan"]["coverage"] == {
        "targeted": 0,
        "assessed": 0,
        "unreachable": 0,
        "excluded": 1,
        "inconclusive": 0,
    }
    assert result.exit_code == 0


async def test_shards_share_the_targets_out(tmp_path: Path) -> None:
    path = targets(tmp_path, *(host(1 + number, f"a{number}") for number in range(5)))
    shares = [await run(request(tmp_path, path, shard=(index, 2)), quiet) for index in range(2)]
    assets = [each["asset"] for share in shares for each in report(share)["hosts"]]
    assert sorted(assets) == [f"a{number}" for number in range(5)]


async def test_bad_input_scans_nothing_and_leaves_no_folder(tmp_path: Path) -> None:
    path = targets(tmp_path, host(1, "a"))
    path.write_text(
        path.read_text().replace("CHG-1", "CHG-1").replace('"version": 1', '"version": 7')
    )
    with pytest.raises(InputError, match="version"):
        await run(request(tmp_path, path), quiet)
    assert not (tmp_path / "reports").exists()


async def test_an_authorisation_that_has_ended_scans_nothing(tmp_path: Path) -> None:
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"], "valid_until": "2026-11-21"}
    path = targets(tmp_path, host(1, "a"), authorisation=leave)
    with pytest.raises(InputError, match="2026-11-21"):
        await run(request(tmp_path, path), quiet)
    assert not (tmp_path / "reports").exists()


async def test_a_second_run_on_the_same_history_is_kept_out(tmp_path: Path) -> None:
    path = targets(tmp_path, host(1, "a"))
    with exclusive(tmp_path / "history.sqlite3.lock"), pytest.raises(LockedError):
        await run(request(tmp_path, path), quiet)


async def test_the_threshold_moves_the_exit_code(open_and_strict: Path, tmp_path: Path) -> None:
    wanted = request(tmp_path, open_and_strict, fail_on=Severity.CRITICAL)
    assert (await run(wanted, quiet)).exit_code == 1  # names and births lie in the open zone


Damage = Callable[[Path], object]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "run.json").unlink(), "not a run folder"),
        (lambda folder: (folder / "run.json").write_text("{"), "not readable as a run"),
        (
            lambda folder: (folder / "observations.ndjson").write_text("{}\n"),
            "observations.ndjson:1",
        ),
    ],
)
async def test_a_damaged_run_folder_is_refused_with_its_place(
    tmp_path: Path, damage: Damage, told: str
) -> None:
    result = await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)
    damage(result.folder)
    with pytest.raises(InputError, match=told):
        assess(result.folder)


async def test_a_target_that_left_the_file_is_named(tmp_path: Path) -> None:
    result = await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)
    targets(tmp_path, host(1, "b"))
    with pytest.raises(InputError, match="a: no longer in the targets file"):
        assess(result.folder)
