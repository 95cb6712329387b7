"""How far each SFTP account reaches, in one clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scanner.model.observation import Observations
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import ChannelFacts, ForwardingAnswer, Neighbours, SftpFacts, ShellAnswer
from scanner.model.ssh import SshFacts
from scanner.model.view import AccountView

_CONFINED = {True: "is confined", False: "sees the whole system", None: "confinement not told"}


def reaches(seen: Iterable[Observations]) -> tuple[str, ...]:
    """Return a clause for each account of which something is known, each once."""
    told = (_told(account) for look in seen for account in _accounts(look))
    return tuple(dict.fromkeys(filter(None, told)))


def _accounts(look: Observations) -> Iterator[AccountView]:
    for endpoint in look.endpoints:
        if isinstance(endpoint.facts, SshFacts):
            yield from endpoint.facts.accounts


def _told(account: AccountView) -> str:
    words: list[str] = []
    words += _without_files(account.sftp)
    if isinstance(account.sftp, Observed):
        words += _beside(account.sftp.value)
    if isinstance(account.channels, Observed):
        words += _channels(account.channels.value)
    return f"{account.username} {', '.join(words)}" if words else ""


def _without_files(reading: Reading[Any]) -> Iterator[str]:
    if isinstance(reading, Unobserved) and reading.reason is Reason.NOT_OFFERED:
        yield f"has no files that could be looked at ({reading.detail})"


def _beside(facts: SftpFacts) -> Iterator[str]:
    yield from _without_files(facts.home)
    if isinstance(facts.confinement, Observed):
        yield _CONFINED[facts.confinement.value.confined]
    if isinstance(facts.neighbours, Observed):
        yield from _neighbours(facts.neighbours.value)
    if facts.read_only == Observed(value=True):
        yield "the file system is read-only"


def _neighbours(seen: Neighbours) -> Iterator[str]:
    tried = [each for each in seen.siblings if isinstance(each.outcome, Observed)]
    if tried:
        listed = sum(each.entries > 0 for each in tried)
        of_all = "" if len(tried) == seen.folders and seen.complete else " tried"
        folders = "folder" if len(tried) == 1 else "folders"
        yield f"lists {listed or 'none'} of {len(tried)} {folders}{of_all} beside its home"


def _channels(facts: ChannelFacts) -> Iterator[str]:
    if facts.shell == Observed(ShellAnswer.OPEN):
        yield "is given a shell"
    if facts.forwarding in {Observed(ForwardingAnswer.FAILED), Observed(ForwardingAnswer.OPENED)}:
        yield "may connect onwards"
