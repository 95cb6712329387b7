from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.checks.registry import all_checks
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Verdict
from scanner.model.observation import (
    Bounce,
    ClearLogin,
    ClearOnImplicit,
    FtpFacts,
    PassiveAddress,
    Software,
    WriteTest,
)
from scanner.model.product import Product
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Allow
from tests.checks.cases import (
    accepted_anonymous,
    case,
    enforced_ftp,
    finding,
    reply,
    result,
    target,
    view,
)

ZONE = FailureId.OPEN_ZONE
TRANSPORT = FailureId.PLAINTEXT_TRANSPORT
OPTED = target(allow=Allow(write_test=True))


def implicit(answer: ClearOnImplicit) -> FtpFacts:
    facts = enforced_ftp(clear_on_implicit=Observed(answer, ("e7",)))
    assert isinstance(facts.auth_tls, Observed)
    auth = replace(facts.auth_tls.value, mechanism="implicit")
    return replace(facts, auth_tls=Observed(auth))


def facets(failure: FailureId, facts: FtpFacts, **changes: Any) -> set[str]:
    return {found.facet for found in result(failure, case(facts, **changes)).findings}


def test_an_implicit_port_that_takes_a_login_in_clear_fails_the_row_and_caps() -> None:
    answer = ClearOnImplicit(answers=True, login=ClearLogin.ASKED, replies=(reply(331),))
    row = result(TRANSPORT, case(implicit(answer)))
    found = finding(row, "clear-on-implicit-port")
    assert (row.verdict, found.severity) == (Verdict.FAIL, Severity.HIGH)
    assert found.caps == (CapTrigger.PASSWORD_IN_CLEAR,)
    assert found.evidence == ("e7",)


def test_an_implicit_port_that_only_greets_in_clear_is_a_lead() -> None:
    row = result(TRANSPORT, case(implicit(ClearOnImplicit(answers=True, replies=(reply(530),)))))
    assert row.verdict is Verdict.PASS
    assert finding(row, "clear-on-implicit-port").is_lead


def test_an_implicit_port_that_speaks_tls_alone_passes() -> None:
    row = result(TRANSPORT, case(implicit(ClearOnImplicit(answers=False))))
    assert finding(row, "clear-on-implicit-port").verdict is Verdict.PASS


def test_a_command_carried_over_into_tls_fails_the_row() -> None:
    row = result(TRANSPORT, case(enforced_ftp(injectable=Observed(True))))
    assert row.verdict is Verdict.FAIL
    assert finding(row, "command-injection-before-tls").severity is Severity.MEDIUM


def test_data_connections_of_their_own_are_a_lead() -> None:
    loose = result(TRANSPORT, case(enforced_ftp(reuse_required=Observed(False))))
    assert (loose.verdict, finding(loose, "data-session-reuse").is_lead) == (Verdict.PASS, True)
    bound = result(TRANSPORT, case(enforced_ftp(reuse_required=Observed(True))))
    assert finding(bound, "data-session-reuse").verdict is Verdict.PASS


@pytest.mark.parametrize("accepted", [True, False])
def test_a_bounce_is_a_lead_of_the_replies_alone(*, accepted: bool) -> None:
    bounce = Bounce(accepted=accepted, replies=(reply(200 if accepted else 500), reply(500)))
    row = result(ZONE, case(enforced_ftp(bounce=Observed(bounce))))
    assert row.verdict is Verdict.PASS
    assert finding(row, "bounce").verdict is (Verdict.FAIL if accepted else Verdict.PASS)


@pytest.mark.parametrize(
    ("announced", "told"),
    [("10.1.2.3", "internal address: 10.1.2.3"), ("8.8.4.4", "another address: 8.8.4.4")],
)
def test_an_announced_address_that_is_not_the_servers_is_a_lead(announced: str, told: str) -> None:
    passive = PassiveAddress(announced=announced, foreign=True)
    row = result(ZONE, case(enforced_ftp(passive=Observed(passive))))
    found = finding(row, "passive-address")
    assert found.is_lead
    assert told in found.summary


def test_a_lead_that_nobody_could_be_asked_for_is_left_out() -> None:
    nobody = Unobserved(Reason.NO_LOGIN, "nobody was let in")
    facts = enforced_ftp(bounce=nobody, passive=nobody, reuse_required=nobody)
    assert not {"bounce", "passive-address"} & facets(ZONE, facts)
    assert "data-session-reuse" not in facets(TRANSPORT, facts)
    lost = Unobserved(Reason.CONNECTION_LOST)
    row = result(ZONE, case(enforced_ftp(bounce=lost)))
    assert finding(row, "bounce").verdict is Verdict.UNKNOWN


def written(**counts: Any) -> FtpFacts:
    test = WriteTest(**{"tried": 2, "written": 0, **counts})
    return enforced_ftp(
        anonymous=accepted_anonymous(), anonymous_view=Observed(view()), write_test=Observed(test)
    )


def test_a_write_that_was_shown_is_critical_and_caps() -> None:
    row = result(ZONE, case(written(written=1), target=OPTED))
    found = finding(row, "anonymous-write")
    assert (found.verdict, found.severity) == (Verdict.FAIL, Severity.CRITICAL)
    assert found.caps == (CapTrigger.ANONYMOUS_WRITE,)


def test_a_file_that_was_left_is_named() -> None:
    row = result(ZONE, case(written(written=1, left=1, names=("own.tmp",)), target=OPTED))
    assert "own.tmp could not be removed: remove it" in finding(row, "anonymous-write").summary


def test_a_write_that_is_refused_passes() -> None:
    row = result(ZONE, case(written(), target=OPTED))
    assert finding(row, "anonymous-write").verdict is Verdict.PASS


def test_without_the_opt_in_a_write_is_no_question_where_somebody_gets_in() -> None:
    assert "anonymous-write" not in facets(ZONE, written(written=1))


def test_where_nobody_gets_in_nobody_writes_opted_in_or_not() -> None:
    row = result(ZONE, case(enforced_ftp()))
    assert finding(row, "anonymous-write").verdict is Verdict.PASS


def test_a_write_test_that_could_not_be_finished_is_unknown() -> None:
    facts = replace(written(), write_test=Unobserved(Reason.CONNECTION_LOST))
    row = result(ZONE, case(facts, target=OPTED))
    assert finding(row, "anonymous-write").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("product", "words"),
    [
        (Product.VSFTPD, "require_ssl_reuse=YES"),
        (Product.PROFTPD, "NoSessionReuseRequired"),
        (Product.UNKNOWN, "Demand TLS session reuse"),
    ],
)
def test_a_remedy_names_the_switch_of_the_product_that_answers(
    product: Product, words: str
) -> None:
    software = Observed(Software(product=product))
    facts = enforced_ftp(software=software, reuse_required=Observed(False))
    row = result(TRANSPORT, case(facts))
    assert words in finding(row, "data-session-reuse").remedy


def test_every_remedy_of_a_product_differs_from_the_general_one() -> None:
    facets = [facet for check in all_checks() for facet in check.facets if facet.remedies]
    assert len(facets) >= 6
    for facet in facets:
        assert facet.remedy not in facet.remedies.values()
