"""The SSH facets of the open zone: who is let in without proving anything."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.checks.questions import ssh_questions
from scanner.model.case import Case
from scanner.model.failure import CapTrigger
from scanner.model.finding import Severity, Source
from scanner.model.observation import EndpointObservation
from scanner.model.ssh import AuthMethods, EmptyPassword, SshFacts


def read_none(case: Case) -> Iterator[Question[AuthMethods]]:
    """Ask every SSH endpoint what a decoy is offered."""
    return ssh_questions(case, lambda facts: facts.methods)


def read_account_none(case: Case) -> Iterator[Question[AuthMethods]]:
    """Ask what each listed account is offered."""
    for vantage, endpoint, facts in _seen(case):
        for offer in facts.account_methods:
            way_in = f"{endpoint.way_in} as {offer.username}"
            yield Question(vantage, way_in, offer.methods, required=False)


def judge_none(methods: AuthMethods, _case: Case) -> Ruling:
    """SSH ``none`` accepted is a login without authentication (RFC 4252 section 5.2)."""
    if methods.none_accepted:
        return failed(
            "SSH lets a user in without any authentication",
            caps=(CapTrigger.NO_AUTHENTICATION,),
        )
    return passed(f"SSH asks for {', '.join(methods.methods) or 'authentication'}")


def read_empty_password(case: Case) -> Iterator[Question[bool]]:
    """Ask for each listed account, where the target allows an empty password to be tried."""
    for vantage, endpoint, facts in _seen(case):
        for empty in facts.empty_passwords:
            yield _empty(vantage, endpoint, empty)


def _empty(vantage: str, endpoint: EndpointObservation, empty: EmptyPassword) -> Question[bool]:
    return Question(vantage, f"{endpoint.way_in} as {empty.username}", empty.accepted)


def judge_empty_password(accepted: bool, _case: Case) -> Ruling:  # noqa: FBT001 - an observed fact
    """A name and an empty password are known to everybody who knows the name."""
    if accepted:
        return failed(
            "an account is let in with an empty password",
            caps=(CapTrigger.NO_AUTHENTICATION,),
        )
    return passed("an empty password is refused")


def _seen(case: Case) -> Iterator[tuple[str, EndpointObservation, SshFacts]]:
    for vantage, endpoint in case.endpoints():
        if isinstance(endpoint.facts, SshFacts):
            yield vantage, endpoint, endpoint.facts


FACETS = (
    Facet(
        id="ssh-none",
        question="Does SSH let a user in without authentication?",
        layer=Source.NETWORK,
        severity=Severity.CRITICAL,
        required="every SFTP endpoint",
        remedy="Set PermitEmptyPasswords no and lock accounts that have no password.",
        reads=read_none,
        judge=judge_none,
    ),
    Facet(
        id="ssh-account-none",
        question="Does SSH let a listed account in without authentication?",
        layer=Source.NETWORK,
        severity=Severity.CRITICAL,
        required="nothing: it is asked of listed accounts besides",
        remedy="Set PermitEmptyPasswords no and lock accounts that have no password.",
        reads=read_account_none,
        judge=judge_none,
    ),
    Facet(
        id="ssh-empty-password",
        question="Does SSH let a listed account in with an empty password?",
        layer=Source.NETWORK,
        severity=Severity.CRITICAL,
        required="listed accounts, where the target allows it to be tried",
        remedy="Set PermitEmptyPasswords no and lock accounts that have no password.",
        reads=read_empty_password,
        judge=judge_empty_password,
    ),
)
"""The SSH facets, in the order of the report."""
