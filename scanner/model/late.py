"""Regular expressions that are compiled when they are first asked.

A process that reads one file loads hundreds of them, and asks some: compiling all is a seventh of
its start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

__all__ = ["late"]

_OFFERED: Final = (
    *("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split"),
    *("pattern", "flags", "groups", "groupindex"),
)

if TYPE_CHECKING:
    from re import compile as late
else:

    class late:  # noqa: N801 - stands where ``re.compile`` would
        """Do what ``re.compile`` does, at the first use of the pattern."""

        def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
            self._given = pattern, flags

        def __getattr__(self, name: str) -> Any:
            compiled = re.compile(*self._given)
            vars(self).update({each: getattr(compiled, each) for each in _OFFERED})
            # From now on as quick as the pattern itself: a class with this method is not.
            self.__class__ = _Compiled
            return getattr(self, name)

    class _Compiled:
        """One that was asked: it has the attributes of its pattern."""
