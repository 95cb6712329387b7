from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from scanner.history import History, rows
from scanner.model.attempts import MOST_FAILURES
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import (
    Finding,
    Severity,
    Verdict,
)
from scanner.model.observation import FtpFacts, IdentityDifference, Observations, Reply
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult, OrderSighting, Recall
from scanner.model.target import Protocol
from scanner.model.view import AccountView, CredentialStatus, OrderSeen
from scanner.scoring import PAPERS, cap_of
from tests.history.cases import (
    FAILS,
    NIGHT,
    PASSES,
    UNKNOWN,
    Clock,
    account,
    cap,
    file,
    finding,
    night,
    observed,
    order,
    over_sftp,
    past,
    recalled,
    report,
    spend,
    text,
    uid,
    view,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite3"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    with History.open(path, clock) as opened:
        yield opened


def test_an_asset_never_seen_recalls_nothing(history: History) -> None:
    assert recalled(history) == Recall()


def test_a_fail_is_open_since_it_was_first_seen(history: History) -> None:
    history.remember(report(finding("listing", FAILS)), night(0))
    history.remember(report(finding("listing", FAILS)), night(1))
    assert recalled(history).findings == {uid("listing"): text(night(0))}


def test_the_moment_that_a_report_tells_is_kept(history: History) -> None:
    earlier, later = text(night(-5)), text(night(5))
    history.remember(report(finding("old", FAILS, first_seen=earlier)), night(0))
    history.remember(report(finding("ahead", FAILS, first_seen=later)), night(0))
    assert recalled(history).findings == {uid("old"): earlier, uid("ahead"): text(night(0))}


@pytest.mark.parametrize("verdict", [UNKNOWN, Verdict.ERROR, Verdict.NOT_APPLICABLE, None])
def test_only_a_pass_closes_a_finding(history: History, verdict: Verdict | None) -> None:
    history.remember(report(finding("listing", FAILS)), night(0))
    said = [] if verdict is None else [finding("listing", verdict)]
    history.remember(report(*said), night(1))
    assert recalled(history).findings == {uid("listing"): text(night(0))}
    history.remember(report(finding("listing", PASSES)), night(2))
    assert recalled(history).findings == {}


def test_a_pass_from_elsewhere_closes_nothing(history: History) -> None:
    history.remember(report(finding("listing", FAILS)), night(0))
    history.remember(report(finding("listing", PASSES, "internal")), night(1))
    assert recalled(history).findings == {uid("listing"): text(night(0))}


def test_a_finding_that_comes_back_is_open_anew(history: History) -> None:
    for number, verdict in enumerate([FAILS, PASSES, FAILS, UNKNOWN]):
        history.remember(report(finding("listing", verdict)), night(number))
    assert recalled(history).findings == {uid("listing"): text(night(2))}


def test_a_fail_outweighs_a_pass_of_the_same_report(history: History) -> None:
    both = (finding("listing", FAILS), finding("listing", PASSES))
    history.remember(report(*both), night(0))
    history.remember(report(*reversed(both)), night(1))
    assert recalled(history).findings == {uid("listing"): text(night(0))}


def test_an_older_pass_closes_nothing_that_a_newer_night_saw(history: History) -> None:
    history.remember(report(finding("listing", FAILS)), night(3))
    history.remember(report(finding("listing", PASSES)), night(2))
    assert recalled(history).findings == {uid("listing"): text(night(3))}


def test_an_older_fail_only_moves_the_first_moment(history: History, path: Path) -> None:
    history.remember(report(finding("listing", FAILS)), night(3))
    history.remember(report(finding("listing", FAILS)), night(1))
    assert recalled(history).findings == {uid("listing"): text(night(1))}
    history.remember(report(finding("listing", PASSES)), night(4))
    history.remember(report(finding("listing", FAILS)), night(2))
    assert recalled(history).findings == {}
    with closing(sqlite3.connect(path)) as plain:
        (first_seen,) = plain.execute("SELECT first_seen FROM finding").fetchone()
    assert first_seen == night(1).timestamp()


def test_findings_can_be_recalled_of_one_vantage(history: History) -> None:
    said = (finding("listing", FAILS), finding("listing", FAILS, "internal"))
    history.remember(report(*said, caps=[cap()]), NIGHT)
    inside = history.recall("acme", "db1", "internal")
    assert inside.findings == {uid("listing", "internal"): text(NIGHT)}
    assert inside.caps == (past(cap()),)
    assert len(recalled(history).findings) == 2


def test_tenants_and_assets_are_kept_apart(history: History) -> None:
    history.remember(report(finding("listing", FAILS), caps=[cap()]), NIGHT)
    assert history.recall("other", "db1") == Recall()
    assert history.recall("acme", "db2") == Recall()


def seen_from(vantage: str = "internet") -> Finding:
    return finding("listing", PASSES, vantage)


def test_a_cap_that_fired_is_in_force_since_it_first_did(history: History) -> None:
    history.remember(report(seen_from(), caps=[cap()]), night(0))
    history.remember(report(seen_from(), caps=[cap(since=night(1))]), night(1))
    assert recalled(history).caps == (past(cap()),)


def test_a_stale_cap_stays_and_a_missing_one_is_lifted(history: History) -> None:
    drill = cap(CapTrigger.DRILL_FAILED)
    history.remember(report(seen_from(), caps=[cap(), drill]), night(0))
    history.remember(report(seen_from(), caps=[cap(stale=True)]), night(1))
    assert recalled(history).caps == (past(cap()),)
    history.remember(report(seen_from()), night(2))
    assert recalled(history).caps == ()


def test_a_stale_cap_that_was_lifted_meanwhile_does_not_come_back(history: History) -> None:
    history.remember(report(seen_from(), caps=[cap(stale=True)]), NIGHT)
    assert recalled(history).caps == ()


@pytest.mark.parametrize("said", [UNKNOWN, FAILS, Verdict.ERROR, Verdict.NOT_APPLICABLE])
def test_without_a_pass_from_its_vantage_no_cap_is_lifted(history: History, said: Verdict) -> None:
    history.remember(report(seen_from(), caps=[cap()]), night(0))
    from_elsewhere = (finding("listing", said), seen_from("internal"))
    history.remember(report(*from_elsewhere, observations=[over_sftp()]), night(1))
    assert recalled(history).caps == (past(cap()),)
    history.remember(report(seen_from()), night(2))
    assert recalled(history).caps == ()


def test_a_pass_of_another_failure_lifts_no_cap(history: History) -> None:
    drill = replace(cap(CapTrigger.DRILL_FAILED), failure=FailureId.MISSING_SUPERVISION)
    history.remember(report(caps=[drill]), night(0))
    history.remember(report(seen_from()), night(1))
    assert recalled(history).caps == (past(drill),)


def test_the_cap_of_paper_is_lifted_by_any_report_without_it(history: History) -> None:
    paper = cap(CapTrigger.ATTESTED_ONLY, vantage=PAPERS)
    history.remember(report(caps=[paper]), night(0))
    assert recalled(history).caps == (past(paper),)
    history.remember(report(), night(1))
    assert recalled(history).caps == ()


def test_a_cap_without_a_moment_counts_from_the_report(history: History) -> None:
    undated = cap_of(CapTrigger.ATTESTED_ONLY, FailureId.OPEN_ZONE, PAPERS, "", False)
    history.remember(report(caps=[undated]), NIGHT)
    assert recalled(history).caps[0].since == text(NIGHT)


def test_an_older_report_lifts_no_cap_that_fired_again(history: History) -> None:
    history.remember(report(seen_from(), caps=[cap()]), night(0))
    history.remember(report(seen_from(), caps=[cap()]), night(2))
    history.remember(report(seen_from()), night(1))
    assert recalled(history).caps == (past(cap()),)


def test_files_are_remembered_from_every_view(history: History) -> None:
    anonymous = FtpFacts(
        greeting=Observed(Reply(220)),
        anonymous_view=Observed(view([file("a")])),
        accounts=(
            account(view([file("b")])),
            AccountView(username="late", status=CredentialStatus.NOT_SENT),
        ),
    )
    sftp = over_sftp(view([file("b"), file("c")]))
    history.remember(report(observations=[observed(anonymous), sftp]), night(0))
    again = over_sftp(view([file("c"), file("d")]))
    history.remember(report(observations=[again]), night(1))
    first, second = text(night(0)), text(night(1))
    assert recalled(history).sightings == {"a": first, "b": first, "c": first, "d": second}


def test_a_file_of_another_size_is_another_file(history: History) -> None:
    for number, size in enumerate([10, 10, None, 11]):
        history.remember(report(observations=[over_sftp(view([file("a", size)]))]), night(number))
        expected = night(3) if number == 3 else night(0)
        assert recalled(history).sightings == {"a": text(expected)}


@pytest.mark.parametrize("size", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1, 10**19 - 1])
def test_a_file_may_claim_to_be_larger_than_the_database_can_tell(
    history: History, size: int
) -> None:
    for number, claimed in enumerate([size, size, 10]):
        seen = over_sftp(view([file("a", claimed)]))
        history.remember(report(observations=[seen]), night(number))
        expected = night(2) if number == 2 else night(0)
        assert recalled(history).sightings == {"a": text(expected)}


def test_an_older_night_only_moves_the_first_sighting(history: History) -> None:
    for number, size in ((5, 10), (3, 10), (4, 99)):
        history.remember(report(observations=[over_sftp(view([file("a", size)]))]), night(number))
    history.remember(report(observations=[over_sftp(view([file("a", 10)]))]), night(6))
    assert recalled(history).sightings == {"a": text(night(3))}


def test_the_files_seen_last_the_longest_ago_are_forgotten_first(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_SIGHTINGS", 3)
    history.remember(report(observations=[over_sftp(view([file("a"), file("b")]))]), night(0))
    history.remember(report(observations=[over_sftp(view([file("a"), file("c")]))]), night(1))
    history.remember(report(observations=[over_sftp(view([file("d")]))]), night(2))
    assert recalled(history).sightings.keys() == {"a", "c", "d"}
    many = [file(f"m{number}") for number in range(9)]
    history.remember(report(observations=[over_sftp(view(many))]), night(3))
    assert recalled(history).sightings.keys() == {"m0", "m1", "m2"}


def remember_order(history: History, number: int, *orders: OrderSeen) -> OrderSighting | None:
    views = [view(orders=[each]) for each in orders]
    history.remember(report(observations=[over_sftp(*views)]), night(number))
    return recalled(history).orders.get("ORD-1")


def test_an_order_is_remembered_while_its_files_are_there(history: History) -> None:
    assert remember_order(history, 0, order(0)) is None
    seen = remember_order(history, 1, order(3), order(5), order(0, found=False))
    assert seen == OrderSighting(first_seen=text(night(1)), last_seen=text(night(1)), files=5)
    seen = remember_order(history, 2, order(2))
    kept = OrderSighting(first_seen=text(night(1)), last_seen=text(night(2)), files=2)
    assert seen == kept
    assert remember_order(history, 3, order(0)) == kept
    assert remember_order(history, 4, order(0, found=False, complete=False)) == kept
    assert remember_order(history, 5) == kept


def test_an_older_night_moves_only_the_start_of_an_order(history: History) -> None:
    remember_order(history, 4, order(2))
    seen = remember_order(history, 1, order(9))
    assert seen == OrderSighting(first_seen=text(night(1)), last_seen=text(night(4)), files=2)


def drill(verdict: str, at: datetime) -> DrillResult:
    return DrillResult(verdict=verdict, at=text(at), detail="no alert in 10 minutes")


def test_the_latest_drill_is_recalled(history: History) -> None:
    history.record_drill("acme", "db1", drill("fail", night(-2)))
    history.record_drill("acme", "db1", drill("pass", night(-1)))
    history.record_drill("acme", "db1", drill("fail", night(-3)))
    assert recalled(history).drill == Observed(drill("pass", night(-1)))
    assert isinstance(history.recall("acme", "db2").drill, Unobserved)


def test_a_drill_holds_ninety_days(history: History, clock: Clock) -> None:
    history.record_drill("acme", "db1", drill("pass", NIGHT))
    clock.pass_by(days=90)
    assert recalled(history).drill == Observed(drill("pass", NIGHT))
    clock.pass_by(seconds=1)
    late = recalled(history).drill
    assert isinstance(late, Unobserved)
    assert late.reason is Reason.EXPIRED


def test_pruning_forgets_what_is_gone_and_keeps_what_still_counts(
    history: History, clock: Clock
) -> None:
    full = over_sftp(view([file("a"), file("b")], [order(2)]))
    said = (finding("closed", FAILS), finding("open", FAILS))
    history.remember(report(*said, caps=[cap()], observations=[full]), night(0))
    history.remember(report(finding("closed", PASSES), caps=[cap(stale=True)]), night(1))
    history.remember(report(asset="gone"), night(0))
    history.record_drill("acme", "db1", drill("pass", night(0)))
    spend(history, 2)
    clock.now = night(30)
    spend(history, 3)
    assert history.prune(night(0)) == 0
    # two files, an order, a drill, a closed finding with its two changes, an empty asset, two old attempts, a score
    assert history.prune(night(60)) == 11
    known = recalled(history)
    assert known == Recall(
        findings={uid("open"): text(NIGHT)},
        severities={uid("open"): Severity.HIGH},
        caps=(past(cap()),),
    )
    assert len(spend(history, 4)) == 1
    assert history.prune(night(60)) == 0


def test_a_history_in_memory_begins_empty_every_time(clock: Clock) -> None:
    with History.in_memory(clock) as one, History.in_memory(clock) as other:
        one.refuse("k")
        one.remember(report(finding("listing", FAILS)), NIGHT)
        assert len(spend(one, 5)) == MOST_FAILURES
        assert not other.is_refused("k")
        assert recalled(other) == Recall()


def test_a_report_of_two_servers_closes_and_lifts_nothing(history: History) -> None:
    history.remember(report(finding("listing", FAILS), caps=[cap()]), night(0))
    history.remember(report(seen_from(), observations=[mixed(over_sftp())]), night(1))
    assert set(recalled(history).findings) == {uid("listing")}
    assert recalled(history).caps == (past(cap()),)
    history.remember(report(seen_from(), observations=[over_sftp()]), night(2))
    assert recalled(history).findings == {}
    assert recalled(history).caps == ()


def test_a_file_of_another_server_makes_no_file_new(history: History) -> None:
    history.remember(report(observations=[over_sftp(view([file("k", 10)]))]), night(0))
    history.remember(report(observations=[mixed(over_sftp(view([file("k", 99)])))]), night(1))
    assert recalled(history).sightings == {"k": text(night(0))}
    history.remember(report(observations=[over_sftp(view([file("k", 99)]))]), night(2))
    assert recalled(history).sightings == {"k": text(night(2))}


def mixed(look: Observations) -> Observations:
    """The same look, at two servers behind one name."""
    difference = IdentityDifference(
        port=22, protocol=Protocol.SFTP, mark="host-key ssh-rsa", seen={"a": ("x",), "b": ("y",)}
    )
    return replace(look, mixed_identity=(difference,))


def test_how_bad_an_open_finding_is_is_told_and_leads_are_not(history: History) -> None:
    lead = replace(finding("lead", FAILS), severity=Severity.LOW)
    history.remember(report(finding("open", FAILS), lead), night(0))
    assert recalled(history).severities == {uid("open"): Severity.HIGH}
    worse = replace(finding("open", FAILS), severity=Severity.CRITICAL)
    history.remember(report(worse), night(2))
    history.remember(report(finding("open", FAILS)), night(1))
    assert recalled(history).severities == {uid("open"): Severity.CRITICAL}
    history.remember(report(finding("open", PASSES)), night(3))
    assert recalled(history).severities == {}
