from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.checks import registry
from scanner.checks.base import evaluate
from scanner.engine import judge as judging
from scanner.engine.judge import Docket, judge
from scanner.engine.outcome import reaches
from scanner.model.content import DataClass
from scanner.model.dossier import Dossier, RegisteredWarning
from scanner.model.failure import CapTrigger, FailureId, Grade
from scanner.model.finding import Finding, HostReport, Severity, Verdict, finding_uid
from scanner.model.observation import FtpFacts, IdentityDifference
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import PastCap, Recall
from scanner.model.ssh import SshFacts
from scanner.model.target import AcceptedRisk, Decoy, NotApplicable, Protocol
from scanner.model.trend import ScorePoint
from scanner.report.document import host_document
from scanner.report.situation import Status, situation
from scanner.report.text import host_text
from tests.checks.cases import (
    accepted_anonymous,
    account,
    endpoint,
    enforced_ftp,
    file,
    modern_ssh,
    plain_ftp,
    seen,
    target,
    view,
    walk,
)

AT = "2026-11-22T03:00:00Z"


def docket(*facts: FtpFacts | SshFacts | None, **changes: Any) -> Docket:
    base = Docket(
        target=target(),
        observations=(seen(*(endpoint(item) for item in facts)),),
        dossier=Dossier(),
        recall=Recall(),
        judged_at=AT,
    )
    return replace(base, **changes)


def open_zone(*classes: DataClass) -> FtpFacts:
    files = (file(*classes),)
    shown = walk(entries=1, outside_public=1, eligible=1, sampled=1, files=files)
    return enforced_ftp(anonymous=accepted_anonymous(), anonymous_view=Observed(view(walk=shown)))


def row(report: HostReport, failure: FailureId) -> Any:
    return next(item for item in report.failures if item.id is failure)


def found(report: HostReport, facet: str) -> Finding:
    return next(f for item in report.failures for f in item.findings if f.facet == facet)


def test_the_nine_rows_are_there_whatever_was_seen() -> None:
    for given in (docket(), docket(None), docket(enforced_ftp())):
        assert [item.id for item in judge(given).failures] == list(FailureId)


def test_the_same_docket_gives_the_same_report() -> None:
    given = docket(open_zone(DataClass.HEALTH), plain_ftp())
    assert judge(given) == judge(given)


def test_personal_data_open_to_all_are_an_f_and_start_the_breach_clock() -> None:
    report = judge(docket(open_zone(DataClass.HEALTH)))
    assert (report.assessment.grade, report.breach_candidate) == (Grade.F, AT)
    assert report.breach_severity is not None
    assert CapTrigger.OPEN_PERSONAL_DATA in {cap.trigger for cap in report.assessment.caps}


def test_a_decoy_starts_no_breach_clock_while_it_is_declared() -> None:
    facts = open_zone(DataClass.HEALTH)
    lure = target(decoy=Decoy(owner="SOC", until=date(2027, 1, 1)))
    assert judge(docket(facts, target=lure)).breach_candidate is None
    stale = target(decoy=Decoy(owner="SOC", until=date(2026, 1, 1)))
    assert judge(docket(facts, target=stale)).breach_candidate == AT


def test_first_seen_comes_from_memory_and_days_are_counted_from_it() -> None:
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    recall = Recall(findings={uid: "2026-11-12T03:00:00Z"})
    finding = found(judge(docket(open_zone(), recall=recall)), "anonymous-read")
    assert (finding.first_seen, finding.days_open) == ("2026-11-12T03:00:00Z", 10)


def test_a_finding_open_for_over_thirty_days_takes_a_letter_off() -> None:
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    recall = Recall(findings={uid: "2026-10-01T03:00:00Z"})
    given = docket(open_zone(), recall=recall)
    assert "anonymous-read" in judge(given).assessment.letter_lowered
    accepted = AcceptedRisk(
        failure="open-zone", reason="x", approved_by="CISO", until=date(2027, 1, 1)
    )
    excused = replace(given, target=target(exceptions=(accepted,)))
    report = judge(excused)
    assert report.assessment.letter_lowered == ""
    assert found(report, "anonymous-read").suppressed
    assert report.assessment.caps == judge(given).assessment.caps


def test_an_exception_stops_counting_the_day_after_it_ends() -> None:
    over = AcceptedRisk(
        failure="open-zone", reason="x", approved_by="CISO", until=date(2026, 11, 21)
    )
    report = judge(docket(open_zone(), target=target(exceptions=(over,))))
    assert not found(report, "anonymous-read").suppressed


def test_a_registered_warning_that_was_ignored_takes_a_letter_off() -> None:
    old = RegisteredWarning(id="W-1", opened=date(2026, 3, 1))
    closed = replace(old, closed=date(2026, 3, 9))
    lowered = judge(docket(enforced_ftp(), dossier=Dossier(warnings=Observed((old,)))))
    assert "W-1" in lowered.assessment.letter_lowered
    kept = judge(docket(enforced_ftp(), dossier=Dossier(warnings=Observed((closed,)))))
    assert kept.assessment.letter_lowered == ""


@pytest.mark.parametrize(
    ("opened", "closed", "lowered"),
    [
        (date(2026, 10, 23), None, False),  # 30 days before the day of judging
        (date(2026, 10, 22), None, True),  # 31 days
        (date(2026, 10, 22), date(2026, 11, 22), False),  # closed on the very day
        (date(2026, 10, 22), date(2026, 11, 23), True),  # a closing date that is yet to come
        (date(2026, 11, 23), None, False),  # opened in the future
        (date(2027, 1, 1), date(2027, 2, 1), False),
    ],
)
def test_a_warning_is_ignored_from_its_thirty_first_day_on(
    opened: date, closed: date | None, *, lowered: bool
) -> None:
    warning = RegisteredWarning(id="W-1", opened=opened, closed=closed)
    report = judge(docket(enforced_ftp(), dossier=Dossier(warnings=Observed((warning,)))))
    assert bool(report.assessment.letter_lowered) is lowered


@pytest.mark.parametrize(
    ("first", "lowered"),
    [
        ("2026-10-23T03:00:00Z", False),  # 30 days before the moment of judging
        ("2026-10-22T03:00:01Z", False),  # 31 days but a second
        ("2026-10-22T03:00:00Z", True),  # 31 days
        ("2026-11-23T03:00:00Z", False),  # a clock that ran ahead
    ],
)
def test_a_finding_is_ignored_once_it_is_open_for_thirty_one_days(
    first: str, *, lowered: bool
) -> None:
    uid = finding_uid("default", "files", "internal", FailureId.OPEN_ZONE, "anonymous-read")
    given = docket(open_zone(), recall=Recall(findings={uid: first}))
    report = judge(given)
    assert bool(report.assessment.letter_lowered) is lowered
    mended = judge(docket(enforced_ftp(), recall=Recall(findings={uid: first})))
    assert mended.assessment.letter_lowered == ""


def test_a_register_that_cannot_be_read_takes_no_letter_off() -> None:
    unreadable: Unobserved = Unobserved(Reason.UNREADABLE, "warnings.json:1: is empty")
    report = judge(docket(enforced_ftp(), dossier=Dossier(warnings=unreadable)))
    assert report.assessment.letter_lowered == ""


PAST = PastCap(
    trigger=CapTrigger.OPEN_LISTING,
    failure=FailureId.OPEN_ZONE,
    vantage="internal",
    since="2026-11-01T03:00:00Z",
)


@pytest.mark.parametrize(
    ("facts", "held"),
    [
        (enforced_ftp(), False),
        (enforced_ftp(anonymous=Unobserved(Reason.TIMEOUT)), True),
        (None, True),
    ],
)
def test_a_cap_holds_until_a_conclusive_pass(facts: FtpFacts | None, held: bool) -> None:  # noqa: FBT001
    report = judge(docket(facts, recall=Recall(caps=(PAST,))))
    stale = [cap for cap in report.assessment.caps if cap.stale]
    assert bool(stale) is held
    if held:
        assert stale[0].since == PAST.since


def test_a_door_that_is_silent_tonight_lifts_no_cap_although_another_port_answers() -> None:
    silent = endpoint(None, declared=False)
    answers = endpoint(modern_ssh())
    given = docket(observations=(seen(silent, answers),), recall=Recall(caps=(PAST,)))
    assert [cap.stale for cap in judge(given).assessment.caps] == [True]


def test_data_without_an_order_hold_their_cap_until_they_are_seen_gone() -> None:
    past = PastCap(
        trigger=CapTrigger.NO_ORDER,
        failure=FailureId.UNCONTROLLED_MIGRATION,
        vantage="internal",
        since="2026-11-01T03:00:00Z",
    )
    gone = modern_ssh(accounts=(account(view(walk=walk())),))
    cut = modern_ssh(accounts=(account(view(walk=walk(stopped=("time",)))),))
    assert judge(docket(gone, recall=Recall(caps=(past,)))).assessment.caps == ()
    held = judge(docket(cut, recall=Recall(caps=(past,)))).assessment.caps
    assert [cap.trigger for cap in held] == [CapTrigger.NO_ORDER]


def test_a_finding_that_nobody_could_see_tonight_goes_on_ageing() -> None:
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    recall = Recall(findings={uid: "2026-06-01T03:00:00Z"})
    assert "anonymous-read" in judge(docket(None, recall=recall)).assessment.letter_lowered
    assert judge(docket(enforced_ftp(), recall=recall)).assessment.letter_lowered == ""


def test_the_breach_clock_starts_when_the_data_were_opened_not_when_they_were_stored() -> None:
    uid = finding_uid("default", "files", "internal", "clear-storage", "clear-data")
    recall = Recall(findings={uid: "2026-05-01T03:00:00Z"})
    report = judge(docket(open_zone(DataClass.HEALTH), recall=recall))
    assert report.breach_candidate == AT


def test_a_pass_from_another_vantage_does_not_lift_a_cap() -> None:
    outside = replace(PAST, vantage="internet")
    both = target(vantages=("internal", "internet"))
    report = judge(docket(enforced_ftp(), target=both, recall=Recall(caps=(outside,))))
    assert [cap.stale for cap in report.assessment.caps] == [True]


def test_personal_data_behind_a_door_that_closed_are_no_longer_open_to_all() -> None:
    fired = judge(docket(open_zone(DataClass.HEALTH))).assessment.caps
    past = tuple(
        PastCap(trigger=cap.trigger, failure=cap.failure, vantage=cap.vantage, since=cap.since)
        for cap in fired
        if cap.trigger is CapTrigger.OPEN_PERSONAL_DATA
    )
    assert len(past) == 1
    closed = judge(docket(enforced_ftp(), recall=Recall(caps=past)))
    assert closed.assessment.caps == ()
    silent = judge(docket(None, recall=Recall(caps=past)))
    assert [cap.stale for cap in silent.assessment.caps] == [True]


def test_a_cap_that_fires_again_keeps_its_first_day() -> None:
    report = judge(docket(open_zone(), recall=Recall(caps=(PAST,))))
    cap = next(c for c in report.assessment.caps if c.trigger is CapTrigger.OPEN_LISTING)
    assert (cap.since, cap.stale) == (PAST.since, False)


def test_a_vantage_where_nobody_stood_keeps_network_rows_unknown() -> None:
    both = target(vantages=("internal", "internet"))
    report = judge(docket(enforced_ftp(), target=both))
    assert row(report, FailureId.OPEN_ZONE).verdict is Verdict.UNKNOWN
    assert row(report, FailureId.OPEN_ZONE).reason == "no-vantage"
    assert {seen.vantage for seen in report.observations} == {"internal"}


def declared(failure: str, until: date = date(2027, 1, 1)) -> Any:
    away = NotApplicable(failure=failure, reason="own data", signed_by="DPO", until=until)
    return target(not_applicable=(away,))


def test_a_row_declared_without_object_leaves_the_score() -> None:
    report = judge(docket(enforced_ftp(), target=declared("missing-contract")))
    assert row(report, FailureId.MISSING_CONTRACT).verdict is Verdict.NOT_APPLICABLE
    late = judge(docket(enforced_ftp(), target=declared("missing-contract", date(2026, 1, 1))))
    assert row(late, FailureId.MISSING_CONTRACT).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("failure", ["open-zone", "plaintext-transport", "clear-storage"])
def test_the_door_the_wire_and_open_storage_are_never_without_object(failure: str) -> None:
    report = judge(docket(plain_ftp(), target=declared(failure)))
    assert row(report, FailureId(failure)).verdict is not Verdict.NOT_APPLICABLE


def test_a_judge_that_breaks_is_our_error_and_spares_the_other_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(check: Any, case: Any) -> Any:
        if check.id is FailureId.CLEAR_STORAGE:
            raise KeyError("value that must not be shown")
        return evaluate(check, case)

    monkeypatch.setattr(judging, "evaluate", broken)
    report = judge(docket(enforced_ftp()))
    errors = [item for item in report.failures if item.verdict is Verdict.ERROR]
    assert [item.id for item in errors] == [FailureId.CLEAR_STORAGE]
    assert "must not be shown" not in errors[0].summary
    assert row(report, FailureId.OPEN_ZONE).verdict is Verdict.PASS
    assert len(registry.all_checks()) == 9


MIXED = IdentityDifference(
    port=21,
    protocol=Protocol.FTP,
    mark="greeting",
    seen={"192.0.2.7": ("sha256:a",), "192.0.2.8": ("sha256:b",)},
)


def mixed(facts: FtpFacts, **changes: Any) -> HostReport:
    """The report of a scan that met two servers behind one name."""
    look = replace(seen(endpoint(facts)), mixed_identity=(MIXED,))
    return judge(docket(observations=(look,), **changes))


def test_a_pass_of_two_servers_lifts_no_cap() -> None:
    report = mixed(enforced_ftp(), recall=Recall(caps=(PAST,)))
    assert row(report, FailureId.OPEN_ZONE).verdict is Verdict.PASS
    assert [cap.stale for cap in report.assessment.caps] == [True]
    assert report.mixed_identity


def test_a_pass_of_two_servers_stops_no_ageing() -> None:
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    recall = Recall(findings={uid: "2026-06-01T03:00:00Z"})
    assert "anonymous-read" in mixed(enforced_ftp(), recall=recall).assessment.letter_lowered


@pytest.mark.parametrize("declared", [True, False])
def test_addresses_that_were_not_probed_keep_network_rows_unknown(*, declared: bool) -> None:
    whole = seen(endpoint(enforced_ftp(), declared=declared))
    assert row(judge(docket(observations=(whole,))), FailureId.OPEN_ZONE).verdict is Verdict.PASS
    report = judge(docket(observations=(replace(whole, omitted=3),)))
    for failure in (FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT, FailureId.CLEAR_STORAGE):
        assert row(report, failure).verdict is Verdict.UNKNOWN
    assert row(report, FailureId.OPEN_ZONE).reason == Reason.ADDRESS_BUDGET
    assert "3 further addresses were not probed" in row(report, FailureId.OPEN_ZONE).summary


def test_a_fail_at_a_probed_address_stands_whatever_others_there_are() -> None:
    report = judge(docket(observations=(replace(seen(endpoint(open_zone())), omitted=1),)))
    assert row(report, FailureId.OPEN_ZONE).verdict is Verdict.FAIL


def test_the_trend_is_that_of_the_same_vantage_and_ends_with_this_score() -> None:
    past = {
        "internal": (ScorePoint("2026-01-01T00:00:00Z", 40.0),),
        "dmz": (ScorePoint("2026-01-02T00:00:00Z", 90.0),),
    }
    told = judge(docket(open_zone(), recall=Recall(scores=past)))
    assert [seen.vantage for seen in told.observations] == ["internal"]
    assert told.trend == (*past["internal"], ScorePoint(AT, round(told.assessment.score, 1)))


def test_a_night_without_an_answer_is_a_gap_in_the_trend() -> None:
    assert judge(docket(None)).trend == (ScorePoint(AT, None),)


@pytest.mark.parametrize(
    ("judged_at", "zone", "accepted"),
    [
        ("2026-11-22T00:00:00Z", "UTC", True),
        ("2026-11-22T23:59:59Z", "UTC", True),
        ("2026-11-23T00:00:00Z", "UTC", False),
        ("2026-11-22T22:59:59Z", "Europe/Paris", True),
        ("2026-11-22T23:00:00Z", "Europe/Paris", False),
    ],
)
def test_an_exception_holds_through_its_last_day_where_the_target_is(
    judged_at: str,
    zone: str,
    accepted: bool,  # noqa: FBT001
) -> None:
    risk = AcceptedRisk(
        failure="open-zone", reason="x", approved_by="CISO", until=date(2026, 11, 22)
    )
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    report = judge(
        docket(
            open_zone(),
            target=target(exceptions=(risk,), timezone=zone),
            recall=Recall(findings={uid: "2026-10-01T03:00:00Z"}),
            judged_at=judged_at,
        )
    )
    host = host_document(report)
    event = situation(host, host["failures"][0], "internal", {uid: "high"})
    text = " ".join(host_text(report).split())
    assert found(report, "anonymous-read").suppressed is accepted
    assert (event.status is Status.SUPPRESSED) is accepted
    assert ("risk accepted until 2026-11-22 by CISO" in text) is accepted
    assert ("ended on 2026-11-22 (accepted by CISO): it counts again" in text) is not accepted
    assert ("anonymous-read" in report.assessment.letter_lowered) is not accepted
    assert reaches(report, Severity.MEDIUM) is not accepted
    assert host["exceptions"] == [
        {"failure": "open-zone", "reason": "x", "approved_by": "CISO", "until": "2026-11-22"}
    ]


@pytest.mark.parametrize(("facts", "verdict"), [(None, "unknown"), (enforced_ftp(), "pass")])
def test_what_was_open_before_tells_since_when_whatever_it_is_tonight(
    facts: FtpFacts | None, verdict: str
) -> None:
    uid = finding_uid("default", "files", "internal", "open-zone", "anonymous-read")
    recall = Recall(findings={uid: "2026-11-12T03:00:00Z"}, severities={uid: Severity.CRITICAL})
    seen_again = found(judge(docket(facts, recall=recall)), "anonymous-read")
    assert (seen_again.verdict, seen_again.suppressed) == (verdict, False)
    assert seen_again.severity == ("info" if verdict == "pass" else "critical")
    assert (seen_again.first_seen, seen_again.days_open) == ("2026-11-12T03:00:00Z", 10)
    never = found(judge(docket(facts)), "anonymous-read")
    assert (never.first_seen, never.days_open) == (None, 0)
