"""A visit of this scanner, as a server's log may tell of it."""

from __future__ import annotations

from scanner.model.frozen import dataclass
from scanner.model.observation import Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """When one scan looked at an asset (RFC 3339 UTC), and from which addresses of its own."""

    vantage: str
    started: str
    finished: str
    sources: tuple[str, ...]


def visit_of(seen: Observations) -> Visit | None:
    """Return the visit that brought observations home; ``None`` where nobody was reached."""
    endpoints = [each for each in seen.endpoints if each.facts is not None]
    sources = {source for each in endpoints for source in each.effort.sources}
    if not sources:
        return None
    return Visit(
        vantage=seen.vantage,
        started=seen.started,
        finished=seen.finished,
        sources=tuple(sorted(sources)),
    )
