"""Delimited tables: a linear sniffer, a header, and rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from scanner.model.frozen import dataclass
from scanner.model.late import late

_QUOTED_IN_LINE = late(r'"[^"\n]*"')
_QUOTED = late(r'"[^"]*"')
_LONG_DIGITS = late(r"\d{4}")
_DIGIT = late(r"\d")
_LINE = late(r"[^\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_DELIMITERS = ";\t,|"
_SNIFFED_LINES = 30
_MOST_SNIFFED = 65_536
_MOST_HEADING = 80
_MOST_PREAMBLE = 12
_LEAST_KNOWN = 2
MOST_COLUMNS = 512
MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``header`` is None where the first row is data; ``preamble`` rows, such as a title and the
    day of the export, stand before it. ``rows`` is capped, ``row_count`` is not and says how many
    data rows the text holds.
    """

    delimiter: str
    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    preamble: int = 0

    @property
    def width(self) -> int:
        """The number of columns."""
        if self.header is not None:
            return len(self.header)
        return max((len(row) for row in self.rows), default=0)

    def column(self, index: int) -> list[str]:
        """Return the non-empty cells of a column."""
        return [row[index] for row in self.rows if index < len(row) and row[index]]


def read_table(text: str, is_known: Callable[[str], bool]) -> Table | None:
    """Read a table from its first line on, or return None where the text is none."""
    sample = text[:_MOST_SNIFFED]
    delimiter = sniff_delimiter(_lines(sample), is_known)
    if delimiter is None and '"' in sample:
        # Line ends inside quotes make lines uneven.
        delimiter = sniff_delimiter(_lines(_QUOTED.sub("", sample)), is_known)
    if delimiter is None:
        return None
    rows, count = _rows(text, delimiter)
    if not rows:
        return None
    before = _preamble(rows[: _MOST_PREAMBLE + 1], is_known)
    if before or _is_header(rows[0], rows[1:50], is_known):
        return Table(
            delimiter=delimiter,
            header=rows[before],
            rows=tuple(rows[before + 1 :]),
            row_count=count - before - 1,
            preamble=before,
        )
    return Table(delimiter=delimiter, header=None, rows=tuple(rows), row_count=count)


def read_rows(text: str, table: Table) -> Table:
    """Read more rows of a table from a window that starts and ends anywhere."""
    _, _, text = text.partition("\n")
    text, _, _ = text.rpartition("\n")
    rows, count = _rows(text, table.delimiter)
    fitting = tuple(row for row in rows if len(row) == table.width)
    return Table(delimiter=table.delimiter, header=table.header, rows=fitting, row_count=count)


def sniff_delimiter(lines: Sequence[str], is_known: Callable[[str], bool]) -> str | None:
    """Return the delimiter that splits most lines alike, or None. One pass for each candidate."""
    bare = [_QUOTED_IN_LINE.sub("", line) if '"' in line else line for line in lines]
    best, best_score = None, 0.0
    for delimiter in _DELIMITERS:
        score = _evenness([line.count(delimiter) for line in bare])
        if score > best_score:
            best, best_score = delimiter, score
    if best is None and lines and is_known(lines[0].strip().strip('"')):
        return ";"  # a table of one column
    if best is not None and len(lines) == 1:
        return best if any(is_known(cell.strip(' "')) for cell in lines[0].split(best)) else None
    return best


def _lines(text: str) -> list[str]:
    lines = islice((match.group() for match in _LINE.finditer(text)), _SNIFFED_LINES)
    return [line for line in lines if line.strip()]


def _evenness(counts: Sequence[int]) -> float:
    """Share of lines with the commonest count, a little more for more columns; 0 when uneven."""
    if not counts:
        return 0.0
    modal, times = Counter(counts).most_common(1)[0]
    share = times / len(counts)
    return share + min(modal, 50) / 100 if modal and share >= 0.8 else 0.0


def _rows(text: str, delimiter: str) -> tuple[list[tuple[str, ...]], int]:
    stream = io.StringIO(text, newline="")
    reader = (
        csv.reader(stream, delimiter=delimiter)
        if '"' in text
        else csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    )
    rows: list[tuple[str, ...]] = []
    count = 0
    try:
        for row in reader:
            if not any(row):
                continue
            count += 1
            if len(rows) <= MOST_ROWS:
                rows.append(tuple([cell.strip()[:1000] for cell in row[:MOST_COLUMNS]]))
    except csv.Error:
        # An unclosed quote ran into the field limit: what was read so far stands.
        return rows, count
    return rows, count


def _preamble(rows: Sequence[Sequence[str]], is_known: Callable[[str], bool]) -> int:
    """Return how many rows stand before a header that names at least two known things.

    A row before it that does the same, or fills as many cells, is data or the header itself.
    """
    for number, row in enumerate(rows):
        filled = [cell for cell in row if cell]
        known = sum(len(cell) <= _MOST_HEADING and is_known(cell) for cell in filled)
        if known >= _LEAST_KNOWN:
            titles = all(sum(map(bool, each)) < len(filled) for each in rows[:number])
            numbers = any(_LONG_DIGITS.search(cell) for cell in filled)
            return number if titles and not numbers else 0
    return 0


def _is_header(
    first: Sequence[str], others: Sequence[Sequence[str]], is_known: Callable[[str], bool]
) -> bool:
    """Whether the first row names columns. In doubt it is data: no value may become a name."""
    if any(_LONG_DIGITS.search(cell) or len(cell) > _MOST_HEADING for cell in first):
        return False
    if any(is_known(cell) for cell in first):
        return True
    if len(set(first)) != len(first) or any(not cell or _DIGIT.search(cell) for cell in first):
        return False
    return any(_is_numeric([row[index] for row in others if index < len(row)])
               for index in range(len(first)))  # fmt: skip


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) >= 2 and all(_DIGIT.search(cell) for cell in filled)
