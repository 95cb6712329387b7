"""What judges make of a digest of logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from scanner.checks.log_signs import FACETS
from scanner.model.dossier import Dossier, InventoryRow
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, FailureResult, Finding, Severity, Verdict
from scanner.model.logs import (
    AccountUse,
    AnonymousUse,
    KeyUse,
    LogDigest,
    LogRead,
    OrderUploads,
    Overlap,
    VisitTrace,
)
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult, Recall
from scanner.model.target import Account, Areas, Migration
from tests.checks.cases import NOW, case, endpoint, enforced_ftp, finding, result, seen, target

SHARED, ZONE = FailureId.SHARED_ACCOUNT, FailureId.OPEN_ZONE
WATCH, MIGRATION = FailureId.MISSING_SUPERVISION, FailureId.UNCONTROLLED_MIGRATION
FAIL, PASS, UNKNOWN = Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN

OVERLAP = Overlap(
    one="192.0.2.0/24",
    other="198.51.100.0/24",
    times=2,
    seconds=40,
    at="2026-11-20T10:00:00Z",
)


def read(**changes: Any) -> LogRead:
    base = LogRead(
        place="logs[0]",
        format="openssh",
        files=1,
        lines=100,
        oldest="2026-11-01T00:00:00Z",
        newest="2026-11-22T02:00:00Z",
        tells_sessions=True,
    )
    return replace(base, **changes)


def use(**changes: Any) -> AccountUse:
    base = AccountUse(
        username="lab", sessions=3, first="2026-11-01T00:00:00Z", last="2026-11-20T10:00:00Z"
    )
    return replace(base, **changes)


def digest(*accounts: AccountUse, **changes: Any) -> LogDigest:
    return replace(LogDigest(sources=(read(),), accounts=accounts), **changes)


def judged(row: FailureId, told: LogDigest | Unobserved, **changes: Any) -> FailureResult:
    logs = told if isinstance(told, Unobserved) else Observed(told)
    papers = changes.pop("dossier", Dossier())
    return result(row, case(enforced_ftp(), dossier=replace(papers, logs=logs), **changes))


def inventory(*rows: InventoryRow) -> Dossier:
    return Dossier(inventory=Observed(rows))


ONE_HOLDER = inventory(InventoryRow(username="lab", holders=("A",)))


def test_one_sign_of_the_logs_is_a_suspicion_and_two_are_a_fail() -> None:
    overlapping = use(source_overlaps=(OVERLAP,))
    row = judged(SHARED, digest(overlapping), dossier=ONE_HOLDER)
    assert (row.verdict, row.reason) == (UNKNOWN, str(Reason.SUSPECTED))
    told = finding(row, "overlapping-sources").summary
    assert told == (
        "suspected: account lab in use from two sources at once, 2 times: lab from 192.0.2.0/24 "
        "and 198.51.100.0/24 for 40 s at 2026-11-20T10:00:00Z"
    )
    keys = replace(OVERLAP, one="SHA256:a", other="SHA256:b")
    both = replace(
        overlapping, key_overlaps=(keys,), keys=(KeyUse(fingerprint="SHA256:a", sessions=1),)
    )
    row = judged(SHARED, digest(both), dossier=ONE_HOLDER)
    assert row.verdict is FAIL
    assert finding(row, "overlapping-keys").verdict is FAIL


def test_sessions_that_never_overlap_pass_with_the_operators_word() -> None:
    row = judged(SHARED, digest(use()), dossier=ONE_HOLDER)
    assert row.verdict is PASS
    assert str(row.source) == "operator"
    assert finding(row, "overlapping-sources").summary.startswith("1 account, 3 sessions")


@pytest.mark.parametrize(
    "told",
    [
        digest(use(), sources=(read(cut=("a compressed file is damaged",)),)),
        digest(use(), sources=(read(unparsed=11),)),
        digest(use(dropped=1)),
        digest(use(), accounts_dropped=1),
        digest(use(), unaddressed=1),
        Unobserved(Reason.UNREADABLE, "logs[0]: names no file"),
    ],
)
def test_logs_that_were_not_read_whole_pass_nothing(told: LogDigest | Unobserved) -> None:
    row = judged(SHARED, told, dossier=ONE_HOLDER)
    assert row.verdict is UNKNOWN
    assert finding(row, "overlapping-sources").verdict is UNKNOWN


def test_without_logs_nobody_is_asked() -> None:
    nothing = Unobserved(Reason.NOT_DECLARED, "no logs are declared")
    row = judged(SHARED, nothing, dossier=ONE_HOLDER)
    of_logs = {facet.id for facet in FACETS}
    assert row.verdict is PASS
    assert of_logs.isdisjoint(each.facet for each in row.findings)


def test_logs_that_tell_of_no_account_leave_the_row_as_it_is() -> None:
    row = judged(SHARED, digest(), dossier=ONE_HOLDER)
    assert row.verdict is PASS
    assert finding(row, "overlapping-sources").verdict is UNKNOWN


NETWORKED = target(accounts=(Account(username="lab", holders=("A",), networks=("192.0.2.0/24",)),))


def test_a_login_from_outside_the_declared_networks_is_a_suspicion() -> None:
    outside = use(outside=2, last_outside="2026-11-20T10:00:00Z")
    row = judged(SHARED, digest(outside), target=NETWORKED)
    assert (row.verdict, row.reason) == (UNKNOWN, str(Reason.SUSPECTED))
    assert "2 sessions of account lab" in finding(row, "outside-networks").summary
    row = judged(SHARED, digest(use()), target=NETWORKED)
    assert finding(row, "outside-networks").verdict is PASS
    row = judged(SHARED, digest(use(username="other")), target=NETWORKED)
    assert finding(row, "outside-networks").verdict is UNKNOWN


def test_a_login_after_an_account_expired_is_a_suspicion() -> None:
    def with_expiry(day: date) -> Finding:
        papers = inventory(InventoryRow(username="lab", holders=("A",), expires=day))
        return finding(judged(SHARED, digest(use()), dossier=papers), "retired-account-used")

    late = with_expiry(date(2026, 11, 19))
    assert (late.verdict, late.confidence) == (Verdict.FAIL, Confidence.STRONG)
    assert with_expiry(date(2026, 11, 20)).verdict is PASS


def nobody(**changes: Any) -> LogDigest:
    known = AnonymousUse(**{"downloads": 2, "last": "2026-11-20T10:00:00Z", **changes})
    return digest(anonymous=known, downloads=2)


def test_anonymous_use_outside_public_areas_is_proof_for_thirty_days() -> None:
    row = judged(ZONE, nobody(uploads=1))
    assert row.verdict is FAIL
    assert "2 taken and 1 left" in finding(row, "anonymous-use").summary
    old = judged(ZONE, nobody(last="2026-10-20T10:00:00Z"))
    assert old.verdict is PASS
    assert finding(old, "anonymous-use").is_lead
    assert finding(old, "anonymous-use").severity is Severity.LOW


def test_no_anonymous_use_opens_and_closes_nothing() -> None:
    row = judged(ZONE, digest(downloads=5))
    assert row.verdict is PASS
    assert not finding(row, "anonymous-use").required
    unplaced = judged(ZONE, nobody(downloads=0, unplaced=1, last=None))
    assert finding(unplaced, "anonymous-use").verdict is UNKNOWN
    assert unplaced.verdict is PASS


ORDER = Migration(
    order_id="MIG-1",
    controller="C",
    owner="O",
    ordered_on=date(2026, 11, 1),
    migration_end=date(2026, 11, 30),
    paths=("/m/*",),
)
ORDERED = target(migrations=(ORDER,), areas=Areas(private=("/lab",)))


def uploads(**changes: Any) -> Verdict:
    row = judged(MIGRATION, digest(uploads=3, **changes), target=ORDERED)
    return finding(row, "uploads-under-order").verdict


def test_an_upload_outside_the_dates_of_its_order_is_proof() -> None:
    late = OrderUploads(order_id="MIG-1", within=1, after=2, last_outside="2026-11-20T10:00:00Z")
    row = judged(MIGRATION, digest(uploads=3, orders=(late,)), target=ORDERED)
    assert row.verdict is FAIL
    assert "2 uploads to the paths of MIG-1" in finding(row, "uploads-under-order").summary


def test_an_upload_under_no_order_is_a_suspicion_and_others_pass() -> None:
    assert uploads(unordered=1, last_unordered="2026-11-20T10:00:00Z") is UNKNOWN
    row = judged(
        MIGRATION, digest(unordered=1, uploads=1, last_unordered="2026-11-20T10:00:00Z"),
        target=ORDERED,
    )  # fmt: skip
    assert finding(row, "uploads-under-order").reason == str(Reason.SUSPECTED)
    # Another order was open then: nothing is outside.
    assert uploads(orders=(OrderUploads(order_id="MIG-1", after=2),)) is PASS
    assert uploads() is PASS
    assert uploads(sources=(read(cut=("x",)),)) is UNKNOWN


def test_uploads_are_asked_about_only_where_something_is_declared_and_told() -> None:
    row = judged(MIGRATION, digest(uploads=3))
    assert "uploads-under-order" not in [each.facet for each in row.findings]
    silent = judged(MIGRATION, digest(), target=ORDERED)
    assert not finding(silent, "uploads-under-order").required


def visit(**changes: Any) -> VisitTrace:
    base = VisitTrace(
        started="2026-11-21T03:00:00Z",
        finished="2026-11-21T03:01:00Z",
        sources=("127.0.0.1",),
    )
    return replace(base, **changes)


TONIGHT = visit(started="2026-11-22T03:00:00Z", finished="2026-11-22T03:00:01Z")


def freshness(*visits: VisitTrace, **changes: Any) -> tuple[Verdict, str]:
    drill = DrillResult(verdict="pass", at="2026-11-20T00:00:00Z")
    told = digest(visits=visits, **changes)
    row = judged(WATCH, told, recall=Recall(drill=Observed(drill)))
    assert row.verdict is finding(row, "log-freshness").verdict
    return row.verdict, row.reason


def test_logs_that_go_on_and_show_the_last_visit_pass() -> None:
    assert freshness(visit(lines=4))[0] is PASS
    # Logs that are read where they are written show tonight's visit too, the first ever.
    assert freshness(replace(TONIGHT, lines=1))[0] is PASS


def test_logs_that_cover_a_visit_without_showing_it_are_a_fail() -> None:
    assert freshness(visit(), replace(TONIGHT, lines=1))[0] is FAIL


@pytest.mark.parametrize(
    ("visits", "changes", "reason"),
    [
        ((), {}, "not-looked-at"),
        ((TONIGHT,), {}, "not-looked-at"),
        ((visit(shifted=3),), {}, "clock-differs"),
        ((visit(lines=1),), {"sources": (read(newest="2030-01-01T00:00:00Z"),)}, "clock-differs"),
        ((visit(lines=1),), {"sources": (read(tells_sessions=False),)}, "no-sessions-told"),
        ((visit(lines=1),), {"sources": (read(newest="2026-11-21T02:00:00Z"),)}, "expired"),
        ((visit(lines=1),), {"sources": (read(unparsed=90),)}, "logs-cut"),
        # The logs begin after the visit.
        ((visit(),), {"sources": (read(oldest="2026-11-21T09:00:00Z"),)}, "not-looked-at"),
        # They end before it, and nobody had a day to hand them over; or somebody had.
        (
            (visit(started="2026-11-22T02:30:00Z", finished="2026-11-22T02:31:00Z"),),
            {},
            "not-looked-at",
        ),
        (
            (visit(started="2026-11-20T03:00:00Z", finished="2026-11-20T03:01:00Z"),),
            {"sources": (read(newest="2026-11-19T00:00:00Z"),)},
            "suspected",
        ),
        # A visit that logs need no longer hold.
        (
            (visit(started="2026-10-01T03:00:00Z", finished="2026-10-01T03:01:00Z"),),
            {"sources": (read(oldest="2026-09-01T00:00:00Z"),)},
            "not-looked-at",
        ),
    ],
)
def test_what_is_not_known_of_a_visit_is_unknown(
    visits: tuple[VisitTrace, ...], changes: dict[str, Any], reason: str
) -> None:
    assert freshness(*visits, **changes) == (UNKNOWN, reason)


def test_an_address_that_a_gateway_may_change_proves_nothing_by_its_absence() -> None:
    outside = seen(endpoint(enforced_ftp()))
    # An address of a global network, in place of the documentation's, which is none.
    outside = replace(outside, addresses=("9.9.9.9",))
    private = visit(sources=("10.1.2.3",))
    row = judged(WATCH, digest(visits=(private,)), observations=(outside,))
    assert finding(row, "log-freshness").reason == "address-translated"
    own = visit(sources=("8.8.8.8",))
    row = judged(WATCH, digest(visits=(own,)), observations=(outside,))
    assert finding(row, "log-freshness").verdict is FAIL


def test_the_clock_of_the_case_decides_how_old_a_log_is() -> None:
    later = NOW + timedelta(days=2)
    row = judged(WATCH, digest(visits=(visit(lines=1),)), now=later)
    assert finding(row, "log-freshness").reason == str(Reason.EXPIRED)
