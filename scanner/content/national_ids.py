"""National identification numbers: which column holds them, and how sure that is.

Shape and control digits alone let some numbers by chance pass: of random digits at most 0.4 % for
those that stand alone, up to 4 % for those that a whole column must show, and a tenth or more for
those that only a header makes believable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Final

from scanner.model.frozen import dataclass
from scanner.model.late import late

_LEAST: Final = 3
_ALONE_SHARE: Final = 0.5
_COLUMN_SHARE: Final = 0.8
_MOST_CELLS: Final = 500
_GLANCE: Final = 32


class _Belief(Enum):
    """What it takes to believe a number that is valid."""

    ALONE = "alone"
    COLUMN = "column"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class _Number:
    kind: str
    shape: re.Pattern[str]
    module: str
    belief: _Belief
    headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdColumn:
    """A column of national numbers: which, how many cells are valid, and their share."""

    kind: str
    count: int
    valid_share: float


def _number(kind: str, shape: str, module: str, belief: _Belief, headers: str = "") -> _Number:
    return _Number(kind, late(shape, re.ASCII), module, belief, frozenset(headers.split()))


_NUMBERS: Final = (
    _number("nhs-number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", _Belief.HEADER,
            "nhs nhsnumber nhsno nhsnr"),
    _number("bsn", r"\d{4}\.?\d{2}\.?\d{3}", "nl.bsn", _Belief.HEADER,
            "bsn burgerservicenummer sofinummer bsnnummer"),
    _number("us-ssn", r"\d{3}-?\d{2}-?\d{4}", "us.ssn", _Belief.HEADER,
            "ssn socialsecuritynumber socialsecurity socialsecurityno"),
    _number("rpps", r"\d{11}", "luhn", _Belief.HEADER, "rpps numrpps numerorpps codrpps"),
    _number("codice-fiscale", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]",
            "it.codicefiscale", _Belief.ALONE),
    _number("ahv-number", r"756\.?\d{4}\.?\d{4}\.?\d{2}", "ch.ssn", _Belief.ALONE),
    _number("hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu", _Belief.ALONE),
    _number("rijksregisternummer", r"\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}", "be.nn",
            _Belief.ALONE),
    _number("fodselsnummer", r"\d{6} ?\d{5}", "no.fodselsnummer", _Belief.ALONE),
    _number("steuer-id", r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", "de.idnr", _Belief.ALONE),
    _number("cnp", r"[1-9]\d{12}", "ro.cnp", _Belief.ALONE),
    _number("personnummer", r"(?:19|20)?\d{6}[-+]?\d{4}", "se.personnummer", _Belief.ALONE),
    _number("pesel", r"\d{11}", "pl.pesel", _Belief.COLUMN),
    # Ten bare digits are as well the seconds of a clock: every date passes, and no digit checks.
    _number("cpr-number", r"\d{6}-\d{4}", "dk.cpr", _Belief.COLUMN),
    _number("cpr-number", r"\d{10}", "dk.cpr", _Belief.HEADER, "cpr cprnr cprnummer personnummer"),
    _number("nif", r"[1235689]\d{8}", "pt.nif", _Belief.HEADER,
            "nif contribuinte numerocontribuinte numerofiscal"),
    _number("svnr", r"[1-9]\d{3} ?\d{6}", "at.vnr", _Belief.HEADER,
            "svnr svnummer sozialversicherungsnummer versicherungsnummer"),
    _number("pps-number", r"\d{7}[A-Z]{1,2}", "ie.pps", _Belief.COLUMN),
    _number("dni", r"\d{8}-?[A-Z]", "es.dni", _Belief.COLUMN),
    _number("nie", r"[XYZ]-?\d{7}-?[A-Z]", "es.nie", _Belief.COLUMN),
)  # fmt: skip


def national_ids(header: str, cells: Sequence[str]) -> IdColumn | None:
    """Return the national number that a column holds, the best fitting one; else ``None``.

    ``header`` is folded, without joints (``numerosecu``), and empty where there is none.
    """
    sample = [cell.upper() for cell in cells[:_MOST_CELLS]]
    if len(sample) < _LEAST or not any(character.isdigit() for character in sample[0]):
        return None
    found = [seen for number in _NUMBERS if (seen := _tried(number, header, sample))]
    best = max(found, key=lambda seen: seen.valid_share, default=None)
    return best and replace(best, count=round(best.valid_share * len(cells)))


def _tried(number: _Number, header: str, cells: Sequence[str]) -> IdColumn | None:
    if number.belief is _Belief.HEADER and not _is_told(header, number.headers):
        return None
    # A column that holds them shows one early; most columns are dismissed here.
    if not any(number.shape.fullmatch(cell) for cell in cells[:_GLANCE]):
        return None
    shaped = [cell for cell in cells if number.shape.fullmatch(cell)]
    wanted = _COLUMN_SHARE if number.belief is _Belief.COLUMN else _ALONE_SHARE
    if len(shaped) < wanted * len(cells):
        return None
    is_valid = _validator(number.module)
    valid = [cell for cell in shaped if is_valid(cell)]
    if len(set(valid)) < _LEAST or len(valid) < wanted * len(cells):
        return None
    return IdColumn(kind=number.kind, count=len(valid), valid_share=len(valid) / len(cells))


def _is_told(header: str, words: frozenset[str]) -> bool:
    """Whether a header is one of the words, or starts or ends with one: ``idrpps``."""
    return any(header.startswith(word) or header.endswith(word) for word in words)


@cache
def _validator(module: str) -> Callable[[str], bool]:
    # Loaded where a column has the shape: most files have none.
    is_valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return is_valid
