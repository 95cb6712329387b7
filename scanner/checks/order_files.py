"""The files of an order, as one login saw them, and what their orders ask for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from scanner.checks.base import PAPERS, Question
from scanner.checks.personal import content_of, is_sidecar
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.content import Column, ContentFacts, TableFacts
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import FileFact, View

_NONE_MET: Final = Unobserved(Reason.NOT_LOOKED_AT, "no file of the order was met")
_DUMPS: Final = frozenset({"sql", "sqlite", "access"})
_DUMP_NAMES: Final = frozenset({"sql", "bak", "mdb", "accdb", "dmp", "dump", "sqlite", "sqlite3"})


@dataclass(frozen=True, slots=True)
class OrderFiles:
    """An order and its files that were kept, checksums and empty files left out.

    ``cut`` says why there may be further ones; empty where these are all.
    """

    order: Migration
    files: tuple[FileFact, ...]
    cut: str

    def contents(self) -> Iterator[tuple[FileFact, ContentFacts]]:
        """Yield the files that were read."""
        for file in self.files:
            content = content_of(file)
            if content is not None:
                yield file, content

    def tables(self) -> Iterator[tuple[FileFact, TableFacts]]:
        """Yield every table of them, with its file."""
        for file, content in self.contents():
            for table in tables_of(content):
                yield file, table

    @property
    def rows_read(self) -> int:
        """How many rows were looked at in all of them."""
        return sum(table.rows_read for _, table in self.tables())

    @property
    def unread(self) -> str:
        """Why these tables are not all that the order's files hold; empty where they are."""
        if self.cut:
            return self.cut
        whole = sum(content.readable and content.all_tables for _, content in self.contents())
        rest = len(self.files) - whole
        return f"{rest} of {len(self.files)} files were not read whole as tables" if rest else ""


def tables_of(content: ContentFacts) -> tuple[TableFacts, ...]:
    """Return the tables of a file that anyone can read; of old observations only the columns."""
    if not content.readable:
        return ()
    if content.tables or not content.columns:
        return content.tables
    return (TableFacts(columns=content.columns, rows=content.rows, rows_read=0, whole=False),)


def is_dump(file: FileFact, content: ContentFacts) -> bool:
    """Whether the file is a dump of a database, that holds more than one table or is not read."""
    if not content.readable or len(content.columns) or len(content.tables) == 1:
        return False
    inside = content.format.rpartition("/")[2]
    return inside in _DUMPS or file.extension in _DUMP_NAMES


def ask_orders(
    case: Case, orders: Iterable[Migration], *, required: bool = True
) -> Iterator[Question[OrderFiles]]:
    """Ask every login for the files of these orders. Anonymous counts only where it saw some."""
    for order in orders:
        questions = []
        for login in logins(case):
            reading = _files(login.view, order)
            if not (login.open_to_all and isinstance(reading, Unobserved)):
                way = f"{order.order_id} by {login.way_in}"
                questions.append(Question(login.vantage, way, reading, required))
        if any(isinstance(each.reading, Observed) for each in questions):
            # A login that met none of them is confined elsewhere: it tells nothing of them.
            yield from (each for each in questions if each.reading != _NONE_MET)
        elif questions:
            yield from questions
        else:
            told = "no login could look at the order's files"
            nobody = Unobserved(Reason.NOT_LOOKED_AT, told)
            yield Question(PAPERS, order.order_id, nobody, required)


def _files(view: Reading[View], order: Migration) -> Reading[OrderFiles]:
    if isinstance(view, Unobserved):
        return view
    walk = view.value.walk
    matching = [file for file in walk.files if order.order_id in file.orders]
    if not matching and not was_cut(view.value):
        return _NONE_MET
    files = tuple(file for file in matching if not (is_sidecar(file) or file.size == 0))
    found = OrderFiles(order, files, "")
    if not any(content.readable for _, content in found.contents()):
        return Unobserved(Reason.NOT_LOOKED_AT, "no table of the order was read")
    seen = next((each for each in walk.orders if each.order_id == order.order_id), None)
    if seen is None or not seen.complete or seen.patterns != order.paths:
        found = OrderFiles(order, files, "the order's paths were not walked whole")
    elif seen.files > len(matching):
        more = seen.files - len(matching)
        found = OrderFiles(order, files, f"{more} files are beyond what is kept of a listing")
    return Observed(found, view.evidence)


class Wanted:
    """What the orders of one file ask for together: a field that any of them names is ordered."""

    def __init__(self, orders: Iterable[Migration]) -> None:
        self._field: dict[str, str] = {}
        for order in orders:
            for name in order.fields:
                self._field[fold(name)] = fold(name)
            for name, aliases in order.aliases.items():
                self._field.update(dict.fromkeys(map(fold, aliases), fold(name)))
        self.fields = len(set(self._field.values()))

    def field(self, column: Column) -> str | None:
        """Return the ordered field that a column is, if it is one."""
        if column.name is None or column.like is not None:
            return None
        return self._field.get(fold(column.name))

    def sort(self, columns: Iterable[Column]) -> tuple[list[Column], list[Column]]:
        """Return the columns that nobody ordered, and those that may be one under another name.

        A column may be an ordered field that the table lacks, if it alone means the same; free
        text may not: what it holds is not told by its heading.
        """
        named = [(column, self.field(column)) for column in columns]
        present = {field for _, field in named if field}
        others = [column for column, field in named if field is None]
        likes = [self._field.get(fold(column.like)) if column.like else None for column in others]
        renamed = [
            column
            for column, like in zip(others, likes, strict=True)
            if like and like not in present and likes.count(like) == 1 and not column.free_text
        ]
        return [column for column in others if column not in renamed], renamed


def wanted_by(file: FileFact, orders: Mapping[str, Migration]) -> Wanted | None:
    """Return what a file's orders ask for; None where one of them lists no fields."""
    migrations = [orders[name] for name in file.orders if name in orders]
    return Wanted(migrations) if all(each.fields for each in migrations) else None


def is_headless(table: TableFacts) -> bool:
    """Whether the table has no headings at all."""
    return all(column.name is None and column.key is None for column in table.columns)


def fold(name: str) -> str:
    """Return a field name without case, accents or separators."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in bare if char.isalnum())
