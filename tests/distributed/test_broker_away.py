"""A broker that is away: one line, and nothing written or judged again."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.api import BrokerPlace, Progress, run
from scanner.errors import InputError
from tests.api.test_nightly import quiet, request
from tests.api.test_resume import five, interrupted
from tests.servers.process import free_port


def away() -> BrokerPlace:
    return BrokerPlace(url=f"nats://127.0.0.1:{free_port()}")


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


async def test_a_new_run_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the broker does not answer") as told:
        await run(request(tmp_path, five(tmp_path), broker=away()), quiet)
    assert len(told.value.problems) == 1
    assert not list((tmp_path / "reports").glob("*"))


async def test_a_run_that_ended_early_is_not_judged_again(tmp_path: Path) -> None:
    path = five(tmp_path)
    cut = await interrupted(request(tmp_path, path), 2)
    before = contents(cut.folder)
    told: list[Progress] = []
    with pytest.raises(InputError, match="the broker does not answer"):
        await run(request(tmp_path, path, resume=cut.folder, broker=away()), told.append)
    assert told == []
    assert contents(cut.folder) == before
