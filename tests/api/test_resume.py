"""A run that ended early is finished: each asset once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import Progress, RunResult, assess, run
from scanner.api.resume import cleaned
from scanner.errors import InputError
from scanner.sinks.run_folder import RunFolder
from tests.api.test_nightly import (
    cut_amid_a_look,
    finding,
    host,
    quiet,
    report,
    request,
    targets,
)
from tests.servers.fixtures import StartServer


async def interrupted(wanted: Any, after: int) -> RunResult:
    task = asyncio.current_task()
    assert task is not None

    def cancel(progress: Progress) -> None:
        if progress.done == after:
            task.cancel()

    return await run(wanted, cancel)


def five(tmp_path: Path) -> Path:
    hosts = [host(1 + number, f"a{number}") for number in range(5)]
    return targets(tmp_path, *hosts, defaults={"limits": {"connections": 1}})


async def test_an_interrupted_run_is_finished_with_each_asset_once(tmp_path: Path) -> None:
    path = five(tmp_path)
    first = await interrupted(request(tmp_path, path), 2)
    told: list[Progress] = []
    again = await run(request(tmp_path, path, resume=first.folder), told.append)
    assets = sorted(each["asset"] for each in report(again)["hosts"])
    assert assets == [f"a{number}" for number in range(5)]
    assert (again.uid, again.folder, again.interrupted) == (first.uid, first.folder, False)
    lines = (again.folder / "observations.ndjson").read_text().splitlines()
    assert sorted(json.loads(line)["asset"] for line in lines) == assets
    assert "interrupted" not in (again.folder / "observations.ndjson").read_text()


async def test_a_run_is_finished_in_its_own_folder_where_a_link_leads_to_it(
    tmp_path: Path,
) -> None:
    path = targets(
        tmp_path,
        host(1, "a0"),
        host(2, "a1"),
        defaults={"limits": {"connections": 1}},
        delivery=[{"kind": "file", "path": str(tmp_path / "siem.ndjson")}],
    )
    first = await interrupted(request(tmp_path, path), 1)
    latest = first.folder.parent / "latest"
    again = await run(request(tmp_path, path, resume=latest), quiet)
    assert again.folder == first.folder
    assert str(latest.readlink()) == first.folder.name
    assert [one.complete for one in again.deliveries] == [True]
    told = (tmp_path / "siem.ndjson").read_text()
    assert (first.folder / "events.ndjson").read_text().splitlines()[-1] in told


async def test_a_line_cut_short_by_a_kill_swallows_no_other(tmp_path: Path) -> None:
    path = five(tmp_path)
    first = await interrupted(request(tmp_path, path), 2)
    kept = first.folder / "observations.ndjson"
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text(lines[0] + lines[1][:40])
    (first.folder / "report.json").unlink()
    again = await run(request(tmp_path, path, resume=first.folder), quiet)
    assert sorted(each["asset"] for each in report(again)["hosts"]) == [f"a{n}" for n in range(5)]


async def test_a_whole_run_and_a_changed_file_are_refused(tmp_path: Path) -> None:
    path = five(tmp_path)
    whole = await run(request(tmp_path, path), quiet)
    with pytest.raises(InputError, match="nothing is left"):
        await run(request(tmp_path, path, resume=whole.folder), quiet)
    cut = await interrupted(request(tmp_path, path, night=1), 2)
    targets(tmp_path, host(1, "other"))
    with pytest.raises(InputError, match="has changed"):
        await run(request(tmp_path, path, resume=cut.folder), quiet)


def events(result: RunResult) -> list[Any]:
    return [json.loads(line) for line in (result.folder / "events.ndjson").read_text().splitlines()]


def hold_once(found: list[Any], assets: int) -> None:
    """Each asset's events once, between one beginning and one end, numbered without a gap."""
    assert [event["metadata"]["sequence"] for event in found] == list(range(1, len(found) + 1))
    assert len({event["metadata"]["uid"] for event in found}) == len(found)
    names = [e["activity_name"] for e in found if e["class_uid"] == 6007]
    assert names == ["Started", "Completed"]
    assert (found[0]["activity_name"], found[-1]["activity_name"]) == ("Started", "Completed")
    told = sorted(e["device"]["uid"] for e in found if e["class_uid"] == 2003)
    assert told == sorted(f"asset:a{number}" for number in range(assets) for _ in range(9))
    assert found[-1]["unmapped"]["ftpscan"]["events_in_run"] == len(found)


async def test_a_resumed_run_tells_each_asset_once_and_delivers_all_under_one_id(
    tmp_path: Path,
) -> None:
    out = tmp_path / "siem.ndjson"
    hosts = [host(1 + number, f"a{number}") for number in range(5)]
    path = targets(
        tmp_path,
        *hosts,
        defaults={"limits": {"connections": 1}},
        delivery=[{"kind": "file", "path": str(out)}],
    )
    first = await interrupted(request(tmp_path, path), 2)
    cut = events(first)
    assert cut[-1]["activity_name"] == "Cancelled"
    assert [json.loads(line) for line in out.read_text().splitlines()] == cut
    again = await run(request(tmp_path, path, resume=first.folder), quiet)
    found = events(again)
    hold_once(found, 5)
    sent = [json.loads(line) for line in out.read_text().splitlines()]
    by_id: dict[str, Any] = {}
    for event in sent:
        same = by_id.setdefault(event["metadata"]["uid"], event)
        assert (same["type_uid"], same["message"]) == (event["type_uid"], event["message"])
    ids = {event["metadata"]["uid"] for event in found}
    assert ids <= by_id.keys()
    assert by_id.keys() - ids == {cut[-1]["metadata"]["uid"]}


async def test_what_a_cut_look_found_is_new_to_the_run_that_is_finished(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The history knows it from the first attempt, but no event has told of it."""
    server = start_server("vsftpd-plain")
    path, first, _ = await cut_amid_a_look(tmp_path, server, "a0")
    assert finding(report(first), "a0", "anonymous-read")["verdict"] == "fail"
    assert [e["class_uid"] for e in events(first)] == [6007, 6007]
    kept = RunFolder.open(first.folder)
    before = cleaned(kept, "observations.ndjson")
    assert {asset: recall.findings for asset, recall in before.items()} == {"a0": {}}
    assert cleaned(kept, "observations.ndjson") == before  # as after a kill while it is resumed
    again = await run(request(tmp_path, path, resume=first.folder), quiet)
    assert not (first.folder / "cut.ndjson").exists()
    hold_once(events(again), 1)
    zone = next(e for e in events(again) if e["metadata"]["event_code"] == "open-zone")
    assert (zone["activity_name"], zone["unmapped"]["ftpscan"]["change"]) == ("Create", "new")
    assert again.delta["new"] > 0


async def test_a_killed_run_that_is_judged_tells_what_was_not_scanned_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    path = five(tmp_path)
    first = await interrupted(request(tmp_path, path), 2)
    kept = first.folder / "observations.ndjson"
    whole = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(whole[:2]) + whole[2][:50])
    (first.folder / "report.json").unlink()
    (first.folder / "events.ndjson").unlink()
    head = first.folder / "run.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | {"state": "running", "finished": ""}))
    for _ in range(2):
        judged = assess(first.folder)
        document = report(judged)
        assert sorted(each["asset"] for each in document["hosts"]) == [f"a{n}" for n in range(5)]
        late = finding(document, "a4", "anonymous-read")
        assert (late["verdict"], late["reason"]) == ("unknown", "interrupted")
        assert "not scanned: the run ended before its turn" in late["summary"]
        assert document["scan"]["coverage"]["targeted"] == 5
        assert (judged.interrupted, judged.exit_code) == (True, 3)
    again = await run(request(tmp_path, path, resume=first.folder), quiet)
    assert sorted(each["asset"] for each in report(again)["hosts"]) == [f"a{n}" for n in range(5)]
    hold_once(events(again), 5)


async def test_a_run_that_is_whole_has_no_targets_that_were_not_scanned(tmp_path: Path) -> None:
    result = await run(request(tmp_path, targets(tmp_path, host(1, "a0"))), quiet)
    targets(tmp_path, host(1, "a0"), host(2, "later"))
    assert [each["asset"] for each in report(assess(result.folder))["hosts"]] == ["a0"]
