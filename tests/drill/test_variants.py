"""What the variants of a drill refuse to begin, and what of an alert counts for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.api.alarm_drill import DrillRequest, run_drills
from scanner.errors import InputError
from scanner.history import History
from scanner.model.drill import DrillVariant, DrillVerdict
from scanner.model.reading import Observed, Unobserved
from scanner.model.recall import DrillResult
from scanner.probes.drill import _Ears
from tests.drill.cases import one_drill
from tests.drill.team import Team, silent, team, told

PATH, USER = "/exports/canary.csv", "canary-7"
LOGIN = {"username": USER, "password": "env:CANARY_PASSWORD"}
ALLOW = {"drill_canary": True, "drill_off_network": True}
VARIANTS = [DrillVariant.CANARY, DrillVariant.OFF_NETWORK]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_PASSWORD", "a-word-of-the-test")


def declared(running: Team, **changes: Any) -> dict[str, Any]:
    rule = {"agreed_rule": f"SOC-119: {PATH} read, or Canary-7 from elsewhere"}
    return running.drill(
        canary={"path": PATH, "account": LOGIN, **rule},
        off_network={"account": LOGIN, "networks": ["192.0.2.0/24"], **rule},
        **changes,
    )


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_secret_is_not_sent_in_clear(tmp_path: Path, variant: DrillVariant) -> None:
    async with team(tmp_path) as running:
        report = await one_drill(running.targets(declared(running), allow=ALLOW), variant=variant)
    assert (report.verdict, report.detail) == (DrillVerdict.UNKNOWN, "the server offers no TLS")
    assert {line.split()[0] for line in running.commands} <= {b"AUTH", b"QUIT"}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_the_test_event_is_labelled_and_names_nothing_that_the_alert_has_to(
    tmp_path: Path, variant: DrillVariant
) -> None:
    async with team(tmp_path, says=silent) as running:
        path = running.targets(declared(running), allow=ALLOW)
        report = await one_drill(path, patience=0.3, variant=variant)
    (event,) = running.events
    assert b"DRILL, not an incident" in event
    assert b"SOC-119" in event
    awaited = PATH if variant is DrillVariant.CANARY else USER
    assert awaited.encode() not in event.lower()
    assert (report.verdict, running.connections) == (DrillVerdict.UNKNOWN, 0)


@pytest.mark.parametrize("variant", VARIANTS)
async def test_an_alert_that_came_too_early_touches_no_server(
    tmp_path: Path, variant: DrillVariant
) -> None:
    awaited = PATH if variant is DrillVariant.CANARY else USER

    def says(event: bytes) -> list[str]:
        return [f"reminder of yesterday: {awaited.upper()}", *told(event)]

    async with team(tmp_path, says=says) as running:
        path = running.targets(declared(running), allow=ALLOW)
        report = await one_drill(path, variant=variant)
    assert isinstance(report.course.test, Observed)
    assert (report.verdict, running.connections) == (DrillVerdict.UNKNOWN, 0)
    assert report.detail == f"an alert named {awaited} before it was touched"


@pytest.mark.parametrize("variant", VARIANTS)
async def test_without_a_rule_of_its_own_nothing_is_sent(
    tmp_path: Path, variant: DrillVariant
) -> None:
    async with team(tmp_path) as running:
        drill = running.drill(
            agreed_rule="SOC-118",
            canary={"path": PATH, "account": LOGIN},
            off_network={"account": LOGIN, "networks": ["192.0.2.0/24"]},
        )
        report = await one_drill(running.targets(drill, allow=ALLOW), variant=variant)
    assert report.detail == "no agreed_rule is named; nothing was sent"
    assert (running.events, running.connections, report.kept) == ([], 0, False)


@pytest.mark.parametrize(
    ("variant", "allow", "host", "line"),
    [
        ("canary", {"drill": True}, None, r"set its 'allow\.drill_canary'"),
        ("canary", {"drill_off_network": True}, "files", r"allow\.drill_canary: is not set"),
        ("off-network", {"drill_canary": True}, None, r"set its 'allow\.drill_off_network'"),
        ("failed-login", ALLOW, None, r"set its 'allow\.drill'"),
    ],
)
async def test_each_variant_has_an_opt_in_of_its_own(
    tmp_path: Path, variant: str, allow: dict[str, bool], host: str | None, line: str
) -> None:
    async with team(tmp_path) as running:
        path = running.targets(declared(running), allow=allow)
        request = DrillRequest(targets=path, host=host, variant=DrillVariant(variant))
        with pytest.raises(InputError, match=line):
            await run_drills(request, lambda _: None)
    assert running.events == []


async def test_a_variant_that_is_not_declared_is_named(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        path = running.targets(allow=ALLOW)
        request = DrillRequest(targets=path, host="files", variant=DrillVariant.CANARY)
        with pytest.raises(InputError, match=r"targets\[0\]\.drill: 'canary' is missing"):
            await run_drills(request, lambda _: None)


async def test_a_secret_that_cannot_be_had_is_told_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CANARY_PASSWORD")
    async with team(tmp_path) as running:
        path = running.targets(declared(running), allow=ALLOW)
        request = DrillRequest(targets=path, variant=DrillVariant.CANARY)
        place = r"targets\[0\]\.drill\.canary\.account\.password: env:CANARY_PASSWORD"
        with pytest.raises(InputError, match=place):
            await run_drills(request, lambda _: None)
    assert running.events == []


async def test_a_way_that_is_broken_ends_the_passes_of_all_variants(tmp_path: Path) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with History.open(tmp_path / "history.sqlite3", lambda: datetime.now(UTC)) as history:
        history.record_drill("default", "files", DrillResult(verdict="pass", at=before))
    async with team(tmp_path, says=silent) as running:
        path = running.targets(declared(running), allow=ALLOW)
        await one_drill(path, patience=0.3, variant=DrillVariant.CANARY)
    with History.open(tmp_path / "history.sqlite3", lambda: datetime.now(UTC)) as history:
        kept = history.recall("default", "files").drill
    assert isinstance(kept, Observed)
    assert kept.value.verdict == "unknown"


@pytest.mark.parametrize(
    ("message", "counts"),
    [
        (b"read of /exports/canary.csv by canary-7", True),
        (b"READ OF /EXPORTS/CANARY.CSV.", True),
        (b'{"file": "\\/exports\\/canary.csv"}', True),
        (b'open "/srv/jail/exports/canary.csv" flags READ', True),
        (b"read of /exports/canary.csv.bak", False),
        (b"read of /exports/canary.csv-old", False),
        (b"open /exports/drill-0123456789abcdef", False),
    ],
)
async def test_what_of_an_alert_names_the_canary(message: bytes, *, counts: bool) -> None:
    ears = _Ears(PATH)
    async with ears.awaiting(PATH, whole=True) as came:
        ears.hear(message)
        assert (await came(0.01) is not None) is counts
    assert ears.named is counts


@pytest.mark.parametrize(
    ("message", "counts"),
    [
        (b"Accepted password for canary-7 from 192.0.2.20", True),
        (b"user=Canary-7;", True),
        (b"login of canary-77", False),
        (b"login of my-canary-7", False),
    ],
)
async def test_what_of_an_alert_names_the_account(message: bytes, *, counts: bool) -> None:
    ears = _Ears(USER)
    ears.hear(message)
    assert ears.named is counts


async def test_the_first_variant_needs_nothing_of_the_others(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        report = await one_drill(running.targets())
    assert (report.verdict, report.variant) == (DrillVerdict.PASS, DrillVariant.FAILED_LOGIN)
    assert not isinstance(report.course.login, Unobserved)
