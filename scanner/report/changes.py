"""What changed at one asset since the last scan that could tell: new, changed, resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scanner.report.situation import Change, Situations, situations, verdict_from


def with_changes(
    host: Mapping[str, Any], known: Mapping[str, str], told: Situations | None = None
) -> dict[str, Any]:
    """Return a host document with ``changes``: one entry for each row and vantage that changed.

    ``known`` maps the uid of each finding that was open before, leads apart, to its severity. The
    entries say what the events of the same scan say: both come from ``situations``, and ``told``
    are these where they are known already. ``opened`` and ``closed`` name findings.
    """
    told = situations(host, known) if told is None else told
    found = [
        _entry(row, look["vantage"], known, change)
        for row in host["failures"]
        for look in host["vantages"]
        if (change := told[look["vantage"], row["id"]].change) is not Change.UNCHANGED
    ]
    return {**host, "changes": found}


def rows_counted(host: Mapping[str, Any]) -> Counter[str]:
    """Return how many rows, each from each vantage, are new, changed, resolved and unchanged.

    The unit is that of the events: rows that fail, and those resolved. A host that nobody
    compared has none.
    """
    if "changes" not in host:
        return Counter()
    told = Counter(str(each["change"]) for each in host["changes"])
    moved = {(each["failure"], each["vantage"]) for each in host["changes"]}
    told[Change.UNCHANGED.value] = sum(
        (row["id"], look["vantage"]) not in moved
        and verdict_from(host, row, look["vantage"]) == "fail"
        for row in host["failures"]
        for look in host["vantages"]
    )
    return told


def leads_counted(host: Mapping[str, Any]) -> int:
    """Return how many leads a host document holds: what speaks against it and decides nothing."""
    return sum(
        each["verdict"] == "fail" and each["lead"]
        for row in host["failures"]
        for each in row["findings"]
    )


def told_in_words(rows: Mapping[str, int], leads: int) -> str:
    """Return the counts of a run in the words of terminal and page: ``12 new, ...``."""
    counts = ", ".join(f"{rows.get(each.value, 0)} {each.value}" for each in Change)
    return f"{counts}; {leads} {'lead' if leads == 1 else 'leads'} apart"


def _entry(
    row: Mapping[str, Any], vantage: str, known: Mapping[str, str], change: Change
) -> dict[str, Any]:
    seen = [each for each in row["findings"] if each["vantage"] in {vantage, "papers"}]
    return {
        "failure": row["id"],
        "vantage": vantage,
        "change": change.value,
        "opened": [each["uid"] for each in seen if _fails(each) and each["uid"] not in known],
        "closed": [
            each["uid"] for each in seen if each["verdict"] == "pass" and each["uid"] in known
        ],
    }


def _fails(finding: Mapping[str, Any]) -> bool:
    return finding["verdict"] == "fail" and not finding["lead"]
