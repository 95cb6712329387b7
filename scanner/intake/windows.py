"""Hours in which scanning is allowed, such as ``Mon-Fri 00:00-05:00``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from scanner.errors import InputError
from scanner.model.frozen import dataclass
from scanner.model.late import late

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = late(r"([A-Za-z,-]+) ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_MEND = "write it as Mon-Fri 00:00-05:00 or Sat,Sun 00:00-24:00"
_WEEK = 7
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (Monday is 0) and minutes after their midnight, the end excluded.

    An end that is not after the start lies on the day after.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, moment: datetime) -> bool:
        """Tell whether a local moment lies inside."""
        day, minute = moment.weekday(), moment.hour * 60 + moment.minute
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        if day in self.days and minute >= self.start:
            return True
        return (day - 1) % _WEEK in self.days and minute < self.end


def parse_window(text: str) -> Window:
    """Return the window that ``text`` describes; raise ``InputError`` with the mend otherwise."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise InputError(f"is not a window; {_MEND}")
    start, end = _minutes(match[2], match[3]), _minutes(match[4], match[5])
    if start is None or end is None or start == _DAY_MINUTES:
        raise InputError(f"has an hour that does not exist; {_MEND}")
    if start == end:
        raise InputError("is empty; write the whole day as 00:00-24:00")
    return Window(_days(match[1]), start, end)


def open_at(windows: Iterable[str], moment: datetime) -> bool:
    """Tell whether a moment, in the target's own time zone, lies in any of the windows.

    No window at all means always.
    """
    parsed = [parse_window(text) for text in windows]
    return not parsed or any(window.holds(moment) for window in parsed)


def _minutes(hours: str, minutes: str) -> int | None:
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total <= _DAY_MINUTES else None


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise InputError(f"has a day that does not exist; {_MEND}")
        start = _DAYS.index(first)
        length = (_DAYS.index(last or first) - start) % _WEEK
        found.update((start + step) % _WEEK for step in range(length + 1))
    return frozenset(found)
