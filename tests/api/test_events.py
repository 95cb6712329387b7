"""Events of nights on real servers: created, told again, closed only when seen to be mended."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import Progress, RunResult, assess, run
from scanner.model.failure import FailureId
from scanner.sinks.flush import Patience
from tests.api.test_nightly import host, quiet, report, request, targets
from tests.report.test_events import VERSIONS, faults
from tests.servers.fixtures import StartServer

Event = dict[str, Any]
NINE = len(FailureId)


def events(result: RunResult) -> list[Event]:
    return [json.loads(line) for line in (result.folder / "events.ndjson").read_text().splitlines()]


def open_zone(result: RunResult) -> tuple[str, str, str, str]:
    (event,) = (e for e in events(result) if e["metadata"]["event_code"] == "open-zone")
    return (
        event["activity_name"],
        event["status"],
        event["compliance"]["status"],
        event["unmapped"]["ftpscan"]["change"],
    )


async def test_a_defect_is_created_told_again_kept_while_unseen_and_closed(
    start_server: StartServer, tmp_path: Path
) -> None:
    loose, strict = start_server("vsftpd-plain"), start_server("vsftpd-no-anonymous")
    nights = [loose.port, loose.port, 1, strict.port, strict.port]
    told = []
    for night, port in enumerate(nights):
        path = targets(tmp_path, host(port, "a"))
        result = await run(request(tmp_path, path, night=night), quiet)
        told.append(open_zone(result))
        delta = events(result)[-1]["unmapped"]["ftpscan"]["delta"]
        changes = [
            e["unmapped"]["ftpscan"]["change"]
            for e in events(result)[1:-1]
            if e["status_code"] == "FAIL" or e["activity_name"] == "Close"
        ]
        assert delta == {kind: changes.count(kind) for kind in delta}
    assert told == [
        ("Create", "New", "Fail", "new"),
        ("Update", "New", "Fail", "unchanged"),
        ("Update", "New", "Unknown", "unchanged"),
        ("Close", "Resolved", "Pass", "resolved"),
        ("Update", "Resolved", "Pass", "unchanged"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_events_of_a_run_are_valid_and_counted(
    version: str, start_server: StartServer, tmp_path: Path
) -> None:
    path = targets(
        tmp_path,
        host(start_server("vsftpd-tls-optional").port, "a"),
        host(start_server("openssh-keys").port, "b", protocol="sftp"),
        host(1, "c"),
    )
    result = await run(request(tmp_path, path), quiet)
    found = events(result)
    assert [fault for event in found for fault in faults(event, version)] == []
    assert [event["metadata"]["sequence"] for event in found] == list(range(1, 3 * NINE + 3))
    assert found[0]["activity_name"] == "Started"
    ours = found[-1]["unmapped"]["ftpscan"]
    assert ours["events_in_run"] == len(found)
    coverage = report(result)["scan"]["coverage"]
    assert {key: ours["coverage"][key] for key in ("targeted", "assessed", "unreachable")} == {
        "targeted": coverage["targeted"],
        "assessed": coverage["assessed"],
        "unreachable": 1,
    }


async def test_a_run_that_is_cut_short_says_so_and_tells_nothing_of_what_it_did_not_see(
    tmp_path: Path,
) -> None:
    task = asyncio.current_task()
    assert task is not None

    def cancel(progress: Progress) -> None:
        if progress.done == 1:
            task.cancel()

    path = targets(
        tmp_path,
        *(host(1 + number, f"a{number}") for number in range(3)),
        defaults={"limits": {"connections": 1}},
    )
    result = await run(request(tmp_path, path), cancel)
    assert result.interrupted
    *_, last = found = events(result)
    assert (last["activity_name"], last["status"]) == ("Cancelled", "Failure")
    assert len({e["device"]["uid"] for e in found if e["class_uid"] == 2003}) < 3
    coverage = last["unmapped"]["ftpscan"]["coverage"]
    assert coverage["checks_planned"] == 3 * NINE
    assert coverage["checks_inconclusive"] > 0


async def test_a_signal_ends_the_waiting_for_a_receiver_that_is_not_there(tmp_path: Path) -> None:
    task = asyncio.current_task()
    assert task is not None
    path = targets(
        tmp_path,
        host(1, "a"),
        delivery=[{"kind": "syslog", "host": "127.0.0.1", "port": 1}],
    )
    loop = asyncio.get_running_loop()

    def a_pause_begins() -> float:
        loop.call_soon_threadsafe(task.cancel)
        return 1.0

    hour = Patience(first=7200, most=7200, jitter=a_pause_begins)
    result = await run(request(tmp_path, path, patience=hour), quiet)
    assert [(one.left, one.faults) for one in result.deliveries] == [
        (NINE + 2, ("stopped by a signal",))
    ]
    assert result.exit_code == 4


async def test_judging_again_leaves_events_alone_that_may_have_been_delivered(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = targets(tmp_path, host(start_server("vsftpd-plain").port, "a"))
    result = await run(request(tmp_path, path), quiet)
    before = (result.folder / "events.ndjson").read_bytes()
    targets(tmp_path, host(start_server("vsftpd-plain").port, "a", owner="other"))
    assess(result.folder)
    assert (result.folder / "events.ndjson").read_bytes() == before


async def test_a_run_that_was_killed_has_its_events_once_it_is_judged(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = targets(tmp_path, host(start_server("vsftpd-plain").port, "a"))
    result = await run(request(tmp_path, path), quiet)
    whole = events(result)
    file = result.folder / "events.ndjson"
    file.rename(result.folder / "events.ndjson.part")
    head = result.folder / "run.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | {"state": "running", "finished": ""}))
    assess(result.folder)
    again = events(result)
    assert again[:-1] == whole[:-1]
    assert again[-1]["activity_name"] == "Cancelled"
    assert not (result.folder / "events.ndjson.part").exists()
