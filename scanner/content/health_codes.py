"""Codes that name a diagnosis, an examination or an act: which column holds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from scanner.content.payment import passes_luhn
from scanner.model.late import late

_ICD = late(r"[A-TV-Z]\d[0-9A-B](?:\.[0-9A-Z]{1,4}|\d)?", re.ASCII)
_CCAM = late(r"[A-HJ-NP-TV-Z]{4}\d{3}", re.ASCII)
_LOINC = late(r"\d{1,5}-\d", re.ASCII)
_SNOMED = late(r"[1-9]\d{5,17}", re.ASCII)
# The two digits before the last: an identifier of a concept, in the core or in an extension.
_SNOMED_CONCEPT: Final = {"00", "10"}
_LEAST: Final = 5
_LEAST_DISTINCT: Final = 3
_SHARE: Final = 0.8
_DOTTED: Final = 0.2
_MOST_CELLS: Final = 500


def coded(cells: Sequence[str], *, told: bool) -> str | None:
    """Return the concept of a column of which four fifths are codes of one kind.

    ``diagnosis`` for ICD-10 and SNOMED CT, ``exam-code`` for LOINC and CCAM. ``told``: the header
    speaks of codes or of health. Without it, codes of three characters are shelves and seats.
    """
    sample = cells[:_MOST_CELLS]
    if len(sample) < _LEAST:
        return None
    for concept, is_code in _CODES:
        found = [cell for cell in sample if is_code(cell)]
        if len(found) >= _SHARE * len(sample) and len(set(found)) >= _LEAST_DISTINCT:
            return concept if told or is_code is not _is_icd or _are_long(found) else None
    return None


def _are_long(codes: Sequence[str]) -> bool:
    return sum("." in code for code in codes) >= _DOTTED * len(codes)


def _is_icd(text: str) -> bool:
    return len(text) <= 8 and bool(_ICD.fullmatch(text))


def _is_ccam(text: str) -> bool:
    return len(text) == 7 and bool(_CCAM.fullmatch(text))


def _is_loinc(text: str) -> bool:
    return len(text) <= 7 and bool(_LOINC.fullmatch(text)) and passes_luhn(text.replace("-", ""))


def _is_snomed(text: str) -> bool:
    if not _SNOMED.fullmatch(text) or text[-3:-1] not in _SNOMED_CONCEPT:
        return False
    from stdnum import verhoeff  # noqa: PLC0415 - most files have nothing of the shape

    return verhoeff.is_valid(text)


_CODES: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("exam-code", _is_ccam),
    ("exam-code", _is_loinc),
    ("diagnosis", _is_snomed),
    ("diagnosis", _is_icd),
)
