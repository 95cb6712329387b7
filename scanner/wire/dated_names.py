"""Dates in the names of files and folders, as exports bear them. Never more than a date leaves."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Final

from scanner.model.late import late
from scanner.model.mask import is_ordinary

_FIRST_YEAR: Final = 2000
_MOST: Final = 1_024
_MONTHS: Final = {
    word: number
    for number, words in enumerate(
        (
            "janvier janv january jan",
            "fevrier fevr february feb fev",
            "mars march mar",
            "avril avr april apr",
            "mai may",
            "juin june jun",
            "juillet juil july jul",
            "aout august aug",
            "septembre sept september sep",
            "octobre october oct",
            "novembre november nov",
            "decembre december dec",
        ),
        1,
    )
    for word in words.split()
}
_NAMED: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CLOCK: Final = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_ISO: Final = late(r"(?<!\d)(20\d\d)([-_./])(\d\d)\2(\d\d)(?!\d)")
_DAY_FIRST: Final = late(r"(?<!\d)(\d\d)([-_./])(\d\d)\2(20\d\d)(?!\d)")
_DENSE: Final = late(rf"(?<!\d)(\d{{8}})(?:{_CLOCK})?(?!\d)")
_MONTH: Final = late(r"(?<!\d)(?<!\d[-_./])(20\d\d)[-_./](\d\d)(?![-_./]?\d)")
_MARK: Final = late(r"(?<=\d)t(?=\d)")
_MAYBE: Final = late(rb"20\d\d")
"""A quick look that lets every date of an ASCII path through: a tree holds many names."""
_WORDS: Final = late(
    rf"(?<![a-z\d])(?:(\d{{1,2}})[-_. ]?)?({_NAMED})[-_. ]?(20\d\d)(?!\d)"
)  # fmt: skip


def named_date(path: bytes) -> str | None:
    """Return the date that a path bears: ``2026-03-01``, or ``2026-03`` for no day.

    Read are ISO, day-month-year, both without marks, year and month, and months in words, French
    or English. The file's own name goes before its folders; of several dates the latest counts,
    of two readings (03-04) the later, so that nothing looks older than it may be. Years before
    2000 are none of an export. Beside words that are not ordinary ones, a day may be somebody's
    birthday: only its month is told.
    """
    if path.isascii():
        if not _MAYBE.search(path):
            return None
        text = path.decode("ascii")[-_MOST:].lower()
    else:
        text = _plain(path.decode("utf-8", "replace")[-_MOST:])
    folder, _, name = text.rpartition("/")
    for part in (name, folder):
        found = max(_dates(part), default=None)
        if found is not None:
            day, exact = found
            kept = exact and is_ordinary(_MARK.sub(" ", _WORDS.sub(" ", part)))
            return day.isoformat() if kept else f"{day:%Y-%m}"
    return None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _dates(text: str) -> Iterator[tuple[date, bool]]:
    """Yield every date with whether its day is told; of a month alone, the first day."""
    for match in _ISO.finditer(text):
        yield from _date(match[1], match[3], match[4])
    for match in _DAY_FIRST.finditer(text):
        yield from _either(match[1], match[3], match[4])
    for match in _DENSE.finditer(text):
        digits = match[1]
        yield from _date(digits[:4], digits[4:6], digits[6:])
        yield from _either(digits[:2], digits[2:4], digits[4:])
    for match in _MONTH.finditer(text):
        yield from _date(match[1], match[2], "")
    for match in _WORDS.finditer(text):
        yield from _date(match[3], str(_MONTHS[match[2]]), match[1] or "")


def _either(day: str, month: str, year: str) -> Iterator[tuple[date, bool]]:
    """Yield day-month-year, and month-day-year where it is later."""
    read = list(_date(year, month, day))
    if read:
        yield max([*read, *_date(year, day, month)])


def _date(year: str, month: str, day: str) -> Iterator[tuple[date, bool]]:
    try:
        found = date(int(year), int(month), int(day or 1))
    except ValueError:
        return
    if found.year >= _FIRST_YEAR and found.year < _FIRST_YEAR + 100:
        yield found, bool(day)
