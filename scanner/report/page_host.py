"""What the page shows of one host, from its document: bounded, and in the order of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.model.failure import WEIGHTS, FailureId
from scanner.model.finding import Severity
from scanner.model.text import neutralise
from scanner.report.controls import control_words
from scanner.report.page_map import SIGNS, WORDS, MapRow, heat_of, is_accepted

Host = Mapping[str, Any]
MOST_FINDINGS = 60
MOST_EVIDENCE = 1500
_MOST_PIECES = 40
_ORDER = ("fail", "error", "unknown", "not-applicable", "pass")


def full(host: Host, line: MapRow) -> dict[str, Any]:
    """Return everything that the page shows of a host whose detail is on it. ``line`` is its own
    of the map.

    Evidence is told once, by the first finding that rests on it; later ones link to it.
    """
    shelf = _Shelf(host, line.place)
    rows = [_row(row, line.place, shelf) for row in host["failures"]]
    return {**_head(host, line), "rows": rows, "evidence_left": shelf.left}


def brief(host: Host, line: MapRow) -> dict[str, Any]:
    """Return what the page shows of a host for whose detail there is no room: rows that did not
    pass, or that changed.
    """
    changed = {each["failure"] for each in host.get("changes", ())}
    rows = [
        {**_told(row), "summary": row["summary"]}
        for row in host["failures"]
        if row["verdict"] != "pass" or row["id"] in changed
    ]
    return {**_head(host, line), "rows": rows}


def _head(host: Host, line: MapRow) -> dict[str, Any]:
    return {
        "place": line.place,
        "doc": host,
        "line": line.line,
        "next": _next(host),
        "unreached": line.unreached,
        "mixed": [look["vantage"] for look in host["vantages"] if look["mixed_identity"]],
        "caps": _caps(host["caps"]),
        "risks": [risk_of(host, risk) for risk in host["exceptions"]],
    }


def risk_of(host: Host, risk: Mapping[str, Any]) -> dict[str, Any]:
    """Return an accepted risk with its standing on the day of judging."""
    over = risk["until"] < host["judged_at"][:10]
    fails = any(
        row["id"] == risk["failure"] and row["verdict"] == "fail" for row in host["failures"]
    )
    standing = "expired: counts again" if over else "in force" if fails else "in force, not needed"
    return {**risk, "asset": host["asset"], "standing": standing, "over": over}


def _caps(caps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return caps, one for each letter and reason."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for cap in caps:
        same = found.setdefault((cap["grade"], cap["reason"]), {**cap, "where": []})
        same["where"].append(f"{cap['failure']} from {cap['vantage']}")
        same["stale"] = same["stale"] and cap["stale"]
    return list(found.values())


def _next(host: Host) -> dict[str, Any] | None:
    """Return the row to mend first: accepted risks come last, then severity, then weight."""
    failing = [row for row in host["failures"] if row["verdict"] == "fail"]
    return max(failing, key=_urgency, default=None)


def _urgency(row: Mapping[str, Any]) -> tuple[bool, int, int]:
    weight = WEIGHTS[FailureId(row["id"])]
    return (not is_accepted(row), Severity(row["severity"]).rank, weight)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "kind": row["verdict"], "severity": row["severity"], **_sign(row)}


def _sign(told: Mapping[str, Any]) -> dict[str, str]:
    """Return sign, word and colour of what a row or a finding says."""
    verdict = told["verdict"]
    sign, word = SIGNS[verdict], WORDS.get(verdict, verdict)
    return {"sign": sign, "word": word, "heat": heat_of(verdict, told["severity"])}


def _row(row: Mapping[str, Any], place: int, shelf: _Shelf) -> dict[str, Any]:
    findings = sorted(row["findings"], key=_reading_order)
    return {
        **_told(row),
        "anchor": f"h{place}-{row['id']}",
        "doc": row,
        "accepted": is_accepted(row),
        "controls": control_words(row).sentence,
        "findings": [
            {**each, **_sign(each), "pieces": shelf.pieces(each["evidence"])}
            for each in findings[:MOST_FINDINGS]
        ],
        "findings_left": max(0, len(findings) - MOST_FINDINGS),
    }


def _reading_order(finding: Mapping[str, Any]) -> tuple[int, bool, int]:
    rank = Severity(finding["severity"]).rank
    return (_ORDER.index(finding["verdict"]), finding["lead"], -rank)


class _Shelf:
    """Hands out each piece of evidence once, up to a bound for each host."""

    def __init__(self, host: Host, place: int) -> None:
        self._known = {each["id"]: each for each in host["evidence"]}
        self._anchors: dict[str, str] = {}
        self._place = place
        self.left = 0

    def pieces(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return what these names stand for: a text the first time, an anchor ever after."""
        return [told for name in names if (told := self._piece(name)) is not None]

    def _piece(self, name: str) -> dict[str, Any] | None:
        if name in self._anchors:
            return {"anchor": self._anchors[name], "id": name, "text": None}
        if name not in self._known:
            return None
        if len(self._anchors) >= _MOST_PIECES:
            self.left += 1
            return None
        anchor = self._anchors[name] = f"h{self._place}-e{len(self._anchors) + 1}"
        piece = self._known[name]
        return {**piece, "anchor": anchor, "text": evidence_text(piece["data"])}


def evidence_text(data: Mapping[str, Any]) -> str:
    """Return a piece of evidence as lines of ``name: value``, bounded, inert and readable."""
    lines = [f"{neutralise(name, 80)}: {_value(value)}" for name, value in data.items()]
    told = "\n".join(lines)
    return told if len(told) <= MOST_EVIDENCE else f"{told[: MOST_EVIDENCE - 1]}…"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not known"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(neutralise(str(each), 300) for each in value) or "none"
    return neutralise(str(value), 600)
