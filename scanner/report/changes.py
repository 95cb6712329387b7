"""What changed at one asset since the last scan that could tell: new, changed, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.report.situation import Change, situation


def with_changes(host: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Return a host document with ``changes``: one entry for each row and vantage that changed.

    ``known`` maps the uid of each finding that was open before, leads apart, to its severity. The
    entries say what the events of the same scan say: both come from ``situation``. ``opened``
    and ``closed`` name findings.
    """
    found = [
        _entry(row, look["vantage"], known, change)
        for row in host["failures"]
        for look in host["vantages"]
        if (change := situation(host, row, look["vantage"], known).change) is not Change.UNCHANGED
    ]
    return {**host, "changes": found}


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
