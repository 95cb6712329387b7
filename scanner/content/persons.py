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
# The first of these that a table has tells its persons apart.
_IDENTITIES: Final = (
    frozenset({"patient-id", "subject-id"}),
    frozenset({"surname", "first-name", "full-name", "name", "birth-date"}),
    frozenset({"email"}),
    frozenset({"login"}),
    frozenset({"phone"}),
    frozenset({"card"}),
    frozenset({"iban"}),
)


def persons_in(table: Table, columns: Sequence[ColumnSigns], rows: int | None) -> int | None:
    """Return how many persons a table of ``rows`` rows is about, scaled from those that were kept;
    None where the number of rows is not known.

    A person of many rows counts once. Where no column tells persons apart, each row is one.
    """
    kept = len(table.rows)
    if rows is None or not kept:
        return rows
    at = _identity(columns)
    if not at:
        return rows
    last, whole = max(at), itemgetter(*at)
    seen = {whole(row) for row in table.rows if last < len(row)}
    seen -= {"", ("",) * len(at)}
    if not seen:
        return rows
    return max(1, round(len(seen) * max(rows, kept) / kept))


def addresses_in(parts: Sequence[str]) -> int:
    """Return how many e-mail addresses stand in the parts of a text, up to a quota for each."""
    return sum(
        sum(1 for _ in _ADDRESS.places(part, _MOST_ADDRESSES)) for part in parts if "@" in part
    )


def _identity(columns: Sequence[ColumnSigns]) -> tuple[int, ...]:
    told = [column for column in columns if column.count]
    numbers = [column for column in told if column.validated and column.concept == "national-id"]
    if numbers:
        return (max(numbers, key=lambda column: column.valid_share).index,)
    for concepts in _IDENTITIES:
        at = tuple(column.index for column in told if column.concept in concepts)
        if at:
            return at
    return ()
