from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.model.listing import Outcome
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.sftp import (
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
from scanner.model.view import AccountView, CredentialStatus
from scanner.report.reach import reaches
from tests.report import builders

ROOT = PathSeen(path="/", presence=Observed(Presence.PRESENT))
LISTED = Sibling(name="***", outcome=Observed(Outcome.LISTED), entries=3)
EMPTY = Sibling(name="***", outcome=Observed(Outcome.LISTED))
DENIED = Sibling(name="***", outcome=Observed(Outcome.DENIED))
UNTRIED = Sibling(name="***", outcome=Unobserved(Reason.TIME_BUDGET))


def told(*accounts: AccountView) -> tuple[str, ...]:
    _, sftp, *_ = builders.endpoints()
    facts: Any = replace(builders.ssh_facts(), accounts=accounts)
    look = builders.look("internet", endpoints=(replace(sftp, facts=facts),))
    return reaches((look, look))


def account(**changes: Any) -> AccountView:
    return AccountView(username="lab", status=CredentialStatus.ACCEPTED, **changes)


def beside(**changes: Any) -> AccountView:
    return account(sftp=Observed(SftpFacts(version=3, **changes)))


def neighbours(*siblings: Sibling, folders: int = 0, complete: bool = True) -> AccountView:
    seen = Neighbours(
        parent="/home",
        outcome=Outcome.LISTED,
        folders=folders or len(siblings),
        complete=complete,
        siblings=siblings,
    )
    return beside(neighbours=Observed(seen))


def test_an_account_of_which_nothing_is_known_is_left_out() -> None:
    assert told(account(), account(sftp=Unobserved(Reason.TIMEOUT, "late"))) == ()


@pytest.mark.parametrize(
    ("confined", "words"),
    [
        (True, "lab is confined"),
        (False, "lab sees the whole system"),
        (None, "lab confinement not told"),
    ],
)
def test_confinement_is_told_once_for_all_looks(
    confined: bool | None,  # noqa: FBT001 - a value
    words: str,
) -> None:
    seen = Confinement(confined=confined, signs=(), root=ROOT, known=())
    assert told(beside(confinement=Observed(seen))) == (words,)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (neighbours(LISTED, DENIED), ("lab lists 1 of 2 folders beside its home",)),
        (neighbours(DENIED), ("lab lists none of 1 folder beside its home",)),
        (neighbours(EMPTY, DENIED), ("lab lists none of 2 folders beside its home",)),
        (neighbours(LISTED, UNTRIED), ("lab lists 1 of 1 folder tried beside its home",)),
        (neighbours(LISTED, folders=40), ("lab lists 1 of 1 folder tried beside its home",)),
        (neighbours(LISTED, complete=False), ("lab lists 1 of 1 folder tried beside its home",)),
        (neighbours(UNTRIED), ()),
        (neighbours(), ()),
    ],
)
def test_folders_that_were_not_tried_are_not_counted_as_closed(
    seen: AccountView, words: tuple[str, ...]
) -> None:
    assert told(seen) == words


def test_a_server_without_files_or_of_another_version_says_why() -> None:
    why = Unobserved(Reason.NOT_OFFERED, "there is no SFTP subsystem")
    assert told(account(sftp=why)) == (
        "lab has no files that could be looked at (there is no SFTP subsystem)",
    )
    foreign = Unobserved(Reason.NOT_OFFERED, "SFTP version 6 is spoken, not 3")
    assert told(beside(home=foreign)) == (
        "lab has no files that could be looked at (SFTP version 6 is spoken, not 3)",
    )


@pytest.mark.parametrize(
    ("flag", "words"), [(True, ("lab the file system is read-only",)), (False, ())]
)
def test_a_read_only_file_system_is_told(flag: bool, words: tuple[str, ...]) -> None:  # noqa: FBT001 - a value
    assert told(beside(read_only=Observed(value=flag))) == words


@pytest.mark.parametrize(
    ("shell", "forwarding", "words"),
    [
        (ShellAnswer.OPEN, ForwardingAnswer.FAILED, "lab is given a shell, may connect onwards"),
        (ShellAnswer.ENDED, ForwardingAnswer.OPENED, "lab may connect onwards"),
        (ShellAnswer.REFUSED, ForwardingAnswer.PROHIBITED, ""),
    ],
)
def test_what_else_an_account_is_given_is_told(
    shell: ShellAnswer, forwarding: ForwardingAnswer, words: str
) -> None:
    asked = ChannelFacts(shell=Observed(shell), forwarding=Observed(forwarding))
    assert told(account(channels=Observed(asked))) == ((words,) if words else ())
