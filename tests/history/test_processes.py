from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.history import History, mask_key
from scanner.model.attempts import MOST_FAILURES, AttemptKind
from tests.history.cases import (
    ADDRESS,
    ROOT,
    Clock,
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


PREAMBLE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from scanner.history import History, mask_key
from scanner.model.attempts import AttemptKind

path = Path(sys.argv[1])
def clock():
    return datetime.now(UTC)
def ready():
    print("ready", flush=True)
    sys.stdin.readline()
"""

HAMMER = """
ready()
granted = 0
with History.open(path, clock) as history:
    for number in range(100):
        attempt = history.reserve("192.0.2.7", AttemptKind.ACCOUNT)
        if attempt is not None:
            granted += 1
            if number % 2:
                history.settle(attempt, failed=True)
print(granted)
"""

GIVE_BACK = """
ready()
most = 0
with History.open(path, clock) as history:
    for _ in range(100):
        held = [history.reserve("192.0.2.7", AttemptKind.DECOY) for _ in range(5)]
        held = [attempt for attempt in held if attempt is not None]
        most = max(most, len(held))
        for attempt in held:
            history.settle(attempt, failed=False)
print(most)
"""

MAKE_KEY = """
ready()
print(mask_key(path).hex())
"""

STOP_INSIDE = """
with History.open(path, clock) as history:
    assert history.reserve("192.0.2.7", AttemptKind.ACCOUNT) is not None
    history.refuse("before")
    with history._writing() as db:
        db.execute("PRAGMA cache_size = 5")
        for number in range(5000):
            db.execute("INSERT INTO refusal VALUES (?, 0)", (f"inside-{number:0200}",))
        ready()
"""


def start(script: str, path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + script, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def race(script: str, path: Path, processes: int) -> list[str]:
    """Run the script in several processes that begin together; return what each prints."""
    children = [start(script, path) for _ in range(processes)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].strip() for child in children]
    assert [child.returncode for child in children] == [0] * processes
    return said


def test_processes_that_hammer_one_address_get_four_attempts_together(path: Path) -> None:
    assert sum(int(granted) for granted in race(HAMMER, path, 2)) == MOST_FAILURES


def test_processes_that_give_back_never_hold_more_than_four(path: Path) -> None:
    most = [int(held) for held in race(GIVE_BACK, path, 2)]
    assert max(most) <= MOST_FAILURES
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT count(*) FROM attempt").fetchone() == (0,)


def test_processes_that_race_for_the_key_get_the_same_one(path: Path) -> None:
    keys = set(race(MAKE_KEY, path, 4))
    assert keys == {mask_key(path).hex()}
    assert [each.name for each in path.parent.iterdir()] == ["history.sqlite3.key"]


def test_a_process_killed_inside_a_transaction_leaves_a_whole_store(path: Path) -> None:
    child = start(STOP_INSIDE, path)
    assert path.with_name("history.sqlite3-wal").stat().st_size > 500_000
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    with History.open(path, lambda: datetime.now(UTC), patience=0.5) as history:
        assert history.is_refused("before")
        assert not history.is_refused(f"inside-{0:0200}")
        left = [history.reserve(ADDRESS, AttemptKind.ACCOUNT) for _ in range(5)]
        assert [each is not None for each in left] == [True, True, True, False, False]
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_threads_share_one_history(history: History) -> None:
    with ThreadPoolExecutor(8) as pool:
        tries = pool.map(lambda _: history.reserve(ADDRESS, AttemptKind.DECOY), range(64))
        assert sum(each is not None for each in tries) == MOST_FAILURES
