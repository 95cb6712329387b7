"""``findings.csv``: one finding a line, inert in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from scanner.model.text import neutralise
from scanner.report.controls import control_words

COLUMNS = (
    "asset", "host", "owner", "grade", "score", "failure", "row_verdict", "facet", "vantage",
    "verdict", "lead", "severity", "confidence", "source", "summary", "first_seen", "days_open",
    "suppressed", "remedy", "controls", "finding_uid",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST = 2000
_MOST_KNOWN = 1_000
"""Cells that are remembered: a fleet's findings say the same few things."""
_LONGEST_KNOWN = 1_000
_NONE: tuple[Mapping[str, Any], ...] = ({},)


def findings_csv(hosts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    r"""Yield RFC 4180 lines (CRLF) for host documents: a head, then one line a finding.

    A row without findings gets one line of its own, with the row's own verdict and summary, so
    that what is unknown shows too. Holds one host at a time. Text is neutralised and bounded, and
    text that a spreadsheet would compute begins with an apostrophe. Every cell is quoted.
    """
    yield HEAD
    yield from map(host_lines, hosts)


def host_lines(host: Mapping[str, Any]) -> str:
    """Return the lines of one host document, as ``findings_csv`` yields them after ``HEAD``."""
    about = ",".join([_cell(host[name]) for name in COLUMNS[:5]])
    return "".join([line for row in host["failures"] for line in _row_lines(about, row)])


def _row_lines(about: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line a finding of one row. What they share is made safe once."""
    begins = f"{about},{_known(row['id'])},{_known(row['verdict'])}"
    controls = _known(control_words(row).line)
    for finding in row["findings"] or _NONE:
        told = _told(*_cells(row, finding))
        yield f"{begins},{told},{controls},{_cell(finding.get('uid'))}\r\n"


def _cells(row: Mapping[str, Any], finding: Mapping[str, Any]) -> tuple[Any, ...]:
    told = finding or row
    return (
        finding.get("facet"),
        finding.get("vantage"),
        told["verdict"],
        finding.get("lead"),
        told["severity"],
        told["confidence"],
        told["source"],
        told["summary"],
        finding.get("first_seen"),
        finding.get("days_open"),
        finding.get("suppressed"),
        told["remedy"] or row["remedy"],
    )


@lru_cache(maxsize=_MOST_KNOWN, typed=True)
def _told(*cells: Any) -> str:
    """Return the cells that most findings have in common with those of other hosts: ``typed``,
    for 0 is written otherwise than no.
    """
    return ",".join([_known(cell) for cell in cells])


def _known(value: Any) -> str:
    """Return the cell of something that many findings of a run have in common."""
    if value.__class__ is str and len(value) <= _LONGEST_KNOWN:
        return _known_text(value)
    return _cell(value)


@lru_cache(maxsize=_MOST_KNOWN)
def _known_text(text: str) -> str:
    return _cell(text)


def _cell(value: Any) -> str:
    """Return one cell in quotation marks, those inside doubled (RFC 4180 section 2)."""
    text = _inert(value).replace('"', '""')
    return f'"{text}"'


def _inert(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    text = neutralise(str(value), _MOST)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


HEAD = ",".join(map(_cell, COLUMNS)) + "\r\n"
"""The first line of the file."""
