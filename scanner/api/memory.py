"""The history as a person asks it, and what is forgotten of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from scanner.api.job import Clock, utc_now
from scanner.errors import InputError
from scanner.history import History, default_path
from scanner.model.past import OpenAsset, PastAsset
from scanner.sinks.lock import exclusive

KEEPS_FOR = timedelta(days=400)
"""What was not seen for so long is forgotten at the next run; open findings never are."""


def past_of(asset: str, history: Path | None = None, *, nights: int = 30) -> tuple[PastAsset, ...]:
    """Return what the history knows of an asset, one for each tenant that has one of that name,
    with the scores of the last ``nights``.

    Raises ``InputError`` where nothing is known of it, or the history cannot be read.
    """
    path = _existing(history)
    with History.open(path, utc_now) as memory:
        found = memory.assets(asset, nights)
    if not found:
        raise InputError(f"{path}: knows no asset of that name; run scan history to see some")
    return found


def open_assets(history: Path | None = None) -> tuple[OpenAsset, ...]:
    """Return the assets with open findings, the one with the oldest first, leads alone last."""
    with History.open(_existing(history), utc_now) as memory:
        return memory.open_assets()


def forget(days: int, history: Path | None = None, *, clock: Clock = utc_now) -> int:
    """Forget what was closed, or not seen, for longer than ``days``; return how many rows went.

    Open findings and caps in force stay, and so do the limits that protect servers: refused
    credentials, and attempts of the last 24 hours. Raises ``InputError`` for less than a day,
    ``LockedError`` while a run holds the history.
    """
    if days < 1:
        raise InputError("--forget-older-than: give whole days, at least 1")
    path = _existing(history)
    with exclusive(lock_of(path)), History.open(path, clock) as memory:
        gone = memory.prune(clock() - timedelta(days=days))
        memory.shrink()
        return gone


def lock_of(history: Path) -> Path:
    """Return the lock that a run holds while it uses a history."""
    return history.with_name(f"{history.name}.lock")


def _existing(history: Path | None) -> Path:
    path = history or default_path()
    if not path.exists():
        raise InputError(f"{path}: no history there; the first scan makes one (see --history)")
    return path
