"""What every check promises, whoever wrote it."""

from __future__ import annotations

import pytest

from scanner.checks.base import Check, evaluate
from scanner.checks.registry import all_checks
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.observation import FtpFacts
from scanner.model.reading import INCOMPLETE, Reason, Unobserved
from scanner.model.ssh import SshFacts
from tests.checks.cases import case, endpoint, enforced_ftp, modern_ssh, seen

CHECKS = all_checks()
BY_ID = [pytest.param(check, id=str(check.id)) for check in CHECKS]
NETWORK_ROWS = {FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT}


def test_the_nine_failures_are_all_there_in_the_order_of_the_report() -> None:
    assert [check.id for check in CHECKS] == list(FailureId)


@pytest.mark.parametrize("check", BY_ID)
def test_a_check_says_what_it_is_and_how_to_mend_it(check: Check) -> None:
    assert check.facets
    assert all((check.ref, check.title, check.says, check.cleared, check.remedy))
    assert check.controls["gdpr"]
    for facet in check.facets:
        assert all((facet.question.endswith("?"), facet.required, facet.remedy))


def test_facet_ids_are_unique_over_all_checks() -> None:
    ids = [facet.id for check in CHECKS for facet in check.facets]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("check", BY_ID)
@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.OWN_FAULT}))
def test_what_was_not_observed_is_never_a_pass(check: Check, reason: Reason) -> None:
    nothing = Unobserved(reason)
    blank = FtpFacts(
        greeting=nothing,
        auth_tls=nothing,
        tls=nothing,
        legacy_tls=nothing,
        clear_named=nothing,
        clear_anonymous=nothing,
        anonymous=nothing,
        data=nothing,
        ccc=nothing,
    )
    row = evaluate(check, case(blank, SshFacts(identification=nothing)))
    assert row.verdict is Verdict.UNKNOWN
    assert row.reason


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
@pytest.mark.parametrize("reason", sorted(INCOMPLETE))
def test_one_silent_declared_endpoint_keeps_a_network_row_unknown(
    check: Check, reason: Reason
) -> None:
    silent = endpoint(None, port=990, reason=reason)
    judged = case(observations=(seen(endpoint(enforced_ftp()), silent),))
    row = evaluate(check, judged)
    assert row.verdict is Verdict.UNKNOWN
    assert row.reason == str(reason)


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
def test_a_silent_undeclared_port_is_left_out_when_another_answers(check: Check) -> None:
    silent = endpoint(None, port=990, declared=False)
    judged = case(observations=(seen(endpoint(enforced_ftp()), silent),))
    assert evaluate(check, judged).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.TIME_BUDGET, Reason.TIMEOUT])
def test_an_undeclared_port_that_was_not_closed_but_unasked_counts(
    check: Check, reason: Reason
) -> None:
    unasked = endpoint(None, port=990, declared=False, reason=reason)
    judged = case(observations=(seen(endpoint(enforced_ftp()), unasked),))
    assert evaluate(check, judged).verdict is Verdict.UNKNOWN
    broken = endpoint(None, port=990, declared=False, fault="KeyError in ftp.py:1")
    judged = case(observations=(seen(endpoint(enforced_ftp()), broken),))
    assert evaluate(check, judged).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
def test_silent_undeclared_ports_are_unknown_when_nothing_answers(check: Check) -> None:
    silent = endpoint(None, port=21, declared=False)
    assert evaluate(check, case(observations=(seen(silent),))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
def test_a_bug_of_a_probe_is_an_error_not_an_unknown(check: Check) -> None:
    broken = endpoint(None, fault="KeyError in ftp.py:1", reason=None)
    assert evaluate(check, case(observations=(seen(broken),))).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c.id in NETWORK_ROWS], ids=lambda check: check.id
)
def test_a_pass_from_inside_does_not_close_what_the_internet_did_not_show(check: Check) -> None:
    inside = seen(endpoint(enforced_ftp()), endpoint(modern_ssh()))
    outside = seen(endpoint(None), vantage="internet")
    row = evaluate(check, case(observations=(inside, outside)))
    assert row.verdict is Verdict.UNKNOWN
    assert {f.verdict for f in row.findings if f.vantage == "internal"} == {Verdict.PASS}
