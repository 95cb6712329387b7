from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from scanner.history import History
from scanner.model.finding import Severity
from scanner.model.past import CLOSED, Change, OpenAsset, PastFinding
from scanner.model.target import AcceptedRisk
from tests.history.cases import (
    FAILS,
    PASSES,
    UNKNOWN,
    Clock,
    finding,
    night,
    report,
    text,
)


@pytest.fixture
def history() -> Iterator[History]:
    with History.in_memory(Clock()) as opened:
        yield opened


def only(history: History) -> PastFinding:
    (asset,) = history.assets("db1")
    (found,) = asset.findings
    return found


def test_a_finding_tells_its_nights(history: History) -> None:
    bad = replace(finding("listing", FAILS), severity=Severity.CRITICAL)
    nights = [finding("listing", FAILS), finding("listing", FAILS), finding("listing", UNKNOWN)]
    nights += [bad, finding("listing", PASSES), finding("listing", UNKNOWN), bad, bad]
    for number, said in enumerate(nights):
        history.remember(report(said), night(number))
    found = only(history)
    assert (found.first_seen, found.last_seen) == (text(night(6)), text(night(7)))
    assert (found.closed, found.severity) == (None, "critical")
    assert found.changes == (
        Change(text(night(0)), "high"),
        Change(text(night(3)), "critical"),
        Change(text(night(4)), CLOSED),
        Change(text(night(6)), "critical"),
    )


def test_nights_told_in_any_order_change_nothing_that_came_later(history: History) -> None:
    for number in (3, 1, 2):
        history.remember(report(finding("listing", FAILS)), night(number))
    history.remember(report(finding("listing", PASSES)), night(5))
    history.remember(report(finding("listing", FAILS)), night(4))
    found = only(history)
    assert (found.first_seen, found.closed) == (text(night(1)), text(night(5)))
    assert [change.became for change in found.changes] == ["high", CLOSED]


def test_who_accepted_a_finding_until_when_is_kept_while_it_does(history: History) -> None:
    risk = AcceptedRisk(failure="open-zone", reason="x", approved_by="CISO", until=date(2031, 3, 2))
    quiet = replace(report(replace(finding("listing", FAILS), suppressed=True)), exceptions=(risk,))
    history.remember(quiet, night(0))
    assert only(history).accepted == "2031-03-02"
    loud = replace(report(finding("listing", FAILS)), exceptions=(risk,))
    history.remember(loud, night(2))
    assert only(history).accepted == ""


def test_assets_with_open_findings_are_told_the_oldest_first(history: History) -> None:
    lead = replace(finding("lead", FAILS), severity=Severity.LOW)
    history.remember(report(replace(lead, uid="v1:0"), asset="leads"), night(0))
    history.remember(report(finding("new", FAILS), lead, asset="new"), night(2))
    other = replace(finding("mended", FAILS), uid="v1:mended")
    history.remember(report(replace(lead, uid="v1:1"), other, asset="mended"), night(0))
    history.remember(report(replace(other, verdict=PASSES), asset="mended"), night(3))
    old = replace(finding("old", FAILS), uid="v1:old", severity=Severity.MEDIUM)
    history.remember(report(old, asset="old"), night(1))
    history.remember(report(asset="old"), night(5))
    found = history.open_assets()
    assert [each.asset for each in found] == ["old", "new", "leads", "mended"]
    assert [(each.findings, each.leads) for each in found[1:]] == [(1, 1), (0, 1), (0, 1)]
    assert found[0] == OpenAsset(
        tenant="acme",
        asset="old",
        findings=1,
        leads=0,
        severity="medium",
        oldest=text(night(1)),
        last_seen=text(night(5)),
    )


def test_of_an_open_finding_pruning_keeps_what_happened_since_it_was_opened(
    history: History,
) -> None:
    for number, verdict in enumerate([FAILS, PASSES, FAILS]):
        history.remember(report(finding("listing", verdict)), night(number))
    history.prune(night(300))
    assert only(history).changes == (Change(text(night(2)), "high"),)


def test_an_asset_that_nobody_knows_tells_nothing(history: History) -> None:
    assert history.assets("db1") == ()
    assert history.open_assets() == ()
