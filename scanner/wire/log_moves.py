"""Files that went out and came in, counted by where the team declares them to lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from scanner.model.logs import AnonymousUse, OrderUploads
from scanner.model.view import Zone
from scanner.wire.log_events import Transfer
from scanner.wire.log_plan import LogPlan
from scanner.wire.log_sessions import moment_text

_MOST_PARTS: Final = 64


class Moved:
    """Counts files that went out and came in, by where the team declares them to lie."""

    def __init__(self, plan: LogPlan) -> None:
        self._plan = plan
        self.downloads = self.uploads = self.unordered = 0
        self.last_unordered: int | None = None
        self._anonymous = {"public": 0, "downloads": 0, "uploads": 0, "unplaced": 0}
        self._last_anonymous: int | None = None
        self._orders: dict[str, dict[str, int]] = {}
        self._last_outside: dict[str, int] = {}

    def add(self, event: Transfer, *, anonymous: bool) -> None:
        """Count one transfer."""
        if event.upload:
            self.uploads += 1
            self._came_in(event)
        else:
            self.downloads += 1
        if anonymous:
            self._nobody(event)

    def anonymous(self) -> AnonymousUse:
        """Return what was moved without an account."""
        return AnonymousUse(**self._anonymous, last=told(self._last_anonymous))

    def order_uploads(self) -> tuple[OrderUploads, ...]:
        """Return what came in under each order."""
        return tuple(
            OrderUploads(order_id=order, **counts, last_outside=told(self._last_outside.get(order)))
            for order, counts in sorted(self._orders.items())
        )

    def _nobody(self, event: Transfer) -> None:
        if not event.path:
            self._anonymous["unplaced"] += 1
        elif self._zone(event.path) is Zone.PUBLIC:
            self._anonymous["public"] += 1
        else:
            self._anonymous["uploads" if event.upload else "downloads"] += 1
            self._last_anonymous = max(event.at, self._last_anonymous or event.at)

    def _came_in(self, event: Transfer) -> None:
        if not event.path:
            return
        orders = _first(self._plan.orders, event.path)
        for order in orders:
            counts = self._orders.setdefault(order, {"within": 0, "before": 0, "after": 0})
            when = self._when(order, event.at)
            counts[when] += 1
        if orders and all(self._when(order, event.at) != "within" for order in orders):
            for order in orders:
                before = self._last_outside.get(order, event.at)
                self._last_outside[order] = max(event.at, before)
        if not orders and self._zone(event.path) is Zone.PRIVATE:
            self.unordered += 1
            self.last_unordered = max(event.at, self.last_unordered or event.at)

    def _when(self, order: str, at: int) -> str:
        start, end = self._plan.spans.get(order, (None, None))
        if start is not None and at < start:
            return "before"
        return "after" if end is not None and at >= end else "within"

    def _zone(self, path: str) -> Zone:
        for each in _readings(path):
            zone = self._plan.zone(each)
            if zone is not Zone.UNDECLARED:
                return zone
        return Zone.UNDECLARED


def _first(orders: Callable[[str], Sequence[str]], path: str) -> Sequence[str]:
    for each in _readings(path):
        found = orders(each)
        if found:
            return found
    return ()


def _readings(path: str) -> Iterable[str]:
    """Yield a path, then it without its first folder, and so on.

    A server logs paths from the root of its disk, or from the folder that users start in, and
    the log does not say which. Declared paths are as a login sees them.
    """
    yield path
    parts = [part for part in path.split("/") if part]
    for drop in range(1, min(len(parts), _MOST_PARTS)):
        yield "/" + "/".join(parts[drop:])


def told(at: int | None) -> str | None:
    """Return a moment, where there is one, in words of RFC 3339."""
    return None if at is None else moment_text(at)
