"""Facets of what an SSH server offers before a login: leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.checks.questions import ssh_questions
from scanner.checks.ssh_posture import if_asked
from scanner.model.case import Case
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.model.ssh import AuthMethods, SshFacts


@dataclass(frozen=True, slots=True)
class Offered:
    """What a name nobody has is offered, and each listed account that was asked for."""

    nobody: AuthMethods
    accounts: tuple[AuthMethods, ...]


def _offered(facts: SshFacts) -> Reading[Offered] | None:
    nobody = if_asked(facts.methods)
    if nobody is None or isinstance(nobody, Unobserved):
        return nobody
    seen = [one.methods for one in facts.account_methods if isinstance(one.methods, Observed)]
    evidence = dict.fromkeys((*nobody.evidence, *(item for one in seen for item in one.evidence)))
    return Observed(Offered(nobody.value, tuple(one.value for one in seen)), tuple(evidence))


def _keys_are_the_rule(case: Case) -> bool:
    """Whether every account has a key and none a password, or the policy leaves passwords out."""
    accounts = case.target.accounts
    policy = case.dossier.policy
    if isinstance(policy, Observed) and policy.value.methods is not None:
        return "password" not in policy.value.methods
    return bool(accounts) and all(one.private_key and not one.password for one in accounts)


def read_password(case: Case) -> Iterator[Question[Offered]]:
    """Ask where keys are the rule."""
    if _keys_are_the_rule(case):
        yield from ssh_questions(case, _offered, required=False)


def judge_password(offered: Offered, _case: Case) -> Ruling:
    """Where everybody has a key, a password can only be guessed."""
    every = (offered.nobody, *offered.accounts)
    if any("password" in one.methods for one in every):
        return failed("passwords are offered although keys are the rule")
    return passed("no password is offered, as keys are the rule")


def _beside_accounts(facts: SshFacts) -> Reading[Offered] | None:
    offered = _offered(facts)
    if isinstance(offered, Observed) and not offered.value.accounts:
        return None
    return offered if facts.account_methods else None


def read_names(case: Case) -> Iterator[Question[Offered]]:
    """Ask where the methods of a listed account were seen."""
    return ssh_questions(case, _beside_accounts, required=False)


def judge_names(offered: Offered, _case: Case) -> Ruling:
    """Unlike answers tell a stranger which names there are. A rule for one account does as well."""
    usual = _told(offered.nobody)
    unlike = [one for one in offered.accounts if _told(one) != usual]
    if unlike:
        return failed(
            f"{len(unlike)} of {len(offered.accounts)} listed accounts are offered "
            f"{', '.join(sorted(_told(unlike[0]))) or 'nothing'}, a name that nobody has "
            f"{', '.join(sorted(usual)) or 'nothing'}: the two can be told apart"
        )
    return passed("listed accounts are offered what a name is that nobody has")


def _told(offer: AuthMethods) -> frozenset[str]:
    return frozenset({"none"} if offer.none_accepted else offer.methods)


FACETS: Final = (
    Facet(
        id="ssh-password-offered",
        question="Are passwords refused where keys are the rule?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead where all accounts have keys, or the policy says so",
        remedy="Set PasswordAuthentication no, and KbdInteractiveAuthentication no.",
        reads=read_password,
        judge=judge_password,
    ),
    Facet(
        id="ssh-account-names",
        question="Are listed accounts offered what a name is that nobody has?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required="nothing: it is a lead",
        remedy="Offer every name the same methods, or accept that these names can be found out.",
        reads=read_names,
        judge=judge_names,
    ),
)
"""What is told before a login, in the order of the report."""
