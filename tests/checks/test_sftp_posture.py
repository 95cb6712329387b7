from __future__ import annotations

from typing import Any

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Finding, Severity, Verdict
from scanner.model.listing import EntryKind, Outcome
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.sftp import (
    Attributes,
    ChannelFacts,
    Confinement,
    ForwardingAnswer,
    Neighbours,
    PathSeen,
    Presence,
    SftpFacts,
    ShellAnswer,
    Sibling,
)
from scanner.model.view import AccountView, AreaSeen, CredentialStatus, Zone
from tests.checks.cases import case, finding, modern_ssh, result, view, walk

ROW = FailureId.OPEN_ZONE
FAIL, PASS, UNKNOWN = Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN
PROOF, STRONG, WEAK = Confidence.PROOF, Confidence.STRONG, Confidence.WEAK


def path(name: str, mode: int | None = 0o755, uid: int | None = 0) -> PathSeen:
    told = Attributes(kind=EntryKind.DIRECTORY, mode=mode, uid=uid)
    return PathSeen(path=name, presence=Observed(Presence.PRESENT), attributes=told)


def found(facet: str, facts: SftpFacts | None = None, **changes: Any) -> Finding:
    sftp = Observed(facts, ("e9",)) if facts else Unobserved(Reason.NOT_LOOKED_AT)
    account = AccountView(
        username="lab", status=CredentialStatus.ACCEPTED, **{"sftp": sftp, **changes}
    )
    return finding(result(ROW, case(modern_ssh(accounts=(account,)))), facet)


def sibling(uid: int | None, *, listed: bool = True, entries: int = 3, **changes: Any) -> Sibling:
    outcome = Outcome.LISTED if listed else Outcome.DENIED
    return Sibling(name="***", outcome=Observed(outcome), entries=entries, uid=uid, **changes)


def beside(*siblings: Sibling, own: int | None = 1001) -> SftpFacts:
    seen = Neighbours(
        parent="/home", outcome=Outcome.LISTED, folders=len(siblings), siblings=siblings
    )
    return SftpFacts(
        version=3,
        home=Observed(path("/home/***", 0o700, own)),
        neighbours=Observed(seen),
    )


NEIGHBOURS = {
    "another person's": (beside(sibling(1002)), FAIL, PROOF),
    "declared private": (beside(sibling(1001, foreign=True)), FAIL, PROOF),
    "declared public": (beside(sibling(1002, public=True)), PASS, PROOF),
    "without a name in it": (beside(sibling(1002, entries=0)), FAIL, WEAK),
    "one uid for all": (beside(sibling(1001)), FAIL, WEAK),
    "no uid told": (beside(sibling(None)), FAIL, WEAK),
    "a system account's": (beside(sibling(110)), FAIL, WEAK),
    "nobody's": (beside(sibling(65_534)), FAIL, WEAK),
    "root's, beside ours": (beside(sibling(0)), PASS, PROOF),
    "root's, beside root's": (beside(sibling(0), own=0), FAIL, WEAK),
    "a person's, beside root's": (beside(sibling(1002), own=0), FAIL, WEAK),
    "a person's, home not told": (beside(sibling(1002), own=None), FAIL, WEAK),
    "closed": (beside(sibling(1002, listed=False)), PASS, PROOF),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_tree_of_another_is_proof_only_where_it_is_shown_to_be(name: str) -> None:
    facts, verdict, confidence = NEIGHBOURS[name]
    told = found("sftp-neighbours", facts)
    assert (told.verdict, told.confidence) == (verdict, confidence)
    assert "e9" in told.evidence


def test_folders_that_were_not_tried_are_no_pass() -> None:
    untried = Sibling(name="***", outcome=Unobserved(Reason.TIME_BUDGET))
    assert found("sftp-neighbours", beside(untried)).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("mode", "verdict", "confidence"),
    [(0o777, FAIL, STRONG), (0o755, FAIL, WEAK), (0o700, PASS, PROOF)],
)
def test_the_mode_of_a_home_is_a_sign(mode: int, verdict: Verdict, confidence: Confidence) -> None:
    facts = SftpFacts(version=3, home=Observed(path("/home/***", mode, 1001)))
    told = found("sftp-world-writable", facts)
    # One strong sign alone is suspected, not failed.
    expected = UNKNOWN if confidence is STRONG else verdict
    assert (told.verdict, told.confidence) == (expected, confidence)


@pytest.mark.parametrize(("mode", "verdict"), [(0o755, PASS), (0o777, UNKNOWN)])
def test_a_home_that_is_the_root_may_be_read_and_not_written(mode: int, verdict: Verdict) -> None:
    facts = SftpFacts(version=3, home=Observed(path("/", mode)))
    assert found("sftp-world-writable", facts).verdict is verdict


def test_a_private_area_that_anyone_may_write_is_a_strong_sign() -> None:
    area = AreaSeen(path="/lab", zone=Zone.PRIVATE, outcome=Observed(Outcome.LISTED), mode=0o773)
    told = found("sftp-world-writable", view=Observed(view(walk=walk(areas=(area,)))))
    assert (told.verdict, told.reason) == (UNKNOWN, "suspected")
    assert "private area /lab is writable" in told.summary


def confinement(confined: bool | None, mode: int = 0o755, uid: int = 0) -> SftpFacts:  # noqa: FBT001 - a value
    seen = Confinement(confined=confined, signs=("x",), root=path("/", mode, uid), known=())
    return SftpFacts(version=3, confinement=Observed(seen))


@pytest.mark.parametrize(("confined", "verdict"), [(True, PASS), (False, FAIL), (None, UNKNOWN)])
def test_an_account_that_sees_the_whole_system_is_a_lead(
    confined: bool | None,  # noqa: FBT001 - a value
    verdict: Verdict,
) -> None:
    told = found("sftp-confinement", confinement(confined))
    assert (told.verdict, told.required) == (verdict, False)
    assert told.confidence is (WEAK if verdict is FAIL else PROOF)


@pytest.mark.parametrize(
    ("mode", "uid", "verdict"),
    [(0o777, 0, FAIL), (0o775, 0, FAIL), (0o755, 1001, FAIL), (0o755, 0, PASS)],
)
def test_who_may_write_the_root_of_a_confined_account(
    mode: int, uid: int, verdict: Verdict
) -> None:
    told = found("sftp-writable-root", confinement(True, mode, uid))
    assert told.verdict is verdict
    assert told.confidence is (WEAK if verdict is FAIL else PROOF)


def keys(told: PathSeen | None) -> SftpFacts:
    missing = PathSeen(path=".ssh/authorized_keys", presence=Observed(Presence.MISSING))
    return SftpFacts(
        version=3,
        home=Observed(path("/home/***", 0o700, 1001)),
        key_files=Observed((path(".ssh", 0o700, 1001), told or missing)),
    )


KEYS = {
    "root's, closed": (0o600, 0, PASS, "others may not write .ssh, .ssh/authorized_keys"),
    "root's, read by all": (0o644, 0, PASS, "; anyone may read .ssh/authorized_keys"),
    "a group's": (0o664, 0, FAIL, ".ssh/authorized_keys by a group (0664)"),
    "anyone's": (0o666, 0, FAIL, ".ssh/authorized_keys by anyone (0666)"),
    "the account's own": (0o600, 1001, FAIL, "write its own key files: .ssh/authorized_keys"),
    "the account's, kept from it": (0o400, 1001, PASS, "others may not write"),
    "another's": (0o600, 1002, PASS, "others may not write"),
    "of no mode": (None, 0, UNKNOWN, "does not tell"),
}


@pytest.mark.parametrize("name", KEYS)
def test_who_may_write_key_files_is_a_lead(name: str) -> None:
    mode, uid, verdict, words = KEYS[name]
    told = found("sftp-key-files", keys(path(".ssh/authorized_keys", mode, uid)))
    assert (told.verdict, told.required) == (verdict, False)
    assert words in told.summary
    own = name == "the account's own"
    assert told.severity is (Severity.LOW if own else Severity.MEDIUM) or verdict is not FAIL


def test_key_files_that_are_not_there_pass_and_those_kept_from_sight_do_not() -> None:
    assert found("sftp-key-files", keys(None)).verdict is PASS
    denied = PathSeen(path=".ssh/authorized_keys", presence=Observed(Presence.DENIED))
    assert found("sftp-key-files", keys(denied)).verdict is UNKNOWN


def test_links_that_lead_out_matter_where_the_account_is_not_confined() -> None:
    seen = Observed(view(walk=walk(links=2, links_outside=1)))
    told = found("sftp-links", view=seen)
    assert (told.verdict, told.is_lead) == (FAIL, True)
    kept = found("sftp-links", confinement(True), view=seen)
    assert kept.verdict is PASS
    untold = Observed(view(walk=walk(links=2, links_untold=1)))
    assert found("sftp-links", view=untold).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("shell", "forwarding", "verdicts"),
    [
        (ShellAnswer.OPEN, ForwardingAnswer.FAILED, (FAIL, FAIL)),
        (ShellAnswer.ENDED, ForwardingAnswer.OPENED, (PASS, FAIL)),
        (ShellAnswer.REFUSED, ForwardingAnswer.PROHIBITED, (PASS, PASS)),
    ],
)
def test_a_shell_and_forwarding_are_leads(
    shell: ShellAnswer, forwarding: ForwardingAnswer, verdicts: tuple[Verdict, Verdict]
) -> None:
    asked = ChannelFacts(shell=Observed(shell), forwarding=Observed(forwarding))
    told = [
        found(facet, channels=Observed(asked, ("e8",)))
        for facet in ("sftp-shell", "sftp-forwarding")
    ]
    assert tuple(each.verdict for each in told) == verdicts
    assert all(each.is_lead for each in told if each.verdict is FAIL)
    assert all(each.severity in {Severity.MEDIUM, Severity.INFO} for each in told)


def test_an_answer_that_did_not_come_is_no_pass() -> None:
    lost = Unobserved(Reason.TIMEOUT, "no answer in time")
    facts = SftpFacts(version=3, home=lost, confinement=lost, key_files=lost, neighbours=lost)
    for facet in ("neighbours", "world-writable", "confinement", "key-files"):
        assert found(f"sftp-{facet}", facts).verdict is UNKNOWN
