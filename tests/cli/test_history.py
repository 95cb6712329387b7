"""The history as a person asks it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from scanner.api.memory import forget, open_assets, past_of
from scanner.errors import InputError, LockedError
from scanner.history import History
from scanner.model.failure import Grade
from scanner.model.finding import HostReport, Severity, Verdict
from scanner.model.past import PastAsset
from scanner.model.target import AcceptedRisk
from scanner.report.past import asset_text, open_text
from scanner.schemas.catalogue import load_schema
from scanner.sinks.lock import exclusive
from tests.cli.shell import scan
from tests.cli.test_run import options
from tests.cli.test_run import written as run_file
from tests.history.cases import Clock
from tests.report.nights import asset, said

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202e; rm -rf / \r\nfake line " * 9


def day(number: int) -> datetime:
    return datetime(2026, 7, number, 2, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def kept(path: Path, *reports: tuple[int, HostReport]) -> Path:
    with History.open(path, Clock()) as memory:
        for number, report in reports:
            at = day(number)
            memory.remember(replace(report, judged_at=f"{at:%Y-%m-%dT%H:%M:%SZ}"), at)
    return path


def of(path: Path) -> PastAsset:
    (found,) = past_of("files", path)
    return found


def test_one_asset_is_told_over_its_nights(path: Path) -> None:
    risk = AcceptedRisk(failure="open-zone", reason="x", approved_by="CISO", until=day(19).date())
    quiet = replace(
        asset("files", said("worse", suppressed=True, severity=Severity.CRITICAL, first_seen=None)),
        exceptions=(risk,),
    )
    kept(
        path,
        (1, asset("files", said("worse", first_seen=None), said("mended", first_seen=None))),
        (3, asset("files", said("mended", Verdict.PASS), score=70.0, grade=Grade.C)),
        (9, quiet),
        (12, asset("files", said("worse", Verdict.UNKNOWN))),
    )
    assert list(asset_text(of(path), NOW)) == [
        "files, last report 2026-07-12T02:00:00Z",
        "1 open, 0 leads, 1 closed findings are remembered",
        "",
        "OPEN",
        "  critical  open-zone: worse (from internet)",
        "            open 19 days: first seen 2026-07-01T02:00:00Z, last seen",
        "            2026-07-09T02:00:00Z",
        "            later reports could not tell: it is still open",
        "            risk accepted until 2026-07-19: that day has passed",
        "            changes: 2026-07-01 high, 2026-07-09 critical",
        "",
        "CLOSED",
        "  high      open-zone: mended (from internet)",
        "            closed 2026-07-03T02:00:00Z after 2 days: first seen",
        "            2026-07-01T02:00:00Z",
        "            changes: 2026-07-01 high, 2026-07-03 closed",
        "",
        "SCORES from internet",
        "  2026-07-01 02:00  D     40  ########",
        "  2026-07-03 02:00  C     70  ##############",
        "  2026-07-09 02:00  D     40  ########",
        "  2026-07-12 02:00  D     40  ########",
    ]


def test_every_asset_with_something_open_is_a_line_the_oldest_first(path: Path) -> None:
    kept(
        path,
        (2, asset("new", said("a", asset="new", first_seen=None))),
        (1, asset("old", said("b", asset="old", first_seen=None, severity=Severity.MEDIUM))),
        (1, asset("clean", said("c", Verdict.PASS, asset="clean"))),
    )
    assert list(open_text(open_assets(path), NOW)) == [
        "SEVERITY  OPEN  LEADS  DAYS  LAST SCAN         ASSET",
        "medium       1      0    19  2026-07-01 02:00  old",
        "high         1      0    18  2026-07-02 02:00  new",
        "2 assets with something open; DAYS: since the oldest was opened.",
    ]


def test_names_that_obey_nobody_and_lines_that_fit(path: Path) -> None:
    name = f"files{HOSTILE}"
    bad = asset(name, said("a", asset=name, vantage=HOSTILE, first_seen=None))
    kept(path, (1, replace(bad, tenant=HOSTILE)))
    (one,) = past_of(name, path)
    for line in (*asset_text(one, NOW), *open_text(open_assets(path), NOW)):
        assert line.isprintable()
        assert len(line) <= 80


def test_the_command_tells_both_as_text_and_as_json(path: Path) -> None:
    kept(path, (1, asset("files", said("a", first_seen=None))))
    whole = scan("history", "--history", str(path))
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "high         1      0" in whole.stdout
    one = scan("history", "files", "--history", str(path), "--format", "json")
    (told,) = json.loads(one.stdout)["assets"]
    assert (told["asset"], told["findings"][0]["facet"]) == ("files", "a")
    assert told["scores"]["internet"][0]["score"] == 40.0


def test_what_is_not_there_is_told_in_one_line_and_not_made(path: Path) -> None:
    missing = scan("history", "files", "--history", str(path))
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (2, "", 1)
    assert "no history there" in missing.stderr
    assert not path.exists()
    kept(path)
    with pytest.raises(InputError, match="knows no asset"):
        past_of("files", path)


def test_what_ended_long_ago_is_forgotten_and_what_is_open_stays(path: Path) -> None:
    kept(
        path,
        (1, asset("files", said("open", first_seen=None), said("mended", first_seen=None))),
        (2, asset("files", said("mended", Verdict.PASS))),
        (1, asset("gone", said("x", Verdict.PASS, asset="gone"))),
    )
    assert forget(30, path, clock=lambda: day(20)) == 0
    size = path.stat().st_size
    assert forget(10, path, clock=lambda: day(20)) > 0
    assert [each.facet for each in of(path).findings] == ["open"]
    with pytest.raises(InputError, match="knows no asset"):
        past_of("gone", path)
    assert path.stat().st_size <= size
    told = scan("history", "--forget-older-than", "1", "--history", str(path))
    assert (told.returncode, told.stdout) == (0, "")
    assert "rows forgotten; what is open stays" in told.stderr
    assert [each.facet for each in of(path).findings] == ["open"]


def test_nothing_is_forgotten_under_a_run_or_within_a_day(path: Path) -> None:
    kept(path)
    with exclusive(path.with_name(f"{path.name}.lock")), pytest.raises(LockedError):
        forget(10, path)
    with pytest.raises(InputError, match="at least 1"):
        forget(0, path)


def test_a_run_says_in_one_line_that_it_built_a_damaged_history_anew(tmp_path: Path) -> None:
    hosts = [{"host": "127.0.0.1", "endpoints": [{"port": 1, "protocol": "ftp"}]}]
    file, words = run_file(tmp_path, {"targets": hosts}), options(tmp_path)
    assert scan("run", str(file), *words).returncode == 3
    history = Path(words[words.index("--history") + 1])
    history.write_bytes(b"\xa5" * 8192)
    other = scan("host", "127.0.0.1:1", "--history", str(history))
    assert (other.returncode, other.stdout) == (2, "")
    assert "is damaged" in other.stderr
    assert "scan history --rebuild" in other.stderr
    again = scan("run", str(file), *words)
    assert again.returncode == 3
    told = [line for line in again.stderr.splitlines() if "damaged" in line]
    assert len(told) == 1
    assert f"{history.name}.corrupt-" in told[0]
    assert "from 1 runs" in told[0]
    assert scan("history", "--history", str(history)).returncode == 0


@pytest.mark.parametrize("named", [(), ("files",)])
def test_what_is_printed_as_json_keeps_the_published_schema(
    path: Path, named: tuple[str, ...]
) -> None:
    kept(path, (1, asset("files", said("open"))))
    told = scan("history", *named, "--history", str(path), "--format", "json")
    document = json.loads(told.stdout)
    assert document["assets"]
    Draft202012Validator(load_schema("history")).validate(document)
    with pytest.raises(ValidationError):
        Draft202012Validator(load_schema("history")).validate({**document, "assets": [{}]})


def test_a_history_without_findings_keeps_the_published_schema(tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite3"
    with History.open(empty, Clock()):
        pass
    told = scan("history", "--history", str(empty), "--format", "json")
    document = json.loads(told.stdout)
    assert document["assets"] == []
    Draft202012Validator(load_schema("history")).validate(document)
