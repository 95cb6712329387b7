"""Writes what a measurement printed into its place in a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[1] / "docs"


def placed(text: str, name: str, lines: Iterable[str]) -> str:
    """Return ``text`` with the lines between the two comments of this name, in place of what
    stood there.

    Raises ValueError where the comments are missing.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page has no place named {name}")
    return f"{before}{begin}\n{chr(10).join(lines)}\n\n{end}{after}"


def write(page: str, name: str, lines: Iterable[str]) -> None:
    """Put the lines into ``docs/page``, between its comments of this name."""
    path = DOCS / page
    path.write_text(placed(path.read_text(encoding="utf-8"), name, lines), encoding="utf-8")
