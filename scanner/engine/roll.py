"""Which workers live at which vantage, as far as their signs tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scanner.engine.messages import Sign

MOST_WORKERS = 1000
"""Workers of one vantage that are told apart; a vantage in foreign hands may invent more."""
_FRESH_SECONDS = 20.0


@dataclass(slots=True)
class Roll:
    """``clock`` tells seconds that only grow."""

    clock: Callable[[], float]
    _heard: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def hear(self, vantage: str, sign: Sign) -> None:
        """Note a sign of life."""
        workers = self._heard.setdefault(vantage, {})
        now = self._last[vantage] = self.clock()
        if sign.worker in workers or len(workers) < MOST_WORKERS:
            workers[sign.worker] = (sign.slots, now)

    def is_manned(self, vantage: str) -> bool:
        """Whether any worker gave a sign of late."""
        return bool(self.slots(vantage))

    def slots(self, vantage: str) -> tuple[int, ...]:
        """Return how many targets each worker that lives looks at side by side."""
        fresh = self.clock() - _FRESH_SECONDS
        return tuple(slots for slots, at in self._heard.get(vantage, {}).values() if at >= fresh)

    def silence(self, vantage: str) -> float:
        """Return for how many seconds nobody at a vantage gave a sign."""
        return self.clock() - max(self._last.get(vantage, self._since), self._since)

    def forgive(self) -> None:
        """Count silence anew: nobody could be heard."""
        self._since = self.clock()
