"""Shares of one run, put together: the same document as if one run had scanned them all."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.api import MergeRequest, RunResult, assess, merge, run
from scanner.errors import InputError, LockedError
from scanner.history import History, mask_key
from scanner.sinks.lock import exclusive
from tests.api.alike import alike
from tests.api.test_nightly import NIGHT, SCHEMA, finding, host, quiet, report, request, targets
from tests.api.test_resume import five, interrupted
from tests.servers.fixtures import StartServer


@pytest.fixture
def closed() -> Iterator[list[int]]:
    """Ports where nothing listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        yield ports


def merging(tmp_path: Path, *results: RunResult, **more: Any) -> MergeRequest:
    return MergeRequest(
        runs=tuple(result.folder for result in results),
        reports=tmp_path / "merged",
        clock=lambda: NIGHT,
        **more,
    )


async def shares(tmp_path: Path, path: Path, count: int, **more: Any) -> list[RunResult]:
    return [
        await run(request(tmp_path, path, shard=(index, count), **more), quiet)
        for index in range(count)
    ]


def fleet(tmp_path: Path, start: StartServer, shut: list[int]) -> Path:
    loose, strict = start("vsftpd-plain"), start("openssh-keys")
    enforced = start("proftpd-tls-on")
    return targets(
        tmp_path,
        host(loose.port, "loose"),
        host(strict.port, "strict", protocol="sftp"),
        host(enforced.port, "enforced"),
        {**host(loose.port, "loose-again"), "host": "localhost"},
        *(host(port, f"closed-{number}") for number, port in enumerate(shut)),
        authorisation={"reference": "CHG-1", "scope": ["127.0.0.0/8", "localhost"]},
    )


async def test_two_shares_merged_are_the_document_of_one_run(
    start_server: StartServer, closed: list[int], tmp_path: Path
) -> None:
    path = fleet(tmp_path, start_server, closed)
    alone = request(tmp_path, path)
    mask_key(tmp_path / "history.sqlite3")
    shutil.copy(tmp_path / "history.sqlite3.key", tmp_path / "other.sqlite3.key")
    whole = await run(replace(alone, history=tmp_path / "other.sqlite3"), quiet)
    both = await shares(tmp_path, path, 2)
    together = merge(merging(tmp_path, *both))
    assert alike(together) == alike(whole)
    assert together.exit_code == whole.exit_code
    assert (together.hosts, together.delta) == (whole.hosts, whole.delta)
    jsonschema.validate(report(together), json.loads(SCHEMA.read_text()))
    names = {each.name for each in together.folder.iterdir()}
    assert names == {each.name for each in whole.folder.iterdir()}
    assert (together.folder / "findings.csv").read_text().count("loose-again") > 0
    lines = (together.folder / "events.ndjson").read_text().splitlines()
    assert len(lines) == len((whole.folder / "events.ndjson").read_text().splitlines())
    assert report(assess(together.folder)) == report(together)


async def test_the_delta_of_a_second_night_is_that_of_the_shares_together(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = fleet(tmp_path, start_server, [])
    first = merge(merging(tmp_path, *await shares(tmp_path, path, 2)))
    second = merge(merging(tmp_path, *await shares(tmp_path, path, 2, night=1)))
    assert first.delta["new"] > 0
    assert second.delta == {"new": 0, "changed": 0, "resolved": 0, "unchanged": first.delta["new"]}


async def test_a_history_that_is_named_is_told_once(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = fleet(tmp_path, start_server, [])
    kept = tmp_path / "coordinator.sqlite3"
    nights = []
    for night in range(2):
        both = [
            await run(
                replace(
                    request(tmp_path, path, night=night, shard=(index, 2)),
                    history=tmp_path / f"pod-{night}-{index}.sqlite3",
                ),
                quiet,
            )
            for index in range(2)
        ]
        nights.append(merge(merging(tmp_path, *both, history=kept)))
    assert nights[0].delta["new"] > 0
    assert nights[1].delta == {
        "new": 0,
        "changed": 0,
        "resolved": 0,
        "unchanged": nights[0].delta["new"],
    }
    with History.open(kept, lambda: NIGHT) as memory:
        assert memory.recall("default", "loose").findings
    again = finding(report(nights[1]), "loose", "anonymous-read")
    assert again["days_open"] == 1


async def test_runs_from_two_vantages_stand_side_by_side(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "a", vantages=["internal", "dmz"]))
    both = [
        await run(request(tmp_path, path, vantage=vantage), quiet)
        for vantage in ("internal", "dmz")
    ]
    together = merge(merging(tmp_path, *both))
    document = report(together)
    (asset,) = document["hosts"]
    assert [each["vantage"] for each in asset["endpoints"]] == ["dmz", "internal"]
    assert document["scan"]["vantages"] == ["internal", "dmz"]
    open_from = {
        item["vantage"]
        for row in asset["failures"]
        for item in row["findings"]
        if item["facet"] == "anonymous-read" and item["verdict"] == "fail"
    }
    assert open_from == {"internal", "dmz"}
    assert together.delta["unchanged"] == 0
    assert document["scan"]["coverage"]["targeted"] == 1


async def test_a_share_that_is_missing_is_unknown_and_never_silence(tmp_path: Path) -> None:
    path = five(tmp_path)
    first, second, _ = await shares(tmp_path, path, 3)
    together = merge(merging(tmp_path, first, second))
    document = report(together)
    assert sorted(each["asset"] for each in document["hosts"]) == [f"a{n}" for n in range(5)]
    assert together.exit_code == 3
    (lost,) = (each for each in document["hosts"] if each["asset"] == "a2")
    assert {row["verdict"] for row in lost["failures"]} == {"unknown"}
    assert "none of the merged runs holds it" in json.dumps(lost)


async def test_a_run_that_was_interrupted_makes_the_merged_one_interrupted(tmp_path: Path) -> None:
    path = five(tmp_path)
    cut = await interrupted(request(tmp_path, path, shard=(0, 2)), 1)
    (_, second) = await shares(tmp_path, path, 2)
    together = merge(merging(tmp_path, cut, second))
    assert (together.interrupted, together.exit_code) == (True, 3)
    assert len(report(together)["hosts"]) == 5


async def test_what_does_not_belong_together_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = five(tmp_path)
    first, second = await shares(tmp_path, path, 2)
    whole = await run(request(tmp_path, path, night=1), quiet)
    with pytest.raises(InputError, match=r"'a0': is in .* and in .* \(and 2 more assets\)"):
        merge(merging(tmp_path, first, whole))
    with pytest.raises(InputError, match="two or more run folders"):
        merge(merging(tmp_path, first, first))
    with exclusive(second.folder / ".lock"), pytest.raises(LockedError):
        merge(merging(tmp_path, first, second))
    targets(tmp_path, host(1, "a0"))
    other = await run(request(tmp_path, path, night=2), quiet)
    with pytest.raises(InputError, match="another targets file") as refused:
        merge(merging(tmp_path, first, other))
    assert len(refused.value.problems) == 1
    with pytest.raises(InputError, match="is not the targets file"):
        merge(merging(tmp_path, first, second))
    assert not (tmp_path / "merged").exists()


async def test_runs_that_were_judged_by_other_policies_are_refused(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    text = {
        "name": "ours",
        "version": "1",
        "made": "2026-11-01",
        "origin": "us",
        "kex": ["curve25519-sha256"],
    }
    policy.write_text(json.dumps(text))
    path = targets(tmp_path, *(host(n + 1, f"a{n}", policy="file:policy.json") for n in range(2)))
    first = await run(request(tmp_path, path, shard=(0, 2)), quiet)
    policy.write_text(json.dumps({**text, "kex": ["sntrup761x25519-sha512"]}))
    second = await run(request(tmp_path, path, shard=(1, 2)), quiet)
    with pytest.raises(InputError, match="with other policies than"):
        merge(merging(tmp_path, first, second))
