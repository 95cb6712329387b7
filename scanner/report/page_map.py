"""One line of the page's heat map, and what the page's head says of a host, from its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from scanner.model.frozen import dataclass
from scanner.report.run_table import badness
from scanner.report.sparkline import Sparkline, sparkline

Host = Mapping[str, Any]
SIGNS = {"fail": "✗", "pass": "✓", "unknown": "?", "not-applicable": "-", "error": "!"}
WORDS = {"not-applicable": "n/a"}
_KINDS = {"pass": "p", "unknown": "u", "not-applicable": "n", "error": "e"}
_HEAT = {"critical": "f3", "high": "f2", "medium": "f1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One failure of one host. ``kind`` is the cell's class, ``note`` what stands beneath."""

    kind: str
    sign: str
    word: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One host in the map. ``place`` is that of its document, ``cost`` what its detail may take.

    ``marks`` are words that the page's filter knows; ``rank`` sorts the worst first. ``unreached``
    are the vantages from which nothing was reached, each with its reason.
    """

    place: int
    rank: tuple[bool, int, float, str]
    asset: str
    who: str
    grade: str
    score: float
    cells: tuple[Cell, ...]
    line: Sparkline | None
    marks: tuple[str, ...]
    cost: int
    unreached: tuple[tuple[str, str], ...]


def map_row(place: int, host: Host) -> MapRow:
    """Return the line of the heat map for a host document."""
    cells = _cells(host)
    others = dict.fromkeys((host["host"], host["owner"], *host["aliases"], *host["tags"]))
    return MapRow(
        place=place,
        rank=badness(host),
        asset=host["asset"],
        who=", ".join(each for each in others if each not in {"", host["asset"]}),
        grade=host["grade"],
        score=host["score"],
        cells=cells,
        line=sparkline(host.get("trend")),
        marks=tuple(_marks(host, cells)),
        cost=_cost(host),
        unreached=tuple(_unreached(host)),
    )


def _cells(host: Host) -> tuple[Cell, ...]:
    changed = {each["failure"]: each["change"] for each in host.get("changes", ())}
    return tuple(_cell(row, changed.get(row["id"], "")) for row in host["failures"])


def _cell(row: Mapping[str, Any], change: str) -> Cell:
    verdict = row["verdict"]
    fails = verdict == "fail"
    notes = [row["severity"]] if fails else []
    if fails and is_accepted(row):
        notes = ["accepted"]
    if change:
        notes.append(change)
    return _shared(heat_of(verdict, row["severity"]), verdict, ", ".join(notes))


@cache
def _shared(kind: str, verdict: str, note: str) -> Cell:
    """Return the one cell that says this: maps of thousands of hosts hold a few dozen."""
    return Cell(kind=kind, sign=SIGNS[verdict], word=WORDS.get(verdict, verdict), note=note)


def heat_of(verdict: str, severity: str) -> str:
    """Return the class that colours a verdict: one letter, and for fails how bad it is, 1 to 3."""
    return _HEAT.get(severity, "f1") if verdict == "fail" else _KINDS[verdict]


def is_accepted(row: Mapping[str, Any]) -> bool:
    """Whether an accepted risk covers everything that fails in this row."""
    failing = [each for each in row["findings"] if each["verdict"] == "fail" and not each["lead"]]
    return bool(failing) and all(each["suppressed"] for each in failing)


def _marks(host: Host, cells: tuple[Cell, ...]) -> Iterator[str]:
    kinds = {cell.kind[0] for cell in cells}
    if "f" in kinds:
        yield "fail"
    if kinds & {"u", "e"}:
        yield "unknown"
    if not kinds & {"f", "u", "e"}:
        yield "fine"
    if host.get("changes"):
        yield "changed"
    if host["breach_candidate"]:
        yield "breach"
    if not answered(host):
        yield "unreached"
    if host["exceptions"]:
        yield "accepted"


def answered(host: Host) -> bool:
    """Whether any port of the host spoke FTP or SSH."""
    return any(map(_spoke, host["endpoints"]))


def _spoke(endpoint: Mapping[str, Any]) -> bool:
    return "accounts" in endpoint


def _unreached(host: Host) -> Iterator[tuple[str, str]]:
    """Yield the vantages from which nothing of the host was reached, each with its reason."""
    for look in host["vantages"]:
        ports = [each for each in host["endpoints"] if each["vantage"] == look["vantage"]]
        if any(map(_spoke, ports)):
            continue
        why = look["unreached"]
        if why is not None:
            yield look["vantage"], _reason(why["unobserved"], why["detail"])
            continue
        told = {f"port {each['port']} {_state(each)}": None for each in ports}
        yield look["vantage"], "; ".join(told) or "no port is declared"


def _state(endpoint: Mapping[str, Any]) -> str:
    if endpoint["reason"] is None:
        return str(endpoint["state"]).replace("-", " ")
    return _reason(endpoint["reason"], endpoint["detail"])


def _reason(reason: str, detail: str) -> str:
    word = reason.replace("-", " ")
    return f"{word}: {detail}" if detail and detail != word else word


def _cost(host: Host) -> int:
    """Return about how many bytes the host's full detail takes."""
    spent = 3000 + 120 * len(host["endpoints"]) + 300 * len(host["evidence"])
    for row in host["failures"]:
        spent += 700 + len(row["summary"]) + len(row["remedy"])
        spent += sum(260 + len(each["summary"]) for each in row["findings"])
    return spent
