"""The published controls of a row, in the words of each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWords:
    """The frameworks that name a control; each control with its framework; all in one line, for
    a cell and for a person.
    """

    standards: tuple[str, ...]
    requirements: tuple[str, ...]
    line: str
    sentence: str


def control_words(row: Mapping[str, Any]) -> ControlWords:
    """Return the controls of a row of a host document in words: made anew where they are others
    than those of the last row of that failure, which is hardly ever.
    """
    known = _LATEST.get(row["id"])
    if known is None or known[0] != row["controls"]:
        known = _LATEST[row["id"]] = (row["controls"], _words(row["controls"]))
    return known[1]


_LATEST: dict[str, tuple[Mapping[str, Sequence[str]], ControlWords]] = {}
"""One entry for each of the nine failures."""


def _words(controls: Mapping[str, Sequence[str]]) -> ControlWords:
    told = {name: ids for name, ids in controls.items() if ids}
    return ControlWords(
        standards=tuple(sorted(told)),
        requirements=tuple(f"{name} {one}" for name, ids in sorted(told.items()) for one in ids),
        line="; ".join(f"{name}: {', '.join(ids)}" for name, ids in told.items()),
        sentence="; ".join(f"{name.upper()} {', '.join(ids)}" for name, ids in told.items()),
    )
