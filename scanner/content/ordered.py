"""A table beside the order it belongs to: its rows, their dates, the kinds nobody ordered.

Dates are compared here and only counted: none leaves.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, TypeAlias

from scanner.content.lexicon import CONCEPTS, concept_of
from scanner.content.scene import Naming
from scanner.content.tables import MOST_COLUMNS, Table
from scanner.content.text import Sections
from scanner.model.content import ContentFacts, DateCheck, DateRange, TableFacts
from scanner.model.late import late

MOST_TABLES: Final = 16
"""Tables told of one file; more leave it undecided."""

_ISO: Final = late(r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](.{0,40}))?")
_DENSE: Final = late(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{4}|\d{6})?")
_EUROPEAN: Final = late(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: .{0,40})?")
_ZONE: Final = late(r"\d\d:\d\d\S{0,20}(?:Z|[+-]\d\d:?\d\d)$")
_MEANS: Final = {
    "nir": "national-id",
    "credentials": "password",
    "hashed-credentials": "password",
    "password-hash": "password",
}


def told_beside_order(
    facts: ContentFacts, table: Table, sections: Sections, naming: Naming
) -> ContentFacts:
    """Return the facts of a delimited text with its table beside the order, if there is one."""
    if not naming.has_order:
        return facts
    reader = _Reader(table, naming)
    for number, part in enumerate(sections.parts):
        reader.read(_rows(_inner(part) if number else part, table.delimiter), first=not number)
    sound = reader.sound and not sections.parts[0].count('"') % 2
    whole = sections.whole and sound and table.header is not None
    told = reader.told(facts, whole=whole)
    return replace(facts, tables=(told,), all_tables=whole)


def rows_beside_order(
    facts: ContentFacts, table: Table, naming: Naming, *, whole: bool = False
) -> ContentFacts:
    """Return the facts of records, their table beside the order.

    ``whole``: the table holds every row and every field of the file.
    """
    if not naming.has_order:
        return facts
    reader = _Reader(table, naming)
    reader.read(iter(table.rows), first=False)
    whole = whole and len(table.rows) == table.row_count
    return replace(facts, tables=(reader.told(facts, whole=whole),), all_tables=whole)


def joined_tables(
    seen: Sequence[ContentFacts], *, every: bool
) -> tuple[tuple[TableFacts, ...], bool]:
    """Return the tables of all members, and whether the container holds nothing else."""
    tables = tuple(table for facts in seen for table in facts.tables)
    whole = every and all(facts.all_tables for facts in seen) and len(tables) <= MOST_TABLES
    return tables[:MOST_TABLES], whole and bool(tables)


def unordered_kinds(facts: ContentFacts, naming: Naming) -> tuple[str, ...]:
    """Return the kinds of data found that no ordered field names.

    Only what cannot be meant counts: where an ordered name is no word of the lexicon, nobody
    knows what it asks for. A column that was not ordered is told as such, not by its kinds.
    """
    if not naming.has_order:
        return ()
    ordered = {_MEANS.get(concept or "", concept) for concept in naming.concepts}
    names = {column.index: column.name for column in facts.columns if column.like is None}
    found: dict[str, None] = {}
    for kind in facts.kinds:
        concept = _MEANS.get(kind.kind, kind.kind)
        if concept not in CONCEPTS or concept in ordered:
            continue
        if kind.column is None or not facts.columns:
            excess = None not in ordered
        else:
            name = names.get(kind.column)
            excess = naming.is_ordered(name) and concept_of(name or "") is not None
        if excess:
            found[kind.kind] = None
    return tuple(found)


class _Reader:
    """Goes through rows once and counts. ``sound``: every row fits its header."""

    def __init__(self, table: Table, naming: Naming) -> None:
        self.table = table
        self.rows = 0
        self.sound = True
        header = table.header or ()
        found = [index for index, name in enumerate(header) if naming.is_date_field(name)]
        self._column = found[0] if len(found) == 1 else None
        self._dates = _Dates(naming.dates) if naming.dates else None

    def read(self, rows: Iterator[Sequence[str]], *, first: bool) -> None:
        """Count rows; ``first``: they begin with the header. Of windows only rows that fit."""
        width = self.table.width
        if first and self.table.header is not None:
            for _ in range(self.table.preamble + 1):
                next(rows, None)
        try:
            for row in rows:
                fits = len(row) <= width or not any(row[width:])
                self.sound &= fits and width < MOST_COLUMNS and not self._swallowed(row)
                if fits or first:
                    self.rows += 1
                    self._take(row)
        except csv.Error:
            self.sound = False

    def _swallowed(self, row: Sequence[str]) -> bool:
        """Whether a quote that nobody closed may have made a cell of further rows."""
        return any(
            "\n" in cell and cell.count(self.table.delimiter) >= self.table.width - 1
            for cell in row
        )

    def _take(self, row: Sequence[str]) -> None:
        if self._dates is not None and self._column is not None:
            cell = row[self._column] if self._column < len(row) else ""
            self._dates.take(cell.strip())

    def told(self, facts: ContentFacts, *, whole: bool) -> TableFacts:
        """Return what was counted."""
        dates = self._dates.told() if self._dates and self._column is not None else None
        rows = self.rows if whole else facts.rows
        return TableFacts(
            columns=facts.columns, rows=rows, rows_read=self.rows, whole=whole, dates=dates
        )


_Place: TypeAlias = bool | None
"""Inside the range, outside of it, or nobody can tell."""


class _Dates:
    """Counts cells inside and outside a range. 03/04 is read as the other rows show."""

    def __init__(self, wanted: DateRange) -> None:
        self._wanted = wanted
        self._plain: Counter[_Place] = Counter()
        self._either: Counter[tuple[_Place, _Place]] = Counter()
        self._day_first = self._month_first = False

    def take(self, cell: str) -> None:
        """Count one cell."""
        european = _EUROPEAN.fullmatch(cell[:60])
        if european is None:
            self._plain[self._plain_place(cell[:60])] += 1
            return
        one, two, year = (int(part) for part in european.groups())
        self._day_first |= one > 12
        self._month_first |= two > 12
        doubt = timedelta(days=bool(_ZONE.search(cell)))
        self._either[self._place(year, two, one, doubt), self._place(year, one, two, doubt)] += 1

    def _plain_place(self, cell: str) -> _Place:
        match = _ISO.fullmatch(cell) or _DENSE.fullmatch(cell)
        if match is None:
            return None
        year, month, day = (int(part) for part in match.groups()[:3])
        return self._place(year, month, day, timedelta(days=bool(_ZONE.search(cell))))

    def _place(self, year: int, month: int, day: int, doubt: timedelta) -> _Place:
        """Return where a day lies; a moment of another zone may be of the day beside it."""
        try:
            told = date(year, month, day)
            low, high = told - doubt, told + doubt
        except (ValueError, OverflowError):
            return None
        first = self._wanted.earliest or date.min
        last = self._wanted.latest or date.max
        if high < first or low > last:
            return False
        return True if first <= low and high <= last else None

    def told(self) -> DateCheck:
        """Return the counts, the cells that have two readings settled by the others."""
        count = Counter(self._plain)
        for (day_first, month_first), times in self._either.items():
            if self._day_first != self._month_first:
                count[day_first if self._day_first else month_first] += times
            else:
                count[day_first if day_first == month_first else None] += times
        return DateCheck(inside=count[True], outside=count[False], untold=count[None])


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    stream = io.StringIO(text, newline="")
    if '"' in text:
        return _filled(csv.reader(stream, delimiter=delimiter))
    return _filled(csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE))


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(row))


def _inner(part: str) -> str:
    """Return the whole lines of a window that starts and ends anywhere."""
    return part.partition("\n")[2].rpartition("\n")[0]
