"""What papers say of who watches: signs and leads, none of which passes the row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from scanner.model.dossier import AlertTicket, Dossier, Paper, RegisteredWarning, SecurityTxt
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Source, Verdict
from scanner.model.reading import Observed, Reason, Unobserved
from tests.checks.cases import NOW, case, enforced_ftp, finding, result
from tests.checks.test_papers import NO_FILE, PROCEDURE

ROW = FailureId.MISSING_SUPERVISION


def row(**papers: Any) -> Any:
    judged = result(ROW, case(enforced_ftp(), dossier=Dossier(**papers)))
    assert judged.verdict is Verdict.UNKNOWN, "paper raises no alarm"
    return judged


def ticket(days: float, wait: float | None = 0.01, closed: float | None = 0.1) -> AlertTicket:
    """An alert raised so many days ago, taken up and closed so many days after that."""
    raised = NOW - timedelta(days=days)

    def after(part: float | None) -> datetime | None:
        return None if part is None else raised + timedelta(days=part)

    return AlertTicket(id="T", raised=raised, acknowledged=after(wait), closed=after(closed))


@pytest.mark.parametrize(
    ("tickets", "verdict", "told"),
    [
        ((ticket(5),), Verdict.PASS, "1 alert ticket was closed, taken up within 14 minutes"),
        ((ticket(5), ticket(9, 0.5)), Verdict.PASS, "2 alert tickets were closed"),
        ((ticket(5), ticket(9, 1.5, 2)), Verdict.UNKNOWN, "1 of 2 alert tickets waited"),
        ((ticket(5), ticket(9, None, None)), Verdict.UNKNOWN, "1 of 2 alert tickets waited"),
        ((ticket(0.5, None, None),), Verdict.UNKNOWN, "none of 1 alert tickets was closed"),
        ((ticket(91),), Verdict.UNKNOWN, "no alert ticket of the last 90 days"),
        ((ticket(-1),), Verdict.UNKNOWN, "no alert ticket of the last 90 days"),
        ((), Verdict.UNKNOWN, "no alert ticket of the last 90 days"),
    ],
)
def test_alert_tickets_that_were_taken_up_and_closed_are_a_sign(
    tickets: tuple[AlertTicket, ...], verdict: Verdict, told: str
) -> None:
    sign = finding(row(alerts=Observed(tickets)), "alert-tickets")
    assert (sign.verdict, sign.source, sign.required) == (verdict, Source.OPERATOR, False)
    assert told in sign.summary


def test_tickets_that_cannot_be_read_are_unknown() -> None:
    broken = Unobserved(Reason.UNREADABLE, "alerts.json:1: broken")
    assert "alerts.json:1" in finding(row(alerts=broken), "alert-tickets").summary


@pytest.mark.parametrize(
    ("opened", "closed", "verdict"),
    [
        (date(2026, 1, 1), date(2026, 1, 9), Verdict.PASS),
        (date(2026, 10, 23), None, Verdict.PASS),
        (date(2026, 10, 22), None, Verdict.FAIL),
        (date(2026, 10, 22), date(2026, 12, 1), Verdict.FAIL),
    ],
)
def test_a_register_whose_warnings_are_closed_attests_that_they_are_heard(
    opened: date, closed: date | None, verdict: Verdict
) -> None:
    listed = (RegisteredWarning(id="W-1", opened=opened, closed=closed),)
    told = finding(row(warnings=Observed(listed)), "warning-register")
    assert (told.verdict, told.source) == (verdict, Source.DOCUMENT)
    assert told.is_lead or verdict is Verdict.PASS


@pytest.mark.parametrize("kind", ["on-call-rota", "escalation-procedure"])
@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, Verdict.PASS), ({"expires": date(2026, 1, 1)}, Verdict.UNKNOWN)],
)
def test_a_rota_attests_while_it_is_valid(
    kind: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    rota = Paper(replace(PROCEDURE, kind=kind, **changes), NO_FILE)
    told = finding(row(papers=(rota,)), "on-call-rota")
    assert (told.verdict, told.source) == (verdict, Source.DOCUMENT)


@pytest.mark.parametrize(
    ("contact", "verdict"),
    [
        (SecurityTxt(contacts=1, expires=NOW + timedelta(days=9)), Verdict.PASS),
        (SecurityTxt(contacts=0, expires=NOW + timedelta(days=9)), Verdict.FAIL),
        (SecurityTxt(contacts=1, expires=NOW - timedelta(days=1)), Verdict.FAIL),
        (SecurityTxt(contacts=1), Verdict.FAIL),
    ],
)
def test_a_security_txt_is_weak_and_decides_nothing(contact: SecurityTxt, verdict: Verdict) -> None:
    told = finding(row(security_txt=Observed(contact)), "security-contact")
    assert told.verdict is verdict
    if verdict is Verdict.FAIL:
        assert told.confidence is Confidence.WEAK


def test_what_nobody_handed_over_is_not_asked() -> None:
    asked = {each.facet for each in row().findings}
    assert asked.isdisjoint({"alert-tickets", "warning-register", "security-contact"})
