from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.engine.record import Record, decode, encode
from scanner.history import History
from scanner.history.scores import HOLDS_FOR
from scanner.model.finding import HostReport
from scanner.model.observation import Observations
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.trend import MOST_POINTS, ScorePoint, trend_of
from tests.history.cases import FAILS, Clock, finding, night, observed, recalled, report, text

FACTS = SshFacts(identification=Observed("SSH-2.0-demo"))


@pytest.fixture
def history() -> Iterator[History]:
    with History.in_memory(Clock()) as opened:
        yield opened


def scored(score: float, *looks: Observations, number: int = 0) -> HostReport:
    plain = report(finding("listing", FAILS), observations=looks or [observed(FACTS)])
    assessment = replace(plain.assessment, score=score)
    return replace(plain, assessment=assessment, judged_at=text(night(number)))


def kept(history: History, *scores: float) -> None:
    for number, score in enumerate(scores):
        history.remember(scored(score, number=number), night(number))


def silent() -> Observations:
    seen = observed(FACTS)
    return replace(seen, endpoints=tuple(replace(each, facts=None) for each in seen.endpoints))


def test_scores_are_recalled_the_oldest_first(history: History) -> None:
    kept(history, 12.34, 20.0, 75.0)
    points = tuple(ScorePoint(text(night(n)), s) for n, s in enumerate((12.3, 20.0, 75.0)))
    assert recalled(history).scores == {"internet": points}


def test_each_standpoint_has_its_own_scores(history: History) -> None:
    both = (observed(FACTS, "internet"), observed(FACTS, "dmz"))
    history.remember(scored(10.0), night(0))
    history.remember(scored(90.0, observed(FACTS, "dmz")), night(0))
    history.remember(scored(9.0, *both), night(0))
    assert {name: points[0].score for name, points in recalled(history).scores.items()} == {
        "internet": 10.0,
        "dmz": 90.0,
        "dmz,internet": 9.0,
    }


def test_no_more_than_a_trend_of_nights_is_recalled(history: History) -> None:
    kept(history, *map(float, range(40)))
    scores = [point.score for point in recalled(history).scores["internet"]]
    assert scores == [float(score) for score in range(10, 40)]


def test_a_night_is_judged_again_in_its_own_place(history: History) -> None:
    kept(history, 10.0, 20.0)
    history.remember(scored(15.0), night(0))
    assert [point.score for point in recalled(history).scores["internet"]] == [15.0, 20.0]


def test_a_night_when_nothing_answered_has_no_score(history: History) -> None:
    history.remember(scored(0.0, silent()), night(0))
    assert recalled(history).scores == {"internet": (ScorePoint(text(night(0)), None),)}


def test_a_night_when_nobody_looked_to_the_end_is_no_night(history: History) -> None:
    seen = silent()
    cut = replace(seen.endpoints[1], reason=Reason.INTERRUPTED)
    history.remember(scored(0.0, replace(seen, endpoints=(cut,))), night(0))
    shut = Unobserved(Reason.OUTSIDE_WINDOW)
    history.remember(scored(0.0, replace(seen, unreached=shut)), night(1))
    assert recalled(history).scores == {}


def test_scores_are_forgotten_after_their_time(history: History) -> None:
    kept(history, 10.0)
    last = HOLDS_FOR.days + 1
    history.remember(scored(20.0, number=last), night(last))
    (point,) = recalled(history).scores["internet"]
    assert point.score == 20.0
    assert history.prune(night(last + 1)) > 0
    assert recalled(history).scores == {}


def test_scores_are_saved_with_a_record_and_read_again(history: History) -> None:
    kept(history, 10.0, 20.0)
    history.remember(scored(0.0, silent(), number=2), night(2))
    record = Record(asset="db1", judged_at="", observations=(), recall=recalled(history))
    assert decode(encode(record)) == record


def test_a_trend_ends_with_this_night() -> None:
    past = [ScorePoint(text(night(n)), float(n)) for n in range(40)]
    now = ScorePoint(text(night(35)), None)
    trend = trend_of(past, now)
    assert trend == (*past[35 - MOST_POINTS + 1 : 35], now)
    assert trend_of((), now) == (now,)


def test_a_history_of_the_fifth_schema_gains_the_table(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    with History.open(path, Clock()) as opened:
        opened.remember(report(finding("listing", FAILS)), night(0))
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("DROP TABLE score")
        older.execute("DROP TABLE change")
        older.execute("ALTER TABLE finding DROP COLUMN accepted")
        older.execute("PRAGMA user_version = 5")
    with History.open(path, Clock()) as opened:
        assert len(recalled(opened).findings) == 1
        opened.remember(scored(50.0, number=1), night(1))
        assert recalled(opened).scores["internet"][0].score == 50.0
