"""The rows that live on files: clear storage, overdue deletion, excess extraction, orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from scanner.checks.deadlines import deadline_of
from scanner.model.content import Column, ContentFacts, ContentState, DataClass
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Verdict
from scanner.model.listing import Outcome, Precision
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import OrderSighting, Recall
from scanner.model.target import Account, Areas, Migration
from scanner.model.view import AccountView, CredentialStatus, FileFact, Walk
from tests.checks.cases import (
    accepted_anonymous,
    account,
    case,
    content,
    enforced_ftp,
    file,
    finding,
    modern_ssh,
    order_seen,
    result,
    target,
    view,
    walk,
)

CLEAR, LATE, EXCESS = (
    FailureId.CLEAR_STORAGE,
    FailureId.OVERDUE_DELETION,
    FailureId.EXCESS_EXTRACTION,
)
MIGRATION = Migration(
    order_id="MIG-1",
    controller="Laboratory One",
    owner="Team",
    ordered_on=date(2026, 1, 1),
    paths=("/exchange/mig-1/*",),
    fields=("patient_id", "exam_date"),
    aliases={"patient_id": ("ipp",)},
    migration_end=date(2026, 3, 31),
    retention_days=14,
)
ORDERED = target(migrations=(MIGRATION,))
SIGHTED = OrderSighting(
    first_seen="2026-03-01T00:00:00Z", last_seen="2026-04-10T00:00:00Z", files=2
)


def sampled(*files: FileFact, **changes: Any) -> Walk:
    base: dict[str, Any] = {
        "entries": len(files),
        "eligible": len(files),
        "sampled": len(files),
        "files": files,
    }
    return walk(**{**base, **changes})


def private(seen: Walk) -> Any:
    return modern_ssh(accounts=(account(view(walk=seen)),))


def public(seen: Walk) -> Any:
    return enforced_ftp(anonymous=accepted_anonymous(), anonymous_view=Observed(view(walk=seen)))


@pytest.mark.parametrize(
    ("facts", "severity", "cap"),
    [
        (private(sampled(file(DataClass.HEALTH))), Severity.HIGH, CapTrigger.CLEAR_PRIVATE_DATA),
        (
            private(sampled(file(DataClass.SECRET))),
            Severity.CRITICAL,
            CapTrigger.CLEAR_PRIVATE_DATA,
        ),
        (
            public(sampled(file(DataClass.PERSONAL))),
            Severity.CRITICAL,
            CapTrigger.OPEN_PERSONAL_DATA,
        ),
    ],
)
def test_personal_data_in_clear_fail_and_cap(
    facts: Any, severity: Severity, cap: CapTrigger
) -> None:
    row = result(CLEAR, case(facts))
    assert (row.verdict, row.severity) == (Verdict.FAIL, severity)
    assert finding(row, "clear-data").caps == (cap,)


@pytest.mark.parametrize("state", [ContentState.KEYLESS, ContentState.PARTIAL])
def test_data_that_open_without_a_secret_are_clear(state: ContentState) -> None:
    held = file(content=Observed(content(DataClass.PERSONAL, state=state)))
    assert result(CLEAR, case(private(sampled(held)))).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "seen",
    [
        sampled(file(content=Observed(content(state=ContentState.OPAQUE)))),
        sampled(file(content=Observed(content(state=ContentState.WEAK)))),
        sampled(file(content=Observed(content(state=ContentState.MALFORMED)))),
        sampled(file(content=Observed(replace(content(), unread=True)))),
        sampled(file(), sampled=0),
        sampled(file(), stopped=("time",)),
        walk(entries=1, links=1),
    ],
)
def test_what_could_not_be_told_of_the_files_is_unknown(seen: Walk) -> None:
    assert result(CLEAR, case(private(seen))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "seen",
    [walk(), sampled(file(content=Observed(content(state=ContentState.ENCRYPTED))))],
)
def test_an_empty_area_or_a_finished_plan_passes(seen: Walk) -> None:
    assert result(CLEAR, case(private(seen))).verdict is Verdict.PASS


def test_an_endpoint_that_timed_out_may_hold_what_another_does_not() -> None:
    for row in (CLEAR, LATE):
        judged = case(ordered(files=0), None, target=ORDERED)
        assert result(row, judged).verdict is Verdict.UNKNOWN


def test_anonymous_alone_passes_only_a_server_that_is_declared_public() -> None:
    seen = public(walk())
    assert result(CLEAR, case(seen)).verdict is Verdict.UNKNOWN
    both = target(areas=Areas(public=("/pub",), private=("/exchange",)))
    assert result(CLEAR, case(seen, target=both)).verdict is Verdict.UNKNOWN
    mirror = target(areas=Areas(public=("/pub",)))
    assert result(CLEAR, case(seen, target=mirror)).verdict is Verdict.PASS


def test_a_home_that_could_not_be_listed_is_no_empty_area() -> None:
    missing = modern_ssh(accounts=(account(view(root=Outcome.MISSING)),))
    assert result(CLEAR, case(missing)).verdict is Verdict.UNKNOWN


def test_a_refused_credential_leaves_storage_unknown() -> None:
    refused = AccountView(username="lab", status=CredentialStatus.REFUSED)
    row = result(CLEAR, case(modern_ssh(accounts=(refused,))))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "credential-refused")


def ordered(**changes: Any) -> Any:
    return private(walk(orders=(order_seen(**changes),)))


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (ordered(files=2), Verdict.FAIL),
        (ordered(files=0), Verdict.PASS),
        (ordered(files=0, complete=False), Verdict.UNKNOWN),
        (ordered(files=0, found=False, complete=False), Verdict.UNKNOWN),
        (ordered(patterns=("/other/*",), files=2), Verdict.UNKNOWN),
    ],
)
def test_declared_paths_after_the_deadline(facts: Any, verdict: Verdict) -> None:
    assert result(LATE, case(facts, target=ORDERED)).verdict is verdict


def test_overdue_files_of_one_login_are_not_hidden_by_another_that_sees_none() -> None:
    late = account(view(walk=walk(orders=(order_seen(found=False, complete=False, files=5),))))
    clean = account(view(walk=walk(orders=(order_seen(),))), username="other")
    facts = modern_ssh(accounts=(late, clean))
    assert result(LATE, case(facts, target=ORDERED)).verdict is Verdict.FAIL


def test_a_login_confined_elsewhere_does_not_undo_a_whole_and_empty_walk() -> None:
    elsewhere = account(view(walk=walk(orders=(order_seen(found=False, complete=False),))))
    clean = account(view(walk=walk(orders=(order_seen(),))), username="other")
    facts = modern_ssh(accounts=(elsewhere, clean))
    assert result(LATE, case(facts, target=ORDERED)).verdict is Verdict.PASS


def test_files_before_the_deadline_are_not_yet_due() -> None:
    order = Migration(
        order_id="MIG-1",
        paths=MIGRATION.paths,
        migration_end=date(2026, 11, 20),
        retention_days=14,
    )
    row = result(LATE, case(ordered(files=2), target=target(migrations=(order,))))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "not-due")


def test_the_deadline_day_itself_is_not_late_in_the_targets_time_zone() -> None:
    order = Migration(
        order_id="MIG-1",
        paths=MIGRATION.paths,
        migration_end=date(2026, 11, 22),
        retention_days=0,
    )
    there = target(migrations=(order,), timezone="Pacific/Auckland")
    here = target(migrations=(order,), timezone="UTC")
    assert result(LATE, case(ordered(files=1), target=here)).verdict is Verdict.UNKNOWN
    early = case(ordered(files=1), target=there)
    assert early.today == date(2026, 11, 22)
    assert result(LATE, early).verdict is Verdict.UNKNOWN


def test_files_newer_than_the_deadline_are_shown_apart() -> None:
    new = file(orders=("MIG-1",), modified="2026-10-01T00:00:00Z")
    seen = walk(orders=(order_seen(files=2),), files=(new,))
    row = result(LATE, case(private(seen), target=ORDERED))
    assert row.verdict is Verdict.FAIL
    assert "1 of them newer than the deadline" in row.summary


@pytest.mark.parametrize(
    ("timezone", "newer"),
    [("UTC", False), ("Pacific/Auckland", True)],
    ids=["same-day", "next-day"],
)
def test_newer_than_the_deadline_means_a_day_of_the_targets_time_zone(
    timezone: str, *, newer: bool
) -> None:
    late = file(orders=("MIG-1",), modified="2026-04-14T13:00:00Z", zone_known=True)
    seen = walk(orders=(order_seen(files=1),), files=(late,))
    there = target(migrations=(MIGRATION,), timezone=timezone)
    row = result(LATE, case(private(seen), target=there))
    assert "days after 2026-04-14" in row.summary
    assert ("1 of them newer than the deadline" in row.summary) is newer


def test_files_seen_before_and_gone_before_the_deadline_pass() -> None:
    gone = ordered(files=0, found=False, complete=False, absent=True)
    recall = Recall(orders={"MIG-1": SIGHTED})
    assert result(LATE, case(gone, target=ORDERED, recall=recall)).verdict is Verdict.PASS


def test_paths_that_are_refused_tonight_are_not_gone() -> None:
    hidden = order_seen(files=0, found=False, complete=False)
    cut = private(walk(orders=(hidden,), stopped=("denied",)))
    recall = Recall(orders={"MIG-1": SIGHTED})
    assert result(LATE, case(cut, target=ORDERED, recall=recall)).verdict is Verdict.UNKNOWN


def test_without_a_declared_end_nothing_is_overdue() -> None:
    row = result(LATE, case(private(walk())))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "not-declared")


def test_the_scanners_own_clock_is_proof_and_a_time_stamp_a_sign() -> None:
    old = file(modified="2026-01-01T00:00:00Z")
    kept = target(retention_days=30)
    seen = private(sampled(old))
    suspected = result(LATE, case(seen, target=kept))
    assert (suspected.verdict, suspected.reason) == (Verdict.UNKNOWN, "suspected")
    recall = Recall(sightings={"k1": "2026-09-01T00:00:00Z"})
    proved = result(LATE, case(seen, target=kept, recall=recall))
    assert proved.verdict is Verdict.FAIL


NEAR = "2026-10-22T12:00:00Z"
"""Thirty days and fifteen hours before the night of the test."""


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"precision": Precision.SECOND}, "suspected", "1 files were last changed"),
        ({"precision": Precision.MINUTE}, "suspected", "1 files were last changed"),
        ({"precision": Precision.DAY}, "time-in-doubt", "too coarse"),
        ({"precision": Precision.MINUTE, "zone_known": False}, "time-in-doubt", "too coarse"),
    ],
)
def test_a_time_in_doubt_is_not_held_against_a_file(
    changes: dict[str, Any], reason: str, said: str
) -> None:
    near = private(sampled(file(modified=NEAR, **changes)))
    told = finding(result(LATE, case(near, target=target(retention_days=30))), "modified-time")
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, reason)
    assert said in told.summary


def test_a_time_that_may_lie_on_either_side_is_no_pass() -> None:
    early = file(modified="2026-10-23T12:00:00Z", precision=Precision.MINUTE, zone_known=False)
    seen = private(sampled(early))
    told = finding(result(LATE, case(seen, target=target(retention_days=30))), "modified-time")
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "time-in-doubt")
    clear = replace(early, modified="2026-10-25T12:00:00Z")
    told = finding(
        result(LATE, case(private(sampled(clear)), target=target(retention_days=30))),
        "modified-time",
    )
    assert told.verdict is Verdict.PASS


def test_newer_than_the_deadline_is_said_only_where_no_zone_can_change_it() -> None:
    deadline = deadline_of(ORDERED.migrations[0], case(target=ORDERED))
    assert deadline is not None
    just = f"{deadline + timedelta(days=1)}T12:00:00Z"
    for zone_known in (True, False):
        new = file(orders=("MIG-1",), modified=just, zone_known=zone_known)
        seen = walk(orders=(order_seen(files=1),), files=(new,))
        row = result(LATE, case(private(seen), target=ORDERED))
        assert ("newer than the deadline" in row.summary) is zone_known


def test_files_that_were_met_but_not_kept_may_be_old() -> None:
    many = private(walk(entries=3000, dropped=1000))
    row = result(LATE, case(many, target=target(retention_days=30)))
    assert finding(row, "first-seen").verdict is Verdict.UNKNOWN
    assert finding(row, "modified-time").verdict is Verdict.UNKNOWN


def table(*names: str | None) -> FileFact:
    columns = tuple(Column(index=index, name=name) for index, name in enumerate(names))
    facts = ContentFacts(format="csv", state=ContentState.CLEAR, columns=columns)
    return file(content=Observed(facts), orders=("MIG-1",))


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        (table("patient_id", "exam_date", "comment"), Verdict.FAIL),
        (table("patient_id", None), Verdict.FAIL),
        (table("IPP", "Exam_Date"), Verdict.UNKNOWN),
        (file(orders=("MIG-1",)), Verdict.UNKNOWN),
    ],
)
def test_an_unordered_column_is_proof_and_a_sample_never_a_pass(
    held: FileFact, verdict: Verdict
) -> None:
    seen = private(sampled(held))
    assert result(EXCESS, case(seen, target=ORDERED)).verdict is verdict


def test_personal_data_under_no_order_cap_the_score_and_are_suspicious() -> None:
    row = result(FailureId.UNCONTROLLED_MIGRATION, case(private(sampled(file(DataClass.PERSONAL)))))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert finding(row, "unordered-data").caps == (CapTrigger.NO_ORDER,)


def test_an_unlisted_account_leaves_the_rows_unlooked_at() -> None:
    nobody = target(accounts=(Account(username="lab"),))
    for row in (CLEAR, LATE, EXCESS):
        assert result(row, case(modern_ssh(), target=nobody)).verdict is Verdict.UNKNOWN


def test_a_view_that_was_lost_is_unknown_with_its_reason() -> None:
    lost = AccountView(
        username="lab",
        status=CredentialStatus.ACCEPTED,
        view=Unobserved(Reason.CONNECTION_LOST),
    )
    row = result(CLEAR, case(modern_ssh(accounts=(lost,))))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "connection-lost")


def sees(*keys: str) -> Any:
    """An account that sees these files, each with personal data in clear."""
    return account(view(walk=sampled(*(file(DataClass.PERSONAL, key=key) for key in keys))))


@pytest.mark.parametrize(
    ("over_ftp", "over_sftp", "told"),
    [
        ([sees("a")], [], "1 file "),
        ([sees("a"), sees("a")], [], "1 file "),
        ([sees("a", "b"), sees("b", "c")], [], "3 files "),
        ([sees("a")], [sees("a")], "1 file "),
        # SFTP may show the same file under another path: it is not added.
        ([sees("a")], [sees("/srv/a")], "1 file "),
        ([sees("a")], [sees("/srv/a", "/srv/b")], "2 files "),
    ],
)
def test_a_file_that_many_ways_lead_to_counts_once(
    over_ftp: list[AccountView], over_sftp: list[AccountView], told: str
) -> None:
    ftp, ssh = enforced_ftp(accounts=tuple(over_ftp)), modern_ssh(accounts=tuple(over_sftp))
    found = finding(result(CLEAR, case(ftp, ssh)), "clear-data")
    assert f"in clear in {told}" in found.summary
    assert "more)" not in found.summary


def test_what_anyone_sees_and_what_an_account_sees_are_counted_apart() -> None:
    anyone = Observed(view(walk=sampled(file(DataClass.PERSONAL, key="a"))))
    facts = enforced_ftp(
        anonymous=accepted_anonymous(), anonymous_view=anyone, accounts=(sees("b", "c"),)
    )
    found = finding(result(CLEAR, case(facts)), "clear-data")
    assert "in 1 file" in found.summary
    assert (found.severity, len(found.ways_in)) == (Severity.CRITICAL, 2)
