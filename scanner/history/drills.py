"""Alarm drills as the history keeps them: one row an asset, the variants side by side in it.

Moments are whole seconds since 1970, in UTC. The row's own verdict and moment are the latest
drill's; its detail is that drill's own, or, once another variant was run, a JSON object of
``[verdict, at, detail]`` by variant.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias

HOLDS_FOR = timedelta(days=90)
FIRST = "failed-login"
"""The variant that needs no JSON."""

Kept: TypeAlias = tuple[str, int, str]
"""Verdict, moment, detail."""

_WORST_FIRST = ("fail", "pass", "unknown")
_MARK = '{"variants":'


def of_asset(db: sqlite3.Connection, asset: int) -> dict[str, Kept]:
    """Return the last drill of each variant."""
    query = "SELECT verdict, at, detail FROM drill WHERE asset = ?"
    found = db.execute(query, (asset,)).fetchone()
    if found is None:
        return {}
    verdict, at, detail = found
    if not detail.startswith(_MARK):
        return {FIRST: (verdict, at, detail)}
    variants: Mapping[str, list[Any]] = json.loads(detail)["variants"]
    return {name: (str(one[0]), int(one[1]), str(one[2])) for name, one in variants.items()}


def keep(db: sqlite3.Connection, asset: int, variant: str, drill: Kept) -> None:
    """Keep a variant's drill unless a later one of it is there."""
    every = of_asset(db, asset)
    if variant in every and every[variant][1] > drill[1]:
        return
    every[variant] = drill
    verdict, at, detail = max(every.values(), key=lambda one: one[1])
    if set(every) != {FIRST}:
        detail = _MARK + json.dumps(every) + "}"
    db.execute("INSERT OR REPLACE INTO drill VALUES (?, ?, ?, ?)", (asset, verdict, at, detail))


def ruling(every: Mapping[str, Kept], now: int) -> tuple[str, Kept, bool]:
    """Return the variant that rules, its drill, and whether it still holds.

    Of those that hold a fail goes before a pass, and a pass before what was not told; the later
    one where they say the same. Where none holds it is the latest. ``every`` is not empty.
    """
    holding = {
        name: one for name, one in every.items() if now - one[1] <= HOLDS_FOR.total_seconds()
    }
    if not holding:
        name = max(every, key=lambda each: every[each][1])
        return name, every[name], False
    name = min(holding, key=lambda each: (_rank(holding[each][0]), -holding[each][1]))
    return name, holding[name], True


def _rank(verdict: str) -> int:
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)
