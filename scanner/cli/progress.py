"""How far a run has come, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Lines:
    """Writes one line every 30 seconds, and a last one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()

    def __call__(self, step: Step) -> None:
        """Tell of one step, if it is time to."""
        now = self._clock()
        if step.done >= step.total or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            note(f"{step.done}/{step.total} assets, {step.failures} failures ({step.asset})")


@contextmanager
def _bar() -> Iterator[Callable[[Step], None]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal gets a bar
    from rich.progress import (  # noqa: PLC0415 - only a terminal gets a bar
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, no_color=not wants_colour(sys.stderr))
    parts = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*parts, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, told="")

        def tell(step: Step) -> None:
            told = f"{step.failures} failures, {neutralise(step.asset, 30)}"
            bar.update(task, completed=step.done, total=step.total, told=told)

        yield tell
