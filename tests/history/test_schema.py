from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scanner.errors import DamagedHistoryError, HistoryError, HistoryHeldError
from scanner.history import History, mask_key
from scanner.model.attempts import AttemptKind
from tests.history.cases import (
    ADDRESS,
    FAILS,
    NIGHT,
    Clock,
    as_nobody,
    finding,
    mode,
    private,
    recalled,
    refusing,
    report,
    text,
    uid,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite3"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    with History.open(path, clock) as opened:
        yield opened


def test_folder_and_files_are_made_for_their_owner_alone(history: History, path: Path) -> None:
    history.refuse("k")
    assert mode(path.parent) == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "history.sqlite3",
        "history.sqlite3-shm",
        "history.sqlite3-wal",
    ]
    assert {mode(each) for each in path.parent.iterdir()} == {0o600}


def test_an_existing_folder_keeps_its_rights(tmp_path: Path, clock: Clock) -> None:
    tmp_path.chmod(0o750)
    History.open(tmp_path / "h", clock).close()
    assert mode(tmp_path) == 0o750


def test_what_was_kept_outlives_the_process(path: Path, clock: Clock) -> None:
    with History.open(path, clock) as first:
        first.refuse("key-1")
        first.remember(report(finding("listing", FAILS)), NIGHT)
    with History.open(path, clock) as second:
        assert second.is_refused("key-1")
        assert recalled(second).findings == {uid("listing"): text(NIGHT)}


def test_the_store_is_strict_journalled_and_versioned(history: History, path: Path) -> None:
    history.refuse("k")
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert plain.execute("PRAGMA user_version").fetchone() == (7,)
        tables = plain.execute(
            "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE"
            " 'sqlite_%'"
        ).fetchall()
    assert len(tables) == 13
    assert {strict for _, strict in tables} == {1}


def test_odd_letters_in_the_path_are_only_letters(tmp_path: Path, clock: Clock) -> None:
    odd = tmp_path / "a ?mode=ro#b%20é" / "h?.sqlite3"
    History.open(odd, clock).close()
    assert odd.is_file()


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o660, 0o666])
def test_a_history_that_others_may_read_is_refused(path: Path, clock: Clock, wide: int) -> None:
    History.open(path, clock).close()
    path.chmod(wide)
    with refusing(str(path), "chmod 600"):
        History.open(path, clock)


def test_a_folder_in_its_place_is_refused(tmp_path: Path, clock: Clock) -> None:
    with refusing(str(tmp_path), "not a regular file"):
        History.open(tmp_path, clock)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").write_text("")
    with refusing("cannot be opened", "choose another"):
        History.open(tmp_path / "state" / "history.sqlite3", clock)


def test_a_file_of_something_else_is_refused_and_left_alone(path: Path, clock: Clock) -> None:
    content = b"a letter, not a database " * 100
    with refusing(str(path), "is no history"):
        History.open(private(path, content), clock)
    assert path.read_bytes() == content


def test_a_file_beside_the_key_of_a_history_is_a_damaged_one(path: Path, clock: Clock) -> None:
    mask_key(path)
    with pytest.raises(DamagedHistoryError, match="scan history --rebuild"):
        History.open(private(path, b"a letter, not a database " * 100), clock)


def test_an_empty_file_becomes_a_history(path: Path, clock: Clock) -> None:
    with History.open(private(path, b""), clock) as opened:
        assert not opened.is_refused("k")


def test_another_programs_database_is_refused_and_left_alone(path: Path, clock: Clock) -> None:
    private(path, b"")
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with refusing(str(path), "another program"):
        History.open(path, clock)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_left_alone(path: Path, clock: Clock) -> None:
    History.open(path, clock).close()
    with closing(sqlite3.connect(path)) as newer:
        (known,) = newer.execute("PRAGMA user_version").fetchone()
        newer.execute(f"PRAGMA user_version = {known + 1}")
    with refusing(str(path), f"schema {known + 1}, known here: {known}", "upgrade"):
        History.open(path, clock)
    with closing(sqlite3.connect(path)) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (known + 1,)


def test_a_history_that_is_refused_is_not_held_open(path: Path, clock: Clock) -> None:
    private(path, b"a letter, not a database " * 100)
    with pytest.raises(HistoryError) as caught:
        History.open(path, clock)
    assert path.resolve() not in {each.resolve() for each in Path("/proc/self/fd").iterdir()}
    assert caught.value.__cause__ is not None  # its frames live: nothing was merely collected


def test_a_history_whose_tables_are_not_those_of_its_version_is_damaged(
    path: Path, clock: Clock
) -> None:
    History.open(path, clock).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 4")
        db.commit()
    with pytest.raises(DamagedHistoryError, match="its tables are not those of its version"):
        History.open(path, clock)


def test_a_damaged_history_is_told_when_it_is_met(path: Path, clock: Clock) -> None:
    with History.open(path, clock) as opened:
        for number in range(500):
            opened.refuse(f"credential-{number:0100}")
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with refusing(str(path), "is damaged", "backup"), History.open(path, clock) as opened:
        opened.is_refused("credential-1")


def test_a_history_that_another_process_holds_is_told(path: Path, clock: Clock) -> None:
    with History.open(path, clock, patience=0.05) as opened:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with refusing(str(path), "held by another process"):
                opened.reserve(ADDRESS, AttemptKind.ACCOUNT)
            with refusing(str(path), "held by another process"):
                History.open(path, clock, patience=0.05)
            with pytest.raises(HistoryHeldError):
                History.open(path, clock, patience=0.05)
        assert opened.reserve(ADDRESS, AttemptKind.ACCOUNT) is not None


def test_a_new_file_that_another_process_holds_is_told(path: Path, clock: Clock) -> None:
    private(path, b"")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with refusing("held by another process"):
            History.open(path, clock, patience=0.05)


def test_a_read_only_history_is_refused(clock: Clock) -> None:
    with as_nobody() as folder:
        path = folder / "history.sqlite3"
        History.open(path, clock).close()
        path.chmod(0o400)
        with refusing(str(path), "cannot be", "writable"):
            History.open(path, clock)
        path.chmod(0o600)
        folder.chmod(0o500)
        with refusing(str(path), "cannot be", "writable"):
            History.open(path, clock)
        folder.chmod(0o700)


def test_an_old_sqlite_is_refused(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with refusing("too old", "3.37"):
        History.open(path, clock)


def test_a_fault_of_our_own_is_not_blamed_on_the_file(history: History) -> None:
    history.close()
    history.close()
    with pytest.raises(sqlite3.ProgrammingError):
        history.is_refused("k")


def test_a_read_only_folder_is_refused(clock: Clock) -> None:
    with as_nobody() as folder:
        folder.chmod(0o500)
        with refusing("cannot be opened", "Permission denied", "writable"):
            History.open(folder / "history.sqlite3", clock)
        with refusing("masking key", "Permission denied", "writable"):
            mask_key(folder / "history.sqlite3")
        folder.chmod(0o700)
