"""Events as lines: the text that many hosts share is written once, and each host's own put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from scanner.model import ascii_json
from scanner.model.frozen import dataclass
from scanner.model.scan import ScanHeader
from scanner.report.controls import ControlWords
from scanner.report.event_values import Own, Shared
from scanner.report.fit import MOST_BYTES, fitted, line
from scanner.report.ocsf import event_of

_MOST_FORMS: Final = 1_000
_SLOTS: Final = len(Own._fields) + 1
"""The host's own, and the number of the event."""
_MARKS: Final = [f"\x00{place}" for place in range(_SLOTS)]
"""What stands for them. No text of an event holds such a character: all of it is neutralised."""
_MARK: Final = re.compile(r'"\\u0000([0-9]+)"')


@dataclass(frozen=True, slots=True)
class _Form:
    """An event with blanks, every other part: ``picked`` gives what fills them, in their order."""

    controls: ControlWords
    parts: tuple[str, ...]
    picked: Callable[[tuple[str, ...]], tuple[str, ...]]


class Forms:
    """The forms of one scan's events, bounded."""

    def __init__(self, header: ScanHeader) -> None:
        self._header = header
        self._known: dict[Shared, _Form] = {}

    def __len__(self) -> int:
        """Return how many forms are held."""
        return len(self._known)

    def line(self, shared: Shared, controls: ControlWords, own: Own, number: int) -> str:
        """Return an event as ``fitted_line`` does. ``own`` is told in JSON."""
        form = self._known.get(shared)
        if form is None or form.controls is not controls:
            form = self._made(shared, controls)
        parts = [*form.parts]
        parts[1::2] = form.picked((*own, str(number)))
        told = "".join(parts)
        if len(told) <= MOST_BYTES:
            return told
        event = event_of(self._header, shared, controls, Own(*map(ascii_json.decode, own)))
        return line(fitted(_numbered(event, number)))

    def _made(self, shared: Shared, controls: ControlWords) -> _Form:
        event = event_of(self._header, shared, controls, Own(*_MARKS[:-1]))
        parts = _MARK.split(line(_numbered(event, _MARKS[-1])))
        form = _Form(controls, tuple(parts), itemgetter(*map(int, parts[1::2])))
        if len(self._known) >= _MOST_FORMS:
            self._known.clear()
        self._known[shared] = form
        return form


def _numbered(event: dict[str, Any], number: int | str) -> Mapping[str, Any]:
    event["metadata"]["sequence"] = number
    return event
