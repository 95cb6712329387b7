"""Whose data is in a table? Signs per column, weighed together. Never a value leaves here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from scanner.content.column_signs import LEAST_NIRS, ColumnSigns
from scanner.content.lexicon import HEALTH_CONCEPTS
from scanner.model.content import DataClass, DataKind

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
    "iban": 1.0,
    "card": 1.0,
    "sex": 0.5,
    "postcode": 0.5,
    **dict.fromkeys(HEALTH_CONCEPTS, 0.5),
}
_VALIDATED: Final = 3.0
_ENOUGH: Final = 4.0
# No organisation has these.
_OF_PERSONS_ONLY: Final = frozenset(
    {"first-name", "birth-date", "national-id", "patient-id", "sex", "birth-place"}
)
_ALSO_OF_ORGANISATIONS: Final = frozenset(
    {"surname", "full-name", "name", "email", "phone", "address", "postcode", "iban"}
)
# Of these, one is enough to make a pseudonymised table one of health; others have plain uses too.
_TELLING: Final = frozenset({"diagnosis", "treatment", "blood-group", "allergy", "pregnancy"})
_IDENTIFYING: Final = frozenset(
    {"national-id", "surname", "first-name", "full-name", "email", "phone"}
)


def kinds_of(columns: Sequence[ColumnSigns]) -> tuple[DataKind, ...]:
    """Weigh the columns of one table and return its kinds of data, empty when of no person."""
    columns = _believed(columns)
    found = [*_secrets(columns)]
    seen = {column.concept for column in columns if column.count}
    identifying = bool(seen & _IDENTIFYING)
    if identifying and sum(map(_weight, (column for column in columns if column.count))) >= _ENOUGH:
        found += _personal(columns)
        found += _health(columns)
    else:
        found += _pseudonymised(columns, seen)
    if not any(kind.data_class is DataClass.PERSONAL for kind in found):
        # Whoever has the number can pay with it: no name is needed for harm.
        found += [_kind("card", DataClass.PERSONAL, column)
                  for column in columns if column.kind == "card"]  # fmt: skip
    found += [DataKind(kind="nir", data_class=DataClass.PERSONAL,
                       count=column.hidden_nirs, column=column.index)
              for column in columns if column.hidden_nirs >= LEAST_NIRS]  # fmt: skip
    return tuple(found)


def merged(kinds: Sequence[DataKind]) -> tuple[DataKind, ...]:
    """Return the kinds of several tables, each once: counts added, the share weighed by them.

    A column's index means nothing outside its own table.
    """
    found: dict[tuple[str, DataClass], tuple[int, float]] = {}
    for kind in kinds:
        count, valid = found.get((kind.kind, kind.data_class), (0, 0.0))
        found[kind.kind, kind.data_class] = (
            count + kind.count,
            valid + kind.count * kind.valid_share,
        )
    return tuple(
        DataKind(kind=name, data_class=data_class, count=count,
                 valid_share=round(valid / count, 3) if count else 1.0)
        for (name, data_class), (count, valid) in found.items()
    )  # fmt: skip


def _believed(columns: Sequence[ColumnSigns]) -> list[ColumnSigns]:
    """Return the columns with names settled by what stands beside them.

    Lists of towns, makes and streets have the shape of names; few have births beside them. Of
    organisations, neither names nor ways to reach them are about a person.
    """
    seen = {column.concept for column in columns if column.count}
    if not seen & _OF_PERSONS_ONLY and _are_of_organisations(columns, seen):
        return [column for column in columns if column.concept not in _ALSO_OF_ORGANISATIONS]
    births = "birth-date" in seen
    return [
        replace(column, concept=_settled(column, seen)) if column.concept == "name" else column
        for column in columns
        if births or not (column.by_shape and column.concept == "full-name")
    ]


def _are_of_organisations(columns: Sequence[ColumnSigns], seen: set[str | None]) -> bool:
    return "business-id" in seen or any(column.organisations for column in columns)


def _settled(column: ColumnSigns, seen: set[str | None]) -> str:
    """Return what a column headed "name" holds: the other half of a name, or a whole one."""
    if "first-name" in seen and "surname" not in seen:
        return "surname"
    if "surname" in seen:
        return "name" if "first-name" in seen else "first-name"
    return "full-name" if column.persons or seen & {*_OF_PERSONS_ONLY, "login"} else "name"


def _weight(column: ColumnSigns) -> float:
    """Return how much a column says that the table is about persons."""
    plain = _WEIGHTS.get(column.concept or "", 0.0)
    return plain + (_VALIDATED if column.validated else 0.0)


def _personal(columns: Sequence[ColumnSigns]) -> Iterator[DataKind]:
    for column in columns:
        if column.concept in _WEIGHTS and column.concept not in HEALTH_CONCEPTS and column.count:
            kind = column.kind or column.concept or ""
            yield _kind(kind, DataClass.PERSONAL, column)


def _health(columns: Sequence[ColumnSigns]) -> Iterator[DataKind]:
    told = [column for column in columns if column.concept in HEALTH_CONCEPTS and column.count]
    if len(told) >= 2 or any(column.coded for column in told):
        for column in told:
            yield _kind(column.concept or "", DataClass.HEALTH, column)
    for column in columns:
        if column.health_rows >= 2:
            yield DataKind(kind="health-words", data_class=DataClass.HEALTH,
                           count=column.health_rows, column=column.index)  # fmt: skip


def _pseudonymised(columns: Sequence[ColumnSigns], seen: set[str | None]) -> Iterator[DataKind]:
    """A pseudonym is still a person (GDPR art. 4(5)). That of a "subject" or a "pid" may be none
    of a patient: codes of health or a header of nothing else must stand beside it.
    """
    telling = bool(seen & _TELLING) or any(column.coded for column in columns)
    for column in columns:
        by_patient = column.concept == "patient-id" and seen & HEALTH_CONCEPTS
        if column.count and (by_patient or (column.concept == "subject-id" and telling)):
            yield _kind("pseudonymised-health", DataClass.HEALTH, column)


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
