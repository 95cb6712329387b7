"""Whose data is in a table? Signs per column, weighed together. Never a value leaves here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from scanner.content.lexicon import HEALTH_CONCEPTS, concept_of, rows_with_health_words
from scanner.content.nir import count_in_text, is_keyless_nir, is_nir
from scanner.content.tables import Table
from scanner.model.content import DataClass, DataKind

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]{1,63}(?:\.[^\s@.]{1,63})+")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|(?:19|20)\d{6}|\d{2}(?:19|20)\d{2}")
_PHONE = re.compile(r"\+?[\d .()/-]{8,24}")
_HASH = re.compile(r"\$2[aby]\$.{50,}|\$\w{1,12}\$.{10,}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|"
                   r"[0-9a-fA-F]{64}|[0-9a-fA-F]{128}")  # fmt: skip
_DIGIT = re.compile(r"\d")

_WEIGHTS: Final = {
    "national-id": 3.0,
    "surname": 2.0,
    "first-name": 2.0,
    "full-name": 2.0,
    "birth-date": 2.0,
    "email": 2.0,
    "phone": 2.0,
    "address": 1.0,
    "login": 1.0,
    "patient-id": 1.0,
    "sex": 0.5,
    "postcode": 0.5,
    **dict.fromkeys(HEALTH_CONCEPTS, 0.5),
}
_VALIDATED: Final = 3.0
_ENOUGH: Final = 4.0
_IDENTIFYING: Final = frozenset(
    {"national-id", "surname", "first-name", "full-name", "email", "phone"}
)
_LEAST_NIRS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSigns:
    """What one column shows: its concept (header and values agree), how many cells, how sure."""

    index: int
    concept: str | None
    count: int
    valid_share: float = 1.0
    validated: bool = False
    free_text: bool = False
    health_rows: int = 0
    hidden_nirs: int = 0

    @property
    def weight(self) -> float:
        """How much the column says that the table is about persons."""
        plain = _WEIGHTS.get(self.concept or "", 0.0)
        return plain + (_VALIDATED if self.validated else 0.0)


def read_columns(table: Table) -> tuple[ColumnSigns, ...]:
    """Return the signs of every column."""
    header = table.header or ()
    return tuple(
        _signs(index, concept_of(header[index]) if index < len(header) else None,
               table.column(index))
        for index in range(table.width)
    )  # fmt: skip


def kinds_of(columns: Sequence[ColumnSigns]) -> tuple[DataKind, ...]:
    """Weigh the columns of one table and return its kinds of data, empty when of no person."""
    found = [*_secrets(columns)]
    seen = {column.concept for column in columns if column.count}
    identifying = bool(seen & _IDENTIFYING)
    if identifying and sum(column.weight for column in columns if column.count) >= _ENOUGH:
        found += _personal(columns)
        found += _health(columns)
    elif "patient-id" in seen and seen & HEALTH_CONCEPTS:
        # A pseudonym is still a person (GDPR art. 4(5)).
        found += [_kind("pseudonymised-health", DataClass.HEALTH, column) for column in columns
                  if column.concept == "patient-id"]  # fmt: skip
    found += [DataKind(kind="nir", data_class=DataClass.PERSONAL,
                       count=column.hidden_nirs, column=column.index)
              for column in columns if column.hidden_nirs >= _LEAST_NIRS]  # fmt: skip
    return tuple(found)


def _signs(index: int, concept: str | None, cells: list[str]) -> ColumnSigns:
    nirs = sum(is_nir(cell) for cell in cells)
    if nirs and (concept == "national-id" or (nirs >= _LEAST_NIRS and nirs * 2 >= len(cells))):
        return ColumnSigns(index=index, concept="national-id", count=nirs, validated=True,
                           valid_share=nirs / len(cells))  # fmt: skip
    concept = _shown_by_values(concept, cells)
    share = _agreement(concept, cells)
    free_text = _is_free_text(concept, cells)
    return ColumnSigns(
        index=index,
        concept=concept if share >= 0.6 else None,
        count=round(share * len(cells)),
        valid_share=share,
        free_text=free_text,
        health_rows=rows_with_health_words(cells[:1000]) if free_text else 0,
        hidden_nirs=sum(count_in_text(cell, 5) for cell in cells) if free_text else 0,
    )


def _shown_by_values(concept: str | None, cells: Sequence[str]) -> str | None:
    """Return the concept, made sharper where the values tell more than the header."""
    if concept is None and len(cells) >= 3 and _share(_EMAIL, cells) >= 0.8:
        return "email"
    if concept == "password" and cells and _share(_HASH, cells) >= 0.8:
        return "password-hash"
    return concept


def _share(pattern: re.Pattern[str], cells: Sequence[str]) -> float:
    return sum(bool(pattern.fullmatch(cell)) for cell in cells) / len(cells)


def _agreement(concept: str | None, cells: Sequence[str]) -> float:
    """Return the share of cells that look like what the header says (1.0 where any may do)."""
    if concept is None or not cells:
        return 0.0
    if concept in {"surname", "first-name", "full-name"}:
        return sum(not _DIGIT.search(cell) for cell in cells) / len(cells)
    if concept == "national-id":
        return sum(is_keyless_nir(cell) for cell in cells) / len(cells)
    pattern = {"birth-date": _DATE, "email": _EMAIL, "phone": _PHONE}.get(concept)
    return _share(pattern, cells) if pattern else 1.0


def _is_free_text(concept: str | None, cells: Sequence[str]) -> bool:
    if concept == "comment":
        return True
    if concept not in {None, "result", "treatment", "diagnosis"} or len(cells) < 2:
        return False
    sample = cells[:200]
    wordy = sum(len(cell) >= 30 and cell.count(" ") >= 4 for cell in sample)
    return wordy * 2 >= len(sample)


def _personal(columns: Sequence[ColumnSigns]) -> Iterator[DataKind]:
    for column in columns:
        if column.concept in _WEIGHTS and column.concept not in HEALTH_CONCEPTS and column.count:
            kind = "nir" if column.validated else column.concept
            yield _kind(kind, DataClass.PERSONAL, column)


def _health(columns: Sequence[ColumnSigns]) -> Iterator[DataKind]:
    told = [column for column in columns if column.concept in HEALTH_CONCEPTS and column.count]
    if len(told) >= 2:
        for column in told:
            yield _kind(column.concept or "", DataClass.HEALTH, column)
    for column in columns:
        if column.health_rows >= 2:
            yield DataKind(kind="health-words", data_class=DataClass.HEALTH,
                           count=column.health_rows, column=column.index)  # fmt: skip


def _secrets(columns: Sequence[ColumnSigns]) -> Iterator[DataKind]:
    """A password column beside a login or an e-mail address. Told apart: hashed or readable."""
    concepts = {column.concept for column in columns if column.count}
    if not concepts & {"login", "email"}:
        return
    for column in columns:
        if column.concept in {"password", "password-hash"} and column.count:
            hashed = column.concept == "password-hash"
            yield _kind("hashed-credentials" if hashed else "credentials", DataClass.SECRET, column)


def _kind(kind: str, data_class: DataClass, column: ColumnSigns) -> DataKind:
    return DataKind(kind=kind, data_class=data_class, count=column.count,
                    valid_share=round(column.valid_share, 3), column=column.index)  # fmt: skip
