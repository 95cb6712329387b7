"""Two reports compared: as a document, and as text for someone who was woken up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scanner.model.comparison import ComparedFinding, ComparedHost, Turn
from scanner.report.changes import told_in_words
from scanner.report.document import encode
from scanner.report.lines import cut, pad, safe, wrap
from scanner.report.paint import Ink, Paint, number

SCHEMA_VERSION = "1.0.0"
_MOST_SHOWN = 20
_NARROWEST = 60
_TITLES = {
    Turn.NEW: ("NEW", Ink.BAD),
    Turn.CHANGED: ("CHANGED", Ink.DOUBT),
    Turn.RESOLVED: ("RESOLVED", Ink.GOOD),
    Turn.UNTOLD: ("STILL OPEN: the newer run could not tell", Ink.DOUBT),
}
"""What is told at length, in this order; what is unchanged is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A comparison to be told. ``older`` and ``newer`` are heads of reports (``scan``).

    Each of the callables yields anew, as often as it is called.
    """

    older: Mapping[str, Any]
    newer: Mapping[str, Any]
    assets: tuple[int, int]
    delta: Mapping[str, int]
    rows: Mapping[str, int]
    leads: int
    findings: Callable[[Turn], Iterable[ComparedFinding]]
    appeared: Callable[[], Iterable[ComparedHost]]
    gone: Callable[[], Iterable[ComparedHost]]
    moved: Callable[[], Iterable[ComparedHost]]


def difference_document(told: Difference) -> Iterator[str]:
    """Yield the document (schema ``difference``) in chunks, a finding or an asset a line."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "older": _head(told.older, told.assets[0]),
        "newer": _head(told.newer, told.assets[1]),
        "delta": dict(told.delta),
        "rows": dict(told.rows),
        "leads": told.leads,
    }
    yield encode(head)[:-1]
    parts = {"appeared": told.appeared, "gone": told.gone, "moved": told.moved}
    for name, hosts in parts.items():
        yield from _array(name, (asdict(each) for each in hosts()))
    yield from _array("findings", (asdict(one) for turn in Turn for one in told.findings(turn)))
    yield "}\n"


def _array(name: str, items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield f',"{name}":['
    comma = "\n"
    for item in items:
        yield comma + encode(item)
        comma = ",\n"
    yield "\n]"


def _head(scan: Mapping[str, Any], assets: int) -> dict[str, Any]:
    kept = {name: scan[name] for name in ("uid", "started", "finished", "vantages")}
    return {**kept, "assets": assets}


def difference_text(told: Difference, *, width: int = 80, colour: bool = False) -> Iterator[str]:
    """Yield lines of at most ``width`` columns (at least 60), without line feed.

    The counts come first, then what is new, changed, resolved and not told, then assets and
    scores, ``_MOST_SHOWN`` of each. Whatever a report quotes is made safe again.
    """
    page = _Page(told, max(width, _NARROWEST), Paint(colour))
    yield from page.head()
    for turn in _TITLES:
        yield from page.findings(turn)
    yield from page.hosts()
    yield from page.scores()


class _Page:
    """One comparison, one width."""

    def __init__(self, told: Difference, width: int, paint: Paint) -> None:
        self.told = told
        self.width = width
        self.paint = paint

    def head(self) -> Iterator[str]:
        older, newer = self.told.older, self.told.newer
        then, now = self.told.assets
        yield self.paint(f"{safe(older['started'])}  ->  {safe(newer['started'])}", Ink.STRONG)
        places = [", ".join(map(safe, each["vantages"])) for each in (older, newer)]
        if places[0] != places[1]:
            yield from wrap(
                f"Not the same view: {places[0]} then, {places[1]} now. What one place saw, the"
                " other can neither confirm nor close.",
                self.width,
                most=3,
            )
        rows = self.told.rows
        yield from wrap(
            f"Failing rows: {told_in_words(rows, self.told.leads)}; {rows['untold']} still open"
            f" but not told. Assets: {then} then, {now} now.",
            self.width,
            most=3,
        )

    def findings(self, turn: Turn) -> Iterator[str]:
        title, ink = _TITLES[turn]
        if count := self.told.delta[turn]:
            yield ""
            told = "1 finding" if count == 1 else f"{count} findings"
            yield self.paint(f"{title} ({told})", ink)
            for one in _first(self.told.findings(turn)):
                yield from self._finding(one)
            yield from self._more(count)

    def _finding(self, one: ComparedFinding) -> Iterator[str]:
        word = "lead" if one.lead else one.severity
        was = f", was {one.was}" if one.turn is Turn.CHANGED and one.was != one.severity else ""
        accepted = ", accepted" if one.suppressed else ""
        since = f", open {one.days_open} days" if one.days_open > 1 else ""
        told = f"{one.failure}: {one.facet} (from {safe(one.vantage)}{was}{accepted}{since})"
        line = f"  {pad(word, 8)}  {pad(safe(one.asset), 20)}  "
        yield line + cut(safe(told), self.width - 34)
        for text in wrap(one.summary, self.width - 12, most=2):
            yield f"{'':12}{text}"

    def hosts(self) -> Iterator[str]:
        for title, ink, hosts in (
            ("APPEARED", Ink.STRONG, self.told.appeared),
            ("GONE: what was open there is not resolved", Ink.DOUBT, self.told.gone),
        ):
            shown = list(_first(hosts()))
            if shown:
                yield ""
                yield self.paint(title, ink)
            for one in shown:
                stood = one.after or one.before
                score = f"{stood.grade} {number(stood.score)}" if stood else ""
                yield cut(f"  {pad(safe(one.asset), 30)}  {score}, {one.open} open", self.width)
            yield from self._more(sum(1 for _ in hosts()))

    def scores(self) -> Iterator[str]:
        shown = list(_first(self.told.moved()))
        if shown:
            yield ""
            yield self.paint("SCORES", Ink.STRONG)
        for one in shown:
            if one.before is not None and one.after is not None:
                was = f"{one.before.grade} {number(one.before.score)}"
                now = f"{one.after.grade} {number(one.after.score)}"
                yield cut(f"  {pad(safe(one.asset), 30)}  {was:>7}  ->  {now}", self.width)
        yield from self._more(sum(1 for _ in self.told.moved()))

    def _more(self, count: int) -> Iterator[str]:
        if count > _MOST_SHOWN:
            yield f"  {count - _MOST_SHOWN} more: --format json has all"


def _first(items: Iterable[Any]) -> Iterator[Any]:
    for place, item in enumerate(items):
        if place == _MOST_SHOWN:
            return
        yield item
