"""The replica scanned by the road of every night: each switch turns its own row, and no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from scanner.api.replica import drilled_and_scanned
from scanner.demo.defects import Defects
from scanner.demo.fleet import HARDENED, REPLICA, demo_fleet
from scanner.demo.generator import invent_people
from scanner.engine.progress import Progress
from scanner.model.failure import FailureId
from tests.drill.cases import until

ROWS = {
    field.name: field.name.replace("_", "-")
    for field in fields(Defects)
    if field.name != "ignored_warning"
}


@dataclass(frozen=True, slots=True)
class Scanned:
    verdicts: Mapping[str, str]
    match: Mapping[str, int]
    score: float
    grade: str
    stored: str
    passwords: tuple[str, ...]


async def scanned(folder: Path, defects: Defects, asset: str = REPLICA) -> Scanned:
    def told(_: Progress) -> None:
        """Progress is for terminals."""

    async with demo_fleet(folder / "fleet", defects) as fleet:
        reports = folder / "reports"
        await drilled_and_scanned(fleet, reports, folder / "history.sqlite3", told)
        secrets = tuple(path.read_text() for path in (fleet.folder / "secrets").glob("*.password"))
    files = [path for path in reports.rglob("*") if path.is_file()]
    report = json.loads(next(path for path in files if path.name == "report.json").read_text())
    host = next(host for host in report["hosts"] if host["asset"] == asset)
    return Scanned(
        verdicts={row["id"]: row["verdict"] for row in host["failures"]},
        match=host["megabus_match"],
        score=host["score"],
        grade=host["grade"],
        stored="".join(path.read_text(encoding="utf-8") for path in files),
        passwords=secrets,
    )


async def test_all_nine_rows_fail_when_all_switches_are_on(tmp_path: Path) -> None:
    seen = await scanned(tmp_path, Defects())
    failed = {row for row, verdict in seen.verdicts.items() if verdict == "fail"}
    assert failed == set(ROWS.values()) == set(FailureId)
    assert seen.match == {"matched": 9, "cleared": 0, "unknown": 0}
    assert (seen.score, seen.grade) == (0, "F")


async def test_the_hardened_host_is_supervised_and_reaches_an_a(tmp_path: Path) -> None:
    seen = await scanned(tmp_path, Defects(), HARDENED)
    assert seen.grade == "A"
    assert seen.verdicts["missing-supervision"] == "pass"
    assert "fail" not in seen.verdicts.values()


async def test_no_row_fails_when_all_are_off(tmp_path: Path) -> None:
    verdicts = (await scanned(tmp_path, Defects.none())).verdicts
    assert "fail" not in verdicts.values()


@pytest.fixture(scope="module")
def all_wrong(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """The replica with every defect, scanned once."""
    return asyncio.run(scanned(tmp_path_factory.mktemp("all"), Defects()))


@pytest.mark.parametrize("defect", [field.name for field in fields(Defects)])
async def test_removing_a_defect_changes_its_row_only(
    tmp_path: Path, defect: str, all_wrong: Scanned
) -> None:
    before = all_wrong.verdicts
    after = (await scanned(tmp_path / "less", replace(Defects(), **{defect: False}))).verdicts
    changed = {row for row in before if before[row] != after[row]}
    assert changed == ({ROWS[defect]} if defect in ROWS else set())


async def test_nothing_of_anybody_is_stored(tmp_path: Path) -> None:
    seen = await scanned(tmp_path, Defects())
    people = [person for seed in (1, 2, 6) for person in invent_people(200, seed)]
    values = {
        value
        for person in people
        for value in (person.nir, person.phone, person.login, person.password, *person.comments)
    }
    assert not [value for value in (*values, *seen.passwords) if value in seen.stored]


async def test_an_interruption_of_the_drills_ends_the_demonstration(tmp_path: Path) -> None:
    async with demo_fleet(tmp_path / "fleet") as fleet:
        reports, history = tmp_path / "reports", tmp_path / "history.sqlite3"
        work = drilled_and_scanned(fleet, reports, history, lambda _: None)
        task = asyncio.create_task(work)
        alerts = tmp_path / f"fleet/alerts/{REPLICA}.log"
        await until(lambda: alerts.stat().st_size > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not reports.exists()
