"""The ledgers of distributed work: what was told first counts, over processes and crashes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.errors import HistoryError
from scanner.history import Begun, Ledger
from scanner.model.ledger import SentBatch

NOW = datetime(2026, 11, 26, tzinfo=UTC)
BATCH = SentBatch(name="b1", origin="b1", vantage="dmz", assets=("a", "b"))


def test_the_first_thing_told_of_an_asset_counts(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger, Ledger(tmp_path / "ledger") as other:
        assert ledger.see("dmz", "a", "first")
        assert not other.see("dmz", "a", "second")
        assert other.see("internal", "a", "inside")
        assert ledger.seen("a") == {"dmz": "first", "internal": "inside"}
        ledger.done("a")
        assert ledger.seen("a") == {}
        assert not other.see("dmz", "a", "late")
        assert other.counts() == {"dmz": 1, "internal": 1}
        ledger.again("a")
        assert other.see("dmz", "a", "anew")


def test_batches_are_open_until_they_are_closed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.send(BATCH)
        ledger.send(replace(BATCH, sequence=7))
        ledger.send(replace(BATCH, name="b2", again=True, rounds=1))
    with Ledger(tmp_path / "ledger") as ledger:
        assert [each.name for each in ledger.open_batches()] == ["b1", "b2"]
        assert ledger.open_batches()[0] == replace(BATCH, sequence=7)
        ledger.close("b1")
        assert [each.name for each in ledger.open_batches()] == ["b2"]
        assert ledger.batches() == 2


def test_a_target_is_begun_once_and_a_batch_knows_who_had_it_first(tmp_path: Path) -> None:
    with (
        Begun(tmp_path / "begun", lambda: NOW) as mine,
        Begun(tmp_path / "b", lambda: NOW) as other,
    ):
        assert mine.batch("run", "b1", first=True)
        assert mine.batch("run", "b1", first=False)
        assert not other.batch("run", "b1", first=False)
        assert mine.begin("run", "a")
        assert not mine.begin("run", "a")
        assert mine.begin("another", "a")
    later = NOW + timedelta(days=31)
    with Begun(tmp_path / "begun", lambda: later) as mine:
        assert mine.begin("run", "a")


def test_a_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger(path).__exit__(None, None, None)
    assert path.stat().st_mode & 0o777 == 0o600
    os.chmod(path, 0o644)  # noqa: PTH101 - the rights are what is tested
    with pytest.raises(HistoryError, match="others may read"):
        Ledger(path)
