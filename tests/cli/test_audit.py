"""``scan audit verify`` as an operator runs it."""

from __future__ import annotations

from pathlib import Path

from scanner.sinks.audit_log import AuditLog
from tests.cli.shell import scan


def a_log(folder: Path) -> Path:
    path = folder / "audit.ndjson"
    log = AuditLog(path)
    at = "2026-11-22T03:00:00Z"
    log.append({"at": at, "event": "begin", "run": "u-1", "command": "run"})
    log.append({"at": at, "event": "end", "run": "u-1"})
    log.append({"at": at, "event": "begin", "run": "u-2", "command": "host"})
    return path


def test_a_whole_log_ends_with_0_and_tells_its_last_hash(tmp_path: Path) -> None:
    path = a_log(tmp_path)
    done = scan("audit", "verify", str(path))
    assert done.returncode == 0
    began, count, last = done.stdout.splitlines()
    assert began == "began and did not end: host u-2"
    assert count == "3 records, 2026-11-22T03:00:00Z to 2026-11-22T03:00:00Z"
    assert done.stderr == f"scan: {path}: whole\n"
    digest = last.removeprefix("last hash ")
    assert scan("audit", "verify", str(path), "--expect", digest).returncode == 0


def test_a_broken_log_ends_with_1_and_says_where(tmp_path: Path) -> None:
    path = a_log(tmp_path)
    path.write_text(path.read_text().replace('"run"', '"ran"', 1))
    done = scan("audit", "verify", str(path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "broken: line 2: does not follow from the record before it"
    )


def test_a_log_that_lost_its_end_is_known_by_a_noted_hash(tmp_path: Path) -> None:
    done = scan("audit", "verify", str(a_log(tmp_path)), "--expect", "a" * 64)
    assert done.returncode == 1
    assert f"broken: no record has the hash {'a' * 64}" in done.stdout


def test_what_is_no_log_is_invalid_input(tmp_path: Path) -> None:
    done = scan("audit", "verify", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such file" in done.stderr
    assert scan("audit", "verify", str(a_log(tmp_path)), "--expect", "zz").returncode == 2
