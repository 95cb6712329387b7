"""What the dialects of listings share: numbers, moments, labels, and names that are segments."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from scanner.model.listing import Precision
from scanner.model.text import neutralise

MONTHS = {
    name: number
    for number, name in enumerate(
        b"jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
ITSELF = b"."
"""The name by which a directory stands in its own listing."""
MOST_DIGITS = 19
"""Of a size or an id."""
_YEARS = range(1900, 9000)
"""Beyond them lies no file's time, and adding a day or a zone to it must not overflow."""
_FORBIDDEN = re.compile(rb"[/\r\n\0]")
_OCTAL = re.compile(rb"[0-7]{3,6}")


class UnparsedError(Exception):
    """A line that a dialect does not explain; the message says what it missed."""


def is_number(text: bytes) -> bool:
    """Whether these are digits, and few enough to be a size or an id."""
    return text.isdigit() and len(text) <= MOST_DIGITS


def number(text: bytes) -> int | None:
    """Return a size or count, ``None`` for what is none."""
    return int(text) if text.isdigit() and len(text) <= MOST_DIGITS else None


@lru_cache(maxsize=256)
def octal(text: bytes) -> int | None:
    """Return permission bits of octal digits, ``None`` for what is none."""
    return int(text, 8) & 0o7777 if _OCTAL.fullmatch(text) else None


@lru_cache(maxsize=256)
def label(text: bytes) -> str | None:
    """Return an owner, a group or an identity, neutralised; ``None`` where there is none.

    Listings repeat the same few: each is kept once.
    """
    return neutralise(text, 64) if text else None


def moment(  # noqa: PLR0913, PLR0917 - a moment has six parts, and each entry has a moment
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime | None:
    """Return the moment, read as UTC; ``None`` for a date that no calendar has or no file, or a
    time that no clock shows.
    """
    if year not in _YEARS:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, 0, UTC)
    except ValueError:
        return None


def if_known(when: datetime | None, precision: Precision) -> Precision | None:
    """Return the precision of a moment that is known."""
    return None if when is None else precision


def is_parent(name: bytes) -> bool:
    """Whether a name means the parent. Raises ``UnparsedError`` where it is no segment of a path;
    the directory's own (``.``) passes.
    """
    if name == b"..":
        return True
    if not name or _FORBIDDEN.search(name):
        raise UnparsedError("its name is no segment of a path")
    return False
