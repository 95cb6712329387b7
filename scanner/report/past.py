"""The history as text: one asset over the nights, or every asset with something open. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from scanner.model.case import moment
from scanner.model.failure import Grade
from scanner.model.past import Change, OpenAsset, PastAsset, PastFinding, PastScore
from scanner.report.lines import cut, pad, safe, wrap
from scanner.report.paint import GRADE_INKS, Ink, Paint, number

_NARROWEST = 60
_MOST_CLOSED = 20
_MOST_CHANGES = 12


def asset_text(
    asset: PastAsset, now: datetime, *, width: int = 80, colour: bool = False
) -> Iterator[str]:
    """Yield lines of at most ``width`` columns (at least 60): findings, then scores.

    ``now`` tells for how long something has been open, and which exceptions still hold.
    """
    page = _Page(now, max(width, _NARROWEST), Paint(colour))
    yield from page.head(asset)
    still = [each for each in asset.findings if each.closed is None]
    closed = [each for each in asset.findings if each.closed is not None]
    deciding = [each for each in still if each.severity]
    yield from page.findings("OPEN", deciding, asset.last_seen)
    yield from page.findings("LEADS", [each for each in still if not each.severity], "")
    closed.sort(key=lambda each: each.closed or "", reverse=True)
    yield from page.findings("CLOSED", closed[:_MOST_CLOSED], "")
    for standpoint, scores in asset.scores.items():
        yield from page.scores(standpoint, scores)


def open_text(
    assets: Iterable[OpenAsset], now: datetime, *, width: int = 80, colour: bool = False
) -> Iterator[str]:
    """Yield a table of at most ``width`` columns (at least 60), an asset a line."""
    width, paint = max(width, _NARROWEST), Paint(colour)
    yield paint(
        f"{'SEVERITY':<8}  {'OPEN':>4}  {'LEADS':>5}  {'DAYS':>4}  {'LAST SCAN':<16}  ASSET",
        Ink.STRONG,
    )
    count = 0
    for each in assets:
        count += 1
        days = (now - moment(each.oldest)).days
        line = f"{each.severity or 'leads':<8}  {each.findings:>4}  {each.leads:>5}  {days:>4}"
        name = safe(each.asset) + ("" if each.tenant == "default" else f" ({safe(each.tenant)})")
        yield cut(f"{line}  {_minute(each.last_seen)}  {name}", width)
    assets_told = "1 asset" if count == 1 else f"{count} assets"
    yield f"{assets_told} with something open; DAYS: since the oldest was opened."


class _Page:
    """One asset, one width."""

    def __init__(self, now: datetime, width: int, paint: Paint) -> None:
        self.now = now
        self.width = width
        self.paint = paint

    def head(self, asset: PastAsset) -> Iterator[str]:
        tenant = "" if asset.tenant == "default" else f" of {asset.tenant}"
        yield from wrap(f"{asset.asset}{tenant}, last report {asset.last_seen}", self.width, most=2)
        closed = sum(each.closed is not None for each in asset.findings)
        leads = sum(each.closed is None and not each.severity for each in asset.findings)
        still = len(asset.findings) - closed - leads
        yield f"{still} open, {leads} leads, {closed} closed findings are remembered"

    def findings(
        self, title: str, findings: Sequence[PastFinding], last_report: str
    ) -> Iterator[str]:
        if findings:
            yield ""
            yield self.paint(title, Ink.STRONG)
        for each in findings:
            yield from self._finding(each, last_report)

    def _finding(self, each: PastFinding, last_report: str) -> Iterator[str]:
        word = each.severity or "lead"
        told = f"{each.failure}: {each.facet} (from {safe(each.vantage)})"
        yield cut(f"  {pad(word, 8)}  {safe(told)}", self.width)
        for text in filter(None, self._story(each, last_report)):
            for line in wrap(text, self.width - 12, most=3):
                yield f"{'':12}{line}"

    def _story(self, each: PastFinding, last_report: str) -> Iterator[str]:
        end = self.now if each.closed is None else moment(each.closed)
        days = max((end - moment(each.first_seen)).days, 0)
        how_long = "1 day" if days == 1 else f"{days} days"
        if each.closed is None:
            yield f"open {how_long}: first seen {each.first_seen}, last seen {each.last_seen}"
            if each.last_seen < last_report:
                yield "later reports could not tell: it is still open"
        else:
            yield f"closed {each.closed} after {how_long}: first seen {each.first_seen}"
        if each.accepted and each.closed is None:
            held = each.accepted >= self.now.date().isoformat()
            yield f"risk accepted until {each.accepted}" + ("" if held else ": that day has passed")
        yield _changes(each.changes)

    def scores(self, standpoint: str, scores: Sequence[PastScore]) -> Iterator[str]:
        yield ""
        yield self.paint(cut(f"SCORES from {safe(standpoint)}", self.width), Ink.STRONG)
        for each in scores:
            told = "nothing answered" if each.score is None else number(each.score)
            grade = self.paint(each.grade, GRADE_INKS[Grade(each.grade)])
            bar = "#" * round((each.score or 0) / 5)
            yield f"  {_minute(each.at)}  {grade}  {told:>5}  {bar}".rstrip()


def _changes(changes: Sequence[Change]) -> str:
    """Tell what a finding became, where there is more to tell than that it was opened."""
    if len(changes) < 2:
        return ""
    told = [f"{each.at[:10]} {each.became or 'lead'}" for each in changes[-_MOST_CHANGES:]]
    earlier = "... " if len(changes) > _MOST_CHANGES else ""
    return f"changes: {earlier}{', '.join(told)}"


def _minute(at: str) -> str:
    return f"{at[:10]} {at[11:16]}"
