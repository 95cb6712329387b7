"""The facets of the open zone that tell what else a transfer account is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.checks.sftp_posture import accounts_of
from scanner.model.case import Case
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.reading import Observed, Reading
from scanner.model.sftp import ChannelFacts, ForwardingAnswer, ShellAnswer

T = TypeVar("T")


def _channels(case: Case, pick: Callable[[ChannelFacts], Reading[T]]) -> Iterator[Question[T]]:
    """Ask where the target lets a shell and forwarding be asked for."""
    for vantage, way_in, account in accounts_of(case):
        if isinstance(account.channels, Observed):
            reading = pick(account.channels.value)
            if isinstance(reading, Observed):
                reading = Observed(reading.value, account.channels.evidence)
            yield Question(vantage, way_in, reading, required=False)


def read_shell(case: Case) -> Iterator[Question[ShellAnswer]]:
    """Ask each account, where the target allows it."""
    return _channels(case, lambda facts: facts.shell)


def judge_shell(answer: ShellAnswer, _case: Case) -> Ruling:
    """A forced command other than ``internal-sftp`` stays open like a shell: a lead."""
    if answer is ShellAnswer.OPEN:
        return failed(
            "an account that moves files is given a shell, or what waits like one", Confidence.WEAK
        )
    if answer is ShellAnswer.ENDED:
        return passed("a shell request is granted and ended at once: no shell")
    return passed("a shell is refused")


def read_forwarding(case: Case) -> Iterator[Question[ForwardingAnswer]]:
    """Ask each account, where the target allows it."""
    return _channels(case, lambda facts: facts.forwarding)


def judge_forwarding(answer: ForwardingAnswer, _case: Case) -> Ruling:
    """A server that tries to connect lets the account reach what stands behind it."""
    if answer in {ForwardingAnswer.FAILED, ForwardingAnswer.OPENED}:
        return failed(
            "an account that moves files may connect onwards through the server", Confidence.WEAK
        )
    return passed(f"forwarding is {answer}")


FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="sftp-shell",
        question="Is an account that moves files given a shell?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead, asked where allow.shell_test is on",
        remedy="Set ForceCommand internal-sftp for transfer accounts, and a shell of nologin.",
        reads=read_shell,
        judge=judge_shell,
    ),
    Facet(
        id="sftp-forwarding",
        question="Can an account that moves files connect onwards?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead, asked where allow.shell_test is on",
        remedy="Set DisableForwarding yes for transfer accounts.",
        reads=read_forwarding,
        judge=judge_forwarding,
    ),
)
"""In the order of the report."""
