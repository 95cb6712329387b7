"""One asset now, and a file's targets as a stream, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.api import ScanDocument, scan_host, scan_targets
from scanner.errors import HistoryError, InputError, NotAuthorisedError
from scanner.history import History
from tests.report import builders
from tests.servers.fixtures import StartServer

NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def written(folder: Path, *targets: dict[str, Any], **more: Any) -> Path:
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"]}
    path = folder / "targets.json"
    document = {"version": 1, "authorisation": leave, "targets": targets, **more}
    path.write_text(json.dumps(document))
    return path


def asset(*ports: int, **more: Any) -> dict[str, Any]:
    endpoints = [{"port": port, "protocol": "ftp"} for port in ports]
    return {"host": "127.0.0.1", "asset": "lab", "endpoints": endpoints, **more}


def test_whoever_changes_a_document_changes_no_other() -> None:
    scan = ScanDocument(header=builders.header(), hosts=(builders.bad_report(),), exit_code=1)
    (host,) = scan.as_dict()["hosts"]
    untouched = json.dumps(host)
    for row in host["failures"]:
        for listed in row["controls"].values():
            listed.append("mine")
    for file in _contents(host):
        file.clear()
    assert json.dumps(host) != untouched
    assert json.dumps(scan.as_dict()["hosts"][0]) == untouched


def _contents(part: Any) -> Iterator[dict[str, Any]]:
    """Yield what files hold, wherever a document tells of it."""
    if isinstance(part, list):
        for each in part:
            yield from _contents(each)
    elif isinstance(part, dict):
        for name, each in part.items():
            if name == "content":
                yield each
            else:
                yield from _contents(each)


async def looked_at(folder: Path, port: int, path: Path | None, **more: Any) -> ScanDocument:
    history = folder / "history.sqlite3"
    return await scan_host(
        "127.0.0.1", port=port, targets=path, history=history, clock=lambda: NIGHT, **more
    )


async def test_outside_its_windows_nothing_is_scanned(tmp_path: Path) -> None:
    path = written(tmp_path, asset(1, windows=["Mon-Fri 00:00-05:00"]))
    with pytest.raises(InputError, match=r"Mon-Fri 00:00-05:00 \(UTC\)"):
        await looked_at(tmp_path, 1, path)


async def test_an_excluded_host_is_not_scanned_by_hand_either(tmp_path: Path) -> None:
    never = [{"match": "127.0.0.0/30", "reason": "a pump hangs on it"}]
    path = written(tmp_path, asset(1), exclude=never)
    with pytest.raises(NotAuthorisedError, match=r"excluded by 127\.0\.0\.0/30: a pump"):
        await looked_at(tmp_path, 1, path)


async def test_a_host_that_is_not_listed_has_the_files_tenant_and_defaults(tmp_path: Path) -> None:
    night = {"windows": ["Sun 00:00-05:00"], "vantages": ["dmz"]}
    path = written(tmp_path, asset(1), tenant="acme", defaults=night)
    history = tmp_path / "history.sqlite3"
    document = await scan_host(
        "127.0.0.9", port=1, targets=path, history=history, clock=lambda: NIGHT
    )
    assert (document.hosts[0].tenant, document.header.vantages) == ("acme", ("dmz",))
    noon = NIGHT.replace(hour=12)
    with pytest.raises(InputError, match="outside its windows"):
        await scan_host("127.0.0.9", port=1, targets=path, history=history, clock=lambda: noon)


@pytest.mark.parametrize("with_file", [True, False])
async def test_an_asset_that_is_not_listed_lacks_no_vantage(
    tmp_path: Path, *, with_file: bool
) -> None:
    path = written(tmp_path) if with_file else None
    document = await looked_at(tmp_path, 1, path, vantage="internet")
    findings = [found for row in document.hosts[0].failures for found in row.findings]
    assert {found.vantage for found in findings} <= {"internet", "papers"}


async def test_an_endpoint_that_was_not_asked_neither_passes_nor_lifts(
    start_server: StartServer, tmp_path: Path
) -> None:
    loose, strict = start_server("vsftpd-plain"), start_server("vsftpd-no-anonymous")
    path = written(tmp_path, asset(loose.port, strict.port))
    before = (await looked_at(tmp_path, loose.port, path)).hosts[0]
    after = (await looked_at(tmp_path, strict.port, path)).hosts[0]
    row = after.failures[0]
    assert (row.id.value, row.verdict.value) == ("open-zone", "unknown")
    assert [cap.trigger for cap in before.assessment.caps if cap.trigger == "open-listing"]
    assert [c.stale for c in after.assessment.caps if c.trigger == "open-listing"] == [True]
    states = {each.port: each.reason for each in after.observations[0].endpoints}
    assert states == {loose.port: "not-looked-at", strict.port: None}


async def test_a_history_in_other_hands_is_no_fault_of_the_scanner(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise HistoryError("history.sqlite3: is held by another process")

    monkeypatch.setattr(History, "reserve", held)
    with pytest.raises(HistoryError, match="held by another process"):
        await looked_at(tmp_path, start_server("vsftpd-plain").port, None)


async def test_a_stream_that_is_left_early_leaves_no_task(tmp_path: Path) -> None:
    many = [asset(1 + number) | {"asset": f"a{number}"} for number in range(200)]
    before = asyncio.all_tasks()
    stream = scan_targets(written(tmp_path, *many), history=tmp_path / "h", clock=lambda: NIGHT)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


async def test_a_stream_yields_every_target(tmp_path: Path) -> None:
    many = [asset(1 + number) | {"asset": f"a{number}"} for number in range(70)]
    path = written(tmp_path, *many)
    seen = [each.asset async for each in scan_targets(path, history=tmp_path / "h")]
    assert sorted(seen) == sorted(each["asset"] for each in many)
