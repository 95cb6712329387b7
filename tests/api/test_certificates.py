"""A deletion certificate held against what an earlier night saw on a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import assess, run, validate
from scanner.errors import InputError
from scanner.intake.deletions import read_deletions
from tests.api.test_nightly import finding, host, quiet, report, request, targets
from tests.servers.fixtures import StartServer
from tests.servers.tree import CSV_PATH


def certificate(folder: Path, *paths: str) -> dict[str, Any]:
    listed = [{"path": path, "deleted": "2026-11-22"} for path in paths]
    (folder / "deleted.json").write_text(json.dumps(listed))
    return {
        "kind": "deletion-certificate",
        "title": "Deleted after MIG-7",
        "owner": "Operations",
        "reviewed": "2026-11-22",
        "expires": "2034-01-01",
        "file": "deleted.json",
    }


async def test_files_that_are_gone_are_told_from_one_that_still_lies_there(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    papers = [certificate(tmp_path, f"/{CSV_PATH}")]
    path = targets(tmp_path, host(server.port, "a", documents=papers))

    first = await run(request(tmp_path, path), quiet)
    told = finding(report(first), "a", "deletion-certificate")
    assert "1 of 1 files that “Deleted after MIG-7” calls deleted lie there" in told["summary"]

    (server.root / CSV_PATH).unlink()
    second = await run(request(tmp_path, path, night=1), quiet)
    told = finding(report(second), "a", "deletion-certificate")
    assert "1 of 1 files" in told["summary"]
    assert "were seen before" in told["summary"]
    assert CSV_PATH not in json.dumps(report(second))

    again = assess(second.folder)
    assert finding(report(again), "a", "deletion-certificate") == told

    certificate(tmp_path, f"/{CSV_PATH}", "/export/never.csv")
    changed = assess(second.folder)
    told = finding(report(changed), "a", "deletion-certificate")
    assert "lists no files that could be compared" in told["summary"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"path": "/x/a.csv", "deleted": "2026-01-02"}]',
        "path;deleted;by\n/x/a.csv;2026-01-02;Operations\n",
    ],
)
def test_a_certificate_is_a_list_or_a_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c"
    path.write_text(text)
    assert read_deletions(path) == ("/x/a.csv",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"path": "x", "deleted": "2026-01-02"}]', ":1: [0].path: this value is not absolute"),
        ('[{"path": "/x"}]', ":1: [0]: 'deleted' is missing; add it"),
        ("path,deleted\n/x,2026\n", ":2: deleted: is not a date"),
        ("path\n/x\n", ":1: column 'deleted' is missing"),
        ("", ": is empty"),
    ],
)
def test_a_malformed_certificate_is_told_by_validate(tmp_path: Path, text: str, told: str) -> None:
    papers = [certificate(tmp_path)]
    (tmp_path / "deleted.json").write_text(text)
    with pytest.raises(InputError):
        read_deletions(tmp_path / "deleted.json")
    lines = validate(targets(tmp_path, host(1, "a", documents=papers)))
    assert any("deleted.json" + told in line for line in lines), lines
