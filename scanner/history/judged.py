"""What files were found to hold, by the stamp of what that rests on.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from scanner.history.rows import known_asset, told
from scanner.model.content import ContentFacts
from scanner.model.judged import Judged

if TYPE_CHECKING:
    from cattrs import Converter

HOLDS_FOR = timedelta(days=30)
"""After that a file is read again, changed or not: its times may have been set by hand."""
MOST_JUDGED = 20_000
"""Files remembered per asset; beyond it, those read the longest ago are forgotten."""


@cache
def _converter() -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - slow to load; a first look reads none

    return Converter(omit_if_default=True)


def any_remembered(db: sqlite3.Connection, tenant: str, name: str) -> bool:
    """Whether any stamp of an asset is there."""
    asset = known_asset(db, tenant, name)
    if asset is None:
        return False
    found = db.execute("SELECT 1 FROM judged WHERE asset = ? LIMIT 1", (asset,))
    return found.fetchone() is not None


def remembered(
    db: sqlite3.Connection, asset: int, stamps: Sequence[str], now: int
) -> Iterator[tuple[str, Judged]]:
    """Yield what is remembered of these stamps and was read within ``HOLDS_FOR``.

    Facts that this version cannot read are left out.
    """
    oldest = now - int(HOLDS_FOR.total_seconds())
    found = db.execute(
        "SELECT stamp, facts, at FROM judged WHERE asset = ? AND at > ? AND at <= ?"
        " AND stamp IN (SELECT value FROM json_each(?))",
        (asset, oldest, now, json.dumps(list(stamps))),
    )
    for stamp, facts, at in found:
        read = _facts(facts)
        if read is not None:
            yield stamp, Judged(facts=read, read_at=told(at))


def keep(db: sqlite3.Connection, asset: int, facts: Mapping[str, ContentFacts], then: int) -> None:
    """Remember facts that were read at ``then``."""
    db.executemany(
        "INSERT INTO judged VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " facts = excluded.facts, at = excluded.at WHERE at <= excluded.at",
        [(asset, stamp, _text(found), then) for stamp, found in facts.items()],
    )
    db.execute(
        "DELETE FROM judged WHERE asset = ?1 AND stamp IN (SELECT stamp FROM judged"
        " WHERE asset = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2)",
        (asset, MOST_JUDGED),
    )


def _text(facts: ContentFacts) -> str:
    return json.dumps(facts, default=_told, separators=(",", ":"))


def _told(facts: Any) -> dict[str, Any]:
    """Return the fields of an instance that say more than their defaults, as cattrs reads them."""
    pairs = ((one, getattr(facts, one.name)) for one in fields(facts))
    return {one.name: value for one, value in pairs if value != one.default}


def _facts(text: str) -> ContentFacts | None:
    try:
        return _converter().structure(json.loads(text), ContentFacts)
    except Exception:  # noqa: BLE001 - of another version, or damaged: the file is read again
        return None
