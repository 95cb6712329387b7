"""What no reader of a report may be handed: characters that a terminal, page or log obeys."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, formats (bidi and zero-width among them), surrogates, line separators."""


def texts(value: Any) -> Iterator[str]:
    """Yield every text within JSON's types, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def obeyed(text: str) -> set[str]:
    """Return the characters of ``text`` that something may obey."""
    return {char for char in text if unicodedata.category(char) in _OBEYED}


def dangerous(value: Any) -> list[str]:
    """Return the texts that hold such characters."""
    return [text for text in texts(value) if obeyed(text)]
