"""Input that cannot be used: exit code 2, nothing scanned, each fault with its place and mend."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.command.console import Console
from tests.command.papers import entry, secret, written

ESCAPED = "t\x1b[2J\u202eo\ndd"


def refused(console: Console, *arguments: str | Path, **variables: str) -> list[str]:
    """Return the lines on standard error of a command that refuses, and leaves nothing."""
    told = console.scan(*arguments, **variables)
    assert (told.returncode, told.stdout) == (2, ""), told.stderr
    assert "Traceback" not in told.stderr
    assert "\x1b" not in told.stderr
    assert not (console.folder / "reports").exists()
    return told.stderr.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("hots",),
        ("host",),
        ("run",),
        ("run", "targets.json", "--fail-on", "dire"),
        ("run", "targets.json", "--shard", "0/3"),
        ("run", "targets.json", "--engine", "elsewhere"),
        ("host", "127.0.0.1", "--format", "pdf"),
        ("host", "127.0.0.1", "--protocol", "gopher"),
        ("host", "127.0.0.1:0"),
        ("host", "ftp://127.0.0.1/"),
        ("checks", "--format", "pdf"),
        ("explain", "open-zoo"),
        ("schema", "everything"),
        ("assess", "reports/none"),
    ],
    ids=" ".join,
)
def test_words_that_mean_nothing(console: Console, arguments: tuple[str, ...]) -> None:
    written(console.folder, entry(1, "a"))
    assert refused(console, *arguments)


def test_every_error_of_a_file_is_told_with_its_place_and_its_mend(console: Console) -> None:
    path = console.folder / "targets.json"
    path.write_text(
        """{
  "version": 1,
  "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/33"]},
  "targets": [
    {"host": "127.0.0.1", "asset": "a", "endpoints": [{"port": 70000, "protocol": "ftp"}]},
    {"host": "127.0.0.2", "asset": "a"},
    {"hots": "127.0.0.3"},
    {"host": "127.0.0.4", "accounts": [{"username": "x", "password": "hunter2-literal"}]}
  ]
}
""",
        encoding="utf-8",
    )
    lines = refused(console, "run", "targets.json")
    assert all(re.fullmatch(r"scan: targets\.json:\d+: .+", line) for line in lines), lines
    told = {int(line.split(":")[2]) for line in lines}
    assert told >= {3, 5, 7, 8}
    assert len(lines) >= 4
    assert all("; " in line for line in lines), lines
    assert "hunter2" not in "".join(lines)


def test_validate_tells_the_same_errors_as_run(console: Console) -> None:
    written(console.folder, {"hots": "127.0.0.1"}, {"host": "127.0.0.2", "retention_days": -1})
    told = console.scan("validate", "targets.json")
    assert told.returncode == 2
    errors = [line.removeprefix("scan: ") for line in refused(console, "run", "targets.json")]
    assert told.stdout.splitlines() == errors


def test_a_file_that_is_no_json_is_told_with_its_line(console: Console) -> None:
    (console.folder / "targets.json").write_text('{\n "version": 1,\n]', encoding="utf-8")
    (line, *_) = refused(console, "run", "targets.json")
    assert line.startswith("scan: targets.json:3:")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{}", b"[]", b"null", b'{"a":' * 5000])
def test_a_file_of_anything_else_is_refused(console: Console, content: bytes) -> None:
    (console.folder / "targets.json").write_bytes(content)
    assert refused(console, "run", "targets.json")


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(console: Console) -> None:
    (console.folder / "folder").mkdir()
    for name in ("missing.json", "folder"):
        (line,) = refused(console, "run", name)
        assert name in line


def test_names_of_files_cannot_write_on_the_terminal(console: Console) -> None:
    (line,) = refused(console, "run", ESCAPED)
    assert "\\x1b[2J" in line


def test_an_authorisation_that_has_ended_is_told_with_its_day(console: Console) -> None:
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"], "valid_until": "2024-02-29"}
    written(console.folder, entry(1, "a"), authorisation=leave)
    for arguments in (
        ("run", "targets.json"),
        ("run", "targets.json", "--dry-run"),
        ("host", "127.0.0.1", "--targets", "targets.json"),
    ):
        (line,) = refused(console, *arguments)
        assert "2024-02-29" in line


def test_a_host_that_nobody_authorised_is_never_connected_to(console: Console) -> None:
    (line,) = refused(console, "host", "192.0.2.1")
    assert "--authorised" in line
    assert "--targets" in line


def test_a_host_outside_the_scope_is_refused(console: Console) -> None:
    leave = {"reference": "CHG-1", "scope": ["127.0.0.1"]}
    written(console.folder, entry(1, "a"), authorisation=leave)
    with socket.create_server(("127.0.0.9", 0)) as listener:
        listener.settimeout(0)
        place = f"127.0.0.9:{listener.getsockname()[1]}"
        (line,) = refused(console, "host", place, "--targets", "targets.json")
        assert "scope" in line
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:SCAN_TEST_ABSENT", "SCAN_TEST_ABSENT"),
        ("file:absent", "absent"),
        ("cred:absent", "CREDENTIALS_DIRECTORY"),
    ],
)
def test_a_secret_that_is_missing_is_named(console: Console, reference: str, told: str) -> None:
    account = {"username": "transfer", "password": reference}
    written(console.folder, entry(1, "a", accounts=[account]))
    (line,) = refused(console, "run", "targets.json")
    assert told in line


def test_a_secret_that_everybody_may_read_is_refused(console: Console) -> None:
    account = {"username": "x", "password": secret(console.folder, "pw", "quiet-please-77")}
    (console.folder / "pw").chmod(0o644)
    written(console.folder, entry(1, "a", accounts=[account]))
    (line,) = refused(console, "run", "targets.json")
    assert "quiet-please-77" not in line
    assert "chmod" in line


def test_reports_and_history_that_cannot_be_written_are_named(console: Console) -> None:
    written(console.folder, entry(1, "a"))
    (console.folder / "file").touch()
    for option in ("--reports", "--history"):
        (line,) = refused(console, "run", "targets.json", option, "file/below")
        assert "file" in line
