from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.probes.context import utc_text

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.one_of(st.just(UTC), ZONES),
)


@given(MOMENTS)
def test_a_moment_is_told_in_utc_to_the_second(moment: datetime) -> None:
    assert utc_text(moment) == moment.astimezone(UTC).isoformat()[:19] + "Z"


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2024, 2, 29, 3, 4, 5, 678, tzinfo=UTC), "2024-02-29T03:04:05Z"),
        (datetime(2024, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), "2024-02-29T22:30:00Z"),
    ],
)
def test_fractions_are_left_out_and_other_zones_are_moved(moment: datetime, told: str) -> None:
    assert utc_text(moment) == told
