"""Regular expressions that are compiled when they are first asked.

A process that reads one file loads hundreds of them, and asks some: compiling all is a seventh of
its start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

__all__ = ["late"]

if TYPE_CHECKING:
    from re import compile as late
else:

    class late:  # noqa: N801 - stands where ``re.compile`` would
        """Do what ``re.compile`` does, at the first use of the pattern."""

        def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
            self._given = pattern, flags

        def __getattr__(self, name: str) -> Any:
            # Once: what is set here is found before this is asked.
            compiled = re.compile(*self._given)
            vars(self).update({each: getattr(compiled, each) for each in _OFFERED})
            return getattr(compiled, name)


_OFFERED = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
