"""What every engine promises: each target looked at and handed over once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from scanner.model.frozen import dataclass
from scanner.model.observation import Observations
from scanner.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One target as it was seen: one observation for each vantage from which somebody looked.

    ``whole`` is false for a look that a cancellation cut short.
    """

    target: Target
    observations: tuple[Observations, ...]
    whole: bool = True


Keep = Callable[[Seen], Awaitable[None]]
"""Keeps what was seen of one target. Raises only on a bug or a full disk."""


class Look(Protocol):
    """One look at one target. What was seen can be told even of one that was cut short."""

    async def look(self) -> None:
        """Look, to the end. Never raises for what a server does."""
        ...

    def observations(self) -> Observations:
        """Return what was seen so far."""
        ...


Begin = Callable[[Target], Look]
"""Returns a look at one target, not yet begun."""


class Engine(Protocol):
    """Has targets looked at, on this machine or on others. It judges nothing."""

    async def scan(self, targets: Iterable[Target], keep: Keep) -> None:
        """Look at every target, and call ``keep`` once for each as soon as it was seen.

        Targets are pulled as there is room for them: a long list is never held. A cancellation
        hands over what was seen of targets under way and is passed on; what had not begun is not
        handed over. The first exception, such as one of ``keep``, ends the scan and is raised,
        itself and not in a group.
        """
        ...
