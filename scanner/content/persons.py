"""How many different persons the rows of a table are about. Cells are compared in memory only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanner.content.column_signs import ColumnSigns
from scanner.content.tables import Table

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


def persons_in(table: Table, columns: Sequence[ColumnSigns], rows: int) -> int:
    """Return how many persons a table of ``rows`` rows is about, scaled from those that were kept.

    A person of many rows counts once. Where no column tells persons apart, each row is one.
    """
    kept = len(table.rows)
    if not kept:
        return 0
    at = _identity(columns)
    seen = {key for row in table.rows if any(key := _key(row, at))} if at else None
    if not seen:
        return rows
    return max(1, round(len(seen) * max(rows, kept) / kept))


def _key(row: Sequence[str], at: Sequence[int]) -> tuple[str, ...]:
    return tuple(row[index].casefold() if index < len(row) else "" for index in at)


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
