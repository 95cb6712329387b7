"""Patterns that search foreign text in linear time (RE2), whatever it holds.

Three rules keep the whole of a search linear, not only one match: every repetition has an upper
bound, so that a failed try costs no more than that bound; a long text is searched by one pass of
``spans`` and never asked again from a position; and matches are counted up to a quota.

Python's ``re`` stays where what it is given is short already (a cell, a line, a window of 24
characters), or where it is asked to continue at a position with bounded repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final

import re2

_MOST_CELL: Final = 300


class Pattern:
    """One pattern over text. RE2 syntax: no look-around, repetitions of at most 1000.

    It is compiled at its first use: a worker that starts for one file needs few of them.
    """

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        self._pattern = pattern
        self._options = re2.Options()
        self._options.log_errors = False
        self._options.case_sensitive = not ignore_case

    @cached_property
    def _search(self) -> Any:
        return re2.compile(self._pattern, self._options)

    @cached_property
    def _cells(self) -> Any:
        return re2.compile(rf"(?m)^(?:{self._pattern})$", self._options)

    def count_cells(self, cells: Sequence[str]) -> int:
        """Return how many cells the pattern matches whole. One search over all of them.

        Line ends inside a cell count as spaces, and what follows its first 300 characters is cut.
        """
        text = "\n".join(" ".join(cell[:_MOST_CELL].splitlines()) for cell in cells)
        return sum(1 for _ in self._cells.finditer(_encodable(text)))

    def fits(self, text: str) -> bool:
        """Whether the pattern matches a short text whole."""
        return self._search.fullmatch(_encodable(text)) is not None

    def is_in(self, text: str) -> bool:
        """Whether the pattern matches somewhere."""
        return self._search.search(_encodable(text)) is not None

    def spans(self, text: str, most: int = 1000) -> Iterator[tuple[str | None, ...]]:
        """Yield the match and its groups for each of the first ``most`` matches."""
        for match in islice(self._search.finditer(_encodable(text)), most):
            yield (match.group(), *match.groups())

    def places(self, text: str, most: int = 1000) -> Iterator[tuple[int, int]]:
        """Yield where each of the first ``most`` matches starts and ends."""
        for match in islice(self._search.finditer(_encodable(text)), most):
            yield match.span()


def _encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: JSON may spell half a character pair, files may not."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
