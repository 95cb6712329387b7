from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cattrs import Converter

from scanner.history import History
from scanner.history.judged import MOST_JUDGED
from scanner.model.content import (
    Column,
    ContentFacts,
    ContentState,
    DataClass,
    DataKind,
    DateCheck,
    Note,
    TableFacts,
)
from tests.history.cases import Clock, text

FACTS = ContentFacts(
    format="csv",
    state=ContentState.CLEAR,
    kinds=(DataKind(kind="nir", data_class=DataClass.HEALTH, count=4, valid_share=0.5, column=1),),
    columns=(Column(index=0, name="nom"), Column(index=1, key="ab12", free_text=True)),
    rows=9,
    persons=4,
    bytes_read=65_536,
    notes=(Note.CUT_OFF,),
)
SEALED = ContentFacts(format="age", state=ContentState.ENCRYPTED)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "h.sqlite3"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    with History.open(path, clock) as opened:
        yield opened


def test_facts_come_back_whole_with_the_moment_of_reading(history: History, clock: Clock) -> None:
    history.keep_judged("t", "lab", {"a": FACTS, "b": SEALED})
    read_at = text(clock.now)
    clock.pass_by(days=2)

    found = history.judged("t", "lab", ["a", "b", "c"])

    assert {stamp: judged.facts for stamp, judged in found.items()} == {"a": FACTS, "b": SEALED}
    assert {judged.read_at for judged in found.values()} == {read_at}


ORDERED = ContentFacts(
    format="csv",
    state=ContentState.CLEAR,
    tables=(
        TableFacts(
            columns=(Column(index=0, like="birth-date"),),
            rows=None,
            rows_read=3,
            whole=True,
            dates=DateCheck(inside=1, outside=0, untold=2),
        ),
    ),
    all_tables=True,
    unordered_kinds=("nir",),
)


@pytest.mark.parametrize("facts", [FACTS, SEALED, ORDERED], ids=["kinds", "sealed", "tables"])
def test_facts_are_kept_as_the_library_that_reads_them_would_write_them(
    path: Path, history: History, facts: ContentFacts
) -> None:
    history.keep_judged("t", "lab", {"a": facts})

    with closing(sqlite3.connect(path)) as db:
        (kept,) = db.execute("SELECT facts FROM judged").fetchone()
    assert json.loads(kept) == Converter(omit_if_default=True).unstructure(facts)
    assert history.judged("t", "lab", ["a"])["a"].facts == facts


def test_whether_anything_is_remembered_of_an_asset_is_known_without_a_stamp(
    history: History,
) -> None:
    assert not history.remembers("t", "lab")
    history.keep_judged("t", "lab", {"a": FACTS})

    assert history.remembers("t", "lab")
    assert not history.remembers("t", "other")
    assert not history.remembers("u", "lab")


def test_nothing_is_known_of_another_asset_tenant_or_stamp(history: History) -> None:
    history.keep_judged("t", "lab", {"a": FACTS})

    assert history.judged("t", "lab", ["b"]) == {}
    assert history.judged("t", "other", ["a"]) == {}
    assert history.judged("u", "lab", ["a"]) == {}
    assert history.judged("t", "lab", []) == {}


def test_after_thirty_days_a_file_is_not_known_any_more(history: History, clock: Clock) -> None:
    history.keep_judged("t", "lab", {"a": FACTS})
    clock.pass_by(days=29)
    assert "a" in history.judged("t", "lab", ["a"])
    clock.pass_by(days=1)
    assert history.judged("t", "lab", ["a"]) == {}


def test_a_later_reading_takes_the_place_of_an_earlier_one(history: History, clock: Clock) -> None:
    history.keep_judged("t", "lab", {"a": FACTS})
    clock.pass_by(days=29)
    history.keep_judged("t", "lab", {"a": SEALED})
    clock.pass_by(days=29)

    assert history.judged("t", "lab", ["a"])["a"].facts == SEALED


def test_those_read_longest_ago_are_forgotten_first(history: History, clock: Clock) -> None:
    history.keep_judged("t", "lab", {"old": FACTS})
    history.keep_judged("t", "other", {"theirs": FACTS})
    clock.pass_by(hours=1)
    history.keep_judged("t", "lab", {f"n{n}": SEALED for n in range(MOST_JUDGED)})

    assert history.judged("t", "lab", ["old", "n0"]).keys() == {"n0"}
    assert "theirs" in history.judged("t", "other", ["theirs"])


def test_pruning_forgets_them_and_the_asset_that_nothing_else_names(
    history: History, path: Path, clock: Clock
) -> None:
    history.keep_judged("t", "lab", {"a": FACTS})
    clock.pass_by(days=1)
    assert history.prune(clock.now) == 2
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT count(*) FROM asset").fetchone() == (0,)


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": "csv"}', '{"format":"x","state":"new"}'])
def test_facts_that_cannot_be_read_are_as_good_as_none(
    history: History, path: Path, damage: str
) -> None:
    history.keep_judged("t", "lab", {"a": FACTS, "b": SEALED})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE judged SET facts = ? WHERE stamp = 'a'", (damage,))

    assert history.judged("t", "lab", ["a", "b"]).keys() == {"b"}
