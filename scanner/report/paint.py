"""Signs, words and colours of verdicts on a terminal. Colour never says what no word says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.model.failure import Grade
from scanner.model.finding import Verdict


class Ink(StrEnum):
    """SGR parameters (ECMA-48)."""

    BAD = "1;31"
    GOOD = "32"
    DOUBT = "33"
    FAULT = "1;35"
    STRONG = "1"
    FAINT = "2"


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text, or leaves it alone."""

    colour: bool

    def __call__(self, text: str, ink: Ink) -> str:
        """Return ``text`` in ``ink``. Measure and cut before painting."""
        return f"\x1b[{ink}m{text}\x1b[0m" if self.colour and text else text


MARKS: dict[Verdict, tuple[str, Ink]] = {
    Verdict.FAIL: ("x FAIL", Ink.BAD),
    Verdict.PASS: ("+ PASS", Ink.GOOD),
    Verdict.UNKNOWN: ("? ????", Ink.DOUBT),
    Verdict.NOT_APPLICABLE: ("- N/A ", Ink.FAINT),
    Verdict.ERROR: ("! BUG ", Ink.FAULT),
}
"""Sign and word of each verdict, six columns."""

GRADE_INKS: dict[Grade, Ink] = {
    Grade.A: Ink.GOOD,
    Grade.B: Ink.GOOD,
    Grade.C: Ink.DOUBT,
    Grade.D: Ink.BAD,
    Grade.E: Ink.BAD,
    Grade.F: Ink.BAD,
    Grade.U: Ink.DOUBT,
}
"""``U`` is never shown as fine."""


def number(value: float) -> str:
    """Return a score or a percentage with at most one decimal."""
    return f"{round(value, 1):g}"
