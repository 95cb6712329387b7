"""Logins with one secret, one home, or many owners of files, judged; each with its clean twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, FailureResult, Verdict
from scanner.model.listing import EntryKind
from scanner.model.login_keys import AuthorizedKey, AuthorizedKeys
from scanner.model.reading import Observed
from scanner.model.sftp import Attributes, PathSeen, Presence, SftpFacts
from scanner.model.shared_secret import SharedSecret
from scanner.model.ssh import AccountMethods, AuthMethods
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus
from tests.checks.cases import (
    account,
    case,
    endpoint,
    finding,
    modern_ssh,
    result,
    seen,
    target,
    view,
    walk,
)

COMMON, OWNERS = "same-secret-or-home", "file-owners"
ADA = Account(username="ada", holders=("Ada",))
BOB = Account(username="bob", holders=("Bob",))


def landed(username: str, home: str = "h1", uid: int | None = 1001) -> AccountView:
    attributes = Attributes(kind=EntryKind.DIRECTORY, uid=uid)
    place = PathSeen(path="/home", presence=Observed(Presence.PRESENT), attributes=attributes)
    shown = view(username=username, home_key=home)
    session = SftpFacts(version=3, home=Observed(place))
    return replace(account(shown, username=username), sftp=Observed(session))


def judged(
    *views: AccountView, accounts: tuple[Account, ...] = (ADA, BOB), secrets: object = ()
) -> FailureResult:
    look = replace(
        seen(endpoint(modern_ssh(accounts=views))),
        shared_secrets=secrets,  # type: ignore[arg-type]
    )
    return result(
        FailureId.SHARED_ACCOUNT, case(observations=(look,), target=target(accounts=accounts))
    )


def test_two_people_in_one_home_with_one_uid_are_one_strong_sign() -> None:
    row = judged(landed("ada"), landed("bob"))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert "ada and bob" in finding(row, COMMON).summary


@pytest.mark.parametrize(
    "bob",
    [
        landed("bob", home="h2"),
        landed("bob", uid=1002),
    ],
)
def test_another_home_or_another_uid_is_no_sign(bob: AccountView) -> None:
    row = judged(landed("ada"), bob)
    assert finding(row, COMMON).verdict is Verdict.PASS
    assert row.verdict is Verdict.PASS


def test_one_login_is_compared_with_none() -> None:
    refused = replace(landed("bob"), status=CredentialStatus.REFUSED)
    row = judged(landed("ada"), refused)
    assert COMMON not in {each.facet for each in row.findings}


@pytest.mark.parametrize("facts", [{"home": ""}, {"uid": 0}, {"uid": None}])
def test_a_place_that_is_everybodys_is_no_sign(facts: dict[str, object]) -> None:
    row = judged(landed("ada", **facts), landed("bob", **facts))  # type: ignore[arg-type]
    assert finding(row, COMMON).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "bob", [replace(BOB, realm="virtual"), replace(BOB, holders=("Ada",)), replace(BOB, holders=())]
)
def test_a_realm_one_holder_or_no_declared_holder_silences_the_sign(bob: Account) -> None:
    row = judged(landed("ada"), landed("bob"), accounts=(ADA, bob))
    assert finding(row, COMMON).verdict is Verdict.PASS


def test_a_secret_that_serves_elsewhere_is_one_strong_sign() -> None:
    row = judged(landed("ada"), secrets=(SharedSecret(username="ada", assets=2),))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert "2 other assets" in finding(row, COMMON).summary


def test_one_secret_and_one_home_are_no_more_than_one_sign() -> None:
    secrets = (SharedSecret(username="ada", accounts=("bob",)),)
    row = judged(landed("ada"), landed("bob"), secrets=secrets)
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")


def test_a_secret_that_opened_nothing_is_no_sign() -> None:
    refused = replace(landed("ada"), status=CredentialStatus.REFUSED)
    secrets = (SharedSecret(username="ada", assets=2),)
    row = judged(refused, landed("bob"), landed("cid", home="h3"), secrets=secrets)
    assert finding(row, COMMON).verdict is Verdict.PASS


def test_two_independent_strong_signs_are_a_failure() -> None:
    keys = tuple(
        AuthorizedKey(fingerprint=name, algorithm="ssh-ed25519", comment=name)
        for name in ("c1", "c2")
    )
    ada = landed("ada")
    assert isinstance(ada.sftp, Observed)
    session = replace(ada.sftp.value, authorized_keys=Observed(AuthorizedKeys(keys=keys)))
    row = judged(replace(ada, sftp=Observed(session)), landed("bob"))
    assert row.verdict is Verdict.FAIL
    assert row.confidence is Confidence.STRONG


@pytest.mark.parametrize(
    ("methods", "is_lead"),
    [
        (("password",), True),
        (("password", "keyboard-interactive"), True),
        (("password", "publickey"), False),
        ((), False),
    ],
)
def test_an_account_that_is_offered_passwords_alone_is_a_lead(
    methods: tuple[str, ...],
    is_lead: bool,  # noqa: FBT001 - a column of the table
) -> None:
    told = AccountMethods(
        username="ada", methods=Observed(AuthMethods(none_accepted=False, methods=methods))
    )
    row = result(
        FailureId.SHARED_ACCOUNT,
        case(modern_ssh(account_methods=(told,)), target=target(accounts=(ADA,))),
    )
    found = finding(row, "password-only")
    assert (found.verdict is Verdict.FAIL and found.is_lead) is is_lead
    assert row.verdict is Verdict.PASS


def owned(*owners: str, accounts: tuple[Account, ...] = (ADA,)) -> FailureResult:
    shown = view(username="ada", walk=walk(private_owners=owners))
    return judged(account(shown, username="ada"), accounts=accounts)


def test_more_owners_than_declared_people_are_a_strong_sign() -> None:
    row = owned("o1", "o2")
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert finding(row, OWNERS).reason == "suspected"


def test_as_many_owners_as_people_are_a_pass() -> None:
    assert finding(owned("o1"), OWNERS).verdict is Verdict.PASS
    assert finding(owned("o1", "o2", accounts=(ADA, BOB)), OWNERS).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "accounts", [(replace(ADA, realm="virtual"),), (replace(ADA, holders=()),)]
)
def test_a_realm_or_an_account_without_holders_leaves_owners_unasked(
    accounts: tuple[Account, ...],
) -> None:
    row = owned("o1", "o2", accounts=accounts)
    assert OWNERS not in {item.facet for item in row.findings}
