from __future__ import annotations

from typing import Any

import pytest

from scanner.report.sparkline import HEIGHT, MOST_NIGHTS, WIDTH, sparkline


def nights(*scores: float) -> list[list[Any]]:
    return [[f"2026-07-{day:02d}T02:00:00Z", score] for day, score in enumerate(scores, start=1)]


@pytest.mark.parametrize("trend", [None, [], nights(40), "2026", [["x"]], [[1, 2], [3, 4]]])
def test_fewer_than_two_nights_are_no_line(trend: Any) -> None:
    assert sparkline(trend) is None


def test_two_nights_run_from_edge_to_edge_on_a_fixed_scale() -> None:
    drawn = sparkline(nights(0, 100))
    assert drawn is not None
    assert drawn.points == f"3,{HEIGHT - 3} {WIDTH - 3},3"
    assert drawn.last == (str(WIDTH - 3), "3")
    assert drawn.step == 100


def test_the_words_say_what_the_line_shows() -> None:
    drawn = sparkline(nights(40, 12.5, 75))
    assert drawn is not None
    assert drawn.words == (
        "Score over 3 nights: 40 on 2026-07-01, 75 on 2026-07-03; lowest 12.5, highest 75"
    )


def test_only_the_newest_nights_are_drawn_and_scores_stay_inside() -> None:
    drawn = sparkline(nights(*[500.0] * 20, *[-5.0] * MOST_NIGHTS))
    assert drawn is not None
    assert len(drawn.points.split()) == MOST_NIGHTS
    assert {spot.split(",")[1] for spot in drawn.points.split()} == {str(HEIGHT - 3)}
