from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scanner.engine.record import Record, decode, encode
from scanner.history import History
from scanner.model.finding import HostReport
from scanner.model.observation import Effort
from scanner.model.reading import Observed
from scanner.model.ssh import SshFacts
from scanner.model.visit import Visit, visit_of
from tests.history.cases import Clock, night, observed, recalled, report, text

FACTS = SshFacts(identification=Observed("SSH-2.0-demo"))


@pytest.fixture
def history() -> Iterator[History]:
    with History.in_memory(Clock()) as opened:
        yield opened


def visiting(at: datetime, *sources: str, vantage: str = "internet") -> HostReport:
    seen = observed(FACTS, vantage)
    endpoints = tuple(replace(each, effort=Effort(sources=sources)) for each in seen.endpoints)
    end = text(at + timedelta(minutes=1))
    return report(observations=[replace(seen, endpoints=endpoints, started=text(at), finished=end)])


def visit(at: datetime, *sources: str, vantage: str = "internet") -> Visit:
    return Visit(
        vantage=vantage,
        started=text(at),
        finished=text(at + timedelta(minutes=1)),
        sources=sources,
    )


def test_the_last_visit_from_each_vantage_is_recalled(history: History) -> None:
    history.remember(visiting(night(0), "192.0.2.1"), night(0))
    history.remember(visiting(night(2), "192.0.2.1", "2001:db8::1"), night(2))
    history.remember(visiting(night(1), "10.0.0.1", vantage="dmz"), night(1))
    assert recalled(history).visits == (
        visit(night(1), "10.0.0.1", vantage="dmz"),
        visit(night(2), "192.0.2.1", "2001:db8::1"),
    )


def test_an_older_report_replaces_no_later_visit(history: History) -> None:
    history.remember(visiting(night(2), "192.0.2.1"), night(2))
    history.remember(visiting(night(1), "192.0.2.9"), night(1))
    assert recalled(history).visits == (visit(night(2), "192.0.2.1"),)


def test_an_asset_that_nobody_reached_was_not_visited(history: History) -> None:
    seen = observed(FACTS)
    silent = replace(
        seen,
        endpoints=tuple(
            replace(each, facts=None, effort=Effort(sources=("192.0.2.1",)))
            for each in seen.endpoints
        ),
    )
    assert visit_of(silent) is None
    history.remember(report(observations=[silent]), night(0))
    assert recalled(history).visits == ()


def test_visits_are_forgotten_with_their_nights(history: History) -> None:
    history.remember(visiting(night(0), "192.0.2.1"), night(0))
    assert history.prune(night(5)) > 0
    assert recalled(history).visits == ()


def test_visits_are_saved_with_a_record_and_read_again(history: History) -> None:
    history.remember(visiting(night(0), "192.0.2.1"), night(0))
    record = Record(
        asset="db1", judged_at=text(night(1)), observations=(), recall=recalled(history)
    )
    assert decode(encode(record)) == record
