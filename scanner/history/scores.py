"""Scores of earlier nights, for the trend of each asset.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from itertools import groupby

from scanner.history.rows import told
from scanner.model.finding import HostReport
from scanner.model.past import PastScore
from scanner.model.reading import Reason
from scanner.model.trend import MOST_POINTS, ScorePoint, point_of, standpoint

HOLDS_FOR = timedelta(days=400)
"""For so long the score of a night is kept: a year, and room to compare it with the last one."""

_LATEST = """
SELECT vantages, at, score, grade, coverage FROM (
    SELECT vantages, at, score, grade, coverage,
        row_number() OVER (PARTITION BY vantages ORDER BY at DESC) AS place
    FROM score WHERE asset = ?1
) WHERE place <= ?2 ORDER BY vantages, at
"""


def latest(db: sqlite3.Connection, asset: int) -> dict[str, tuple[ScorePoint, ...]]:
    """Return the last scores from each standpoint, the oldest first."""
    return {
        vantages: tuple(ScorePoint(each.at, each.score) for each in told_scores)
        for vantages, told_scores in nights(db, asset, MOST_POINTS).items()
    }


def nights(db: sqlite3.Connection, asset: int, most: int) -> dict[str, tuple[PastScore, ...]]:
    """Return the last ``most`` nights from each standpoint, the oldest first."""
    found = db.execute(_LATEST, (asset, most)).fetchall()
    return {
        vantages: tuple(
            PastScore(at=told(at), score=score, grade=grade, coverage=coverage)
            for _, at, score, grade, coverage in group
        )
        for vantages, group in groupby(found, key=lambda row: str(row[0]))
    }


def keep(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep the report's score, unless nobody looked to the end; forget those of ``HOLDS_FOR`` ago.

    A night when nothing answered is kept without a score.
    """
    if not _looked_to_the_end(report):
        return
    vantages, told_of = standpoint(report.observations), report.assessment
    point = point_of(report.observations, told_of.score, report.judged_at)
    if report.trend:  # one that was read back knows no facts, but what they came to
        point = report.trend[-1]
    db.execute(
        "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?)",
        (asset, vantages, then, point.score, told_of.grade.value, round(told_of.coverage, 1)),
    )
    db.execute(
        "DELETE FROM score WHERE asset = ? AND vantages = ? AND at < ?",
        (asset, vantages, then - int(HOLDS_FOR.total_seconds())),
    )


def _looked_to_the_end(report: HostReport) -> bool:
    looks = report.observations
    cut = any(each.reason is Reason.INTERRUPTED for seen in looks for each in seen.endpoints)
    return not cut and any(seen.unreached is None for seen in looks)
