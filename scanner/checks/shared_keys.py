"""Keys of two people on one account: asked of the server, and read in the account's key file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.checks.base import PAPERS, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import unseen
from scanner.model.case import Case
from scanner.model.failure import CapTrigger
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.login_keys import AccountKeys, AuthorizedKeys, KeyAnswers
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


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key file of one account."""

    username: str
    keys: AuthorizedKeys


def read_key_file(case: Case) -> Iterator[Question[KeyFile]]:
    """Look into every key file that a login could read; it is never required."""
    for vantage, endpoint, facts in case.ssh():
        for view in facts.accounts:
            if not isinstance(view.sftp, Observed):
                continue
            found = view.sftp.value.authorized_keys
            way_in = f"{endpoint.way_in} as {view.username}"
            if isinstance(found, Observed):
                shown = found.evidence or view.sftp.evidence
                reading: Reading[KeyFile] = Observed(KeyFile(view.username, found.value), shown)
                yield Question(vantage, way_in, reading, required=False)
            elif found.reason not in {Reason.NOT_OFFERED, Reason.NOT_LOOKED_AT}:
                yield Question(vantage, way_in, found, required=False)


def judge_key_file(file: KeyFile, _case: Case) -> Ruling:
    """Keys of two declared people are proof; comments that name two are a strong sign.

    Certificates name their holder in the server's log, whoever's authority signs them.
    """
    plain = [key for key in file.keys.keys if not key.authority]
    authorities = len(file.keys.keys) - len(plain)
    count = f"{len(plain)} key{'' if len(plain) == 1 else 's'}"
    holders = {key.holder for key in plain if key.holder}
    if len(holders) > 1:
        told = f"the key file of {file.username} holds declared keys of {len(holders)} people"
        return failed(told, caps=CAPS)
    names = {key.comment for key in plain if key.comment}
    if len(names) > 1:
        told = f"the key file of {file.username} holds {count} whose comments name {len(names)}"
        return failed(f"{told} people", Confidence.STRONG)
    if not file.keys.complete or file.keys.unparsed:
        return undecided(f"the key file of {file.username} was not read whole", Reason.UNREADABLE)
    if len(plain) < 2:
        also = f", beside {_authorities(authorities)}" if authorities else ""
        return passed(f"the key file of {file.username} holds {count}{also}")
    if all(key.holder for key in plain):
        return passed(f"the {count} in the key file of {file.username} are one person's")
    told = f"nobody declares whose all of the {count} in the key file of {file.username} are"
    return undecided(told, Reason.NOT_DECLARED)


def _authorities(count: int) -> str:
    return "an authority of certificates" if count == 1 else f"{count} authorities of certificates"


KEY_FILE = Facet(
    id="authorized-keys",
    question="Does the key file of each account hold one person's keys?",
    layer=Source.ACCOUNT,
    severity=Severity.HIGH,
    required="nothing: a key file that can be read may show sharing, and none need be there",
    remedy="Leave one person's keys in the file, or sign certificates that name their holder.",
    reads=read_key_file,
    judge=judge_key_file,
)


@dataclass(frozen=True, slots=True)
class CommonKeys:
    """How many keys lie in the key files of several accounts, which are ``usernames``."""

    keys: int
    usernames: tuple[str, ...]


def read_common_keys(case: Case) -> Iterator[Question[CommonKeys]]:
    """Compare the key files of the accounts of one endpoint, by fingerprints."""
    for vantage, endpoint, facts in case.ssh():
        where: dict[str, set[str]] = {}
        files = 0
        for view in facts.accounts:
            found = view.sftp.value.authorized_keys if isinstance(view.sftp, Observed) else None
            if isinstance(found, Observed):
                files += 1
                for key in found.value.keys:
                    where.setdefault(key.fingerprint, set()).add(view.username)
        if files > 1:
            several = [names for names in where.values() if len(names) > 1]
            names = tuple(sorted({name for group in several for name in group}))
            reading = Observed(CommonKeys(len(several), names))
            yield Question(vantage, endpoint.way_in, reading, required=False)


def judge_common_keys(common: CommonKeys, _case: Case) -> Ruling:
    """One key on several accounts may be one person's: a lead."""
    if not common.keys:
        return passed("no key lies in the key files of two accounts")
    keys = "one key lies" if common.keys == 1 else f"{common.keys} keys lie"
    return failed(f"{keys} in the key files of {', '.join(common.usernames[:5])}", Confidence.WEAK)


COMMON_KEYS = Facet(
    id="key-on-several-accounts",
    question="Does each key open one account alone?",
    layer=Source.ACCOUNT,
    severity=Severity.LOW,
    required="nothing: it is a lead",
    remedy="Give each account keys of its own, so that a login tells who came for what.",
    reads=read_common_keys,
    judge=judge_common_keys,
)
