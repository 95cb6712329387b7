"""Keys of two people on one account, judged; beside each fault its lone clean case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, FailureResult, Verdict
from scanner.model.login_keys import (
    AccountKeys,
    AuthorizedKey,
    AuthorizedKeys,
    KeyAnswers,
    KeyQuery,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import SftpFacts
from scanner.model.target import Account
from tests.checks.cases import account, case, finding, modern_ssh, result, target

YES, NO = Observed(value=True), Observed(value=False)
LATE = Unobserved(Reason.TIMEOUT, "no answer in time")
LISTED = Account(
    username="lab", holders=("one",), public_keys={"ada": (Path("a"),), "bob": (Path("b"),)}
)
QUERIES, KEY_FILE = "two-people-accepted", "authorized-keys"


def asked(*accepted: Reading[bool], **changes: object) -> FailureResult:
    """Judge an account whose first person's key fared so, whose second's so, and so on."""
    queries = tuple(
        KeyQuery(holder=f"h{number}", fingerprint=f"SHA256:{number}", accepted=each)
        for number, each in enumerate(accepted)
    )
    answers = KeyAnswers(people=2, verified=True, stranger_refused=YES, queries=queries)
    told = AccountKeys(
        username="lab",
        answers=Observed(replace(answers, **changes)),  # type: ignore[arg-type]
    )
    return result(
        FailureId.SHARED_ACCOUNT,
        case(modern_ssh(account_keys=(told,)), target=target(accounts=(LISTED,))),
    )


def test_two_people_are_proof_and_cap_the_score() -> None:
    row = asked(YES, YES)
    found = finding(row, QUERIES)
    assert (row.verdict, found.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert found.caps == (CapTrigger.SHARED_ACCOUNT,)


def test_one_person_of_two_is_a_pass_and_so_is_none() -> None:
    assert asked(YES, NO).verdict is Verdict.PASS
    assert asked(NO, NO).verdict is Verdict.PASS


def test_a_host_key_in_doubt_makes_it_one_strong_sign_without_a_cap() -> None:
    row = asked(YES, YES, verified=False)
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert finding(row, QUERIES).caps == ()


@pytest.mark.parametrize("stranger", [NO, LATE])
def test_two_people_on_a_server_that_was_not_seen_to_refuse_a_stranger_prove_nothing(
    stranger: Reading[bool],
) -> None:
    assert asked(YES, YES, stranger_refused=stranger).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("answers", [(YES, LATE), (NO, LATE), (LATE, LATE)])
def test_a_person_without_an_answer_is_never_a_pass(answers: tuple[Reading[bool], ...]) -> None:
    row = asked(*answers)
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, str(Reason.TIMEOUT))


def test_a_second_key_of_somebody_who_is_let_in_already_leaves_nothing_open() -> None:
    spare = KeyQuery(holder="h0", fingerprint="SHA256:2", accepted=LATE)
    first = KeyQuery(holder="h0", fingerprint="SHA256:0", accepted=YES)
    other = KeyQuery(holder="h1", fingerprint="SHA256:1", accepted=NO)
    assert asked(queries=(first, other, spare)).verdict is Verdict.PASS


def test_no_query_at_all_is_unknown() -> None:
    assert asked().verdict is Verdict.UNKNOWN
    bare = case(modern_ssh(), target=target(accounts=(LISTED,)))
    assert result(FailureId.SHARED_ACCOUNT, bare).verdict is Verdict.UNKNOWN


def test_the_keys_of_one_person_are_not_required() -> None:
    alone = replace(LISTED, public_keys={"ada": (Path("a"),)})
    row = result(FailureId.SHARED_ACCOUNT, case(modern_ssh(), target=target(accounts=(alone,))))
    assert not finding(row, QUERIES).required
    assert row.verdict is Verdict.PASS


# --- key files ------------------------------------------------------------------------


def key(number: int, **facts: object) -> AuthorizedKey:
    plain = AuthorizedKey(fingerprint=f"SHA256:{number}", algorithm="ssh-ed25519")
    return replace(plain, **facts)  # type: ignore[arg-type]


def key_file(*keys: AuthorizedKey, **changes: object) -> FailureResult:
    return key_files(replace(AuthorizedKeys(keys=keys), **changes))  # type: ignore[arg-type]


def key_files(*files: AuthorizedKeys) -> FailureResult:
    views = tuple(
        replace(
            account(username=f"u{number}"),
            sftp=Observed(SftpFacts(version=3, authorized_keys=Observed(file))),
        )
        for number, file in enumerate(files)
    )
    accounts = tuple(Account(username=view.username, holders=(view.username,)) for view in views)
    return result(
        FailureId.SHARED_ACCOUNT, case(modern_ssh(accounts=views), target=target(accounts=accounts))
    )


def test_declared_keys_of_two_people_in_one_file_are_proof() -> None:
    row = key_file(key(1, holder="h1"), key(2, holder="h2"))
    found = finding(row, KEY_FILE)
    assert (row.verdict, found.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert found.caps == (CapTrigger.SHARED_ACCOUNT,)


def test_several_keys_of_one_person_are_a_pass() -> None:
    row = key_file(key(1, holder="h1", comment="c1"), key(2, holder="h1"))
    assert finding(row, KEY_FILE).verdict is Verdict.PASS
    assert row.verdict is Verdict.PASS


def test_two_names_alone_are_one_strong_sign() -> None:
    row = key_file(key(1, comment="c1"), key(2, comment="c2"))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")


def test_one_name_on_two_keys_is_no_sign() -> None:
    row = key_file(key(1, comment="c1"), key(2, comment="c1"))
    assert finding(row, KEY_FILE).verdict is Verdict.UNKNOWN
    assert finding(row, KEY_FILE).reason == str(Reason.NOT_DECLARED)
    assert row.verdict is Verdict.PASS  # the file is not required, and proves nothing against it


def test_one_key_is_a_pass_and_an_authority_beside_it_too() -> None:
    assert finding(key_file(key(1)), KEY_FILE).verdict is Verdict.PASS
    signed = key_file(key(1, authority=True, comment="c1"), key(2, comment="c2"))
    assert finding(signed, KEY_FILE).verdict is Verdict.PASS
    assert "authority" in finding(signed, KEY_FILE).summary


@pytest.mark.parametrize("changes", [{"complete": False}, {"unparsed": 1}])
def test_a_file_that_was_not_read_whole_is_no_pass(changes: dict[str, object]) -> None:
    assert finding(key_file(key(1), **changes), KEY_FILE).verdict is Verdict.UNKNOWN


def test_one_key_in_two_files_is_a_lead() -> None:
    row = key_files(AuthorizedKeys(keys=(key(1),)), AuthorizedKeys(keys=(key(1),)))
    found = finding(row, "key-on-several-accounts")
    assert (found.verdict, found.is_lead) == (Verdict.FAIL, True)
    assert "u0, u1" in found.summary
    assert row.verdict is Verdict.PASS


def test_different_keys_in_two_files_are_none() -> None:
    row = key_files(AuthorizedKeys(keys=(key(1),)), AuthorizedKeys(keys=(key(2),)))
    assert finding(row, "key-on-several-accounts").verdict is Verdict.PASS
