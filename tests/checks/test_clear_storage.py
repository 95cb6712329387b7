"""What share lies in clear, where, and what might be an export without saying so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.checks.personal import Share, percent, share_of
from scanner.model.content import ContentFacts, ContentState, DataClass
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Severity, Verdict
from scanner.model.reading import Observed
from scanner.model.view import FileFact, Walk, Zone
from tests.checks.cases import (
    accepted_anonymous,
    account,
    case,
    content,
    enforced_ftp,
    file,
    finding,
    modern_ssh,
    result,
    view,
    walk,
)


def walked(*files: FileFact, **changes: Any) -> Walk:
    base = walk(entries=len(files), eligible=len(files), sampled=len(files), files=files)
    return replace(base, **changes)


def held(state: ContentState, number: int = 1, **changes: Any) -> FileFact:
    return file(content=Observed(content(state=state)), key=f"{state}-{number}", **changes)


def personal(number: int, size: int = 10, kind: DataClass = DataClass.PERSONAL) -> FileFact:
    return file(kind, key=f"p{number}", size=size)


def judged(*files: FileFact, **changes: Any) -> FailureResult:
    seen = walked(*files, **changes)
    facts = modern_ssh(accounts=(account(view(walk=seen)),))
    return result(FailureId.CLEAR_STORAGE, case(facts))


def test_a_fail_tells_the_share_of_files_and_bytes_and_the_encrypted_coverage() -> None:
    sealed = [held(ContentState.ENCRYPTED, number, size=20) for number in range(3)]
    row = judged(personal(1, size=30), personal(2, size=10), *sealed)
    assert "2 of 5 sampled files (40 %) and 40 % of their bytes" in row.summary
    assert "3 of 5 sampled exports are encrypted (60 %)" in row.summary
    assert "private zone: 2 of 5" in row.summary
    assert "public zone" not in row.summary


def test_what_an_account_sees_of_a_public_area_is_not_of_the_private_zone() -> None:
    public = personal(1, size=30), personal(2, size=30)
    row = judged(*(replace(each, zone=Zone.PUBLIC) for each in public), personal(3, size=10))
    assert "private zone: 1 of 1 sampled files (100 %)" in row.summary
    assert "3 files" in row.summary


def test_the_public_and_the_private_zone_are_told_apart() -> None:
    anyone = walked(personal(1, size=30), held(ContentState.ENCRYPTED, size=10))
    behind = walked(*(personal(number) for number in range(2, 5)))
    facts = enforced_ftp(
        anonymous=accepted_anonymous(),
        anonymous_view=Observed(view(walk=anyone)),
        accounts=(account(view(walk=behind)),),
    )
    told = finding(result(FailureId.CLEAR_STORAGE, case(facts)), "clear-data").summary
    assert "public zone: 1 of 2 sampled files (50 %) and 75 % of their bytes" in told
    assert "private zone: 3 of 3 sampled files (100 %) and 100 % of their bytes" in told
    assert "public zone: 1 of 2 sampled exports is encrypted (50 %)" in told
    assert "private zone: 0 of 3 sampled exports are encrypted (0 %)" in told


def test_one_secret_among_much_personal_data_is_critical_behind_a_login_too() -> None:
    many = [personal(number) for number in range(9)]
    assert judged(*many).severity is Severity.HIGH
    assert judged(*many, personal(9, kind=DataClass.SECRET)).severity is Severity.CRITICAL


def test_a_pass_tells_the_encrypted_coverage() -> None:
    table = ContentFacts(format="csv", state=ContentState.CLEAR)
    exams = [file(content=Observed(table), key=f"t{number}") for number in range(38)]
    row = judged(*exams, *(held(ContentState.ENCRYPTED, number) for number in range(3)))
    assert row.verdict is Verdict.PASS
    assert "3 of 41 sampled exports are encrypted (7 %)" in row.summary


def test_notes_and_pictures_are_no_exports_and_lower_no_coverage() -> None:
    plain = [
        file(content=Observed(ContentFacts(format=name, state=ContentState.CLEAR)), key=name)
        for name in ("text", "gzip/text", "png")
    ]
    row = judged(*plain, held(ContentState.ENCRYPTED))
    assert "1 of 1 sampled exports is encrypted (100 %)" in row.summary
    assert "no export was among them" in judged(*plain).summary


@pytest.mark.parametrize("state", [ContentState.OPAQUE, ContentState.WEAK, ContentState.MALFORMED])
def test_what_may_be_an_export_is_unknown_and_a_signature_is_none(state: ContentState) -> None:
    for extension in ("csv", "", "bin", "asc"):
        row = judged(held(state, extension=extension))
        assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "opaque-content")
    assert judged(held(state, extension="sig", size=566)).verdict is Verdict.PASS
    # A large file, and one whose size nobody told, may be anything by whatever name.
    for size in (1_000_000, None):
        assert judged(held(state, extension="sig", size=size)).verdict is Verdict.UNKNOWN


def test_sampled_files_that_were_not_kept_may_be_opaque() -> None:
    row = judged(held(ContentState.ENCRYPTED), sampled=2)
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "sample-budget")


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (1, 1000, "under 1 %"),
        (3, 41, "7 %"),
        (999, 1000, "99 %"),
        (5, 5, "100 %"),
    ],
)
def test_percents_claim_neither_nothing_nor_all(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_a_file_that_two_logins_saw_counts_once_in_a_share() -> None:
    twice = [personal(1), personal(1), personal(2)]
    assert share_of(twice) == Share(
        sampled=2, volume=20, harmful=2, harmful_volume=20, exports=2, encrypted=0
    )
