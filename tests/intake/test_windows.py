from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.intake.windows import open_at, parse_window

MONDAY = datetime(2026, 6, 1)  # noqa: DTZ001 - a local moment, whatever the zone


@pytest.mark.parametrize(
    ("text", "hours", "inside"),
    [
        ("Mon-Fri 00:00-05:00", 0, True),
        ("Mon-Fri 00:00-05:00", 5, False),
        ("Mon-Fri 00:00-05:00", 5 * 24 + 1, False),
        ("Sat,Sun 00:00-24:00", 6 * 24 + 23, True),
        ("Sat-Mon 00:00-24:00", 0, True),
        ("Sat-Mon 00:00-24:00", 24, False),
        ("Mon 22:00-05:00", 23, True),
        ("Mon 22:00-05:00", 24 + 4, True),
        ("Mon 22:00-05:00", 4, False),
        ("Sun 22:00-05:00", 4, True),
        ("mon 01:30-01:31", 1, False),
    ],
)
def test_a_window_holds_its_hours(text: str, hours: int, *, inside: bool) -> None:
    assert open_at([text], MONDAY + timedelta(hours=hours)) is inside


def test_no_window_means_always() -> None:
    assert open_at([], MONDAY)


@pytest.mark.parametrize(
    "text",
    ["", "Mon", "00:00-05:00", "Mon 0:00-5:00", "Mon 05:00-05:00", "Mon 24:00-05:00",
     "Mon 00:60-05:00", "Mon 00:00-24:01", "Mon, 00:00-05:00", "Mon-Fri-Sun 00:00-05:00",
     "Mon 00:00-05:00 ", "Mon  00:00-05:00", "Mon \u0660\u0660:00-05:00"],
)  # fmt: skip
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"; write "):
        parse_window(text)


@given(st.integers(0, 7 * 24 * 60 - 1))
def test_a_window_and_the_rest_of_the_week_cover_it_without_overlap(minute: int) -> None:
    moment = MONDAY + timedelta(minutes=minute)
    nights = "Mon-Sun 22:00-05:00"
    days = "Mon-Sun 05:00-22:00"
    assert open_at([nights], moment) is not open_at([days], moment)
