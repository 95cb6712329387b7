"""Drills of several variants on one asset: kept apart, and the worst that holds rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scanner.history import History
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)


def history() -> History:
    return History.in_memory(lambda: NOW)


def drill(variant: str, verdict: str, days: int) -> DrillResult:
    at = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return DrillResult(verdict=verdict, at=at, detail=f"{variant} says", variant=variant)


FIRST, CANARY, OUTSIDE = "failed-login", "canary", "off-network"


@pytest.mark.parametrize(
    ("drills", "rules"),
    [
        ([drill(CANARY, "pass", 1)], 0),
        ([drill(FIRST, "fail", 9), drill(CANARY, "pass", 1)], 0),
        ([drill(FIRST, "pass", 9), drill(CANARY, "fail", 1)], 1),
        ([drill(FIRST, "fail", 91), drill(CANARY, "pass", 1)], 1),
        ([drill(FIRST, "pass", 9), drill(CANARY, "pass", 1)], 1),
        ([drill(FIRST, "pass", 9), drill(OUTSIDE, "unknown", 1)], 0),
        ([drill(CANARY, "fail", 9), drill(CANARY, "pass", 1)], 1),
        ([drill(CANARY, "fail", 1), drill(CANARY, "pass", 9)], 0),
        ([drill(FIRST, "pass", 1), drill(CANARY, "fail", 2), drill(OUTSIDE, "pass", 3)], 1),
    ],
)
def test_the_worst_that_holds_rules(drills: list[DrillResult], rules: int) -> None:
    kept = history()
    for one in drills:
        kept.record_drill("acme", "db1", one)
    assert kept.recall("acme", "db1").drill == Observed(drills[rules])


def test_each_variant_has_its_own_last_result() -> None:
    kept = history()
    first, canary = drill(FIRST, "fail", 9), drill(CANARY, "pass", 1)
    kept.record_drill("acme", "db1", first)
    kept.record_drill("acme", "db1", canary)
    assert kept.last_drill("acme", "db1", FIRST) == Observed(first)
    assert kept.last_drill("acme", "db1", CANARY) == Observed(canary)
    assert isinstance(kept.last_drill("acme", "db1", OUTSIDE), Unobserved)
    assert isinstance(kept.last_drill("acme", "db2", FIRST), Unobserved)


def test_where_none_holds_all_are_expired() -> None:
    kept = history()
    kept.record_drill("acme", "db1", drill(FIRST, "pass", 99))
    kept.record_drill("acme", "db1", drill(CANARY, "pass", 91))
    late = kept.recall("acme", "db1").drill
    assert isinstance(late, Unobserved)
    assert late.reason is Reason.EXPIRED
    assert isinstance(kept.last_drill("acme", "db1", CANARY), Unobserved)


def test_pruning_keeps_an_asset_whose_latest_variant_still_counts() -> None:
    kept = history()
    kept.record_drill("acme", "db1", drill(FIRST, "pass", 80))
    kept.record_drill("acme", "db1", drill(CANARY, "pass", 1))
    kept.prune(NOW - timedelta(days=30))
    assert isinstance(kept.last_drill("acme", "db1", CANARY), Observed)
