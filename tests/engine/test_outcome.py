from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scanner.engine.judge import judge
from scanner.engine.outcome import (
    Tally,
    delta_of,
    exit_code,
    has_own_bug,
    reaches,
    unfinished,
)
from scanner.model.dossier import ContractPaper, Dossier
from scanner.model.finding import HostReport, Severity
from scanner.model.reading import Reason, Unobserved
from scanner.model.scan import Delta
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.target import AcceptedRisk, Account, Contract, Decoy, NotApplicable
from scanner.model.view import AccountView, CredentialStatus
from tests.checks.cases import (
    endpoint,
    enforced_ftp,
    modern_ssh,
    plain_ftp,
    seen,
    target,
)
from tests.engine.test_judge import docket, mixed, open_zone


def clean() -> HostReport:
    return judge(docket(enforced_ftp()))


def test_papers_that_nobody_declared_do_not_make_a_run_incomplete() -> None:
    assert unfinished(clean()) == ()


def test_a_network_step_that_failed_is_told_for_each_question_it_leaves_open() -> None:
    report = judge(docket(enforced_ftp(anonymous=Unobserved(Reason.TIMEOUT, "no answer"))))
    zone, storage = unfinished(report)
    assert zone.startswith("files: Can anyone log in")
    assert storage.startswith("files: Are personal data or secrets stored in clear")


def test_a_fault_of_our_own_behind_a_fail_is_still_our_fault() -> None:
    broken = endpoint(None, port=990, fault="KeyError in ftp.py:1", reason=None)
    report = judge(docket(observations=(seen(endpoint(open_zone()), broken),)))
    assert has_own_bug(report)
    assert not has_own_bug(judge(docket(open_zone())))


def test_a_row_declared_without_object_fails_no_run() -> None:
    away = NotApplicable(
        failure="missing-contract", reason="x", signed_by="DPO", until=date(2027, 1, 1)
    )
    contract = ContractPaper(Contract(controller="One"), Unobserved(Reason.NOT_DECLARED))
    papers = Dossier(contracts=(contract,))
    counted = judge(docket(enforced_ftp(), dossier=papers))
    excused = judge(docket(enforced_ftp(), dossier=papers, target=target(not_applicable=(away,))))
    assert reaches(counted, Severity.MEDIUM)
    assert not reaches(excused, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("fail_on", "expected"), [(Severity.CRITICAL, False), (Severity.HIGH, True)]
)
def test_the_threshold_decides_which_findings_count(fail_on: Severity, expected: bool) -> None:  # noqa: FBT001
    assert reaches(judge(docket(plain_ftp())), fail_on) is expected


def test_accepted_risks_and_decoys_do_not_fail_a_run() -> None:
    risk = AcceptedRisk(
        failure="plaintext-transport", reason="x", approved_by="CISO", until=date(2027, 1, 1)
    )
    excused = judge(docket(plain_ftp(), target=target(exceptions=(risk,))))
    lure = judge(
        docket(open_zone(), target=target(decoy=Decoy(owner="SOC", until=date(2027, 1, 1))))
    )
    assert not reaches(excused, Severity.LOW)
    assert not reaches(lure, Severity.LOW)


def test_the_delta_tells_new_from_old_and_resolved() -> None:
    report = judge(docket(open_zone()))
    fails = [f for row in report.failures for f in row.findings if f.first_seen]
    passes = [f for row in report.failures for f in row.findings if f.facet == "tls-not-offered"]
    known = {fails[0].uid: "", passes[0].uid: ""}
    delta = delta_of(report, known)
    assert (delta.new, delta.unchanged, delta.resolved) == (len(fails) - 1, 1, 1)


def test_a_finding_that_is_worse_or_a_lead_no_longer_has_changed() -> None:
    report = judge(docket(open_zone()))
    fails = [f for row in report.failures for f in row.findings if f.verdict == "fail"]
    same = {f.uid: "" if f.is_lead else str(f.severity) for f in fails}
    known = dict.fromkeys(same, "2026-01-01T00:00:00Z")
    worse = {**same, fails[0].uid: "info"}
    assert delta_of(report, known, same) == Delta(unchanged=len(fails))
    assert delta_of(report, known, worse) == Delta(changed=1, unchanged=len(fails) - 1)
    tally = Tally(Severity.HIGH, targeted=1)
    tally.add(report, known, worse)
    assert tally.delta() == Delta(changed=1, unchanged=len(fails) - 1)


@pytest.mark.parametrize(
    ("own_bug", "findings", "incomplete", "code"),
    [
        (True, True, True, 70),
        (False, True, True, 1),
        (False, False, True, 3),
        (False, False, False, 0),
    ],
)
def test_the_first_exit_code_that_applies_wins(
    own_bug: bool,  # noqa: FBT001
    findings: bool,  # noqa: FBT001
    incomplete: bool,  # noqa: FBT001
    code: int,
) -> None:
    assert exit_code(own_bug=own_bug, findings=findings, incomplete=incomplete) == code


def test_a_tally_adds_reports_up_without_keeping_them() -> None:
    tally = Tally(Severity.HIGH, targeted=3, excluded=1)
    tally.add(clean(), {})
    tally.add(judge(docket(None)), {})
    coverage = tally.coverage()
    assert (coverage.targeted, coverage.assessed, coverage.unreachable) == (3, 1, 1)
    assert tally.exit_code() == 3
    tally.add(judge(docket(plain_ftp())), {})
    assert tally.exit_code() == 1


def test_an_unfinished_run_is_incomplete() -> None:
    tally = Tally(Severity.HIGH, targeted=2)
    tally.add(clean(), {})
    assert tally.exit_code() == 3
    assert replace(tally.coverage(), targeted=1).assessed == 1


def test_a_failing_way_in_hides_no_silent_endpoint_and_no_refused_credential() -> None:
    refused = AccountView(username="lab", status=CredentialStatus.REFUSED, detail="530")
    busy = modern_ssh(accounts=(refused,))
    password = SecretRef(SecretScheme.ENV, "LAB")
    listed = target(accounts=(Account(username="lab", password=password),))
    report = judge(docket(open_zone(), busy, None, target=listed))
    lines = unfinished(report)
    assert "files: credential lab refused (530)" in lines
    assert any("is filtered" in line for line in lines)


def test_an_account_without_a_credential_is_no_planned_step() -> None:
    listed = target(accounts=(Account(username="lab"),))
    report = judge(docket(enforced_ftp(), target=listed))
    assert (report.credentials, unfinished(report)) == ((), ())


def test_nothing_is_resolved_by_a_pass_of_two_servers() -> None:
    known = {
        finding.uid: "2026-11-01T03:00:00Z"
        for finding in judge(docket(open_zone())).failures[0].findings
    }
    assert delta_of(clean(), known).resolved > 0
    assert delta_of(mixed(enforced_ftp()), known).resolved == 0


def test_addresses_that_were_not_probed_make_a_run_incomplete() -> None:
    look = replace(seen(endpoint(enforced_ftp())), omitted=2)
    steps = unfinished(judge(docket(observations=(look,))))
    assert any("2 further addresses were not probed" in step for step in steps)
