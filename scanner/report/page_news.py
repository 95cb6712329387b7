"""What the head of the page tells of the whole run, gathered one host at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scanner.model.failure import FailureId
from scanner.report.changes import leads_counted, rows_counted, told_in_words
from scanner.report.page_host import risk_of
from scanner.report.page_map import Host, MapRow

MOST_LINES = 300
"""Lines of each list; the rest are counted."""


class News:
    """Counts and bounded lists: changes by asset, hosts not reached, accepted risks."""

    def __init__(self) -> None:
        self.hosts = 0
        self.letters: Counter[str] = Counter()
        self.tallies: dict[str, Counter[str]] = {each.value: Counter() for each in FailureId}
        self.changes: Counter[str] = Counter()
        self.leads = 0
        self.marks: Counter[str] = Counter()
        self.changed: list[dict[str, Any]] = []
        self.unreached: list[dict[str, Any]] = []
        self.risks: list[dict[str, Any]] = []
        self.left: Counter[str] = Counter()
        self.compared = False
        self.closest: tuple[int, str, int] = (0, "", 0)

    def add(self, row: MapRow, host: Host) -> None:
        """Take in one host."""
        self.hosts += 1
        self.letters[row.grade] += 1
        self.marks.update(row.marks)
        for told, cell in zip(host["failures"], row.cells, strict=True):
            self.tallies[told["id"]][cell.kind[0]] += 1
        matched = host["megabus_match"]["matched"]
        if matched > self.closest[0]:
            self.closest = (matched, row.asset, row.place)
        self._changes(row, host)
        for vantage, reason in row.unreached:
            self._keep("unreached", {"row": row, "vantage": vantage, "reason": reason})
        for risk in host["exceptions"]:
            self._keep("risks", {"row": row, **risk_of(host, risk)})

    @property
    def counts(self) -> str:
        """What changed in the run, counted in the words of every output."""
        return told_in_words(self.changes, self.leads)

    def _changes(self, row: MapRow, host: Host) -> None:
        self.compared = self.compared or "changes" in host
        self.changes += rows_counted(host)
        self.leads += leads_counted(host)
        told: dict[tuple[str, str], list[str]] = {}
        for each in host.get("changes", ()):
            told.setdefault((each["failure"], each["change"]), []).append(each["vantage"])
        if not told:
            return
        rows = {each["id"]: each for each in host["failures"]}
        items = []
        for (failure, change), vantages in told.items():
            items.append(_item(rows[failure], change, vantages))
        self._keep("changed", {"row": row, "items": items})

    def _keep(self, name: str, line: dict[str, Any]) -> None:
        kept: list[dict[str, Any]] = getattr(self, name)
        if len(kept) < MOST_LINES:
            kept.append(line)
        else:
            self.left[name] += 1


def _item(row: Mapping[str, Any], change: str, vantages: list[str]) -> dict[str, Any]:
    return {
        "failure": row["id"],
        "change": change,
        "vantages": vantages,
        "severity": row["severity"] if row["verdict"] == "fail" else "",
        "summary": row["summary"],
    }
