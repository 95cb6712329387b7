"""What comes with every run, of runs over a broker: audit log, trend, resumption, merging."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from scanner.api import MergeRequest, RunRequest, RunResult, assess, merge, run
from scanner.api.audit import verify_audit
from scanner.api.difference import compare
from scanner.api.metrics import write_metrics
from scanner.engine.unseen import unseen
from scanner.history import Ledger
from scanner.model.finding import Severity
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target
from scanner.model.trend import standpoint
from scanner.sinks.run_folder import OBSERVATIONS
from tests.api.alike import alike
from tests.api.test_nightly import NIGHT, host, quiet, report, request, targets
from tests.distributed.doors import Door, door
from tests.distributed.zones import complain, place, zones
from tests.servers.fixtures import StartServer
from tests.servers.nats import NatsServer

BOTH = ["internal", "dmz"]


def asked(tmp_path: Path, path: Path, broker: NatsServer, **more: Any) -> RunRequest:
    return request(tmp_path, path, tell=complain, broker=place(broker, "coordinator"), **more)


def by_asset(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert Counter(each["asset"] for each in document["hosts"]).most_common(1)[0][1] == 1
    return {each["asset"]: each for each in document["hosts"]}


def states(host_document: dict[str, Any]) -> dict[str, str]:
    return {each["vantage"]: each["state"] for each in host_document["endpoints"]}


async def test_two_nights_from_two_vantages_are_logged_measured_and_compared(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "loose", vantages=BOTH))
    async with zones(tmp_path, *BOTH, clock=lambda: NIGHT) as broker:
        first = await run(asked(tmp_path, path, broker), quiet)
        second = await run(asked(tmp_path, path, broker, night=1), quiet)
    log = tmp_path / "reports" / "audit.ndjson"
    check = verify_audit(log)
    assert (check.breaks, check.gaps, check.open) == ((), (), ())
    told = [json.loads(line) for line in log.read_text().splitlines()]
    looks = [each for each in told if each["event"] == "asset"]
    assert [(each["asset"], each["vantage"]) for each in looks] == [
        ("loose", vantage) for _ in range(2) for vantage in BOTH
    ]
    assert all(each["dialled"][0]["connections"] > 0 for each in looks)
    ends = [each for each in told if each["event"] == "end"]
    assert [(each["ended"], each["assets"]) for each in ends] == [("done", 1), ("done", 1)]

    loose = by_asset(report(second))["loose"]
    assert len(loose["trend"]) == 2
    with compare(first.folder, second.folder, Severity.HIGH) as compared:
        assert not compared.alarming
    assert second.delta["new"] == 0
    write_metrics(tmp_path / "scan.prom", second, second.exit_code)
    assert 'ftpscan_run_exit_code{vantage="dmz,internal"} 1\n' in (
        tmp_path / "scan.prom"
    ).read_text(encoding="utf-8")
    alone = await run(request(tmp_path, path, night=2, vantage="internal"), quiet)
    assert len(by_asset(report(alone))["loose"]["trend"]) == 1


async def test_a_run_that_a_signal_cut_is_finished_from_all_its_vantages(tmp_path: Path) -> None:
    async with door(0) as away, door(1) as half, door(2) as mute:
        path = targets(
            tmp_path,
            host(away.port, "away", vantages=BOTH),
            host(half.port, "half", vantages=BOTH),
            host(mute.port, "mute", vantages=BOTH),
            defaults={"timeout_seconds": 60},
        )
        async with zones(tmp_path, *BOTH, clock=lambda: NIGHT) as broker:
            wanted = asked(tmp_path, path, broker)
            cut, died = await cut_short(wanted, half, mute, tmp_path / "died")
            assert cut.interrupted
            found = by_asset(report(cut))
            assert states(found["away"]) == dict.fromkeys(BOTH, "open")
            kept = Counter(
                seen["vantage"]
                for line in (cut.folder / OBSERVATIONS).read_text().splitlines()
                for seen in json.loads(line)["observations"]
            )
            assert kept == {"internal": 3, "dmz": 3}
            with Ledger(cut.folder / "ledger.sqlite3") as ledger:
                assert len(ledger.seen("half")) == 1
                assert ledger.seen("mute") == {}
            before = half.callers
            again = await run(replace(wanted, resume=cut.folder), quiet)
    assert (again.uid, again.interrupted) == (cut.uid, False)
    found = by_asset(report(again))
    assert {name: states(each) for name, each in found.items()} == {
        name: dict.fromkeys(BOTH, "open") for name in ("away", "half", "mute")
    }
    assert half.callers > before
    assert "interrupted" not in (again.folder / OBSERVATIONS).read_text()
    assert not list(again.folder.glob("ledger*"))
    assert [each["ended"] for each in ends_of(tmp_path)] == ["interrupted", "done"]
    judged = by_asset(report(assess(died)))
    assert states(judged["mute"]) == dict.fromkeys(BOTH, "unreachable")
    assert "the run ended before its turn" in json.dumps(judged["mute"])


async def cut_short(
    wanted: RunRequest, half: Door, mute: Door, copy: Path
) -> tuple[RunResult, Path]:
    """Cancel a run as soon as two looks wait for ever; return it, and its folder as it was."""
    told: list[int] = []
    task = asyncio.create_task(run(wanted, lambda progress: told.append(progress.done)))
    async with asyncio.timeout(60):
        await asyncio.gather(half.held.wait(), mute.held.wait())
        (folder,) = (each for each in wanted.reports.glob("2*"))
        while not told or not is_told(folder, "half"):  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.05)
        shutil.copytree(folder, copy)
        task.cancel()
        cut = await task
    for each in (half, mute):
        each.opened.set()
    return cut, copy


def is_told(folder: Path, asset: str) -> bool:
    with Ledger(folder / "ledger.sqlite3") as ledger:
        return bool(ledger.seen(asset))


def ends_of(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "reports" / "audit.ndjson").read_text().splitlines()
    return [each for each in map(json.loads, lines) if each["event"] == "end"]


async def test_shares_of_a_fleet_seen_from_two_vantages_are_merged(tmp_path: Path) -> None:
    listed = [host(1 + number, f"a{number}", vantages=BOTH) for number in range(4)]
    path = targets(tmp_path, *listed)
    async with zones(tmp_path, *BOTH, clock=lambda: NIGHT) as broker:
        whole = await run(asked(tmp_path, path, broker), quiet)
        shares = [
            await run(asked(tmp_path, path, broker, shard=(number, 2)), quiet)
            for number in range(2)
        ]
    folders = [each.folder for each in shares]
    merged = merge(merging(tmp_path / "merged", *folders))
    assert alike(merged) == alike(whole)
    lines = (folders[1] / OBSERVATIONS).read_text().splitlines(keepends=True)
    (folders[1] / OBSERVATIONS).write_text("".join(lines[:1]))
    partly = by_asset(report(merge(merging(tmp_path / "partly", *folders))))
    (gone,) = {f"a{number}" for number in range(4)} - {
        json.loads(line)["asset"]
        for folder in folders
        for line in (folder / OBSERVATIONS).read_text().splitlines()
    }
    assert states(partly[gone]) == dict.fromkeys(BOTH, "unreachable")
    assert {row["verdict"] for row in partly[gone]["failures"]} == {"unknown"}


def test_a_night_without_a_worker_is_no_night_of_that_vantage() -> None:
    target = Target(host="127.0.0.1", asset="a")
    inside = unseen(target, "internal", Unobserved(Reason.CLOSED, "refused"))
    nobody = unseen(target, "dmz", Unobserved(Reason.NO_VANTAGE, "no worker at this vantage"))
    assert standpoint((inside, nobody)) == "internal"
    assert standpoint((inside, replace(inside, vantage="dmz"))) == "dmz,internal"


def merging(reports: Path, *folders: Path) -> MergeRequest:
    return MergeRequest(runs=folders, reports=reports, clock=lambda: NIGHT)
