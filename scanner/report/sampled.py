"""How many files each login's sample read, and why the others were left, in one clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.model.observation import EndpointObservation, FtpFacts, Observations
from scanner.model.reading import Observed
from scanner.model.ssh import SshFacts
from scanner.model.view import View

_MOST_REASONS = 2


def samples(seen: Iterable[Observations]) -> tuple[str, ...]:
    """Return a clause for each login that met files, each once."""
    told = (
        _told(view) for look in seen for endpoint in look.endpoints for view in _views(endpoint)
    )
    return tuple(dict.fromkeys(filter(None, told)))


def _views(endpoint: EndpointObservation) -> Iterator[View]:
    facts = endpoint.facts
    if isinstance(facts, FtpFacts) and isinstance(facts.anonymous_view, Observed):
        yield facts.anonymous_view.value
    if isinstance(facts, FtpFacts | SshFacts):
        for account in facts.accounts:
            if isinstance(account.view, Observed):
                yield account.view.value


def _told(view: View) -> str:
    walk = view.walk
    if not walk.eligible:
        return ""
    words = [f"{view.username} {walk.sampled} of {walk.eligible} read"]
    words += [f"{each.files} left ({each.detail})" for each in walk.unread[:_MOST_REASONS]]
    rest = sum(each.files for each in walk.unread[_MOST_REASONS:])
    return ", ".join([*words, *([f"{rest} left for other reasons"] if rest else [])])
