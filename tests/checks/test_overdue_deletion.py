"""Deadlines that memory proves, and the ages of files that no deadline covers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scanner.checks.deadlines import last_day_of
from scanner.model.case import Case
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Verdict
from scanner.model.recall import OrderSighting, Recall
from scanner.model.target import Migration, Target
from scanner.model.view import FileFact, Zone
from tests.checks.cases import (
    account,
    case,
    file,
    finding,
    modern_ssh,
    order_seen,
    result,
    target,
    view,
    walk,
)

LATE = FailureId.OVERDUE_DELETION
ORDER = Migration(
    order_id="MIG-1",
    paths=("/exchange/mig-1/*",),
    migration_end=date(2026, 3, 31),
    retention_days=14,
)
ORDERED = target(migrations=(ORDER,))
KEPT = target(retention_days=30)
OLD, NEW = "2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"


def sees(*files: FileFact, of: Target = KEPT, recall: Recall | None = None, **more: Any) -> Case:
    seen = walk(entries=len(files), files=files, **more)
    facts = modern_ssh(accounts=(account(view(walk=seen)),))
    return case(facts, target=of, recall=recall or Recall())


def row(*files: FileFact, **more: Any) -> FailureResult:
    return result(LATE, sees(*files, **more))


def dated(named: str | None, modified: str | None = None, key: str = "k1", **more: Any) -> FileFact:
    return file(named=named, modified=modified, key=key, **more)


# --- what memory proves ---------------------------------------------------------------------


def remembered(last: str, **order: Any) -> FailureResult:
    sighting = OrderSighting(first_seen="2026-03-01T00:00:00Z", last_seen=last, files=2)
    recall = Recall(orders={"MIG-1": sighting})
    seen = order_seen(**{"files": 0, "found": False, "complete": False, **order})
    return result(LATE, sees(of=ORDERED, recall=recall, orders=(seen,)))


def test_a_path_gone_before_its_deadline_passes_and_says_when_it_was_last_seen() -> None:
    told = remembered("2026-04-10T00:00:00Z", absent=True)
    assert told.verdict is Verdict.PASS
    assert "seen on 2026-04-10, gone since" in told.summary
    assert "after the deadline" not in told.summary


def test_a_path_gone_too_late_is_gone_and_says_so() -> None:
    told = remembered("2026-06-01T00:00:00Z", absent=True)
    assert told.verdict is Verdict.PASS
    assert "gone since, after the deadline 2026-04-14" in told.summary


def test_a_path_that_a_login_is_not_shown_is_not_gone() -> None:
    """The files were seen by another login, perhaps: this one may be confined elsewhere."""
    told = remembered("2026-04-10T00:00:00Z", absent=False)
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "path-missing")
    assert "nothing shows them deleted" in told.summary


def test_a_path_that_never_was_proves_no_deletion() -> None:
    gone = order_seen(files=0, found=False, complete=False, absent=True)
    told = result(LATE, sees(of=ORDERED, orders=(gone,)))
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "path-missing")


def test_an_emptied_path_says_when_files_were_last_seen_there() -> None:
    told = remembered("2026-04-10T00:00:00Z", found=True, complete=True)
    assert told.verdict is Verdict.PASS
    assert "files were last seen on 2026-04-10" in told.summary


def test_overdue_files_say_since_when_the_scanner_has_seen_them() -> None:
    told = remembered("2026-11-21T00:00:00Z", found=True, complete=True, files=2)
    assert told.verdict is Verdict.FAIL
    assert "2 files still there 222 days after 2026-04-14" in told.summary
    assert "first seen on 2026-03-01" in told.summary


# --- the scanner's own clock ------------------------------------------------------------------

SEEN_LONG = Recall(sightings={"k1": "2026-09-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("modified", "zone_known", "verdict"),
    [
        (None, True, Verdict.FAIL),
        (OLD, True, Verdict.FAIL),
        # Changed since it was first seen: the file that lies there now came later.
        (NEW, True, Verdict.PASS),
        # 30.6 days ago by its own word, perhaps a day less where no zone is known.
        ("2026-10-22T12:00:00Z", True, Verdict.FAIL),
        ("2026-10-22T12:00:00Z", False, Verdict.PASS),
        # A clock that runs ahead says nothing of when a file came.
        ("2027-05-01T00:00:00Z", True, Verdict.FAIL),
    ],
)
def test_a_file_that_was_changed_since_it_was_first_seen_is_another(
    modified: str | None,
    zone_known: bool,  # noqa: FBT001 - a case, not a switch
    verdict: Verdict,
) -> None:
    judged = row(dated(None, modified, zone_known=zone_known), recall=SEEN_LONG)
    assert finding(judged, "first-seen").verdict is verdict


def test_files_of_an_order_without_a_deadline_fall_under_the_hosts_retention() -> None:
    open_end = target(retention_days=30, migrations=(Migration(order_id="MIG-2"),))
    judged = row(dated(None, None, orders=("MIG-2",)), of=open_end, recall=SEEN_LONG)
    assert judged.verdict is Verdict.FAIL
    closed = target(retention_days=30, migrations=(ORDER,))
    judged = row(dated(None, None, orders=("MIG-1",)), of=closed, recall=SEEN_LONG)
    assert finding(judged, "first-seen").verdict is Verdict.PASS


# --- signs: a time, and a date in a name -------------------------------------------------------


def test_one_strong_sign_is_suspected_and_two_on_one_file_are_a_fail() -> None:
    for only in (dated("2026-01-02"), dated(None, OLD), dated("2026-01-02", NEW)):
        judged = row(only)
        assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "suspected")
    assert row(dated("2026-01-02", OLD)).verdict is Verdict.FAIL


def test_two_signs_on_two_files_are_no_two_signs_of_one_thing() -> None:
    judged = row(dated("2026-01-02", NEW, "a"), dated(None, OLD, "b"))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "suspected")
    assert finding(judged, "named-date").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("named", "verdict"),
    [
        ("2026-10-23", Verdict.PASS),  # 30 days before the night: not yet over
        ("2026-10-22", Verdict.UNKNOWN),
        ("2026-10", Verdict.PASS),  # a month counts by its last day
        ("2026-09", Verdict.UNKNOWN),
        (None, Verdict.PASS),
    ],
)
def test_a_date_in_a_name_counts_by_the_last_day_it_may_mean(
    named: str | None, verdict: Verdict
) -> None:
    assert finding(row(dated(named)), "named-date").verdict is verdict


def test_names_that_were_not_kept_may_be_old() -> None:
    told = finding(row(dated(None), dropped=4), "named-date")
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "walk-cut")


@pytest.mark.parametrize(
    ("named", "last"),
    [("2026-02", "2026-02-28"), ("2024-02", "2024-02-29"), ("2025-12", "2025-12-31"),
     ("2026-03-07", "2026-03-07")],
)  # fmt: skip
def test_the_last_day_of_a_month(named: str, last: str) -> None:
    assert last_day_of(named) == date.fromisoformat(last)


# --- nothing declared ---------------------------------------------------------------------------


def test_without_a_declared_date_ages_are_a_lead_and_decide_nothing() -> None:
    ages = ("2026-11-20", "2026-10-01", "2026-06-01", "2020-01-01")
    files = [dated(None, f"{day}T00:00:00Z", day) for day in ages]
    judged = row(*files, dated("2020-01-01", None, "untold"), of=target())
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "not-declared")
    told = finding(judged, "age-distribution")
    assert told.verdict is Verdict.FAIL
    assert told.is_lead
    assert told.summary.endswith(
        "for 5 files: 1 of at most 30 days, 1 of at most 90 days, 1 of at most 365 days,"
        " 1 over 365 days old, 1 of unknown age"
    )


def test_young_files_are_no_lead_and_public_ones_are_not_counted() -> None:
    judged = row(dated(None, NEW, "a"), dated(None, OLD, "b", zone=Zone.PUBLIC), of=target())
    told = finding(judged, "age-distribution")
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "not-declared")
    assert "for 1 files: 1 of at most 30 days" in told.summary


def test_with_a_declared_retention_no_distribution_is_asked() -> None:
    assert "age-distribution" not in {each.facet for each in row(dated(None, OLD)).findings}
