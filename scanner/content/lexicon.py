"""What a header names, whatever its language, case, accents and joints; and words of health."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from scanner.content.header_words import FILLERS, PERSON_WORDS, WORDS
from scanner.content.health_words import HEALTH_WORDS
from scanner.model.late import late

_CAMEL = late(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = late(r"[^a-z0-9]+")
_NOT_WORD_OR_LINE = late(r"[^a-z0-9\n]+")
_COUNTER = late(r"\d+$")
_MOST = 120
# Letters that have no decomposition into a plain one and its mark.
_PLAIN = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l",
                        "Ł": "L", "ß": "ss", "đ": "d", "Đ": "D"})  # fmt: skip

_CONCEPTS: Final = {word: concept for concept, words in WORDS.items() for word in words.split()}
CONCEPTS: Final = frozenset(WORDS)
HEALTH_CONCEPTS: Final = frozenset(
    {"diagnosis", "treatment", "result", "exam-code", "blood-group", "allergy", "pregnancy"}
)
# What a last word tells whatever stands before it; not so for the name of a file or an IP address.
_TOLD_BY_LAST_WORD: Final = frozenset(
    {"national-id", "surname", "first-name", "birth-date", "phone", "email", "password", "iban"}
)
_TOO_SHORT: Final = 3


def folded(text: str) -> str:
    """Return a header without case, accents and punctuation: words joined by ``_``."""
    return folded_text(_CAMEL.sub(" ", text[:_MOST].strip()))


def concept_of(header: str) -> str | None:
    """Return what a header names, or None where the lexicon does not know it."""
    if len(header) > _MOST:
        return None  # a line of text, not a header
    words = folded(header).split("_")
    for candidate in _candidates(words):
        concept = _CONCEPTS.get(candidate) or _CONCEPTS.get(_COUNTER.sub("", candidate))
        if concept:
            return concept
    if len(words) == 1 and words[0] in PERSON_WORDS:
        return "patient-id"
    return _by_last_word(words)


def _candidates(words: list[str]) -> Iterator[str]:
    yield "".join(words)
    yield "".join(word for word in words if word not in FILLERS)


def _by_last_word(words: list[str]) -> str | None:
    words = [word for word in words if not word.isdigit()]
    for count in (3, 2, 1):
        ending = "".join(words[-count:])
        concept = _CONCEPTS.get(ending)
        if len(words) > count and concept in _TOLD_BY_LAST_WORD and len(ending) > _TOO_SHORT:
            return concept
    return None


def rows_with_health_words(cells: list[str]) -> int:
    """Return how many texts hold a word of :mod:`scanner.content.health_words`."""
    return sum(not HEALTH_WORDS.isdisjoint(line.split()) for line in folded_lines(cells))


def folded_lines(cells: Sequence[str]) -> list[str]:
    """Return texts without case, accents and punctuation, all of them in one pass."""
    text = "\n".join(" ".join(cell.splitlines()) for cell in cells)
    return _NOT_WORD_OR_LINE.sub(" ", plain_letters(text).lower()).split("\n")


def folded_text(text: str) -> str:
    """Return a longer text folded like a header, camel case left alone."""
    return _NOT_WORD.sub("_", plain_letters(text).lower()).strip("_")


def plain_letters(text: str) -> str:
    """Return a text in ASCII: letters without their marks, other characters dropped."""
    if text.isascii():
        return text
    text = text.translate(_PLAIN)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
