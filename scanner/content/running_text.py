"""What text holds that is no table: labelled values, numbers that prove themselves, secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner.content.column_signs import read_columns
from scanner.content.credentials import credentials_in
from scanner.content.kinds import kinds_of
from scanner.content.labelled import read_labelled
from scanner.content.lexicon import rows_with_health_words
from scanner.content.nir import count_in_text, stray_nirs
from scanner.content.patterns import Pattern
from scanner.content.payment import count_cards
from scanner.content.persons import addresses_in, persons_in
from scanner.content.text import Sections
from scanner.model.content import ContentFacts, DataClass, DataKind

_NIR_WORDS: Final = Pattern(
    r"\bNIR\b|s[ée]curit[ée] sociale|num[ée]ro d.assur[ée]|num[ée]ro INSEE|n° ?ss\b"
    r"|social security",
    ignore_case=True,
)
_MOST_LINES: Final = 2_000
_LEAST_LINES: Final = 2


def with_running_text(facts: ContentFacts, sections: Sections) -> ContentFacts:
    """Return facts with what running text tells: persons, secrets, numbers, and contacts.

    Three valid NIRs are no accident, and one is none beside its word. E-mail addresses are only
    counted.
    """
    kinds = [*credentials_in(sections), *_numbers(sections)]
    labelled, persons = _labelled(sections)
    seen = {kind.kind for kind in labelled}
    kinds = labelled + [kind for kind in kinds if kind.kind not in seen]
    contacts = sections.scaled(addresses_in(sections.parts))
    if persons is None and any(kind.kind == "nir" for kind in kinds):
        persons = sections.scaled(max(kind.count for kind in kinds if kind.kind == "nir"))
    return replace(facts, kinds=tuple(kinds), persons=persons, contacts=contacts)


def _numbers(sections: Sections) -> list[DataKind]:
    nirs = stray_nirs(sections.parts)
    if not nirs:
        few = sum(count_in_text(part) for part in sections.parts)
        nirs = few if few and any(map(_NIR_WORDS.is_in, sections.parts)) else 0
    cards = sum(count_cards(part) for part in sections.parts)
    return [DataKind(kind=kind, data_class=DataClass.PERSONAL, count=count)
            for kind, count in (("nir", nirs), ("card", cards)) if count]  # fmt: skip


def _labelled(sections: Sections) -> tuple[list[DataKind], int | None]:
    table = read_labelled(sections)
    if table is None:
        return [], None
    signs = read_columns(table)
    kinds = [replace(kind, column=None) for kind in kinds_of(signs)]
    if all(kind.data_class is DataClass.SECRET for kind in kinds):
        return kinds, None
    lines = [line for part in sections.parts for line in part.splitlines()][:_MOST_LINES]
    ill = rows_with_health_words(lines)
    if ill >= _LEAST_LINES:
        kinds.append(DataKind(kind="health-words", data_class=DataClass.HEALTH, count=ill))
    return kinds, sections.scaled(persons_in(table, signs, table.row_count) or 0)
