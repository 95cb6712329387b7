"""Dates as logs write them, read as seconds since 1970 in UTC.

Each method takes text whose form its caller has already matched, and raises ``ValueError`` for a
moment that no calendar or clock has. What is read is cached by the minute: a log tells few.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

_NAMES: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS: Final = {name: number for number, name in enumerate(_NAMES.split(), start=1)}
_AHEAD: Final = timedelta(days=1)
_YEARS_BACK: Final = 8
"""A 29th of February is found within eight years, whatever century."""
_CACHED: Final = 8_192


class LogClock:
    """Reads dates without a zone in ``zone``, and dates without a year as the latest that lie at
    most a day after ``newest`` (aware): no line is younger than its file.
    """

    def __init__(self, zone: tzinfo, newest: datetime) -> None:
        self._zone = zone
        self._newest = newest
        self._local = lru_cache(_CACHED)(self._read_local)
        self._yearless = lru_cache(_CACHED)(self._read_yearless)
        self._offset = lru_cache(_CACHED)(_read_offset)

    def traditional(self, text: str) -> int:
        """Read ``Nov 26 15:27:36``, as syslog writes it (RFC 3164 section 4.1.2)."""
        return self._yearless(text[:12]) + _second(text[13:15])

    def ctime(self, text: str) -> int:
        """Read ``Thu Nov 26 15:27:36 2026``: the form that C gives to a date."""
        month, day, clock = text[4:7], text[8:10], text[11:16]
        minute = self._local(int(text[20:24]), _month(month), int(day), clock)
        return minute + _second(text[17:19])

    def iso(self, text: str, offset: str = "") -> int:
        """Read ``2026-11-26T15:27:36`` or with a blank, and an offset as in RFC 3339 if told."""
        if offset:
            return self._offset(text[:16], offset) + _second(text[17:19])
        minute = self._local(int(text[:4]), int(text[5:7]), int(text[8:10]), text[11:16])
        return minute + _second(text[17:19])

    def clf(self, text: str, offset: str) -> int:
        """Read ``26/Nov/2026:15:27:36`` and ``+0100``, as web servers write them."""
        day = f"{text[7:11]}-{_month(text[3:6]):02}-{text[:2]}T{text[12:17]}"
        return self._offset(day, offset) + _second(text[18:20])

    def _read_local(self, year: int, month: int, day: int, clock: str) -> int:
        moment = datetime(
            year, month, day, int(clock[:2]), int(clock[3:]), tzinfo=self._zone
        )  # fmt: skip
        return _seconds(moment)

    def _read_yearless(self, text: str) -> int:
        month, day, clock = _month(text[:3]), int(text[4:6]), text[7:12]
        year = self._newest.year + 1
        for back in range(_YEARS_BACK + 2):
            try:
                found = self._read_local(year - back, month, day, clock)
            except ValueError:
                continue
            if found <= _seconds(self._newest + _AHEAD):
                return found
        raise ValueError("no year has such a day")


def _month(name: str) -> int:
    number = _MONTHS.get(name.lower())
    if number is None:
        raise ValueError("no month has such a name")
    return number


def _second(text: str) -> int:
    second = int(text)
    if second > 60:  # a leap second is a second
        raise ValueError("no minute has such a second")
    return second


def _read_offset(minute: str, offset: str) -> int:
    moment = datetime.fromisoformat(minute)
    if offset in {"Z", "z"}:
        return _seconds(moment.replace(tzinfo=UTC))
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    zone = timezone(-ahead if offset[0] == "-" else ahead)
    return _seconds(moment.replace(tzinfo=zone))


def _seconds(moment: datetime) -> int:
    try:
        return int(moment.timestamp())
    except OverflowError as error:
        raise ValueError("beyond what a clock shows") from error
