"""One asset before its judges: what was seen, what was handed over, what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from scanner.model.dossier import Dossier
from scanner.model.frozen import dataclass
from scanner.model.observation import (
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
)
from scanner.model.reading import Reason
from scanner.model.recall import Recall
from scanner.model.ssh import SshFacts
from scanner.model.target import Target

T = TypeVar("T")
_MOST_MOMENTS = 2_000
"""Moments remembered: one run tells the same few, and a listing is read by several facets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a judge may know. ``now`` is aware, in UTC."""

    target: Target
    observations: tuple[Observations, ...]
    dossier: Dossier = field(default_factory=Dossier)
    recall: Recall = field(default_factory=Recall)
    now: datetime
    _found: dict[Callable[[Case], Iterable[Any]], tuple[Any, ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def today(self) -> date:
        """The date in the target's time zone."""
        return self.day_of(self.now)

    def day_of(self, when: datetime) -> date:
        """Return the day of a moment in the target's time zone."""
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow to load; of use with papers alone

        return when.astimezone(ZoneInfo(self.target.timezone)).date()

    def once(self, find: Callable[[Case], Iterable[T]]) -> tuple[T, ...]:
        """Return what ``find`` yields of this case, found once: a hundred facets ask for it."""
        found = self._found.get(find)
        if found is None:
            found = self._found[find] = tuple(find(self))
        return found

    def endpoints(self) -> tuple[tuple[str, EndpointObservation], ...]:
        """Return every endpoint that counts, with its vantage."""
        return self.once(_endpoints)

    def ftp(self) -> Iterator[tuple[str, EndpointObservation, FtpFacts]]:
        """Yield the endpoints that spoke FTP."""
        for vantage, endpoint in self.endpoints():
            if isinstance(endpoint.facts, FtpFacts):
                yield vantage, endpoint, endpoint.facts

    def ssh(self) -> Iterator[tuple[str, EndpointObservation, SshFacts]]:
        """Yield the endpoints that spoke SSH."""
        for vantage, endpoint in self.endpoints():
            if isinstance(endpoint.facts, SshFacts):
                yield vantage, endpoint, endpoint.facts


def _endpoints(case: Case) -> Iterator[tuple[str, EndpointObservation]]:
    return ((seen.vantage, each) for seen in case.observations for each in counted(seen))


_NOT_OFFERED = frozenset({Reason.CLOSED, Reason.FILTERED, Reason.UNREACHABLE, Reason.OTHER_SERVICE})


def counted(seen: Observations) -> Iterator[EndpointObservation]:
    """Yield the endpoints that count.

    The ports of addresses beyond the bound do: nobody knows what answers there.
    An undeclared default port that is closed or silent is "not offered from this vantage" when
    another port of the asset answers; it is then left out. One that turned us away, or that our
    own time or fault kept from being asked, counts.
    """
    answered = any(endpoint.facts is not None for endpoint in seen.endpoints)
    for endpoint in seen.endpoints:
        silent = endpoint.facts is None and endpoint.fault is None
        offered = not (silent and endpoint.reason in _NOT_OFFERED)
        if endpoint.declared or offered or not answered:
            yield endpoint
    yield from _omitted(seen)


def _omitted(seen: Observations) -> Iterator[EndpointObservation]:
    """Yield one endpoint for each port of the addresses that were not probed."""
    if not seen.omitted:
        return
    address, verb = ("1 further address", "was")
    if seen.omitted > 1:
        address, verb = (f"{seen.omitted} further addresses", "were")
    spoken = {each.port: each for each in seen.endpoints if each.facts is not None}
    for endpoint in {each.port: spoken.get(each.port, each) for each in seen.endpoints}.values():
        yield EndpointObservation(
            port=endpoint.port,
            protocol=endpoint.protocol,
            address=address,
            declared=endpoint.declared,
            state=EndpointState.UNREACHABLE,
            reason=Reason.ADDRESS_BUDGET,
            detail=f"{address} {verb} not probed",
        )


@lru_cache(maxsize=_MOST_MOMENTS)
def moment(text: str) -> datetime:
    """Read an RFC 3339 UTC moment as written by this package."""
    return datetime.fromisoformat(text).astimezone(UTC)
