"""How far each SFTP account reaches, in one clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.model.observation import Observations
from scanner.model.reading import Observed
from scanner.model.sftp import ChannelFacts, ForwardingAnswer, SftpFacts, ShellAnswer
from scanner.model.ssh import SshFacts
from scanner.model.view import AccountView

_CONFINED = {True: "confined", False: "sees the whole system", None: "confinement unclear"}


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
    if isinstance(account.sftp, Observed):
        words += _beside(account.sftp.value)
    if isinstance(account.channels, Observed):
        words += _channels(account.channels.value)
    return f"{account.username} {', '.join(words)}" if words else ""


def _beside(facts: SftpFacts) -> Iterator[str]:
    if isinstance(facts.confinement, Observed):
        yield _CONFINED[facts.confinement.value.confined]
    if isinstance(facts.neighbours, Observed):
        beside = facts.neighbours.value
        listed = sum(each.entries > 0 for each in beside.siblings)
        yield f"{beside.folders} folders beside the home, {listed} listed"


def _channels(facts: ChannelFacts) -> Iterator[str]:
    if facts.shell == Observed(ShellAnswer.OPEN):
        yield "a shell is given"
    if facts.forwarding in {Observed(ForwardingAnswer.FAILED), Observed(ForwardingAnswer.OPENED)}:
        yield "may connect onwards"
