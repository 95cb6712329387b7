"""What one column of a table shows: its header and its values, weighed against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from scanner.content.column_shapes import shape_of
from scanner.content.health_codes import coded
from scanner.content.lexicon import HEALTH_CONCEPTS, concept_of, folded, rows_with_health_words
from scanner.content.national_ids import IdColumn, national_ids
from scanner.content.nir import count_in_text, is_keyless_nir, is_nir
from scanner.content.payment import payments
from scanner.content.person_names import are_organisations, are_persons
from scanner.content.tables import Table
from scanner.model.frozen import dataclass
from scanner.model.late import late

_EMAIL = late(r"[^\s@]{1,64}@[^\s@.]{1,63}(?:\.[^\s@.]{1,63})+")
_DATE = late(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|(?:19|20)\d{2}(?:\d{4})?|"
                   r"\d{2}(?:19|20)\d{2}|\d{1,2}[- ][^\W\d_]{3,9}\.?[- ]\d{2,4}")  # fmt: skip
_PHONE = late(r"\+?[\d .()/-]{8,24}")
_IDENTIFIER = late(r"(?=(?:[^0-9]*[0-9]){4})[A-Z0-9][A-Z0-9 ./-]{4,23}", re.IGNORECASE)
_HASH = late(r"\$2[aby]\$.{50,}|\$\w{1,12}\$.{10,}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|"
                   r"[0-9a-fA-F]{64}|[0-9a-fA-F]{128}")  # fmt: skip
_DIGIT = late(r"\d")
# What a description of data has where the data have names.
_NO_NAMES: Final = frozenset(
    ["string", "text", "str", "varchar", "char", "character", "nvarchar", "object", "null", "none",
     "true", "false", "required", "optional", "yes", "no", "unknown", "n/a", "undefined", "nan"]
)  # fmt: skip
# Headers under which a national number may stand; phones and postcodes are what they say.
_MAY_BE_NUMBERS: Final = frozenset(
    {None, "national-id", "patient-id", "subject-id", "practitioner-id", "code", "login", "comment"}
)
_OF_CODES: Final = HEALTH_CONCEPTS | {"code"}
_NAMES: Final = frozenset({"surname", "first-name", "full-name", "name"})
_MOST_SEXES: Final = 12
LEAST_NIRS: Final = 3
_MOST_CELLS: Final = 1_000
_ENOUGH_CELLS: Final = 400
_GLANCE: Final = 32
_AGREED: Final = {"email": 0.8, "phone": 0.8}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSigns:
    """What one column shows: its concept (header and values agree), how many cells, how sure.

    ``kind`` names the number that was recognised by its check digits (``validated``), such as
    ``nir`` or ``iban``. ``by_shape``: no header, the values alone look so. ``coded``: most values
    are codes of health. ``organisations``: these are no names of persons; ``persons``: they are.
    """

    index: int
    concept: str | None
    count: int
    valid_share: float = 1.0
    validated: bool = False
    kind: str = ""
    by_shape: bool = False
    coded: bool = False
    organisations: bool = False
    persons: bool = False
    free_text: bool = False
    health_rows: int = 0
    hidden_nirs: int = 0


def read_columns(table: Table) -> tuple[ColumnSigns, ...]:
    """Return the signs of every column."""
    header = table.header
    return tuple(
        _signs(index, _header(header, index), table.column(index)) for index in range(table.width)
    )


def _header(header: Sequence[str] | None, index: int) -> str | None:
    """Return a column's header; empty where it has none, ``None`` where the table has none."""
    if header is None:
        return None
    return header[index] if index < len(header) else ""


def _signs(index: int, header: str | None, cells: list[str]) -> ColumnSigns:
    concept = concept_of(header) if header else None
    number = _number(concept, header or "", cells)
    if number is not None:
        return ColumnSigns(index=index, concept="national-id", kind=number.kind, validated=True,
                           count=number.count, valid_share=number.valid_share)  # fmt: skip
    paid = payments(cells)
    if paid is not None:
        return ColumnSigns(index=index, concept=paid.kind, kind=paid.kind, validated=True,
                           count=paid.count, valid_share=paid.valid_share)  # fmt: skip
    told = concept in _OF_CODES
    code = coded(cells, told=told) if told or concept is None else None
    if code is not None:
        return ColumnSigns(index=index, concept=code, count=len(cells), coded=True)
    return _of_values(index, concept, cells, headerless=header is None)


def _of_values(
    index: int, concept: str | None, cells: list[str], *, headerless: bool
) -> ColumnSigns:
    sample = _spread(cells)
    concept = _shown_by_values(concept, sample)
    by_shape = False
    if concept is None and headerless:
        concept = shape_of(cells)
        by_shape = concept is not None
    share = _agreement(concept, sample)
    free_text = _is_free_text(concept, cells)
    return ColumnSigns(
        index=index,
        concept=concept if share >= _AGREED.get(concept or "", 0.6) else None,
        kind="nir" if concept == "national-id" and _is_thirteen(cells) else "",
        count=round(share * len(cells)),
        valid_share=share,
        by_shape=by_shape,
        organisations=concept in _NAMES and are_organisations(sample),
        persons=concept in _NAMES and are_persons(sample),
        free_text=free_text,
        health_rows=rows_with_health_words(cells[:_MOST_CELLS]) if free_text else 0,
        hidden_nirs=sum(count_in_text(cell, 5) for cell in cells) if free_text else 0,
    )


def _number(concept: str | None, header: str, cells: Sequence[str]) -> IdColumn | None:
    """Return the national number of a column: NIRs first, the thirteen-character form only under
    its header.
    """
    if concept == "national-id" or any(map(is_nir, cells[:_GLANCE])):
        sample = _spread(cells)
        nirs = sum(map(is_nir, sample))
        if nirs and (concept == "national-id" or (nirs >= LEAST_NIRS and nirs * 2 >= len(sample))):
            share = nirs / len(sample)
            return IdColumn(kind="nir", count=round(share * len(cells)), valid_share=share)
    if concept not in _MAY_BE_NUMBERS:
        return None
    return national_ids(folded(header).replace("_", ""), cells)


def _spread(cells: Sequence[str]) -> Sequence[str]:
    """Return at most some hundreds of cells, spread over the column: enough for a share."""
    return cells if len(cells) <= _ENOUGH_CELLS else cells[:: -(-len(cells) // _ENOUGH_CELLS)]


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
    if concept in _NAMES:
        return sum(_may_be_name(cell) for cell in cells) / len(cells)
    if concept == "sex":
        return 1.0 if len(set(cells)) <= _MOST_SEXES else 0.0  # titles of works are many
    if concept == "national-id":
        return sum(is_keyless_nir(cell) or _is_identifier(cell) for cell in cells) / len(cells)
    pattern = {"birth-date": _DATE, "email": _EMAIL, "phone": _PHONE}.get(concept)
    return _share(pattern, cells) if pattern else 1.0


def _may_be_name(cell: str) -> bool:
    return not _DIGIT.search(cell) and cell.lower() not in _NO_NAMES


def _is_free_text(concept: str | None, cells: Sequence[str]) -> bool:
    if concept == "comment":
        return True
    if concept not in {None, "result", "treatment", "diagnosis"} or len(cells) < 2:
        return False
    sample = cells[:200]
    wordy = sum(len(cell) >= 30 and cell.count(" ") >= 4 for cell in sample)
    return wordy * 2 >= len(sample)


def _is_thirteen(cells: Sequence[str]) -> bool:
    return sum(map(is_keyless_nir, cells)) >= 0.8 * len(cells) > 0


def _is_identifier(cell: str) -> bool:
    return len(cell) <= 24 and bool(_IDENTIFIER.fullmatch(cell))
