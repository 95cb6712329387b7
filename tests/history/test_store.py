from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.history import History, default_path, mask_key
from scanner.model.attempts import MOST_FAILURES, Attempt, AttemptKind, AttemptLedger
from tests.history.cases import (
    ADDRESS,
    Clock,
    mode,
    private,
    refusing,
    spend,
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


def test_the_default_lies_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert default_path() == Path("/srv/state/transfer-exposure-scanner/history.sqlite3")


@pytest.mark.parametrize("stated", ["", "relative/state", None])
def test_without_an_absolute_state_directory_home_counts(
    monkeypatch: pytest.MonkeyPatch, stated: str | None
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if stated is not None:
        monkeypatch.setenv("XDG_STATE_HOME", stated)
    expected = "/home/someone/.local/state/transfer-exposure-scanner/history.sqlite3"
    assert default_path() == Path(expected)


def test_the_key_is_made_once_for_its_owner_alone(path: Path) -> None:
    key = mask_key(path)
    assert len(key) == 32
    assert mask_key(path) == key
    assert mask_key(path.with_name("other.sqlite3")) != key
    assert mode(path.with_name("history.sqlite3.key")) == 0o600
    assert mode(path.parent) == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "history.sqlite3.key",
        "other.sqlite3.key",
    ]


@pytest.mark.parametrize("size", [0, 16, 31, 33, 4096])
def test_a_key_of_another_size_is_refused(path: Path, size: int) -> None:
    private(path.with_name("history.sqlite3.key"), b"k" * size)
    with refusing("history.sqlite3.key", "32 bytes"):
        mask_key(path)


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_may_read_is_refused(path: Path, wide: int) -> None:
    mask_key(path)
    path.with_name("history.sqlite3.key").chmod(wide)
    with refusing("history.sqlite3.key", "chmod 600"):
        mask_key(path)


def test_a_folder_in_place_of_the_key_is_refused(path: Path) -> None:
    path.with_name("history.sqlite3.key").mkdir(parents=True)
    with refusing("history.sqlite3.key"):
        mask_key(path)


def test_a_link_that_leads_nowhere_is_no_key(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("history.sqlite3.key").symlink_to("missing")
    with refusing("history.sqlite3.key", "No such file"):
        mask_key(path)


def test_a_history_is_a_ledger(history: History) -> None:
    ledger: AttemptLedger = history
    attempt = ledger.reserve(ADDRESS, AttemptKind.KEY_QUERY)
    assert attempt is not None
    assert (attempt.address, attempt.kind) == (ADDRESS, AttemptKind.KEY_QUERY)


def test_four_open_attempts_are_all_there_are_for_an_address(history: History) -> None:
    assert len(spend(history, 6)) == MOST_FAILURES
    assert len(spend(history, 6, "192.0.2.8")) == MOST_FAILURES


def test_a_success_gives_the_attempt_back_and_a_failure_does_not(history: History) -> None:
    first, second, *_ = spend(history, 4)
    history.settle(first, failed=True)
    assert spend(history, 1) == []
    history.settle(second, failed=False)
    assert len(spend(history, 2)) == 1


def test_a_failure_cannot_be_taken_back(history: History) -> None:
    first, *_ = spend(history, 4)
    history.settle(first, failed=True)
    history.settle(first, failed=False)
    assert spend(history, 1) == []


def test_failures_count_for_twenty_four_hours_from_when_they_failed(
    history: History, clock: Clock
) -> None:
    attempts = spend(history, 4)
    clock.pass_by(hours=1)
    for attempt in attempts:
        history.settle(attempt, failed=True)
    clock.pass_by(hours=24)
    assert spend(history, 1) == []
    clock.pass_by(seconds=1)
    assert len(spend(history, 5)) == MOST_FAILURES


def test_attempts_that_nobody_settled_count_for_twenty_four_hours(
    history: History, clock: Clock
) -> None:
    spend(history, 4)
    clock.pass_by(hours=24)
    assert spend(history, 1) == []
    clock.pass_by(seconds=1)
    assert len(spend(history, 5)) == MOST_FAILURES


def test_a_clock_set_back_frees_nothing(history: History, clock: Clock) -> None:
    spend(history, 4)
    clock.pass_by(days=-40)
    assert spend(history, 1) == []


def test_an_attempt_pruned_before_it_is_settled_touches_no_later_one(
    history: History, clock: Clock
) -> None:
    forgotten = spend(history, 4)
    clock.pass_by(days=2)
    assert history.prune(clock.now) == 4
    spend(history, 4)
    for attempt in forgotten:
        history.settle(attempt, failed=False)
    assert spend(history, 1) == []


def test_a_refused_credential_stays_refused(history: History, clock: Clock) -> None:
    assert not history.is_refused("key-1")
    history.refuse("key-1")
    history.refuse("key-1")
    clock.pass_by(days=4000)
    history.prune(clock.now)
    assert history.is_refused("key-1")
    assert not history.is_refused("key-2")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.sampled_from(["192.0.2.1", "192.0.2.2"])),
        st.tuples(st.sampled_from(["fail", "succeed"]), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.sampled_from([1, 12, 24])),
    ),
    max_size=40,
)


@given(STEPS)
def test_no_window_of_a_day_ever_holds_a_fifth_failing_attempt(
    steps: list[tuple[str, str | int]],
) -> None:
    clock, held, counted = Clock(), list[Attempt](), dict[int, tuple[str, datetime]]()
    with History.in_memory(clock) as history:
        for step, operand in steps:
            if step == "reserve":
                attempt = history.reserve(str(operand), AttemptKind.ANONYMOUS)
                within = [
                    address
                    for address, at in counted.values()
                    if address == operand and clock.now - at <= timedelta(hours=24)
                ]
                assert (attempt is None) == (len(within) >= MOST_FAILURES)
                if attempt is not None:
                    held.append(attempt)
                    counted[attempt.id] = (attempt.address, clock.now)
            elif step == "wait":
                clock.pass_by(hours=int(operand))
            elif int(operand) < len(held):
                attempt = held.pop(int(operand))
                history.settle(attempt, failed=step == "fail")
                counted[attempt.id] = (attempt.address, clock.now)
                if step == "succeed":
                    del counted[attempt.id]


def test_what_is_kept_together_is_one_transaction(history: History, path: Path) -> None:
    seen_by_others = []
    with History.open(path, Clock()) as other:
        with history.together():
            for name in ("a", "b"):
                history.refuse(name)
                seen_by_others.append(other.is_refused(name))
        assert seen_by_others == [False, False]
        assert other.is_refused("a")
        assert other.is_refused("b")


def test_of_a_block_that_fails_nothing_is_kept_and_the_next_one_is(history: History) -> None:
    def broken() -> None:
        with history.together():
            history.refuse("a")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        broken()
    history.refuse("b")
    assert not history.is_refused("a")
    assert history.is_refused("b")
