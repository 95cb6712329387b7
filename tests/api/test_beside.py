"""A process beside a run is gone with the block that started it, whatever becomes of that."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from scanner.api import beside
from scanner.engine.processes import Link

DEAF = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
"""A process that does not heed the end of its input."""
REAL = beside._PROGRAM


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_PROGRAM", ("-c", DEAF))


async def number_of(link: Link) -> int:
    return int(await link.source.readline())


def lives(number: int) -> bool:
    return Path(f"/proc/{number}").exists()


async def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_END_SECONDS", 0.1)
    async with beside.process({}) as link:
        number = await number_of(link)
        assert lives(number)
    assert not lives(number)


async def test_one_is_killed_though_the_wait_for_its_end_is_cancelled() -> None:
    ending = asyncio.Event()
    numbers: list[int] = []

    async def block() -> None:
        async with beside.process({}) as link:
            numbers.append(await number_of(link))
            ending.set()

    task = asyncio.create_task(block())
    async with asyncio.timeout(20):
        await ending.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    assert not lives(numbers[0])


@pytest.mark.parametrize("changed", [False, True])
async def test_one_looks_at_nothing_of_a_file_that_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, changed: bool
) -> None:
    monkeypatch.setattr(beside, "_PROGRAM", REAL)
    path = tmp_path / "targets.json"
    target = {"host": "127.0.0.1", "asset": "lab", "endpoints": [{"port": 1, "protocol": "ftp"}]}
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"]}
    path.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": [target]}))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    if changed:
        path.write_text(path.read_text().replace('"port": 1,', '"port": 2,'))
    asked = {
        "targets": str(path),
        "sha256": before,
        "vantage": "internal",
        "history": str(tmp_path / "history.sqlite3"),
        "contact": "soc@example.org",
    }
    async with beside.process(asked) as link:
        await link.tell({"asset": "lab", "again": False})
        said = json.loads(await link.source.readline())
    assert said.get("stopped", "").startswith(str(path)) is changed
    assert ("seen" in said) is not changed
