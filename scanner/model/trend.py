"""How the score of an asset went over the last nights."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.model.frozen import dataclass
from scanner.model.observation import Observations
from scanner.model.reading import Reason

MOST_POINTS = 30
"""Nights that a trend shows, the present one among them."""


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """The score of one night (0 to 100, one decimal), and when it was judged (RFC 3339 UTC).

    ``None``: nothing of the asset answered, so that a score would tell of the way there alone.
    """

    at: str
    score: float | None


def standpoint(looks: Sequence[Observations]) -> str:
    """Return from where an asset was looked at: only scores from the same places compare.

    A vantage where nobody stood is none of them.
    """
    return ",".join(sorted({seen.vantage for seen in looks if not _is_deserted(seen)}))


def _is_deserted(seen: Observations) -> bool:
    return seen.unreached is not None and seen.unreached.reason is Reason.NO_VANTAGE


def point_of(looks: Sequence[Observations], score: float, at: str) -> ScorePoint:
    """Return the point of one night."""
    answered = any(each.facts is not None for seen in looks for each in seen.endpoints)
    return ScorePoint(at, round(score, 1) if answered else None)


def trend_of(past: Sequence[ScorePoint], now: ScorePoint) -> tuple[ScorePoint, ...]:
    """Return the last nights before ``now``, the oldest first, and then ``now``."""
    return (*[point for point in past if point.at < now.at][1 - MOST_POINTS :], now)
