"""What each command leaves in the audit log, on real servers."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.api import RunRequest, run, scan_host, scan_targets
from scanner.api.audit import verify_audit
from scanner.api.caller import caller
from scanner.errors import InputError
from tests.servers.fixtures import StartServer

NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SECRET = "canary-Pa55word"


def records(path: Path) -> list[dict[str, Any]]:
    check = verify_audit(path)
    assert (check.breaks, check.gaps, check.open) == ((), (), ())
    return [json.loads(line) for line in path.read_text().splitlines()]


def targets(folder: Path, *hosts: dict[str, Any]) -> Path:
    leave = {"reference": "CHG-7", "scope": ["127.0.0.0/8"]}
    path = folder / "targets.json"
    path.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": hosts}))
    return path


def asset(port: int, name: str, protocol: str = "ftp", **more: Any) -> dict[str, Any]:
    endpoints = [{"port": port, "protocol": protocol}]
    return {"host": "127.0.0.1", "asset": name, "endpoints": endpoints, **more}


async def test_a_run_records_who_where_and_how_often(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ftp, sftp = start_server("vsftpd-plain"), start_server("openssh-password")
    monkeypatch.setenv("CANARY", SECRET)
    login = {"username": "somebody", "password": "env:CANARY"}
    allow = {"trust_on_first_use": True}
    path = targets(
        tmp_path,
        asset(ftp.port, "plain"),
        asset(sftp.port, "keyed", "sftp", accounts=[login], allow=allow),
        asset(1, "later", windows=["Mon 12:00-13:00"]),
    )
    result = await run(
        RunRequest(
            targets=path,
            reports=tmp_path / "reports",
            history=tmp_path / "history.sqlite3",
            clock=lambda: NIGHT,
        ),
        lambda _: None,
    )
    log = tmp_path / "reports" / "audit.ndjson"
    first, *middle, last = records(log)
    assert (first["event"], first["command"], first["run"]) == ("begin", "run", result.uid)
    assert (first["authorisation"], first["planned"]) == ("CHG-7", 3)
    assert first["user"] == pwd.getpwuid(os.geteuid()).pw_name
    assert first["at"] == "2026-11-22T03:00:00Z"
    assert (last["event"], last["ended"], last["assets"]) == ("end", "done", 3)
    by_asset = {each["asset"]: each for each in middle}
    (plain,) = by_asset["plain"]["dialled"]
    assert (plain["address"], plain["port"]) == ("127.0.0.1", ftp.port)
    assert plain["connections"] > 1
    assert plain["asked"]["USER"] >= 1
    assert "anonymous" in by_asset["plain"]["accounts"]
    assert by_asset["keyed"]["accounts"] == ["somebody"]
    assert by_asset["keyed"]["dialled"][0]["logins_failed"] >= 1
    assert (by_asset["later"]["dialled"], by_asset["later"]["reason"]) == ([], "outside-window")
    assert SECRET not in log.read_text()


async def test_a_log_that_fails_amid_a_run_loses_nothing_that_was_seen(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server("vsftpd-plain")
    log = tmp_path / "reports" / "audit.ndjson"

    def spoil() -> datetime:
        if log.exists() and log.stat().st_size and not log.read_text().endswith("spoilt\n"):
            with log.open("a") as file:
                file.write("spoilt\n")
        return NIGHT

    request = RunRequest(
        targets=targets(tmp_path, asset(server.port, "plain")),
        reports=tmp_path / "reports",
        history=tmp_path / "history.sqlite3",
        clock=spoil,
    )
    with pytest.raises(InputError, match="last line is no JSON"):
        await run(request, lambda _: None)
    (folder,) = (tmp_path / "reports").glob("*Z-*")
    assert (folder / "observations.ndjson").read_text().count("\n") == 1
    assert json.loads((folder / "report.json").read_text())["scan"]["coverage"]["targeted"] == 1


async def test_an_ad_hoc_scan_records_its_reference_beside_the_history(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    document = await scan_host(
        "127.0.0.1", port=server.port, authorised="MAIL-3", history=tmp_path / "h.sqlite3"
    )
    first, middle, last = records(tmp_path / "audit.ndjson")
    assert first["authorisation"] == "MAIL-3"
    assert (first["command"], first["about"]) == ("host", "127.0.0.1")
    assert {each["run"] for each in (first, middle, last)} == {document.header.uid}


async def test_what_cannot_be_recorded_is_not_begun(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    altered = tmp_path / "altered.ndjson"
    altered.write_text("something else\n")
    with pytest.raises(InputError, match="last line is no JSON"):
        await scan_host(
            "127.0.0.1", port=server.port, history=tmp_path / "h.sqlite3", audit=altered
        )
    assert altered.read_text() == "something else\n"


async def test_a_stream_that_is_left_early_ends_as_interrupted(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, asset(server.port, "one"), asset(1, "two"))
    stream = scan_targets(path, history=tmp_path / "h.sqlite3", clock=lambda: NIGHT)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator, told as an iterator
    assert records(tmp_path / "audit.ndjson")[-1]["ended"] == "interrupted"


def test_who_calls_is_told_by_the_system_and_not_by_inherited_variables() -> None:
    told = caller({"SYSTEMD_EXEC_PID": str(os.getpid()), "SUDO_USER": "ada"})
    assert (told["context"], told["sudo_user"]) == ("systemd", "ada")
    assert caller({"SYSTEMD_EXEC_PID": "1", "INVOCATION_ID": "x"})["context"] != "systemd"
    assert caller({"KUBERNETES_SERVICE_HOST": "192.0.2.1"})["context"] == "kubernetes"
    assert "sudo_user" not in caller({})
