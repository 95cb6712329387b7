"""Foreign text fitted into terminal columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from scanner.model.text import neutralise

MOST_TEXT = 600
"""Characters of one piece of text that are ever shown."""


def cells(text: str) -> int:
    """Return how many columns ``text`` may take: two for East Asian wide characters.

    Combining marks are counted as one, so that the answer is never too small.
    """
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def safe(text: str) -> str:
    """Return ``text`` on one line, nothing in it that a terminal obeys, runs of blanks joined."""
    return " ".join(neutralise(text, MOST_TEXT).split())


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` columns, an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    return _prefix(text, max(width - 1, 0)).rstrip() + "…"


def pad(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` columns."""
    short = cut(text, width)
    return short + " " * (width - cells(short))


def wrap(text: str, width: int, *, most: int) -> list[str]:
    """Return ``text``, made safe, as at most ``most`` lines of ``width`` columns.

    Words longer than a line are broken; what does not fit is cut with an ellipsis.
    """
    lines = list(_filled(safe(text), width))
    if len(lines) <= most:
        return lines
    rest = " ".join(lines[most - 1 :])
    return [*lines[: most - 1], cut(rest, width)]


def _filled(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in _words(text, width):
        joined = f"{line} {word}" if line else word
        if line and cells(joined) > width:
            yield line
            joined = word
        line = joined
    if line:
        yield line


def _words(text: str, width: int) -> Iterator[str]:
    for word in text.split():
        left = word
        while cells(left) > width and len(left) > 1:
            piece = _prefix(left, width) or left[:1]
            yield piece
            left = left[len(piece) :]
        yield left


def _prefix(text: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += cells(char)
        if taken > width:
            return text[:index]
    return text
