"""Standard output for data, standard error for everything else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from scanner.model.text import neutralise

_WIDEST = 120
_MOST_NOTE = 2000


def write(chunks: Iterable[str]) -> None:
    """Put data on standard output. A reader that went away ends the output, not the command."""
    try:
        for chunk in chunks:
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)


def note(text: str) -> None:
    """Put one line on standard error, nothing in it that a terminal obeys."""
    try:
        sys.stderr.write(f"scan: {neutralise(text, _MOST_NOTE)}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, so that its flush at exit stays quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is likely to read ``stream`` as it is written."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_colour(stream: TextIO) -> bool:
    """Whether colour may go to ``stream``: a terminal, and no ``NO_COLOR`` (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def columns(stream: TextIO) -> int:
    """Return how wide lines on ``stream`` may be: 80 where nobody says."""
    if not stream.isatty():
        return 80
    return min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
