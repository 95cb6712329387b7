"""What papers say of who watches: the facets of missing supervision on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.papers import attested
from scanner.checks.papers import judge as judge_paper
from scanner.model.case import Case
from scanner.model.dossier import AlertTicket, Paper, RegisteredWarning, SecurityTxt
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.reading import Reading, Reason, Unobserved

LOOKED_BACK = timedelta(days=90)
"""Tickets that are older tell nothing of today."""
TAKEN_UP_WITHIN = timedelta(days=1)
IGNORED_AFTER = timedelta(days=30)


def read_rota(case: Case) -> Iterator[Question[Paper]]:
    """Ask every declared on-call rota and escalation procedure."""
    return attested(case, "on-call-rota", "escalation-procedure")


def read_alerts(case: Case) -> Iterator[Question[tuple[AlertTicket, ...]]]:
    """Ask the alert tickets, where some are handed over."""
    alerts = case.dossier.alerts
    if not _is_absent(alerts):
        yield Question(PAPERS, "", alerts, required=False)


def _is_absent(reading: Reading[Any]) -> bool:
    return isinstance(reading, Unobserved) and reading.reason is Reason.NOT_DECLARED


def judge_alerts(tickets: tuple[AlertTicket, ...], case: Case) -> Ruling:
    """Tickets that were taken up within a day and closed are a strong sign that someone watches;
    one that was not says nothing of the others.
    """
    since = case.now - LOOKED_BACK
    recent = [each for each in tickets if since <= each.raised <= case.now]
    if not recent:
        return undecided(f"no alert ticket of the last {LOOKED_BACK.days} days", Reason.EXPIRED)
    waits = [
        each.acknowledged - each.raised
        for each in recent
        if each.acknowledged is not None and each.acknowledged <= case.now
    ]
    late = [wait for wait in waits if wait > TAKEN_UP_WITHIN]
    waiting = sum(
        each.acknowledged is None and case.now - each.raised > TAKEN_UP_WITHIN for each in recent
    )
    if late or waiting:
        told = f"{len(late) + waiting} of {len(recent)} alert tickets waited for over a day"
        return undecided(told, "late-alerts")
    closed = sum(each.closed is not None and each.closed <= case.now for each in recent)
    if not closed or not waits:
        return undecided(f"none of {len(recent)} alert tickets was closed", "open-alerts")
    from statistics import median  # noqa: PLC0415 - slow to load; few hand over their tickets

    minutes = round(median(wait.total_seconds() for wait in waits) / 60)
    noun = "ticket was" if closed == 1 else "tickets were"
    return passed(f"{closed} alert {noun} closed, taken up within {minutes} minutes (median)")


def read_warnings(case: Case) -> Iterator[Question[tuple[RegisteredWarning, ...]]]:
    """Ask the register of internal warnings, where one is handed over."""
    warnings = case.dossier.warnings
    if not _is_absent(warnings):
        yield Question(PAPERS, "", warnings, required=False)


def judge_warnings(warnings: tuple[RegisteredWarning, ...], case: Case) -> Ruling:
    """A register whose warnings are closed in time attests that they are heard."""
    still_open = [each for each in warnings if each.closed is None or each.closed > case.today]
    ignored = [each for each in still_open if case.today - each.opened > IGNORED_AFTER]
    if ignored:
        first = min(ignored, key=lambda each: each.opened)
        verb = "warning has" if len(ignored) == 1 else "warnings have"
        told = f"{len(ignored)} internal {verb} been open for over {IGNORED_AFTER.days} days"
        return failed(f"{told} ({first.id} since {first.opened})")
    closed = len(warnings) - len(still_open)
    return passed(f"internal warnings are registered: {closed} closed, {len(still_open)} open")


def read_contact(case: Case) -> Iterator[Question[SecurityTxt]]:
    """Ask the security.txt, where one is handed over."""
    contact = case.dossier.security_txt
    if not _is_absent(contact):
        yield Question(PAPERS, "", contact, required=False)


def judge_contact(contact: SecurityTxt, case: Case) -> Ruling:
    """A way to report is no supervision; one that leads nowhere is a lead."""
    if not contact.contacts:
        return failed("security.txt names no contact", Confidence.WEAK)
    if contact.expires is None:
        return failed("security.txt says not once until when it holds", Confidence.WEAK)
    if contact.expires < case.now:
        return failed(f"security.txt expired on {contact.expires.date()}", Confidence.WEAK)
    return passed(f"security.txt names a contact and holds to {contact.expires.date()}")


WATCH_FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="alert-tickets",
        question="Were alerts of the last 90 days taken up and closed?",
        layer=Source.OPERATOR,
        severity=Severity.MEDIUM,
        required="nothing: it is one strong sign, and the drill decides",
        remedy="Have each alert taken up within a day; export the tickets for the scanner.",
        reads=read_alerts,
        judge=judge_alerts,
    ),
    Facet(
        id="warning-register",
        question="Are internal warnings registered and closed within 30 days?",
        layer=Source.DOCUMENT,
        severity=Severity.LOW,
        required="nothing: an ignored warning takes one letter off the score",
        remedy="Mend what the warning says, and write its closing date into the register.",
        reads=read_warnings,
        judge=judge_warnings,
    ),
    Facet(
        id="on-call-rota",
        question="Is there a valid on-call rota and escalation procedure?",
        layer=Source.DOCUMENT,
        severity=Severity.INFO,
        required="nothing: paper does not raise an alarm",
        remedy="Write down who is called at which hour, and who after them.",
        reads=read_rota,
        judge=judge_paper,
    ),
    Facet(
        id="security-contact",
        question="Does the security.txt name a contact, and does it hold today?",
        layer=Source.DOCUMENT,
        severity=Severity.LOW,
        required="nothing: a way to report is no supervision, it is a lead",
        remedy="Renew the security.txt: Contact, and one Expires less than a year ahead.",
        reads=read_contact,
        judge=judge_contact,
    ),
)
