"""Hours in which a target may be scanned hold where the worker stands, as they do in a local run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from scanner.api import RunResult, run
from tests.api.alike import alike
from tests.api.test_nightly import (
    CLOSED_HOURS,
    NIGHT,
    counting,
    host,
    quiet,
    report,
    request,
    targets,
)
from tests.distributed.zones import complain, place, zones

BOTH = ["internal", "dmz"]
SATURDAY_THERE: dict[str, Any] = {"windows": ["Sat 20:00-24:00"], "timezone": "America/New_York"}
"""``NIGHT`` is Sunday 03:00 in UTC, and there still Saturday evening."""


async def test_a_target_outside_its_hours_is_not_dialled_and_unknown_as_locally(
    tmp_path: Path,
) -> None:
    async with counting() as (shut, calls), counting() as (due, others):
        path = targets(
            tmp_path, host(shut, "shut", windows=CLOSED_HOURS), host(due, "due", **SATURDAY_THERE)
        )
        async with zones(tmp_path, "internal", clock=lambda: NIGHT) as server:
            asked = request(tmp_path, path, tell=complain, broker=place(server, "coordinator"))
            far = await run(asked, quiet)
        assert calls == []
        assert others != []
        shutil.copy(tmp_path / "history.sqlite3.key", tmp_path / "other.sqlite3.key")
        alone = replace(request(tmp_path, path), history=tmp_path / "other.sqlite3")
        near = await run(alone, quiet)
    assert alike(far) == alike(near)
    assert far.exit_code == near.exit_code == 3
    assert whys(far, "shut") == {"internal": "outside-window"}
    assert whys(far, "due") == {"internal": "connection-lost"}


async def test_the_hour_is_that_at_which_a_worker_comes_to_the_target(tmp_path: Path) -> None:
    """On Sunday the coordinator sent what waited until Monday for a worker, and the other way."""
    monday = NIGHT + timedelta(days=1)
    for sent, taken in ((NIGHT, monday), (monday, NIGHT)):
        own = tmp_path / f"{taken:%A}"
        own.mkdir()
        async with counting() as (port, calls):
            path = targets(own, host(port, "a", windows=CLOSED_HOURS, vantages=BOTH))
            async with zones(own, *BOTH, clock=partial(_always, taken)) as server:
                night = (sent - NIGHT).days
                broker = place(server, "coordinator")
                asked = request(own, path, night=night, tell=complain, broker=broker)
                result = await run(asked, quiet)
            assert bool(calls) == (taken == monday)
        reason = "connection-lost" if taken == monday else "outside-window"
        assert whys(result, "a") == dict.fromkeys(BOTH, reason)
        if taken != monday:
            (only,) = report(result)["hosts"]
            assert {row["verdict"] for row in only["failures"]} == {"unknown"}


def _always(moment: datetime) -> datetime:
    return moment


def whys(result: RunResult, asset: str) -> dict[str, str | None]:
    """Return why an asset was not reached, by vantage."""
    (found,) = (each for each in report(result)["hosts"] if each["asset"] == asset)
    return {each["vantage"]: each.get("reason") for each in found["endpoints"]}
