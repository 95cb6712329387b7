"""A host's score over its nights, as points of an inline drawing and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanner.report.paint import number

MOST_NIGHTS = 30
WIDTH = 96
HEIGHT = 24
_EDGE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """``points`` are those of an SVG polyline in ``WIDTH`` x ``HEIGHT``; ``last`` is the end."""

    points: str
    last: tuple[str, str]
    words: str
    step: float


def sparkline(trend: Any) -> Sparkline | None:
    """Return the drawing of ``trend``: pairs of RFC 3339 time and score, oldest first.

    The scale is fixed, 0 at the bottom and 100 at the top, so that hosts compare; the newest
    ``MOST_NIGHTS`` are drawn. None where there are fewer than two nights.
    """
    nights = _nights(trend)
    if len(nights) < 2:
        return None
    step = (WIDTH - 2 * _EDGE) / (len(nights) - 1)
    spots = [
        (number(_EDGE + place * step), number(HEIGHT - _EDGE - score * (HEIGHT - 2 * _EDGE) / 100))
        for place, (_, score) in enumerate(nights)
    ]
    first, last = nights[0], nights[-1]
    scores = [score for _, score in nights]
    return Sparkline(
        points=" ".join(f"{x},{y}" for x, y in spots),
        last=spots[-1],
        words=(
            f"Score over {len(nights)} nights: {number(first[1])} on {first[0][:10]},"
            f" {number(last[1])} on {last[0][:10]};"
            f" lowest {number(min(scores))}, highest {number(max(scores))}"
        ),
        step=round(scores[-1] - scores[-2], 1),
    )


def _nights(trend: Any) -> list[tuple[str, float]]:
    if not isinstance(trend, Sequence) or isinstance(trend, str):
        return []
    told = [_night(each) for each in trend]
    return [each for each in told if each is not None][-MOST_NIGHTS:]


def _night(told: Any) -> tuple[str, float] | None:
    match told:
        case [str() as at, (int() | float()) as score]:
            return at, min(100.0, max(0.0, float(score)))
        case _:
            return None
