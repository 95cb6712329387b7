"""Patterns as OpenSSH writes them: ``*`` and ``?`` are wild, and nothing else (ssh_config(5))."""

from __future__ import annotations

import fnmatch
import re


def wildcard_match(pattern: str, text: str) -> bool:
    """Whether a pattern covers the whole text, letter by letter in this case."""
    # Brackets belong to [host]:port. The expression never goes back before a star that was met.
    literal = re.sub(r"\[", "[[]", pattern)
    return re.match(fnmatch.translate(literal), text) is not None
