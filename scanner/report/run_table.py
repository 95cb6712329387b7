"""A whole run on a terminal: one line per asset, worst first."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from scanner.model.failure import Grade
from scanner.model.finding import Severity, Verdict
from scanner.report.lines import cells, cut, pad, safe, wrap
from scanner.report.paint import GRADE_INKS, Ink, Paint, number

MOST_ROWS = 40
_NARROWEST = 60

Host = Mapping[str, Any]


def run_text(
    hosts: Iterable[Host], *, width: int = 80, colour: bool = False, most: int = MOST_ROWS
) -> str:
    """Return a table of host documents, the worst ``most`` of them, and the letters counted.

    Reads ``hosts`` once and holds ``most`` of them. Worst: breach candidates, then the severity
    of what fails, then the score.
    """
    letters: Counter[str] = Counter()
    ranked = _ranked(hosts, letters, most)
    width, paint = max(width, _NARROWEST), Paint(colour)
    lines = [paint(_head(width), Ink.STRONG), *(_row(host, width, paint) for host in ranked)]
    hidden = letters.total() - len(ranked)
    if hidden:
        lines.append(f"{hidden} more assets, none worse than these, are in the report")
    lines += wrap(_counts(letters), width, most=2)
    return "\n".join(lines) + "\n"


def _ranked(hosts: Iterable[Host], letters: Counter[str], most: int) -> list[Host]:
    def counted() -> Iterable[Host]:
        for host in hosts:
            letters[host["grade"]] += 1
            yield host

    return heapq.nsmallest(most, counted(), key=badness)


def badness(host: Host) -> tuple[bool, int, float, str]:
    """Return what sorts host documents, the worst first."""
    worst = _worst(host)
    rank = Severity(worst["severity"]).rank if worst else -1
    return (host["breach_candidate"] is None, -rank, host["score"], host["asset"])


def _worst(host: Host) -> Mapping[str, Any] | None:
    """Return the failing row that weighs most; rows stand in order of weight."""
    failing = [row for row in host["failures"] if row["verdict"] == Verdict.FAIL]
    return max(failing, key=lambda row: Severity(row["severity"]).rank, default=None)


def _head(width: int) -> str:
    return f"{'':3}{'SCORE':>5}  {'ASSET':<20}  {'F/P/?':<5}  WORST"[:width]


def _row(host: Host, width: int, paint: Paint) -> str:
    grade = Grade(host["grade"])
    match = host["megabus_match"]
    marks = f"{match['matched']}/{match['cleared']}/{match['unknown']}"
    line = f"{number(host['score']):>5}  {pad(safe(host['asset']), 20)}  {marks:<5}  "
    reason = cut(_reason(host), width - 3 - cells(line))
    return f"{paint(grade.value, GRADE_INKS[grade])}  {line}{reason}"


def _reason(host: Host) -> str:
    """Return what is worst, in one clause: a fail, else what is not known, else nothing."""
    worst = _worst(host)
    if worst is not None:
        breach = "BREACH? " if host["breach_candidate"] is not None else ""
        return safe(f"{breach}{worst['id']}: {worst['summary']}")
    unknown = sum(row["verdict"] in {Verdict.UNKNOWN, Verdict.ERROR} for row in host["failures"])
    return f"nothing failed, {unknown} not known" if unknown else "nothing failed"


def _counts(letters: Counter[str]) -> str:
    told = ", ".join(f"{letters[grade]} {grade}" for grade in Grade if letters[grade])
    assets = "asset" if letters.total() == 1 else "assets"
    if not told:
        return "no asset was scanned"
    return f"{letters.total()} {assets}: {told}. F/P/?: failed, passed, not known."
