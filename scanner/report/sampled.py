"""How many files each login's sample read, and why the others were left, in one clause."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.observation import Observations, views_of
from scanner.model.view import View

_MOST_REASONS = 2


def samples(seen: Iterable[Observations]) -> tuple[str, ...]:
    """Return a clause for each login that met files, each once."""
    told = (
        _told(view) for look in seen for endpoint in look.endpoints for view in views_of(endpoint)
    )
    return tuple(dict.fromkeys(filter(None, told)))


def _told(view: View) -> str:
    walk = view.walk
    if not walk.eligible:
        return ""
    words = [f"{view.username} {walk.sampled} of {walk.eligible} read"]
    words += [f"{each.files} left ({each.detail})" for each in walk.unread[:_MOST_REASONS]]
    rest = sum(each.files for each in walk.unread[_MOST_REASONS:])
    return ", ".join([*words, *([f"{rest} left for other reasons"] if rest else [])])
