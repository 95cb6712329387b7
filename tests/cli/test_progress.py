from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import pytest

from scanner.cli.progress import Lines, told


@dataclass(frozen=True)
class Step:
    done: int
    total: int
    failures: int
    asset: str


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_come_every_half_minute_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    for done in range(1, 8):
        clock.now = done * 10.0
        lines(Step(done, 7, 2, f"asset-{done}"))
    assert capsys.readouterr().err.splitlines() == [
        "scan: 3/7 assets, 2 failures (asset-3)",
        "scan: 6/7 assets, 2 failures (asset-6)",
        "scan: 7/7 assets, 2 failures (asset-7)",
    ]


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with told() as tell:
        tell(Step(1, 1, 0, "only\x1b[2J"))
    assert capsys.readouterr().err == "scan: 1/1 assets, 0 failures (only\\x1b[2J)\n"


def test_a_terminal_gets_a_bar_on_standard_error_that_obeys_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with told() as tell:
        tell(Step(1, 4, 3, "[red]a\x1b]0;b\x07"))
    shown = screen.getvalue()
    assert "1/4" in shown
    assert "3 failures, [red]a\\x1b]0;b\\x07" in shown
    assert "\x1b]0;" not in shown
