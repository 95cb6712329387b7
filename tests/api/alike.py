"""Holds the documents of two runs of one fleet side by side."""

from __future__ import annotations

import re
from typing import Any

from scanner.api import RunResult
from tests.api.test_nightly import report

_CHANCE = (
    (r"\bzz-[0-9a-f]{8}\b", "zz-<random>"),
    (r"(\(\d+,\d+,\d+,\d+),\d+,\d+\)", r"\1,<port>)"),
)


def alike(result: RunResult) -> dict[str, Any]:
    """Return the document of a run without what no two runs have in common: the run's own id,
    the order in which assets were done, names and ports that were drawn, and the bytes of each.
    """
    document = report(result)
    del document["scan"]["uid"]
    document["hosts"].sort(key=lambda each: each["asset"])
    told: dict[str, Any] = _without_chance(document)
    return told


def _without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_chance(item) for key, item in value.items() if key != "bytes"}
    if isinstance(value, list):
        return [_without_chance(item) for item in value]
    if isinstance(value, str):
        for pattern, put in _CHANCE:
            value = re.sub(pattern, put, value)
    return value
