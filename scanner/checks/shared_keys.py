"""Keys of two people on one account: asked of the server, and read in the account's key file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import unseen
from scanner.model.case import Case
from scanner.model.failure import CapTrigger
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.login_keys import AccountKeys, KeyAnswers
from scanner.model.observation import EndpointObservation
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.target import Account, Protocol

_SFTP = frozenset({Protocol.SFTP, Protocol.AUTO})
CAPS = (CapTrigger.SHARED_ACCOUNT,)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server said of one account's people."""

    username: str
    keys: KeyAnswers


def read_queries(case: Case) -> Iterator[Question[Answers]]:
    """Ask every SFTP endpoint about every account for which public keys are listed."""
    listed = [account for account in case.target.accounts if account.public_keys]
    places = [seen for seen in case.endpoints() if seen[1].protocol in _SFTP]
    if not places:
        nobody = Unobserved(Reason.NOT_LOOKED_AT, "no SFTP endpoint was there to be asked")
        several = [account for account in listed if len(account.public_keys) > 1]
        yield from (Question(PAPERS, account.username, nobody) for account in several)
    for vantage, endpoint in places:
        for account in listed:
            way_in = f"{endpoint.way_in} as {account.username}"
            reading = _answers(endpoint, account)
            yield Question(vantage, way_in, reading, required=len(account.public_keys) > 1)


def _answers(endpoint: EndpointObservation, account: Account) -> Reading[Answers]:
    if not isinstance(endpoint.facts, SshFacts):
        return unseen(endpoint)
    answers = _of_account(endpoint.facts.account_keys, account.username)
    if isinstance(answers, Unobserved):
        return answers
    return Observed(Answers(account.username, answers.value), answers.evidence)


def _of_account(asked: Iterable[AccountKeys], username: str) -> Reading[KeyAnswers]:
    untold = Unobserved(Reason.NOT_LOOKED_AT, f"nobody asked whose keys {username} accepts")
    return next((each.answers for each in asked if each.username == username), untold)


def judge_queries(answers: Answers, _case: Case) -> Ruling:
    """Two people's keys, on a server that refuses a stranger's, are proof.

    Where the host key is not verified somebody else may have answered: a strong sign.
    """
    keys, name = answers.keys, answers.username
    let_in = {query.holder for query in keys.queries if query.accepted == Observed(value=True)}
    if len(let_in) > 1:
        if keys.stranger_refused != Observed(value=True):
            return undecided(f"{name} may accept any key at all", Reason.PROTOCOL_ERROR)
        if keys.verified:
            return failed(f"account {name} accepts the keys of two people", caps=CAPS)
        doubt = "but its host key is not verified"
        return failed(f"account {name} accepts the keys of two people, {doubt}", Confidence.STRONG)
    open_questions = [
        query.accepted
        for query in keys.queries
        if isinstance(query.accepted, Unobserved) and query.holder not in let_in
    ]
    if open_questions:
        why = open_questions[0]
        told = why.detail or str(why.reason)
        return undecided(f"not every key listed for {name} was answered: {told}", why.reason)
    if not keys.queries:
        return undecided(f"no public key listed for {name} could be read", Reason.UNREADABLE)
    return passed(_told(name, keys, len(let_in)))


def _told(name: str, keys: KeyAnswers, let_in: int) -> str:
    people = "the one person" if keys.people == 1 else f"{keys.people} people"
    how_many = "none" if let_in == 0 else "one"
    if keys.people == 1 and let_in:
        return f"account {name} accepts the keys of the one person listed"
    earlier = " (some refused earlier this week)" if any(q.earlier for q in keys.queries) else ""
    return f"of {people} listed for {name}, {how_many} has a key that it accepts{earlier}"


TWO_PEOPLE = Facet(
    id="two-people-accepted",
    question="Does one account accept the keys of two people?",
    layer=Source.NETWORK,
    severity=Severity.HIGH,
    required="accounts for which keys of two or more people are listed",
    remedy="Leave one person's keys on the account; give the other an account.",
    reads=read_queries,
    judge=judge_queries,
)
