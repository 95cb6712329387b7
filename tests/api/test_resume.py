"""A run that ended early is finished: each asset once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import Progress, RunResult, run
from scanner.errors import InputError
from tests.api.test_nightly import host, quiet, report, request, targets


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
