"""How many different persons a table is about, and how many addresses a text holds.

Who they are is compared in memory and goes no further.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from scanner.content.column_signs import ColumnSigns
from scanner.content.patterns import Pattern
from scanner.content.tables import Table

_ADDRESS: Final = Pattern(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}"
)
_MOST_ADDRESSES: Final = 10_000
_BY_THEMSELVES: Final = ("national-id", "patient-id", "email")
_TOGETHER: Final = frozenset({"surname", "first-name", "full-name", "name", "birth-date"})


def persons_in(table: Table, signs: Sequence[ColumnSigns], rows: int | None) -> int | None:
    """Return how many persons ``rows`` rows are about, by the share of different ones among those
    read; None where the number of rows is not known.
    """
    if rows is None or not table.rows:
        return rows
    columns = _identity(signs)
    if not columns:
        return rows
    whole = itemgetter(*columns)
    last = max(columns)
    different = {whole(row) for row in table.rows if last < len(row)}
    return round(rows * len(different) / len(table.rows))


def addresses_in(parts: Sequence[str]) -> int:
    """Return how many e-mail addresses stand in the parts of a text, up to a quota for each."""
    return sum(
        sum(1 for _ in _ADDRESS.places(part, _MOST_ADDRESSES)) for part in parts if "@" in part
    )


def _identity(signs: Sequence[ColumnSigns]) -> list[int]:
    """Return the columns that tell one person from another: a number, else names and births."""
    for concept in _BY_THEMSELVES:
        for sign in signs:
            if sign.concept == concept and sign.count and sign.valid_share >= 0.8:
                return [sign.index]
    return [sign.index for sign in signs if sign.concept in _TOGETHER and sign.count]
