"""XML by a bounded scanner of tags: no entity is expanded, no document type is read, and a cut
document is as good as a whole one.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from scanner.content.lexicon import concept_of
from scanner.content.tables import MOST_COLUMNS, MOST_ROWS, Table
from scanner.content.text import Sections
from scanner.model.late import late

# A try ends at the next bracket: no text is looked at twice.
_TAG: Final = late(r"<(/?)([A-Za-z_][A-Za-z0-9_.:-]{0,100})((?:\s[^<>]{0,900})?)>")
_START: Final = late(r"\s{0,64}(?:<\?xml|<!DOCTYPE|<!--|<[A-Za-z_][\w.:-]{0,100}[\s>/])")
_ATTRIBUTE: Final = late(r"""([\w.:-]{1,64})\s{0,4}=\s{0,4}(?:"([^"]{0,500})"|'([^']{0,500})')""")
_MOST_TAGS: Final = 60_000
_MOST_DEPTH: Final = 64
_MOST_CELLS: Final = 64
_ROWS: Final = frozenset({"row", "tr", "table-row"})
_CELLS: Final = frozenset({"cell", "td", "th", "table-cell"})
_LEAST_ROWS: Final = 3
_MOST_CELL: Final = 1000


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. ``before`` is the text since the tag before it, at most 1000 characters."""

    name: str
    closing: bool
    empty: bool
    attributes: str
    before: str

    def cells(self) -> Mapping[str, str]:
        """Return the attributes, by local name."""
        pairs = ((name, one or other) for name, one, other in _ATTRIBUTE.findall(self.attributes))
        return {local(name): html.unescape(value) for name, value in pairs
                if not name.startswith("xmlns")}  # fmt: skip


@dataclass(slots=True)
class _Open:
    """An element whose end was not met yet, and what its leaves said."""

    name: str
    leaf: bool = True
    cells: dict[str, str] = field(default_factory=dict)


def is_xml(text: str) -> bool:
    """Whether a text starts like XML (or HTML)."""
    return _START.match(text) is not None


def root_of(text: str) -> str:
    """Return the local name of the first element, empty where there is none."""
    first = _TAG.search(text[:8192])
    return local(first[2]) if first else ""


def tags_of(text: str) -> Iterator[Tag]:
    """Yield the tags of a text in their order. One pass, at most 60,000 of them."""
    done = 0
    for match in islice(_TAG.finditer(text), _MOST_TAGS):
        start, end = match.span()
        inner = text[start + 1 : end - 1]
        closing, empty = inner.startswith("/"), inner.endswith("/")
        inner = inner.strip("/")
        name = inner.split(None, 1)[0]
        before = text[done : min(start, done + 1000)]
        yield Tag(local(name), closing, empty, inner[len(name) :], before)
        done = end


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2]


def read_xml(sections: Sections) -> list[Table] | None:
    """Return the tables that repeated elements make, or None where the text is no XML.

    Rows of cells, as in HTML and in spreadsheets, are a table by their places. Otherwise leaves and
    attributes are cells of every element around them, so that a name inside a person is the
    person's; the caller chooses among the tables.
    """
    if not is_xml(sections.parts[0]):
        return None
    found: dict[str, list[dict[str, str]]] = {}
    left = MOST_ROWS
    for part in sections.parts:
        for name, record in _records(part):
            if left > 0 and len(record) >= 2:
                found.setdefault(name, []).append(record)
                left -= 1
    grid = _grid(sections)
    return [*([grid] if grid else []), *map(_table, found.values())]


def _grid(sections: Sections) -> Table | None:
    """Return the table that rows of cells make, its first row the header if that names anything."""
    rows = [row for part in sections.parts for row in _rows(part) if any(row)][: MOST_ROWS + 1]
    if len(rows) < _LEAST_ROWS or max(map(len, rows)) < 2:
        return None
    header = rows[0] if any(map(concept_of, rows[0])) else None
    rows = rows[1:] if header else rows
    return Table(delimiter=",", header=header, rows=tuple(rows), row_count=len(rows))


def _rows(text: str) -> Iterator[tuple[str, ...]]:
    cells: list[str] = []
    cell: list[str] | None = None
    for tag in tags_of(text):
        name = tag.name.lower()
        if cell is not None and tag.before.strip():
            cell.append(html.unescape(_bare(tag.before)))
        if name in _CELLS:
            if cell is not None or tag.empty:
                cells.append(" ".join(cell or ())[:_MOST_CELL])
            cell = None if tag.closing or tag.empty else []
        elif name in _ROWS:
            if tag.closing:
                yield tuple(cells[:MOST_COLUMNS])
            cells, cell = [], None


def _records(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    stack: list[_Open] = []
    for tag in tags_of(text):
        if not tag.closing:
            if stack:
                stack[-1].leaf = False
            if tag.empty:
                yield from _close(_opened(tag), stack, "")
            elif len(stack) < _MOST_DEPTH:
                stack.append(_opened(tag))
        elif stack and stack[-1].name == tag.name:
            yield from _close(stack.pop(), stack, tag.before)


def _opened(tag: Tag) -> _Open:
    element = _Open(tag.name)
    for name, value in tag.cells().items():
        # <birthDate value="..."/> says what <birthDate>...</birthDate> says.
        element.cells[tag.name if name == "value" else name] = value.strip()
    return element


def _close(element: _Open, stack: list[_Open], text: str) -> Iterator[tuple[str, dict[str, str]]]:
    if element.leaf and text.strip():
        element.cells[element.name] = html.unescape(_bare(text))
    if len(element.cells) >= 2:
        yield element.name, element.cells
    if stack:
        around = stack[-1].cells
        for name, value in element.cells.items():
            if len(around) < _MOST_CELLS:
                around.setdefault(name, value)


def _bare(text: str) -> str:
    return text.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()


def _table(records: list[dict[str, str]]) -> Table:
    header = tuple(dict.fromkeys(name for record in records for name in record))[:MOST_COLUMNS]
    rows = tuple(tuple(record.get(name, "") for name in header) for record in records)
    return Table(delimiter=",", header=header, rows=rows, row_count=len(rows))
