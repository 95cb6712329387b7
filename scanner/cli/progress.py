"""How far a run has come, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from scanner.cli.console import is_terminal, note, wants_colour
from scanner.model.text import neutralise

SECONDS_BETWEEN_LINES = 30.0


class Step(Protocol):
    """What a run tells after each asset."""

    @property
    def done(self) -> int:
        """Assets concluded."""
        ...

    @property
    def total(self) -> int:
        """Assets in all."""
        ...

    @property
    def failures(self) -> int:
        """Failed rows so far."""
        ...

    @property
    def begun(self) -> int:
        """Assets that an earlier attempt had concluded."""
        ...

    @property
    def asset(self) -> str:
        """The asset just concluded."""
        ...


@contextmanager
def told() -> Iterator[Callable[[Step], None]]:
    """Yield what a run is to call: it moves a bar on a terminal, and writes lines elsewhere."""
    if is_terminal(sys.stderr):
        with _bar() as tell:
            yield tell
    else:
        yield Lines(time.monotonic)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run goes, told in words. ``begun`` assets had been concluded at the first step."""

    begun: int = 0

    def told(self, step: Step, seconds: float) -> str:
        """Return hosts done, failures, rate and time left, ``seconds`` after the first step."""
        done = f"{step.done}/{step.total} assets, {step.failures} failures"
        concluded = step.done - self.begun
        if concluded < 1 or seconds <= 0:
            return done
        rate = concluded / seconds
        left = (step.total - step.done) / rate
        ending = (
            f", {duration(left)} left" if step.done < step.total else f" in {duration(seconds)}"
        )
        return f"{done}, {_rate(rate)}{ending}"


def _rate(each_second: float) -> str:
    if each_second >= 1:
        return f"{each_second:.0f}/s"
    return f"{each_second * 60:.0f}/min" if each_second * 60 >= 1 else f"{each_second * 3600:.1f}/h"


def duration(seconds: float) -> str:
    """Return a time as people say it: ``45 s``, ``12 min``, ``3 h 05 min``."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class Lines:
    """Writes one line every 30 seconds, and a last one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._last = clock()

    def __call__(self, step: Step) -> None:
        """Tell of one step, if it is time to."""
        now = self._clock()
        if step.done >= step.total or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            note(f"{Pace(step.begun).told(step, now - self._began)} ({step.asset})")


@contextmanager
def _bar() -> Iterator[Callable[[Step], None]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal gets a bar
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - as above
    from rich.table import Column  # noqa: PLC0415 - only a terminal gets a bar

    console = Console(stderr=True, no_color=not wants_colour(sys.stderr))
    one_line = Column(no_wrap=True, overflow="ellipsis")
    parts = (
        BarColumn(bar_width=16),
        TextColumn("{task.fields[told]}", markup=False, table_column=one_line),
    )
    began = time.monotonic()
    with Progress(*parts, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, told="")

        def tell(step: Step) -> None:
            pace = Pace(step.begun).told(step, time.monotonic() - began)
            told = f"{pace}, {neutralise(step.asset, 30)}"
            bar.update(task, completed=step.done, total=step.total, told=told)

        yield tell
