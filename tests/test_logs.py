"""Logs of a target, read from disk into one digest."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.logs import check_logs, read_logs
from scanner.model.logs import LogDigest, not_read
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Account, Areas, LogSource, Migration, Target
from scanner.model.visit import Visit
from scanner.schemas.catalogue import load_schema
from scanner.wire.log_formats import FORMATS

HERE, THERE = "192.0.2.4", "198.51.100.7"


def target(*logs: LogSource, **changes: Any) -> Target:
    return Target(host="ftp.example.org", asset="a", logs=logs, **changes)


def source(path: Path, name: str = "openssh", zone: str = "UTC") -> LogSource:
    return LogSource(format=name, path=str(path), timezone=zone)


def digest(*logs: LogSource, visits: tuple[Visit, ...] = (), **changes: Any) -> LogDigest:
    read = read_logs(target(*logs, **changes), visits)
    assert isinstance(read, Observed)
    return read.value


def write(path: Path, *lines: str, changed: datetime, packed: bool = False) -> Path:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    return path


def enters(day: str, source: str = HERE, user: str = "lab") -> str:
    return f"{day} files sshd[5]: Accepted password for {user} from {source} port 51 ssh2"


def test_the_years_of_a_rotated_set_are_told_by_the_files_that_came_after(tmp_path: Path) -> None:
    copied = datetime(2026, 2, 3, tzinfo=UTC)  # a copy lost the times of change
    write(tmp_path / "auth.log", enters("Jan  5 10:00:00"), changed=copied)
    write(tmp_path / "auth.log.1", enters("Jul  5 10:00:00"), changed=copied)
    write(tmp_path / "auth.log.2.gz", enters("Aug  5 10:00:00"), changed=copied, packed=True)
    (read,) = digest(source(tmp_path / "auth.log*")).sources
    assert (read.files, read.lines, read.unparsed) == (3, 3, 0)
    assert read.newest == "2026-01-05T10:00:00Z"
    assert read.oldest == "2024-08-05T10:00:00Z"


def test_a_file_over_new_year_is_in_both_years(tmp_path: Path) -> None:
    lines = [enters("Dec 31 23:59:50"), enters("Jan  1 00:00:10")]
    path = write(tmp_path / "auth.log", *lines, changed=datetime(2026, 1, 2, tzinfo=UTC))
    (read,) = digest(source(path)).sources
    assert (read.oldest, read.newest) == ("2025-12-31T23:59:50Z", "2026-01-01T00:00:10Z")


def test_times_are_read_in_the_zone_of_their_log(tmp_path: Path) -> None:
    path = write(
        tmp_path / "auth.log",
        enters("Jan  5 10:00:00"),
        changed=datetime(2026, 1, 6, tzinfo=UTC),
    )
    (read,) = digest(source(path, zone="Asia/Tokyo")).sources
    assert read.newest == "2026-01-05T01:00:00Z"


def test_several_logs_tell_of_one_account_together(tmp_path: Path) -> None:
    changed = datetime(2026, 1, 6, tzinfo=UTC)
    auth = write(tmp_path / "auth.log", enters("Jan  5 10:00:00"), changed=changed)
    line = f"Mon Jan  5 10:00:30 2026 5 {THERE} 7 /x b _ o r lab ftp 0 * c"
    moved = write(tmp_path / "xferlog", line, changed=changed)
    found = digest(source(auth), source(moved, "xferlog"))
    assert [each.place for each in found.sources] == ["logs[0]", "logs[1]"]
    assert [each.tells_sessions for each in found.sources] == [True, False]
    assert found.accounts[0].sessions == 2


def test_nothing_of_a_file_is_kept_but_counts_accounts_and_networks(tmp_path: Path) -> None:
    lines = [
        f"Mon Jan  5 10:00:30 2026 5 {THERE} 7 /canary/dupont.csv b _ i r lab ftp 0 * c",
        f"Mon Jan  5 10:00:30 2026 5 {THERE} 7 /canary/dupont.csv b _ o a canary@dupont ftp 0 * c",
        "canary dupont",
    ]
    path = write(tmp_path / "xferlog", *lines, changed=datetime(2026, 1, 6, tzinfo=UTC))
    told = repr(digest(source(path, "xferlog"), areas=Areas(private=("/canary",))))
    assert "dupont" not in told
    assert "lab" in told


def test_declarations_of_the_target_reach_the_digest(tmp_path: Path) -> None:
    lines = [
        f"Mon Jan  5 {clock} 2026 1 {THERE} 7 {path} b _ i r lab ftp 0 * c"
        for clock, path in (
            ("22:59:59", "/lab/mig-1/a.csv"),
            ("23:00:01", "/lab/mig-1/a.csv"),
            ("12:00:00", "/lab/b.csv"),
        )
    ]
    path = write(tmp_path / "xferlog", *lines, changed=datetime(2026, 1, 6, tzinfo=UTC))
    order = Migration(
        order_id="MIG-1",
        paths=("/lab/mig-1/*",),
        ordered_on=date(2026, 1, 1),
        migration_end=date(2026, 1, 5),
    )
    found = digest(
        source(path, "xferlog"),
        timezone="Europe/Paris",  # where the order's last day ends at 23:00 UTC
        migrations=(order,),
        areas=Areas(private=("/lab",)),
        accounts=(Account(username="lab", networks=("192.0.2.0/24",)),),
    )
    assert (found.orders[0].within, found.orders[0].after) == (1, 1)
    assert found.unordered == 1
    assert found.accounts[0].outside == found.accounts[0].sessions


def test_a_visit_is_looked_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "auth.log", enters("Jan  5 10:00:00"), changed=datetime(2026, 1, 6, tzinfo=UTC)
    )
    there = Visit(
        vantage="internal",
        started="2026-01-05T09:59:00Z",
        finished="2026-01-05T10:01:00Z",
        sources=(HERE,),
    )
    (trace,) = digest(source(path), visits=(there,)).visits
    assert trace.lines == 1


def unread(*logs: LogSource) -> Unobserved:
    read = read_logs(target(*logs))
    assert isinstance(read, Unobserved)
    return read


def test_what_was_not_handed_over_or_cannot_be_read_is_not_observed(tmp_path: Path) -> None:
    assert unread() == Unobserved(Reason.NOT_DECLARED, "no logs are declared")
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\0\xff\n" * 50)
    (tmp_path / "folder").mkdir()
    reasons = {
        "missing": "logs[0]: names no file",
        "empty": "logs are empty",
        "binary": "none of 50 lines is of the format that is declared",
        "folder": "logs[0]: is a folder; name a file",
    }
    for name, why in reasons.items():
        assert unread(source(tmp_path / name)) == Unobserved(Reason.UNREADABLE, why)
    odd = unread(source(tmp_path / "empty", "no-such-format"))
    assert odd.detail == "logs[0]: is of no format that is read"


def test_what_was_cut_is_told_beside_what_was_read(tmp_path: Path) -> None:
    changed = datetime(2026, 1, 6, tzinfo=UTC)
    good = write(tmp_path / "auth.log", enters("Jan  5 10:00:00"), changed=changed)
    found = digest(source(good), source(tmp_path / "gone"))
    assert found.cut == "logs[1]: names no file"
    assert found.unread == found.cut


def test_many_lines_that_do_not_parse_stand_against_a_pass(tmp_path: Path) -> None:
    changed = datetime(2026, 1, 6, tzinfo=UTC)
    few = [enters("Jan  5 10:00:00")] * 20 + ["?"] * 2
    assert digest(source(write(tmp_path / "a", *few, changed=changed))).unread == ""
    many = [*few, "?"]
    found = digest(source(write(tmp_path / "b", *many, changed=changed)))
    assert found.unread == "logs[0]: 3 of 23 lines did not parse, such as '?'"


def test_a_scan_that_ends_early_concludes_nothing_from_half_a_log(tmp_path: Path) -> None:
    changed = datetime(2026, 1, 6, tzinfo=UTC)
    path = write(tmp_path / "log", *[enters("Jan  5 10:00:00")] * 40_000, changed=changed)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 1

    found = read_logs(target(source(path)), stop=stop)
    assert found == not_read(target(source(path)))
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.INTERRUPTED
    assert len(asked) == 2
    assert not_read(target()).reason is Reason.NOT_DECLARED


def test_the_schema_names_the_formats_that_are_read() -> None:
    schema = load_schema("targets")
    assert set(schema["$defs"]["log"]["properties"]["format"]["enum"]) == FORMATS


def test_faults_are_told_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changed = datetime(2026, 1, 6, tzinfo=UTC)
    write(tmp_path / "good", *[enters("Jan  5 10:00:00")] * 9, "?", changed=changed)
    write(tmp_path / "mixed", enters("Jan  5 10:00:00"), "canary 42", changed=changed)
    write(tmp_path / "other", "canary", "canary", changed=changed)
    (tmp_path / "empty").touch()
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"x" * 99)[:20])
    found = check_logs(
        target(
            source(tmp_path / "good"),
            source(tmp_path / "other"),
            source(tmp_path / "empty"),
            source(tmp_path / "log.gz"),
            source(tmp_path / "good", "syslog"),
            source(tmp_path / "mixed"),
        )
    )
    assert found == (
        "logs[1].path: other: none of its first 2 lines is of the format openssh",
        "logs[3].path: log.gz: a compressed file is damaged",
        "logs[4].format: syslog: is no format that is read; see docs/logs.md",
        (
            "logs[5].path: mixed: 1 of its first 2 lines are not of the format openssh, "
            "such as 'a 9'"
        ),
    )
