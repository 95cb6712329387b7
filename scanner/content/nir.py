"""The French national identification number (NIR): shape and control key, nothing else.

Fifteen characters: sex, year, month, department, commune, order, key. The key is 97 minus the
first thirteen modulo 97; Corsican departments 2A and 2B count as 19 and 18.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.content.patterns import Pattern
from scanner.model.late import late

_SHAPE = late(
    r"""[1-478]                                # sex; 3, 4, 7 and 8 are provisional numbers
        \d{2}                                  # year of birth
        (?:0[1-9]|1[0-3]|[23]\d|4[0-2]|[5-9]\d)  # month; 13, 20-42 and 50-99 when not known
        (?:\d{2}|2[AB])                        # department
        \d{3}                                  # commune, or country after 99
        (?!000)\d{3}                           # order
        (?:0[1-9]|[1-8]\d|9[0-7])              # key""",
    re.VERBOSE | re.ASCII,
)
_THIRTEEN = late(
    r"[1-478]\d{2}(?:0[1-9]|1[0-3]|[23]\d|4[0-2]|[5-9]\d)(?:\d{2}|2[AB])\d{3}(?!000)\d{3}", re.ASCII
)
_SEPARATORS = str.maketrans("", "", " .-\u00a0\u202f")
_IN_TEXT = late(
    r"(?<![\w.])[1-478][ ]?\d{2}[ ]?\d{2}[ ]?\d[\dABab][ ]?\d{3}[ ]?\d{3}[ ]?\d{2}(?![\w.])",
    re.ASCII,
)

_FIFTEEN = late(r"(?<![\w.])\d{15}(?![\w.])", re.ASCII)
LEAST_STRAY = 3
_LENGTH = 15
_DIGITS = Pattern(r"\d{3} ?\d{3} ?\d{2}")


def nir_key(first_thirteen: str) -> int:
    """Return the control key (1 to 97) of the first thirteen characters."""
    # Only the department may hold a letter: elsewhere "2A" must not be translated.
    department = first_thirteen[5:7].upper()
    department = {"2A": "19", "2B": "18"}.get(department, department)
    return 97 - int(first_thirteen[:5] + department + first_thirteen[7:13]) % 97


def is_nir(text: str) -> bool:
    """Whether a cell is a complete, valid NIR, separators allowed."""
    if not 15 <= len(text) <= 24 or text[0] not in "123478":
        return False
    plain = text if len(text) == _LENGTH else text.translate(_SEPARATORS)
    plain = plain.upper()
    return bool(_SHAPE.fullmatch(plain)) and nir_key(plain) == int(plain[13:])


def is_keyless_nir(text: str) -> bool:
    """Whether a cell has the thirteen-character form. Only its header makes it a NIR."""
    return len(text) <= 24 and bool(_THIRTEEN.fullmatch(text.translate(_SEPARATORS).upper()))


def count_in_text(text: str, most: int = 1000) -> int:
    """Return how many valid NIRs stand in running text, at most ``most``."""
    if not _DIGITS.is_in(text):
        return 0
    count = 0
    for match in _IN_TEXT.finditer(text):
        count += is_nir(match.group())
        if count >= most:
            break
    return count


def stray_nirs(parts: Sequence[str]) -> int:
    """Return how many valid NIRs stand in the parts of a text; 0 where they may be an accident.

    Of random numbers of fifteen digits one in two hundred is valid: a long list of them holds a
    few. So three must be valid, and a fifth of all that are as long.
    """
    valid = sum(count_in_text(part) for part in parts)
    if valid < LEAST_STRAY:
        return 0
    alike = sum(sum(1 for _ in _FIFTEEN.finditer(part)) for part in parts)
    return valid if valid * 5 >= alike else 0
