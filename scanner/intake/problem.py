"""One fault of a handed-in file: where it stands, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.model.frozen import dataclass
from scanner.model.text import neutralise

Place = tuple[str | int, ...]
"""The way from a document's root to one of its parts: keys and list indexes."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CREDENTIALS_IN_URL = re.compile(r"//[^/\s]*@|[^\s:/]+:[^\s/]*@")
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. ``at_key`` points at the key instead of its value."""

    place: Place
    message: str
    at_key: bool = False


def dotted(place: Sequence[str | int]) -> str:
    """Return a place as people write it: ``targets[0].endpoints[1].port``."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{neutralise(step, _MOST_SHOWN)}"]'
    return text


def shown(value: object) -> str:
    """Return a value fit for an error line: short, harmless, and never a credential."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (int, float)):
        return neutralise(str(value), _MOST_SHOWN)
    if isinstance(value, str):
        return _shown_text(value)
    return "a list" if isinstance(value, list) else "an object"


def _shown_text(value: str) -> str:
    if not value:
        return "an empty text"
    if "-----" in value or _CREDENTIALS_IN_URL.search(value):
        return "this text (not shown: it looks like a credential)"
    return f"'{neutralise(value, _MOST_SHOWN)}'"
