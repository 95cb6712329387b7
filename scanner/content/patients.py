"""Patients of a health file, counted. Who they are is compared in memory and goes no further."""

from __future__ import annotations

from collections.abc import Hashable

from scanner.content.nir import is_nir
from scanner.content.text import Sections
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_MOST_TOLD_APART = 100_000
_MOST_CELL = 1000


class Patients:
    """The patients met so far in one file of a health format, such as ``hl7``."""

    def __init__(self, family: str) -> None:
        self._family = family
        self._different: set[Hashable] = set()
        self._named = 0
        self._numbered = 0
        self._nirs = 0

    def add(self, identity: Hashable, *, named: bool, cells: tuple[str, ...] = ()) -> None:
        """Count one mention of a patient. ``cells`` may hold a NIR.

        Without a name, a birth or a NIR only a pseudonym is left: still a person (GDPR art. 4(5)).
        """
        has_nir = any(is_nir(cell[:_MOST_CELL]) for cell in cells)
        self._nirs += has_nir
        if named or has_nir:
            self._named += 1
        else:
            self._numbered += 1
        if len(self._different) < _MOST_TOLD_APART:
            self._different.add(identity)

    def facts(self, name: str, sections: Sections | None = None) -> ContentFacts:
        """Return what was met as facts of a file of format ``name``."""
        mentions = self._named + self._numbered
        kinds = []
        if self._named:
            kinds.append(_health(f"{self._family}-patient", self._named))
        if self._numbered:
            kinds.append(_health("pseudonymised-health", self._numbered))
        if self._nirs:
            kinds.append(DataKind(kind="nir", data_class=DataClass.PERSONAL, count=self._nirs,
                                  valid_share=round(self._nirs / mentions, 3)))  # fmt: skip
        persons = len(self._different)
        if sections is not None:
            persons = sections.scaled(persons)
        return ContentFacts(format=name, state=ContentState.CLEAR, kinds=tuple(kinds),
                            persons=persons if mentions else None)  # fmt: skip


def _health(kind: str, count: int) -> DataKind:
    return DataKind(kind=kind, data_class=DataClass.HEALTH, count=count)
