"""A whole run on a terminal: one line per asset, worst first."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

from scanner.model.failure import Grade
from scanner.model.finding import Severity, Verdict
from scanner.model.frozen import dataclass
from scanner.report.lines import cells, cut, pad, safe, wrap
from scanner.report.paint import GRADE_INKS, Ink, Paint, number

MOST_ROWS = 40
_NARROWEST = 60

Host = Mapping[str, Any]
_Badness: TypeAlias = tuple[bool, int, float, str]


def run_text(
    hosts: Iterable[Host], *, width: int = 80, colour: bool = False, most: int = MOST_ROWS
) -> str:
    """Return a table of host documents, the worst ``most`` of them, and the letters counted.

    Reads ``hosts`` once. Worst: breach candidates, then the severity of what fails, then the score.
    """
    table = RunTable(most)
    for host in hosts:
        table.add(host)
    return table.text(width=width, colour=colour)


class RunTable:
    """Takes in host documents one by one, and holds a line for each of the worst ``most``."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._letters: Counter[str] = Counter()
        self._worst: list[tuple[_Badness, _Line]] = []

    def add(self, host: Host) -> None:
        """Take in one host."""
        self._letters[host["grade"]] += 1
        rank = badness(host)
        if len(self._worst) < self._most or rank < self._worst[-1][0]:
            insort(self._worst, (rank, _line(host)), key=itemgetter(0))
            del self._worst[self._most :]

    def text(self, *, width: int = 80, colour: bool = False) -> str:
        """Return the table, the worst host first, and the letters counted."""
        width, paint = max(width, _NARROWEST), Paint(colour)
        rows = [_row(line, width, paint) for _, line in self._worst]
        lines = [paint(_head(width), Ink.STRONG), *rows]
        hidden = self._letters.total() - len(rows)
        if hidden:
            lines.append(f"{hidden} more assets, none worse than these, are in the report")
        lines += wrap(_counts(self._letters), width, most=2)
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Line:
    """What the table says of one host."""

    grade: Grade
    head: str
    reason: str


def _line(host: Host) -> _Line:
    match = host["megabus_match"]
    marks = f"{match['matched']}/{match['cleared']}/{match['unknown']}"
    head = f"{number(host['score']):>5}  {pad(safe(host['asset']), 20)}  {marks:<5}  "
    return _Line(Grade(host["grade"]), head, _reason(host))


def badness(host: Host) -> _Badness:
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


def _row(line: _Line, width: int, paint: Paint) -> str:
    reason = cut(line.reason, width - 3 - cells(line.head))
    return f"{paint(line.grade.value, GRADE_INKS[line.grade])}  {line.head}{reason}"


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
