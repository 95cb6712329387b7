"""Signs that several people come in by one way: one secret, one home, many owners of files."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.model.case import Case, counted
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.observation import EndpointObservation, Observations, views_of
from scanner.model.reading import Observed
from scanner.model.shared_secret import SharedSecret
from scanner.model.target import Account, Target
from scanner.model.view import AccountView, CredentialStatus

_PASSWORDS = frozenset({"password", "keyboard-interactive"})


@dataclass(frozen=True, slots=True)
class Logins:
    """What the accepted logins of one look have in common.

    ``secrets`` are those of accepted logins that are supplied elsewhere too; ``homes`` are groups
    of accounts of different people that land in one home under one uid.
    """

    accepted: int
    secrets: tuple[SharedSecret, ...] = ()
    homes: tuple[tuple[str, ...], ...] = ()


def read_logins(case: Case) -> Iterator[Question[Logins]]:
    """Look at each vantage where a login was accepted."""
    for seen in case.observations:
        views = [view for endpoint in counted(seen) for view in _accepted(endpoint)]
        names = {view.username for view in views}
        if names:
            secrets = tuple(each for each in seen.shared_secrets if each.username in names)
            homes = tuple(_common_homes(seen, case.target))
            if len(names) == 1 and not secrets:
                continue  # nothing to compare it with
            shown = tuple(dict.fromkeys(one for view in views for one in view.view.evidence))
            logins = Logins(len(names), secrets, homes)
            yield Question(seen.vantage, "", Observed(logins, shown), required=False)


def _accepted(endpoint: EndpointObservation) -> list[AccountView]:
    views = endpoint.facts.accounts if endpoint.facts is not None else ()
    return [view for view in views if view.status is CredentialStatus.ACCEPTED]


def _common_homes(seen: Observations, target: Target) -> Iterator[tuple[str, ...]]:
    """Yield the accounts of different people that land in one home, endpoint by endpoint."""
    people = {account.username: account for account in target.accounts}
    for endpoint in counted(seen):
        landed: dict[tuple[str, int], set[str]] = {}
        for view in _accepted(endpoint):
            place = _place(view)
            account = people.get(view.username)
            if place is not None and account is not None and account.realm is None:
                landed.setdefault(place, set()).add(view.username)
        for names in landed.values():
            if _of_several(people[name] for name in names):
                yield tuple(sorted(names))


def _place(view: AccountView) -> tuple[str, int] | None:
    """Return home and uid; ``None`` where either is not told, or is everybody's."""
    if not isinstance(view.view, Observed) or not isinstance(view.sftp, Observed):
        return None
    home, told = view.view.value.home_key, view.sftp.value.home
    if not home or not isinstance(told, Observed) or told.value.attributes is None:
        return None
    uid = told.value.attributes.uid
    return (home, uid) if uid else None


def _of_several(accounts: Iterator[Account]) -> bool:
    """Whether no holder has them all: accounts of one person may well share a home."""
    known = [frozenset(account.holders) for account in accounts]
    return len(known) > 1 and all(known) and not frozenset.intersection(*known)


def judge_logins(logins: Logins, _case: Case) -> Ruling:
    """One secret or one home is one strong sign, both together are no more."""
    told = [_secret_told(secret) for secret in logins.secrets[:3]]
    told += [f"{' and '.join(names)} land in one home with one uid" for names in logins.homes[:3]]
    if told:
        return failed("; ".join(told), Confidence.STRONG)
    return passed(f"none of {logins.accepted} accepted logins shares a secret or a known home")


def _secret_told(secret: SharedSecret) -> str:
    where = [f"account {name}" for name in secret.accounts[:3]]
    if secret.assets:
        where.append(f"{secret.assets} other asset{'' if secret.assets == 1 else 's'}")
    return f"the secret of {secret.username}, which opens it, is that of {', '.join(where)} too"


@dataclass(frozen=True, slots=True)
class Owners:
    """How many users own files of the private areas, and how many people are declared."""

    owners: int
    holders: int


def read_owners(case: Case) -> Iterator[Question[Owners]]:
    """Compare owners with holders, where every account declares its own and none is of a realm."""
    accounts = case.target.accounts
    if not accounts or any(one.realm is not None or not one.holders for one in accounts):
        return
    holders = {" ".join(name.split()).casefold() for one in accounts for name in one.holders}
    for seen in case.observations:
        views = [view for endpoint in counted(seen) for view in views_of(endpoint)]
        owners = {owner for view in views for owner in view.walk.private_owners}
        if owners:
            shown = Observed(Owners(len(owners), len(holders)))
            yield Question(seen.vantage, "", shown, required=False)


def judge_owners(owners: Owners, _case: Case) -> Ruling:
    """More owners than declared people: somebody comes in whom nobody declared."""
    told = f"files of the private area belong to {owners.owners} users"
    people = "1 person is" if owners.holders == 1 else f"{owners.holders} people are"
    if owners.owners > owners.holders:
        return failed(f"{told}, and {people} declared", Confidence.STRONG)
    return passed(f"{told}, and {people} declared")


COMMON_WAY = Facet(
    id="same-secret-or-home",
    question="Does each login have a secret and a home of its own?",
    layer=Source.ACCOUNT,
    severity=Severity.HIGH,
    required="nothing: it is a sign, silenced where a realm is declared",
    remedy="Give each account a secret and a home of its own, or declare the realm they belong to.",
    reads=read_logins,
    judge=judge_logins,
)

FILE_OWNERS = Facet(
    id="file-owners",
    question="Do files of the private areas belong to no more users than people are declared?",
    layer=Source.ACCOUNT,
    severity=Severity.MEDIUM,
    required="nothing: it is a sign, silenced where a realm is declared",
    remedy="Find the owners nobody declared; declare their accounts, or remove them.",
    reads=read_owners,
    judge=judge_owners,
)


def read_methods(case: Case) -> Iterator[Question[tuple[str, ...]]]:
    """Look at what each listed account is offered over SSH."""
    for vantage, endpoint, facts in case.ssh():
        for offer in facts.account_methods:
            if isinstance(offer.methods, Observed) and not offer.methods.value.none_accepted:
                way_in = f"{endpoint.way_in} as {offer.username}"
                shown = Observed(offer.methods.value.methods, offer.methods.evidence)
                yield Question(vantage, way_in, shown, required=False)


def judge_methods(methods: tuple[str, ...], _case: Case) -> Ruling:
    """A password is told to a colleague more easily than a key: a lead."""
    if methods and set(methods) <= _PASSWORDS:
        return failed("the account is offered passwords alone", Confidence.WEAK)
    return passed("the account is offered more than a password")


PASSWORD_ONLY = Facet(
    id="password-only",
    question="Is each account offered something that is harder to share than a password?",
    layer=Source.NETWORK,
    severity=Severity.LOW,
    required="nothing: it is a lead",
    remedy="Let people in by keys or certificates of their own, or ask for a second factor.",
    reads=read_methods,
    judge=judge_methods,
)
