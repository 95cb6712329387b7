"""Moments as events write them: milliseconds since 1970, and the same with an offset."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_MOST = 1_000
"""Moments remembered: the events of one host tell the same few."""


@lru_cache(maxsize=_MOST)
def milliseconds(text: str) -> int:
    """Return an RFC 3339 moment as whole milliseconds since 1970 in UTC."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@lru_cache(maxsize=_MOST)
def written(moment: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 UTC with Z and milliseconds."""
    seconds, rest = divmod(moment, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
