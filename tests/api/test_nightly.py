"""The nightly run and its second judgement, on real servers."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.api import Progress, RunRequest, RunResult, assess, plan, run, validate
from scanner.api.keeping import Keep, Looked
from scanner.errors import HistoryError, InputError, LockedError, StoppedError
from scanner.history import History
from scanner.model.finding import Severity
from scanner.sinks.lock import exclusive
from tests.servers import POSTURES, Server
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree, plant

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


async def test_two_processes_see_what_one_sees(open_and_strict: Path, tmp_path: Path) -> None:
    alone = report(await run(request(tmp_path, open_and_strict), quiet))
    (tmp_path / "history.sqlite3").unlink()
    several = report(await run(request(tmp_path, open_and_strict, processes=2), quiet))
    for one, other in zip(
        *(sorted(each["hosts"], key=lambda host: host["asset"]) for each in (alone, several)),
        strict=True,
    ):
        assert one["asset"] == other["asset"]
        assert [row["verdict"] for row in one["failures"]] == [
            row["verdict"] for row in other["failures"]
        ]
        assert one["score"] == other["score"]
        assert [each["state"] for each in other["endpoints"]] == ["open"]


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
    names = [
        ".lock",
        "run.json",
        "observations.ndjson",
        "report.json",
        "events.ndjson",
        "findings.csv",
        "report.html",
    ]
    assert files == dict.fromkeys(names, 0o600)
    assert (result.exit_code, result.interrupted) == (1, False)


async def test_progress_counts_each_asset_though_several_are_kept_together(tmp_path: Path) -> None:
    told: list[Progress] = []
    closed = [host(1 + number, f"a{number}") for number in range(20)]
    await run(request(tmp_path, targets(tmp_path, *closed)), told.append)
    assert [item.done for item in told] == list(range(1, 21))


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


def of_an_old_day(root: Path) -> Tree:
    """Plant the tree with times long before the nights of these tests: its ages say the same."""
    tree = plant(root)
    for path in root.rglob("*"):
        os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)
    return tree


async def test_a_second_night_remembers_the_first(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain", contents=of_an_old_day)
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


async def test_what_was_not_scanned_stands_in_the_order_of_the_file(tmp_path: Path) -> None:
    hosts = [host(1 + number, f"a{number}") for number in (3, 1, 4, 0, 2)]
    path = targets(tmp_path, *hosts, defaults={"limits": {"connections": 1}})
    task: asyncio.Task[RunResult] = asyncio.current_task()  # type: ignore[assignment]
    document = report(await _cancelled_after_one(task, request(tmp_path, path)))
    assert [each["asset"] for each in document["hosts"]] == ["a3", "a1", "a4", "a0", "a2"]


async def test_a_run_holds_no_target_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    class Watched(Keep):
        def __call__(self, *several: Looked) -> None:
            super().__call__(*several)
            held.append(len(self.owed()))

    monkeypatch.setattr("scanner.api.nightly.Keep", Watched)
    hosts = [host(1 + number, f"a{number}") for number in range(9)]
    path = targets(tmp_path, *hosts, defaults={"limits": {"connections": 1}})
    await run(request(tmp_path, path), quiet)
    assert max(held) <= 1  # the next one
    assert held[-1] == 0


async def _cancelled_after_one(task: asyncio.Task[RunResult], wanted: RunRequest) -> RunResult:
    def cancel(progress: Progress) -> None:
        if progress.done == 1:
            task.cancel()

    return await run(wanted, cancel)


async def test_targets_of_another_vantage_are_left_out_and_counted(tmp_path: Path) -> None:
    path = targets(tmp_path, host(1, "outside", vantages=["internet"]), host(2, "inside"))
    result = await run(request(tmp_path, path, vantage="internal"), quiet)
    assert [each["asset"] for each in report(result)["hosts"]] == ["inside"]
    assert report(result)["scan"]["coverage"] == {
        "targeted": 1,
        "assessed": 0,
        "unreachable": 1,
        "excluded": 1,
        "inconclusive": 1,
    }


@pytest.mark.parametrize("wanted", ["intrenet", None])
async def test_a_vantage_that_no_target_lists_scans_nothing(
    tmp_path: Path, wanted: str | None
) -> None:
    path = targets(tmp_path, host(1, "a", vantages=["dmz"]), host(2, "b", vantages=["internet"]))
    with pytest.raises(InputError, match="one of: dmz, internet"):
        await run(request(tmp_path, path, vantage=wanted), quiet)
    with pytest.raises(InputError, match="one of: dmz, internet"):
        plan(path, vantage=wanted)
    assert not (tmp_path / "reports").exists()


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


CLOSED_HOURS = ["Mon-Fri 00:00-05:00"]
"""``NIGHT`` is a Sunday."""


async def test_outside_its_windows_an_asset_is_not_dialled(tmp_path: Path) -> None:
    async with counting() as (port, calls):
        path = targets(tmp_path, host(port, "a", windows=CLOSED_HOURS))
        result = await run(request(tmp_path, path), quiet)
        assert calls == []
        document = report(result)
        assert document["hosts"][0]["endpoints"][0]["reason"] == "outside-window"
        assert result.exit_code == 3
        assert report(assess(result.folder)) == document
        await run(request(tmp_path, path, night=1), quiet)
        assert calls != []


NEVER = {"match": "127.0.0.1", "reason": "a pump hangs on it"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("127.0.0.1", NEVER),
        ("files.localhost", NEVER),
        ("files.localhost", {**NEVER, "match": "127.0.0.0/30"}),
        ("files.localhost", {**NEVER, "match": "*.localhost"}),
        ("127.0.0.1", {**NEVER, "until": "2026-11-22"}),
    ],
    ids=["address", "name-to-address", "name-to-network", "name", "last-day"],
)
async def test_what_is_excluded_is_not_dialled_and_counted_so(
    tmp_path: Path, name: str, rule: dict[str, str]
) -> None:
    async def answers(_: str) -> list[IPv4Address]:
        return [IPv4Address("127.0.0.1")]

    async with counting() as (port, calls):
        endpoints = [{"port": port, "protocol": "ftp"}]
        leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8", "*.localhost"]}
        entry = {"host": name, "asset": "a", "endpoints": endpoints}
        path = targets(tmp_path, entry, authorisation=leave, exclude=[rule])
        result = await run(request(tmp_path, path, resolver=answers), quiet)
        assert calls == []
    document = report(result)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    coverage = document["scan"]["coverage"]
    assert [coverage[key] for key in ("targeted", "excluded", "unreachable")] == [0, 1, 0]
    assert document["hosts"][0]["endpoints"][0]["reason"] == "excluded"
    assert {row["verdict"] for row in document["hosts"][0]["failures"]} <= {"unknown"}
    assert "a pump hangs on it" in document["hosts"][0]["endpoints"][0]["detail"]
    assert result.exit_code == 0
    assert report(assess(result.folder)) == document


async def test_an_exclusion_ends_after_its_last_day(tmp_path: Path) -> None:
    async with counting() as (port, calls):
        rule = {**NEVER, "until": "2026-11-21"}
        await run(request(tmp_path, targets(tmp_path, host(port, "a"), exclude=[rule])), quiet)
        assert calls != []


def test_a_plan_shows_what_is_excluded(tmp_path: Path) -> None:
    (asset,) = plan(targets(tmp_path, host(1, "a"), exclude=[NEVER]))
    assert asset.notes == ("not dialled: excluded by 127.0.0.1: a pump hangs on it",)
    assert (asset.connections, asset.logins, asset.bytes) == (0, 0, 0)


async def test_windows_are_hours_of_the_targets_own_time_zone(tmp_path: Path) -> None:
    """Sunday 03:00 in UTC is still Saturday evening in New York."""
    async with counting() as (port, calls):
        hours: dict[str, Any] = {"windows": ["Sat 20:00-24:00"], "timezone": "America/New_York"}
        await run(request(tmp_path, targets(tmp_path, host(port, "a", **hours))), quiet)
        assert calls != []


async def test_a_plan_notes_the_windows(tmp_path: Path) -> None:
    (asset,) = plan(targets(tmp_path, host(1, "a", windows=CLOSED_HOURS)))
    assert asset.notes[0].startswith("scanned only within Mon-Fri 00:00-05:00 (UTC)")


async def test_a_run_that_goes_cannot_be_judged_again(tmp_path: Path) -> None:
    path = targets(tmp_path, *(host(1 + number, f"a{number}") for number in range(3)))
    refused: list[str] = []

    def judge_again(progress: Progress) -> None:
        (folder,) = (tmp_path / "reports").glob("2*")
        with pytest.raises(LockedError):
            assess(folder)
        refused.append(progress.asset)

    result = await run(request(tmp_path, path), judge_again)
    assert sorted(refused) == ["a0", "a1", "a2"]
    assert len(report(result)["hosts"]) == 3


async def test_a_run_that_died_is_interrupted_once_it_is_judged_again(tmp_path: Path) -> None:
    result = await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)
    head = result.folder / "run.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | {"state": "running", "finished": ""}))
    (result.folder / "hosts.ndjson").write_text("{}")
    again = assess(result.folder)
    assert again.interrupted
    assert json.loads(head.read_text())["state"] == "interrupted"
    assert report(again)["scan"]["finished"] == "2026-11-22T03:00:00Z"
    assert sorted(path.name for path in result.folder.iterdir()) == [
        ".lock",
        "events.ndjson",
        "findings.csv",
        "observations.ndjson",
        "report.html",
        "report.json",
        "run.json",
    ]


async def test_a_second_judgement_names_the_papers_it_rests_on(tmp_path: Path) -> None:
    result = await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)
    leave = {"reference": "CHG-2", "scope": ["127.0.0.0/8"]}
    path = targets(tmp_path, host(1, "a"), authorisation=leave)
    head = report(assess(result.folder))["scan"]
    assert head["authorisation"] == "CHG-2"
    assert head["targets_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_history_that_cannot_be_written_loses_nothing_that_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise HistoryError("history.sqlite3: is held by another process")

    monkeypatch.setattr(History, "remember", held)
    with pytest.raises(StoppedError, match=r"held by another process; .* --resume "):
        await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)
    (folder,) = (tmp_path / "reports").glob("2*")
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    document = json.loads((folder / "report.json").read_text())
    assert [each["asset"] for each in document["hosts"]] == ["a"]
    monkeypatch.undo()
    assert report(assess(folder)) == document


async def test_a_disk_that_complains_only_at_the_end_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def refuse(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        close(handle)
        if path.name == "observations.ndjson":
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "close", refuse)
    with pytest.raises(StoppedError, match=r"observations.ndjson: Disk quota .* --resume "):
        await run(request(tmp_path, targets(tmp_path, host(1, "a"))), quiet)


async def test_what_was_finished_before_a_signal_is_kept(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The second endpoint of the asset accepts and never says a word."""
    server = start_server("vsftpd-plain")
    _, result, port = await cut_amid_a_look(tmp_path, server, "a")
    document = report(result)
    assert result.interrupted
    reasons = {each["port"]: each["reason"] for each in document["hosts"][0]["endpoints"]}
    assert reasons == {server.port: None, port: "interrupted"}
    assert finding(document, "a", "anonymous-read")["verdict"] == "fail"


async def test_secrets_of_deliveries_and_drills_keep_no_run_from_scanning(tmp_path: Path) -> None:
    test = {"kind": "http", "url": "https://127.0.0.1/alerts", "token": "env:NO_SUCH_TOKEN"}
    drill = {"test": test}
    path = targets(tmp_path, host(1, "a", drill=drill))
    assert (await run(request(tmp_path, path), quiet)).hosts == 1
    assert any("NO_SUCH_TOKEN" in line for line in validate(path))


async def cut_amid_a_look(
    tmp_path: Path, server: Server, asset: str
) -> tuple[Path, RunResult, int]:
    """Cancel a run amid its look at an asset that has a second endpoint, which never says a word.

    Returns the targets file, what the run came to, and the port of the second endpoint.
    """
    async with counting(mute=True) as (port, calls):
        endpoints = [{"port": each, "protocol": "ftp"} for each in (server.port, port)]
        path = targets(tmp_path, {"host": "127.0.0.1", "asset": asset, "endpoints": endpoints})
        task = asyncio.create_task(run(request(tmp_path, path), quiet))
        async with asyncio.timeout(60):
            await calls.begun.wait()
        task.cancel()
        return path, await task, port


class Calls(list[int]):
    """One entry per connection that was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()


@asynccontextmanager
async def counting(*, mute: bool = False) -> AsyncIterator[tuple[int, Calls]]:
    """Listen on loopback, count who comes, and close at once or say nothing."""
    calls = Calls()
    kept: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        calls.begun.set()
        kept.append(writer)
        if not mute:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], calls
    finally:
        for writer in kept:
            writer.close()
        server.close()
        await server.wait_closed()
