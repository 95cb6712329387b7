"""One line of a listing as DOS and IIS write it."""

from __future__ import annotations

import re
from datetime import datetime

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing_words import UnparsedError, if_known, is_parent, moment

_DATE = re.compile(rb"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4}) {1,4}")
_CLOCK = re.compile(rb"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))? ?(?:([AaPp])[Mm]?)? {1,24}")
_MARK = re.compile(rb"<([A-Z]{1,12})> {1,10}")
_SIZE = re.compile(rb"([0-9]{1,3}(?:(?:[,.'\xa0\xff]|\xc2\xa0)[0-9]{3}){1,6}|[0-9]{1,19}) ")
_NOT_DIGIT = re.compile(rb"[^0-9]+")
_LINK_TARGET = re.compile(rb"(.+) \[([^\[\]]+)\]", re.DOTALL)


def parse(line: bytes, _now: datetime) -> Entry | None:
    """Return the entry, ``None`` for the parent; the directory itself is named ``.``.

    Raises ``UnparsedError``. The zone of its times is the server's, and not told.
    """
    date = _DATE.match(line)
    clock = _CLOCK.match(line, date.end()) if date else None
    if date is None or clock is None:
        raise UnparsedError("no date with a time")
    mark = _MARK.match(line, clock.end())
    size = None if mark else _SIZE.match(line, clock.end())
    what = mark or size
    if what is None:
        raise UnparsedError("neither size nor mark")
    name, kind, target = line[what.end() :], EntryKind.FILE, None
    if mark:
        kind = EntryKind.DIRECTORY if mark[1] == b"DIR" else EntryKind.LINK
    if kind is EntryKind.LINK:
        name, target = _split_link(name)
    if is_parent(name):
        return None
    modified = _moment(date, clock)
    return Entry(
        name=name,
        kind=kind,
        size=int(_NOT_DIGIT.sub(b"", size[1])) if size else None,
        modified=modified,
        precision=if_known(modified, Precision.SECOND if clock[3] else Precision.MINUTE),
        link_target=target,
        zone_known=False,
    )


def _split_link(text: bytes) -> tuple[bytes, bytes | None]:
    """Part a junction from the target that ``dir`` writes in brackets behind it."""
    found = _LINK_TARGET.fullmatch(text)
    return (found[1], found[2]) if found else (text, None)


def _moment(date: re.Match[bytes], clock: re.Match[bytes]) -> datetime | None:
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + (12 if clock[4] in b"Pp" else 0)
    year, month, day = _calendar(date)
    return moment(year, month, day, hour, int(clock[2]), int(clock[3] or 0))


def _calendar(date: re.Match[bytes]) -> tuple[int, int, int]:
    """Return year, month and day: the year first where it has four digits there, and else the
    month first, as IIS writes it, unless dots or the numbers say that it is the day.
    """
    first, second, third = int(date[1]), int(date[3]), int(date[4])
    if len(date[1]) == 4:
        return first, second, third
    year = third if len(date[4]) > 2 else third + (2000 if third < 70 else 1900)
    day_first = date[2] == b"." or (first > 12 and second <= 12)
    return (year, second, first) if day_first else (year, first, second)
