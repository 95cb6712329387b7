"""Nights on real servers: what was seen, then gone; and what stays for longer than it may."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.demo.generator import ORDERED_EXAM_FIELDS, exams_csv
from scanner.model.failure import FailureId
from scanner.probes.context import utc_text
from tests.matrix import lab
from tests.servers import Openssh, Proftpd, Server, Tree, Vsftpd
from tests.servers.fixtures import StartServer

NOW: Final = datetime.now(UTC)
VARIABLE: Final = "DELETION_PASSWORD"
SERVERS: Final[dict[str, Vsftpd | Proftpd | Openssh]] = {
    "vsftpd": Vsftpd(),
    "proftpd": Proftpd(),
    "openssh": Openssh(),
}
Night = Callable[[int], dict[str, Any]]


def exported(root: Path) -> Tree:
    """One export of an order, changed a month ago."""
    folder = root / "exchange" / "mig-7"
    folder.mkdir(parents=True)
    export = folder / "exams.csv"
    export.write_bytes(exams_csv(20, ORDERED_EXAM_FIELDS))
    changed(export, -30)
    return Tree(root)


def changed(path: Path, days: int) -> None:
    os.utime(path, ((NOW + timedelta(days=days)).timestamp(),) * 2)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    return start_server(SERVERS[request.param], contents=exported)


@pytest.fixture
def nights(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Night]:
    """Return what scans the server on a day from now, and returns the row on deletion."""

    def of(**declared: Any) -> Night:
        more = lab.trust_in(server) | declared
        if server.users:
            monkeypatch.setenv(VARIABLE, server.user("transfer").password)
            more["accounts"] = [{"username": "transfer", "password": f"env:{VARIABLE}"}]
        path = lab.write_targets(tmp_path, lab.listed(server, **more))

        def night(days: int) -> dict[str, Any]:
            later = NOW + timedelta(days=days)
            result = lab.run_listed(path, tmp_path / "state", lambda: later)
            (host,) = lab.report_in(result)["hosts"]
            rows = {row["id"]: row for row in host["failures"]}
            row: dict[str, Any] = rows[FailureId.OVERDUE_DELETION]
            return row

        return night

    return of


def order(server: Server, end: int) -> dict[str, Any]:
    top = str(server.root) if server.protocol == "sftp" else ""
    return {
        "order_id": "MIG-7",
        "controller": "Clinic of the Hill",
        "paths": [f"{top}/exchange/mig-7/*"],
        "fields": list(ORDERED_EXAM_FIELDS),
        "migration_end": (NOW + timedelta(days=end)).date().isoformat(),
        "retention_days": 0,
    }


def facet(row: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in row["findings"] if each["facet"] == name)
    return found


def files(document: Any) -> Iterator[dict[str, Any]]:
    """Yield whatever has a time of change, wherever it stands."""
    if isinstance(document, dict):
        if "precision" in document:
            yield document
        document = list(document.values())
    for each in document if isinstance(document, list) else ():
        yield from files(each)


def test_a_scan_knows_to_the_second_when_an_export_was_changed(
    server: Server, nights: Callable[..., Night], tmp_path: Path
) -> None:
    nights()(0)
    (report,) = (tmp_path / "state" / "reports").glob("2*/report.json")
    told = {(each["modified"], each["precision"]) for each in files(json.loads(report.read_text()))}
    assert told == {(utc_text(NOW - timedelta(days=30)), "second")}


def test_an_export_seen_and_gone_before_its_deadline_is_proof_of_deletion(
    server: Server, nights: Callable[..., Night]
) -> None:
    night = nights(migrations=[order(server, 10)])
    assert (night(0)["verdict"], night(1)["reason"]) == ("unknown", "not-due")

    shutil.rmtree(server.root / "exchange" / "mig-7")

    row = night(2)
    assert row["verdict"] == "pass"
    assert "MIG-7: seen on" in row["summary"]
    assert "after the deadline" not in row["summary"]


def test_an_export_that_outlives_its_deadline_fails_until_it_is_gone(
    server: Server, nights: Callable[..., Night]
) -> None:
    night = nights(migrations=[order(server, 10)])
    night(0)
    late = night(11)
    assert late["verdict"] == "fail"
    assert "1 files still there 1 days after" in late["summary"]

    shutil.rmtree(server.root / "exchange" / "mig-7")

    row = night(12)
    assert row["verdict"] == "pass"
    assert "gone since, after the deadline" in row["summary"]


def test_the_scanners_own_clock_is_proof_and_starts_anew_with_each_change(
    server: Server, nights: Callable[..., Night]
) -> None:
    night = nights(retention_days=60)
    assert facet(night(0), "first-seen")["verdict"] == "pass"

    later = facet(night(61), "first-seen")
    assert (later["verdict"], later["confidence"]) == ("fail", "proof")
    assert "1 files have been seen for more than 60 days" in later["summary"]

    changed(server.root / "exchange" / "mig-7" / "exams.csv", 61)
    assert facet(night(62), "first-seen")["verdict"] == "pass"
