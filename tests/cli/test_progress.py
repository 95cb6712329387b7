from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import pytest

from scanner.cli.progress import Lines, Pace, duration, told


@dataclass(frozen=True)
class Step:
    done: int
    total: int
    failures: int
    asset: str
    begun: int = 0


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
        "scan: 3/7 assets, 2 failures, 6/min, 40 s left (asset-3)",
        "scan: 6/7 assets, 2 failures, 6/min, 10 s left (asset-6)",
        "scan: 7/7 assets, 2 failures, 6/min in 70 s (asset-7)",
    ]


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with told() as tell:
        tell(Step(1, 1, 0, "only\x1b[2J", begun=1))
    assert capsys.readouterr().err == "scan: 1/1 assets, 0 failures (only\\x1b[2J)\n"


def test_a_terminal_gets_a_bar_on_standard_error_that_obeys_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with told() as tell:
        tell(Step(1, 4, 3, "[red]a\x1b]0;b\x07", begun=1))
    shown = screen.getvalue()
    assert "1/4" in shown
    assert "3 failures, [red]a\\x1b]0;b\\x07" in shown
    assert "\x1b]0;" not in shown


@pytest.mark.parametrize(
    ("step", "seconds", "said"),
    [
        (Step(50, 200, 7, "a"), 10.0, "50/200 assets, 7 failures, 5/s, 30 s left"),
        (Step(50, 200, 7, "a", begun=40), 60.0, "50/200 assets, 7 failures, 10/min, 15 min left"),
        (Step(2, 50, 0, "a"), 7200.0, "2/50 assets, 0 failures, 1.0/h, 48 h 00 min left"),
        (Step(200, 200, 9, "a"), 4000.0, "200/200 assets, 9 failures, 3/min in 67 min"),
        (Step(3, 9, 1, "a", begun=3), 1.0, "3/9 assets, 1 failures"),
        (Step(3, 9, 1, "a"), 0.0, "3/9 assets, 1 failures"),
    ],
)
def test_a_pace_is_told_in_words(step: Step, seconds: float, said: str) -> None:
    assert Pace(step.begun).told(step, seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (99.4, "99 s"), (100, "2 min"), (5990, "1 h 40 min"), (5900, "98 min")],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said
