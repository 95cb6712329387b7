from __future__ import annotations

from typing import NoReturn

import pytest

from scanner.cli.exits import ExitCode, concluded, exit_code_of
from scanner.errors import (
    DamagedHistoryError,
    HistoryHeldError,
    InputError,
    LockedError,
    NotAuthorisedError,
    ScannerError,
)
from tests.cli.shell import python


def raises(error: BaseException) -> NoReturn:
    raise error


def test_what_a_command_returns_is_its_exit_code() -> None:
    assert exit_code_of(lambda: 3, debug=False) == 3


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (InputError("a: wrong", "b: wrong"), 2, "scan: a: wrong\nscan: b: wrong\n"),
        (NotAuthorisedError("no leave"), 2, "scan: no leave\n"),
        (LockedError("locked by 12"), 75, "scan: locked by 12\n"),
        (HistoryHeldError("h: held"), 75, "scan: h: held\n"),
        (DamagedHistoryError("h: damaged"), 2, "scan: h: damaged\n"),
        (LockedError(), 75, "scan: another run holds the lock\n"),
        (ScannerError("no"), 2, "scan: no\n"),
        (KeyboardInterrupt(), 130, "scan: interrupted\n"),
        (OSError(28, "No space left on device", "x"), 70, "scan: the system refused: No space"),
    ],
)
def test_every_fault_has_its_code_and_its_line(
    error: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(lambda: raises(error), debug=False) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(told)


def test_a_signal_goes_before_what_was_found() -> None:
    assert concluded(1, 130) == 130
    assert concluded(1, 0) == 1


def test_a_report_that_our_own_fault_left_undecided_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert concluded(70, 0) == 70
    assert "a fault of the scanner" in capsys.readouterr().err


def test_our_own_fault_is_told_in_one_line_that_quotes_no_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = exit_code_of(lambda: raises(ValueError("password hunter2")), debug=False)
    shown = capsys.readouterr().err
    assert code == ExitCode.OWN_FAULT
    assert shown.count("\n") == 1
    assert "hunter2" not in shown
    assert "ValueError in " in shown
    assert "SCANNER_DEBUG=1" in shown


def test_the_traceback_comes_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(lambda: raises(ValueError("x\x1b[2J")), debug=True)
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "\x1b" not in shown


def test_what_libraries_log_is_shown_to_whoever_debugs_made_safe() -> None:
    told = python(
        "-c",
        "import logging\n"
        "from scanner.cli.exits import exit_code_of\n"
        "exit_code_of(lambda: logging.getLogger('x').warning('a\\x1bb') or 0, debug=True)\n",
    )
    assert told.stderr == "scan: a\\x1bb\n"


def test_problems_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(lambda: raises(InputError("a\x1b]0;b\x07")), debug=False)
    assert capsys.readouterr().err == "scan: a\\x1b]0;b\\x07\n"
