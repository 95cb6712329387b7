"""``findings.csv``: one finding a line, inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.model.text import neutralise

COLUMNS = (
    "asset", "host", "owner", "grade", "score", "failure", "row_verdict", "facet", "vantage",
    "verdict", "lead", "severity", "confidence", "source", "summary", "first_seen", "days_open",
    "suppressed", "remedy", "controls", "finding_uid",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST = 2000
_NONE: tuple[Mapping[str, Any], ...] = ({},)


def findings_csv(hosts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    r"""Yield RFC 4180 lines (CRLF) for host documents: a head, then one line a finding.

    A row without findings gets one line of its own, with the row's own verdict and summary, so
    that what is unknown shows too. Holds one host at a time. Text is neutralised and bounded, and
    text that a spreadsheet would compute begins with an apostrophe. Every cell is quoted.
    """
    yield _line(COLUMNS)
    for host in hosts:
        for row in host["failures"]:
            for finding in row["findings"] or _NONE:
                yield _line(map(_inert, _cells(host, row, finding)))


def _cells(
    host: Mapping[str, Any], row: Mapping[str, Any], finding: Mapping[str, Any]
) -> Iterator[Any]:
    told = {**row, **finding}
    yield from (host["asset"], host["host"], host["owner"], host["grade"], host["score"])
    yield from (row["id"], row["verdict"], finding.get("facet"), finding.get("vantage"))
    yield from (told["verdict"], finding.get("lead"), told["severity"], told["confidence"])
    yield from (told["source"], told["summary"], finding.get("first_seen"))
    yield from (finding.get("days_open"), finding.get("suppressed"))
    yield told.get("remedy") or row["remedy"]
    yield "; ".join(f"{name}: {', '.join(ids)}" for name, ids in row["controls"].items() if ids)
    yield finding.get("uid")


def _inert(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    text = neutralise(str(value), _MOST)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
