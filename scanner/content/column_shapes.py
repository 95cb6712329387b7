"""What a column without a telling header holds, by the shape of its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from scanner.model.late import late

_NAME = late(r"[^\W\d_]+(?:[ '\u2019-][^\W\d_]+){0,3}")
_PHONE = late(r"(?:\+\d|0)\d(?:[ .()/-]?\d){7,12}", re.ASCII)
_YEAR = late(r"(?<!\d)(19\d{2}|20\d{2})(?!\d)", re.ASCII)
_DATE = late(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?: .*)?|(?:19|20)\d{6}",
    re.ASCII,
)
_LEAST: Final = 5
_SHARE: Final = 0.8
_MOST_CELLS: Final = 500
_DIFFERENT: Final = 20
_SPREAD_YEARS: Final = 25
_LONGEST_NAME: Final = 60


def shape_of(cells: Sequence[str]) -> str | None:
    """Return ``full-name``, ``birth-date`` or ``phone`` where four fifths look so; else ``None``.

    Five cells at least. Dates are births where their years lie 25 or more apart: those of
    orders and logs do not.
    """
    sample = cells[:_MOST_CELLS]
    if len(sample) < _LEAST:
        return None
    if _share(sample, _is_phone) >= _SHARE and _distinct(sample):
        return "phone"
    if _share(sample, _is_name) >= _SHARE and _distinct(sample):
        return "full-name"
    if _share(sample, _is_date) >= _SHARE and _spread(sample) >= _SPREAD_YEARS:
        return "birth-date"
    return None


def _share(cells: Sequence[str], is_one: Callable[[str], bool]) -> float:
    return sum(is_one(cell) for cell in cells) / len(cells)


def _distinct(cells: Sequence[str]) -> bool:
    """Whether the cells vary as names and numbers of persons do; words of a list repeat.

    Among hundreds of persons first names repeat too: twenty different ones are enough.
    """
    return len(set(cells)) >= min(len(cells) / 2, _DIFFERENT)


def _is_name(cell: str) -> bool:
    words = cell.replace("-", " ").split()
    return (
        3 <= len(cell) <= _LONGEST_NAME
        and cell[0].isupper()
        and sum(word[0].isupper() for word in words) * 2 > len(words)
        and bool(_NAME.fullmatch(cell))
    )


def _is_phone(cell: str) -> bool:
    return len(cell) <= 24 and bool(_PHONE.fullmatch(cell))


def _is_date(cell: str) -> bool:
    return len(cell) <= 40 and bool(_DATE.fullmatch(cell))


def _spread(cells: Sequence[str]) -> int:
    years = [int(found[1]) for cell in cells if (found := _YEAR.search(cell[:40]))]
    years += [int(cell[:4]) for cell in cells if len(cell) == 8 and cell.isdigit()]
    return max(years) - min(years) if years else 0
