from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.model.content import DataClass
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, Severity, Source, Verdict
from scanner.model.listing import Outcome
from scanner.model.observation import FtpFacts
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AccountMethods, AuthMethods, EmptyPassword
from scanner.model.target import Areas
from scanner.model.view import AreaSeen, View, WritableSigns, Zone
from tests.checks.cases import (
    accepted_anonymous,
    account,
    case,
    enforced_ftp,
    file,
    finding,
    modern_ssh,
    result,
    target,
    view,
    walk,
)

ROW = FailureId.OPEN_ZONE
PUBLIC = target(areas=Areas(public=("/pub",)))


def anonymous(seen: View | Unobserved) -> FtpFacts:
    reading: Reading[View] = seen if isinstance(seen, Unobserved) else Observed(seen, ("e9",))
    return enforced_ftp(anonymous=accepted_anonymous(), anonymous_view=reading)


def test_refused_anonymous_login_passes_as_seen_from_the_network() -> None:
    row = result(ROW, case(enforced_ftp()))
    assert (row.verdict, row.source) == (Verdict.PASS, Source.NETWORK)
    assert "530" in row.summary


def test_a_login_and_a_listing_are_proof_and_cap_the_score() -> None:
    row = result(ROW, case(anonymous(view(walk=walk(entries=3, outside_public=3)))))
    assert (row.verdict, row.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert finding(row, "anonymous-read").caps == (CapTrigger.OPEN_LISTING,)
    assert finding(row, "anonymous-read").evidence == ("e1", "e9")


def test_an_empty_zone_that_lists_is_still_open() -> None:
    assert result(ROW, case(anonymous(view()))).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "seen",
    [
        Unobserved(Reason.TIMEOUT),
        view(root=Outcome.DENIED, root_reply="550 denied"),
    ],
)
def test_a_login_without_a_listing_is_only_suspected(seen: View | Unobserved) -> None:
    row = result(ROW, case(anonymous(seen)))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "suspected")
    assert row.summary.startswith("suspected: ")


def test_entries_listed_below_a_refused_root_are_proof() -> None:
    below = view(root=Outcome.DENIED, walk=walk(entries=5, outside_public=5, stopped=("denied",)))
    assert result(ROW, case(anonymous(below))).verdict is Verdict.FAIL


def test_a_declared_public_area_alone_passes_on_the_operators_word() -> None:
    confined = view(walk=walk(entries=2, eligible=1, sampled=1, files=(file(),)))
    row = result(ROW, case(anonymous(confined), target=PUBLIC))
    assert (row.verdict, row.source) == (Verdict.PASS, Source.OPERATOR)
    assert finding(row, "anonymous-read").caps == ()


def test_personal_data_in_a_declared_public_area_fail() -> None:
    files = (file(DataClass.PERSONAL),)
    confined = view(walk=walk(entries=2, eligible=1, sampled=1, files=files))
    row = result(ROW, case(anonymous(confined), target=PUBLIC))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.CRITICAL)


def test_a_cut_walk_never_proves_that_a_public_area_is_all() -> None:
    cut = view(walk=walk(entries=2, stopped=("entries",)))
    assert result(ROW, case(anonymous(cut), target=PUBLIC)).verdict is Verdict.UNKNOWN


def test_public_files_that_nobody_could_sample_never_pass() -> None:
    unread = view(walk=walk(entries=2, eligible=2, sampled=0))
    assert result(ROW, case(anonymous(unread), target=PUBLIC)).verdict is Verdict.UNKNOWN


def test_an_entry_outside_the_public_area_fails() -> None:
    outside = view(walk=walk(entries=2, outside_public=1))
    assert result(ROW, case(anonymous(outside), target=PUBLIC)).verdict is Verdict.FAIL


def test_ssh_none_accepted_is_proof() -> None:
    methods = Observed(AuthMethods(none_accepted=True, methods=()))
    row = result(ROW, case(modern_ssh(methods=methods)))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.CRITICAL)


def test_a_claim_of_writable_entries_is_a_lead_only() -> None:
    confined = view(walk=walk(entries=2, writable_claims=2, files=(file(),), sampled=1))
    row = result(ROW, case(anonymous(confined), target=PUBLIC))
    assert row.verdict is Verdict.PASS
    claim = finding(row, "anonymous-writable")
    assert (claim.verdict, claim.is_lead) == (Verdict.FAIL, True)


def area(**changes: object) -> AreaSeen:
    base = AreaSeen(path="/exchange", zone=Zone.PRIVATE, outcome=Observed(Outcome.LISTED))
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (area(mode=0o755), Verdict.FAIL),
        (area(mode=0o750), Verdict.PASS),
        (area(foreign=True), Verdict.FAIL),
        (area(foreign=True, outcome=Observed(Outcome.DENIED)), Verdict.PASS),
        (area(foreign=True, outcome=Unobserved(Reason.TIMEOUT)), Verdict.UNKNOWN),
    ],
)
def test_private_areas_that_other_accounts_can_read_fail(seen: AreaSeen, verdict: Verdict) -> None:
    facts = modern_ssh(accounts=(account(view(walk=walk(areas=(seen,)))),))
    assert result(ROW, case(facts)).verdict is verdict


def test_the_worst_endpoint_rules() -> None:
    open_one = anonymous(view(walk=walk(entries=1, outside_public=1)))
    row = result(ROW, case(enforced_ftp(), open_one))
    assert row.verdict is Verdict.FAIL
    assert len(finding(row, "anonymous-read").ways_in) == 1


def test_the_signs_of_writing_are_told_apart() -> None:
    signs = WritableSigns(perm=3, perm_letters="adf", others=1, group=4, acl=2)
    claimed = view(walk=walk(entries=9, writable_claims=3, writable=signs, outside_public=9))
    claim = finding(result(ROW, case(anonymous(claimed))), "anonymous-writable")
    assert (claim.verdict, claim.is_lead) == (Verdict.FAIL, True)
    assert claim.summary == (
        "the server claims that 3 entries are writable by anyone (MLSD perm adf on 3, mode: "
        "others may write 1, mode: the group may write 4, an access list on 2); "
        "nobody tried to write"
    )


def test_weaker_signs_of_writing_are_told_and_claim_nothing() -> None:
    weak = view(walk=walk(entries=9, writable=WritableSigns(group=4, acl=1), outside_public=9))
    told = finding(result(ROW, case(anonymous(weak))), "anonymous-writable")
    assert told.verdict is Verdict.PASS
    assert "mode: the group may write 4, an access list on 1" in told.summary


def test_a_listed_account_that_needs_no_authentication_is_proof() -> None:
    offers = (
        AccountMethods(
            username="lab", methods=Observed(AuthMethods(none_accepted=True, methods=()))
        ),
        AccountMethods(username="old", methods=Unobserved(Reason.THROTTLED)),
    )
    row = result(ROW, case(modern_ssh(account_methods=offers)))
    found = finding(row, "ssh-account-none")
    assert (row.verdict, found.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert found.ways_in[0].endswith(" as lab")
    assert CapTrigger.NO_AUTHENTICATION in found.caps


def test_an_account_that_could_not_be_asked_leaves_the_row_to_the_decoy() -> None:
    offers = (AccountMethods(username="old", methods=Unobserved(Reason.THROTTLED)),)
    row = result(ROW, case(modern_ssh(account_methods=offers)))
    assert row.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("accepted", "verdict"),
    [
        (Observed(value=True), Verdict.FAIL),
        (Observed(value=False), Verdict.PASS),
        (Unobserved(Reason.ATTEMPT_BUDGET), Verdict.UNKNOWN),
    ],
)
def test_an_empty_password_decides_where_it_was_to_be_tried(
    accepted: Reading[bool], verdict: Verdict
) -> None:
    empty = (EmptyPassword(username="lab", accepted=accepted),)
    row = result(ROW, case(modern_ssh(empty_passwords=empty)))
    assert row.verdict is verdict
    assert finding(row, "ssh-empty-password").verdict is verdict
