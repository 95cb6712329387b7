from __future__ import annotations

import subprocess
import sys

import pytest

from scanner.cli.console import columns, is_terminal, note, wants_colour, write
from tests.cli.shell import environment, scan


class Terminal:
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_data_and_notes_go_their_own_ways(capsys: pytest.CaptureFixture[str]) -> None:
    write(["a", "b\n"])
    note("c\x1b[2J")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("ab\n", "scan: c\\x1b[2J\n")


def test_a_terminal_gets_colour(terminal: Terminal) -> None:
    assert wants_colour(terminal)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_is_refused_by_environment(
    name: str, value: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert not wants_colour(terminal)  # type: ignore[arg-type]


def test_a_pipe_gets_neither_colour_nor_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert not is_terminal(sys.stdout)
    assert not wants_colour(sys.stdout)
    assert columns(sys.stdout) == 80


def test_a_wide_terminal_is_used_up_to_a_readable_width(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert columns(terminal) == 120  # type: ignore[arg-type]


def test_a_reader_that_goes_away_changes_neither_exit_code_nor_standard_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "scanner", "schema", "report"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


def test_a_terminal_without_the_characters_is_shown_escapes() -> None:
    told = scan("host", "ftp.example.org/…", PYTHONIOENCODING="ascii")
    assert told.returncode == 2
    assert told.stderr.isascii()
    assert "Traceback" not in told.stderr
