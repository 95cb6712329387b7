from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scanner.engine.record import Record, decode, encode
from scanner.history import History
from scanner.history.host_keys import MOST_KEYS
from scanner.model.finding import HostReport
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import PastHostKey
from scanner.model.ssh import HostKey, SshFacts
from tests.history.cases import NIGHT, Clock, night, observed, recalled, report, text

ED, RSA = "ssh-ed25519", "ssh-rsa"


def key(fingerprint: str, algorithm: str = ED) -> HostKey:
    return HostKey(
        algorithm=algorithm, bits=None, fingerprint=fingerprint, trust=PeerTrust.UNVERIFIED
    )


def showing(*keys: HostKey, vantage: str = "internet") -> HostReport:
    facts = SshFacts(identification=Observed("SSH-2.0-demo"), host_keys=Observed(keys))
    return report(observations=[observed(facts, vantage)])


@pytest.fixture
def history() -> Iterator[History]:
    with History.in_memory(Clock()) as opened:
        yield opened


def prints(history: History) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for past in recalled(history).host_keys:
        found.setdefault((past.vantage, past.algorithm), set()).add(past.fingerprint)
    return found


def test_the_keys_of_the_last_scan_are_recalled_with_their_times(history: History) -> None:
    history.remember(showing(key("A"), key("R", RSA)), night(0))
    history.remember(showing(key("A")), night(3))
    assert recalled(history).host_keys == (
        PastHostKey(
            vantage="internet",
            port=2121,
            algorithm=ED,
            fingerprint="A",
            first_seen=text(night(0)),
            last_seen=text(night(3)),
        ),
        PastHostKey(
            vantage="internet",
            port=2121,
            algorithm=RSA,
            fingerprint="R",
            first_seen=text(night(0)),
            last_seen=text(night(0)),
        ),
    )


def test_a_new_key_takes_the_place_of_the_old_one_of_its_type(history: History) -> None:
    history.remember(showing(key("A"), key("R", RSA)), night(0))
    history.remember(showing(key("B")), night(1))
    assert prints(history) == {("internet", ED): {"B"}, ("internet", RSA): {"R"}}
    history.remember(showing(key("A")), night(2))
    (back, _) = recalled(history).host_keys
    assert (back.fingerprint, back.first_seen) == ("A", text(night(0)))


def test_an_older_report_changes_nothing(history: History) -> None:
    history.remember(showing(key("B")), night(5))
    history.remember(showing(key("A")), night(1))
    assert prints(history) == {("internet", ED): {"B"}}


def test_all_keys_of_one_night_stand_together_and_vantages_apart(history: History) -> None:
    history.remember(showing(key("A"), key("B")), NIGHT)
    history.remember(showing(key("C"), vantage="dmz"), NIGHT)
    assert prints(history) == {("internet", ED): {"A", "B"}, ("dmz", ED): {"C"}}


def test_a_certificate_is_kept_as_the_key_inside(history: History) -> None:
    history.remember(showing(key("A", f"{ED}-cert-v01@openssh.com"), key("A")), NIGHT)
    assert prints(history) == {("internet", ED): {"A"}}


def test_a_night_that_saw_no_key_forgets_none(history: History) -> None:
    history.remember(showing(key("A")), night(0))
    facts = SshFacts(identification=Observed("SSH-2.0-demo"), host_keys=Unobserved(Reason.TIMEOUT))
    history.remember(report(observations=[observed(facts)]), night(1))
    assert prints(history) == {("internet", ED): {"A"}}


def test_keys_seen_long_ago_are_pruned(history: History) -> None:
    history.remember(showing(key("A")), night(0))
    history.remember(showing(key("B")), night(9))
    assert history.prune(night(5)) == 2  # the key, and the score of its night
    assert prints(history) == {("internet", ED): {"B"}}


def test_a_flood_of_keys_is_bounded(history: History) -> None:
    history.remember(showing(*(key(f"{n}") for n in range(MOST_KEYS + 50))), NIGHT)
    assert len(recalled(history).host_keys) == MOST_KEYS


def test_what_is_recalled_survives_a_saved_record(history: History) -> None:
    history.remember(showing(key("A")), NIGHT)
    record = Record(asset="db1", judged_at=text(NIGHT), observations=(), recall=recalled(history))
    assert decode(encode(record)) == record


def test_a_history_of_the_first_schema_gains_the_table(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    with History.open(path, Clock()) as opened:
        opened.remember(showing(key("A")), NIGHT)
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("DROP TABLE host_key")
        older.execute("DROP TABLE judged")
        older.execute("DROP TABLE visit")
        older.execute("DROP TABLE score")
        older.execute("DROP TABLE change")
        older.execute("ALTER TABLE finding DROP COLUMN accepted")
        older.execute("ALTER TABLE finding DROP COLUMN severity")
        older.execute("PRAGMA user_version = 1")
    with History.open(path, Clock()) as opened:
        assert recalled(opened).host_keys == ()
        opened.remember(showing(key("B")), night(1))
        assert prints(opened) == {("internet", ED): {"B"}}
