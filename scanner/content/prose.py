"""Everything that is text: HL7, dumps, records, tables, and plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner.content.column_signs import read_columns
from scanner.content.health_formats import HEALTH_READERS
from scanner.content.jsons import read_json
from scanner.content.kinds import kinds_of, merged
from scanner.content.ordered import MOST_TABLES, rows_beside_order, told_beside_order
from scanner.content.persons import persons_in
from scanner.content.ranges import Asking
from scanner.content.running_text import with_running_text
from scanner.content.scene import Naming, Scene
from scanner.content.sealed import is_base64
from scanner.content.sql import is_sql, sql_tables
from scanner.content.tables import Table, read_rows, read_table
from scanner.content.text import Sections, decoded, encoding_of
from scanner.content.xmls import read_xml
from scanner.model.content import ContentFacts, ContentState, DataClass

_WINDOWS: Final = 8
_WINDOW: Final = 16_384
_READ_WHOLE: Final = 262_144
_MOST_ELEMENTS: Final = 64
_NAMES: Final = {"\t": "tsv"}


def recognise_text(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a text file, or None where the bytes are not text."""
    encoding = encoding_of(scene.head)
    if encoding is None:
        return None
    if len(scene.head) >= 256 and is_base64(scene.head):
        return ContentFacts(format="base64", state=ContentState.OPAQUE)
    sections = yield from _sections(scene, encoding)
    for reader in HEALTH_READERS:
        facts = reader(sections)
        if facts is not None:
            return facts
    return _records(scene, sections) or _plain(sections)


def _sections(scene: Scene, encoding: str) -> Asking[Sections]:
    """Read a small or ordered file whole, of a bigger one the head and windows spread over it."""
    source, head = scene.source, scene.head
    ordered = scene.naming.has_order and source.size <= len(head) + source.budget.left
    if source.size <= _READ_WHOLE or ordered:
        rest = yield from source.read(len(head), source.size - len(head))
        data = head + rest
        whole = source.complete and len(data) >= source.size
        return Sections((decoded(data, encoding),), (len(data),), whole, _size(scene))
    parts = [head]
    step = (source.size - len(head)) // _WINDOWS
    for number in range(1, _WINDOWS + 1):
        # Offsets that four divides keep wide encodings in step.
        offset = (len(head) + step * number - min(step, _WINDOW)) & ~3
        parts.append((yield from source.read(offset, min(step, _WINDOW))))
    parts = [part for part in parts if part]
    return Sections(tuple(decoded(part, encoding) for part in parts),
                    tuple(len(part) for part in parts), whole=False, size=_size(scene))  # fmt: skip


def _size(scene: Scene) -> int | None:
    return scene.source.size if scene.source.complete else None


def _records(scene: Scene, sections: Sections) -> ContentFacts | None:
    """Read the text as SQL, JSON or a delimited table."""
    first = sections.parts[0]
    if is_sql(first):
        return _several("sql", sql_tables(sections), sections, scene.naming)
    records = read_json(sections)
    if records is not None:
        name, tables, flat = records
        if len(tables) != 1:
            return _several(name, tables, sections, scene.naming)
        facts = _table_facts(name, tables, scene.naming, _row_estimate(tables, scene, sections))
        facts = rows_beside_order(facts, tables[0], scene.naming, whole=flat)
        return facts if facts.kinds else with_running_text(facts, sections)
    elements = read_xml(sections)
    if elements is not None:
        return _elements(elements, sections, scene.naming)
    table_read = read_table(first, scene.naming.is_known)
    if table_read is None:
        return None
    parts = [table_read, *(read_rows(part, table_read) for part in sections.parts[1:])]
    rows = _row_estimate(parts, scene, sections)
    name = _NAMES.get(table_read.delimiter, "csv")
    facts = _table_facts(name, parts, scene.naming, rows)
    facts = told_beside_order(facts, table_read, sections, scene.naming)
    return facts if facts.kinds else with_running_text(facts, sections)


def _row_estimate(parts: list[Table], scene: Scene, sections: Sections) -> int | None:
    """Return how many data rows the file has: counted, or the size over the mean row."""
    counted = sum(part.row_count for part in parts)
    if sections.whole:
        return counted
    if not scene.source.complete or not counted:
        return None
    # Each window cuts a row at either end: one row's worth of bytes that no part counted.
    counted += len(parts) - 1
    return round(scene.source.size * counted / sum(sections.lengths))


def _table_facts(name: str, parts: list[Table], naming: Naming, rows: int | None) -> ContentFacts:
    first = parts[0]
    joined = Table(delimiter=first.delimiter, header=first.header,
                   rows=tuple(row for part in parts for row in part.rows),
                   row_count=sum(part.row_count for part in parts))  # fmt: skip
    signs = read_columns(joined)
    header = first.header
    columns = tuple(
        naming.column(sign.index, header[sign.index] if header else None, free_text=sign.free_text)
        for sign in signs
    )
    kinds = kinds_of(signs)
    personal = any(kind.data_class is not DataClass.SECRET for kind in kinds)
    persons = persons_in(joined, signs, rows) if personal else None
    return ContentFacts(format=name, state=ContentState.CLEAR, kinds=kinds,
                        columns=columns, rows=rows, persons=persons)  # fmt: skip


def _several(name: str, tables: list[Table], sections: Sections, naming: Naming) -> ContentFacts:
    """Join the facts of a file's tables: columns and rows only where there is one table.

    Its tables may be about the same people: the fullest one tells how many they are.
    """
    facts = [
        rows_beside_order(_table_facts(name, [table], naming, table.row_count), table, naming)
        for table in tables
    ]
    if len(facts) == 1 and sections.whole:
        return facts[0]
    persons = max((each.persons for each in facts if each.persons), default=None)
    joined = ContentFacts(format=name, state=ContentState.CLEAR,
                          kinds=merged([kind for each in facts for kind in each.kinds]),
                          persons=sections.scaled(persons) if persons else None,
                          tables=tuple(table for each in facts[:MOST_TABLES]
                                       for table in each.tables))  # fmt: skip
    return joined if joined.kinds else with_running_text(joined, sections)


def _elements(tables: list[Table], sections: Sections, naming: Naming) -> ContentFacts:
    """Return the facts of the elements that hold most about persons; kinds without columns.

    Cells are those of every element around them: the same persons would count once for each.
    """
    best = ContentFacts(format="xml", state=ContentState.CLEAR)
    for table in tables[:_MOST_ELEMENTS]:
        rows = sections.scaled(table.row_count)
        facts = _table_facts("xml", [table], naming, rows)
        if _worth(facts) > _worth(best):
            best = replace(facts, kinds=tuple(replace(kind, column=None) for kind in facts.kinds),
                           columns=())  # fmt: skip
    return best if best.kinds else with_running_text(best, sections)


def _worth(facts: ContentFacts) -> tuple[int, int]:
    return len(facts.kinds), sum(kind.count for kind in facts.kinds)


def _plain(sections: Sections) -> ContentFacts:
    return with_running_text(ContentFacts(format="text", state=ContentState.CLEAR), sections)
