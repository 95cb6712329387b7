"""Runs over a broker: one observation per vantage, the document of one run, and never silence."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from scanner.api import run
from tests.api.alike import alike
from tests.api.test_nightly import NIGHT, SCHEMA, host, quiet, report, request, targets
from tests.distributed.zones import complain, place, zones
from tests.servers.fixtures import StartServer
from tests.servers.process import free_port


def fleet(tmp_path: Path, start: StartServer, vantages: list[str]) -> Path:
    loose, strict = start("vsftpd-plain"), start("openssh-keys")
    enforced = start("proftpd-tls-on")
    listed = [
        host(loose.port, "loose"),
        host(strict.port, "strict", protocol="sftp"),
        host(enforced.port, "enforced"),
        host(free_port(), "closed"),
    ]
    return targets(tmp_path, *({**each, "vantages": vantages} for each in listed))


async def test_a_run_over_a_broker_gives_the_document_of_a_local_one(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = fleet(tmp_path, start_server, ["internal"])
    async with zones(tmp_path, "internal", clock=lambda: NIGHT) as server:
        asked = request(tmp_path, path, tell=complain, broker=place(server, "coordinator"))
        far = await run(asked, quiet)
    shutil.copy(tmp_path / "history.sqlite3.key", tmp_path / "other.sqlite3.key")
    alone = replace(request(tmp_path, path), history=tmp_path / "other.sqlite3")
    near = await run(alone, quiet)
    assert alike(far) == alike(near)
    assert (far.exit_code, far.delta) == (near.exit_code, near.delta)
    jsonschema.validate(report(far), json.loads(SCHEMA.read_text()))
    assert {each.name for each in far.folder.iterdir()} == {
        each.name for each in near.folder.iterdir()
    }


async def test_each_vantage_is_an_observation_of_its_own(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = fleet(tmp_path, start_server, ["internal", "dmz"])
    async with zones(tmp_path, "internal", "dmz", clock=lambda: NIGHT) as server:
        asked = request(tmp_path, path, tell=complain, broker=place(server, "coordinator"))
        result = await run(asked, quiet)
    document = report(result)
    assert document["scan"]["vantages"] == ["internal", "dmz"]
    (loose,) = (each for each in document["hosts"] if each["asset"] == "loose")
    assert {each["vantage"] for each in loose["endpoints"]} == {"internal", "dmz"}
    assert open_from(loose) == {"internal", "dmz"}


async def test_a_vantage_without_a_worker_is_unknown(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "loose", vantages=["internal", "dmz"]))
    async with zones(tmp_path, "internal", clock=lambda: NIGHT) as broker:
        where = place(broker, "coordinator", patience=10.0)
        asked = request(tmp_path, path, tell=complain, broker=where)
        result = await run(asked, quiet)
    (loose,) = report(result)["hosts"]
    assert open_from(loose) == {"internal"}
    assert "no worker at this vantage" in json.dumps(loose)
    states = {each["vantage"]: each["state"] for each in loose["endpoints"]}
    assert states == {"internal": "open", "dmz": "unreachable"}
    alone = replace(asked, vantage="dmz")
    (tmp_path / "again").mkdir()
    async with zones(tmp_path / "again", clock=lambda: NIGHT) as broker:
        where = place(broker, "coordinator", patience=1.0)
        result = await run(replace(alone, broker=where), quiet)
    assert result.exit_code == 3
    (loose,) = report(result)["hosts"]
    assert {row["verdict"] for row in loose["failures"]} == {"unknown"}


async def test_a_worker_does_not_dial_what_is_excluded(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    listed = host(server.port, "loose")
    exclude = [{"match": "127.0.0.0/24", "reason": "a fragile device"}]
    path = targets(tmp_path, listed, exclude=exclude)
    async with zones(tmp_path, "internal", clock=lambda: NIGHT) as broker:
        asked = request(tmp_path, path, tell=complain, broker=place(broker, "coordinator"))
        result = await run(asked, quiet)
    (loose,) = report(result)["hosts"]
    assert "a fragile device" in json.dumps(loose)
    assert {row["verdict"] for row in loose["failures"]} == {"unknown"}
    assert not any("CONNECT" in log.read_text() for log in server.logs if log.exists())


def open_from(host_document: dict[str, Any]) -> set[str]:
    return {
        item["vantage"]
        for row in host_document["failures"]
        for item in row["findings"]
        if item["facet"] == "anonymous-read" and item["verdict"] == "fail"
    }
