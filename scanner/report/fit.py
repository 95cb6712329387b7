"""Events kept under the size that every receiver takes, as one line of JSON."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from scanner.model import ascii_json

MOST_BYTES = 7500
"""Of one event. A stock rsyslog reads 8,096 bytes of a message, its header included."""

_SHORT = 100


def line(event: Mapping[str, Any]) -> str:
    """Return an event as one line of ASCII JSON, without its line feed."""
    return ascii_json.encode(event)


def fitted(event: Mapping[str, Any], most: int = MOST_BYTES) -> dict[str, Any]:
    """Return an OCSF event of at most ``most`` bytes as ``line`` writes it.

    What is dropped goes in this order: evidence, ways in, advice and lists of controls, long
    texts. ``metadata`` then says that it was truncated, and from how many bytes. What rules need
    is never dropped.
    """
    whole = len(line(event))
    if whole <= most:
        return dict(event)
    short = copy.deepcopy(dict(event))
    short["metadata"].update(is_truncated=True, untruncated_size=whole)
    for cut in _CUTS:
        cut(short)
        if len(line(short)) <= most:
            return short
    raise ValueError("an event holds more than its identity allows")


def fitted_line(event: Mapping[str, Any], most: int = MOST_BYTES) -> str:
    """Return what ``line`` writes of ``fitted``. Nearly every event fits, and is written once."""
    whole = line(event)
    return whole if len(whole) <= most else line(fitted(event, most))


def _without(*names: str) -> Callable[[dict[str, Any]], None]:
    def cut(event: dict[str, Any]) -> None:
        for name in names:
            event.pop(name, None)

    return cut


def _fewer_words(event: dict[str, Any]) -> None:
    event.get("compliance", {}).pop("requirements", None)
    event.get("compliance", {}).pop("standards", None)
    event.get("finding_info", {}).pop("desc", None)
    for holder, name in (
        (event, "message"),
        (event, "status_detail"),
        (event.get("finding_info", {}), "title"),
        (event.get("device", {}), "hostname"),
    ):
        if name in holder:
            holder[name] = holder[name][:_SHORT]


_CUTS = (_without("evidences"), _without("resources"), _without("remediation"), _fewer_words)
