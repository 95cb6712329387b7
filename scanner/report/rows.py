"""The nine rows of one host on a terminal: verdict, failure, severity, place, why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.model.failure import WEIGHTS
from scanner.model.finding import FailureResult, Finding, Source, Verdict
from scanner.model.target import AcceptedRisk
from scanner.report.lines import cells, cut, pad, safe, wrap
from scanner.report.paint import MARKS, Paint

INDENT = " " * 8
_MOST_LINES = {Verdict.FAIL: 3}
_WORD_OF = {Source.OPERATOR: " (operator's word)", Source.DOCUMENT: " (on paper, not verified)"}


def row_lines(
    result: FailureResult, width: int, paint: Paint, risks: Sequence[AcceptedRisk]
) -> list[str]:
    """Return one row: its head in fixed columns, then why, indented."""
    mark, ink = MARKS[result.verdict]
    severity = result.severity.value if result.verdict is Verdict.FAIL else ""
    columns = f"  {pad(result.id, 22)}  {pad(severity, 8)}  "
    place = place_of(result, width - len(mark) - len(columns))
    why = safe(_why(result, risks))
    if not place and cells(why) <= width - len(mark) - len(columns):
        return [f"{paint(mark, ink)}{columns}{why}"]
    lines = wrap(why, width - len(INDENT), most=_MOST_LINES.get(result.verdict, 2))
    return [f"{paint(mark, ink)}{columns}{place}".rstrip(), *(INDENT + line for line in lines)]


def deciding(result: FailureResult) -> list[Finding]:
    """Return the findings on which the row's verdict rests, worst first."""
    fails = result.verdict is Verdict.FAIL
    kept = [
        finding
        for finding in result.findings
        if finding.verdict is result.verdict and not (fails and finding.is_lead)
    ]
    return sorted(kept, key=lambda finding: -finding.severity.rank)


def leads_of(result: FailureResult) -> list[Finding]:
    """Return what speaks against the asset but decides nothing."""
    return [found for found in result.findings if found.verdict is Verdict.FAIL and found.is_lead]


def worst_failing(results: Iterable[FailureResult]) -> FailureResult | None:
    """Return the failing row to mend first: severity, then weight; accepted risks come last."""
    failing = [result for result in results if result.verdict is Verdict.FAIL]
    return max(failing, key=_urgency, default=None)


def _urgency(result: FailureResult) -> tuple[bool, int, int]:
    return (not is_accepted(result), result.severity.rank, WEIGHTS[result.id])


def is_accepted(result: FailureResult) -> bool:
    """Whether an accepted risk covers everything that fails here."""
    found = deciding(result)
    return bool(found) and all(finding.suppressed for finding in found)


def place_of(result: FailureResult, room: int) -> str:
    """Return from where and through what it shows, in at most ``room`` columns."""
    seen: dict[str, list[str]] = {}
    for finding in deciding(result):
        ways = seen.setdefault(safe(finding.vantage), [])
        ways += [safe(way) for way in finding.ways_in if safe(way) not in ways]
    for told in _tellings(seen):
        if cells(told) <= room:
            return told
    return cut(", ".join(seen), room)


def _tellings(seen: dict[str, list[str]]) -> list[str]:
    """Return the place told at length, shortened, and as numbers."""
    long = [f"{vantage}: {', '.join(ways)}" if ways else vantage for vantage, ways in seen.items()]
    short = [_first(vantage, ways) for vantage, ways in seen.items()]
    total = sum(len(ways) for ways in seen.values())
    brief = ", ".join(seen) + (f": {total} ways in" if total > 1 else "")
    return ["; ".join(long), "; ".join(short), brief]


def _first(vantage: str, ways: Sequence[str]) -> str:
    more = f" +{len(ways) - 1}" if len(ways) > 1 else ""
    return f"{vantage}: {ways[0]}{more}" if ways else vantage


def _why(result: FailureResult, risks: Sequence[AcceptedRisk]) -> str:
    if result.verdict is Verdict.FAIL:
        return result.summary + _also(result) + _age(result) + _acceptance(result, risks)
    if result.verdict is Verdict.PASS and result.source is not None:
        return result.summary + _WORD_OF.get(result.source, "")
    return why_undecided(result)


def why_undecided(result: FailureResult) -> str:
    """Return why a row is neither pass nor fail."""
    return result.summary or result.reason.replace("-", " ") or "nobody said why"


def _also(result: FailureResult) -> str:
    """Name the other facets that fail."""
    others = {
        finding.facet: None for finding in deciding(result) if finding.summary != result.summary
    }
    return f"; also {', '.join(others)}" if others else ""


def _age(result: FailureResult) -> str:
    days = max((finding.days_open for finding in deciding(result)), default=0)
    return f"; open {days} days" if days > 1 else ""


def _acceptance(result: FailureResult, risks: Sequence[AcceptedRisk]) -> str:
    """Tell who accepted the risk and until when; one whose day has passed counts again."""
    accepted = any(finding.suppressed for finding in deciding(result))
    covering = [risk for risk in risks if risk.failure == result.id]
    if not covering:
        return "; risk accepted" if accepted else ""
    last = max(covering, key=lambda risk: risk.until)
    if not accepted:
        ended = f"{last.until.isoformat()} (accepted by {last.approved_by})"
        return f"; its exception ended on {ended}: it counts again"
    return f"; risk accepted until {last.until.isoformat()} by {last.approved_by}"
