"""Whether a history can still be read, how one is put away, and what can be saved of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from scanner.errors import DamagedHistoryError
from scanner.history.schema import connect, key_of, naming
from scanner.model.frozen import dataclass

MOST_CHECKED = 1 << 30
"""Bytes of a history that is read whole to see whether it is sound. In a larger one damage is met
when it is read."""

_BESIDE = ("-wal", "-shm")
_REFUSALS = "SELECT credential, at FROM refusal"
_ATTEMPTS = "SELECT address, kind, at FROM attempt WHERE at >= ?"
_DRILLS = "SELECT tenant, name, verdict, at, detail FROM drill JOIN asset ON asset.id = drill.asset"


def check(path: Path, patience: float) -> None:
    """Read the history at ``path`` through, if there is one.

    Raises ``DamagedHistoryError`` where that fails, and as ``connect`` does.
    """
    if not path.exists():
        return
    if path.stat().st_size == 0 and key_of(path).exists() and not _beside(path, "-wal").exists():
        raise DamagedHistoryError(f"{path}: the history is damaged: it is empty")
    with closing(connect(path, patience)) as db, naming(path):
        if path.stat().st_size > MOST_CHECKED:
            return
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedHistoryError(f"{path}: the history is damaged")


def put_away(path: Path, word: str, now: datetime) -> Path | None:
    """Keep the file at ``path``, and what SQLite has beside it, under another name.

    ``path`` itself stays until it is replaced, so that no moment is without a history. Returns
    the new name, ``<name>.<word>-<UTC>``; ``None`` where there is no such file.
    """
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.{word}-{now:%Y%m%dT%H%M%SZ}")
    log, index = (_beside(path, end) for end in _BESIDE)
    index.unlink(missing_ok=True)  # SQLite makes it again from the log
    with suppress(FileNotFoundError):
        if log.stat().st_size:
            log.replace(_beside(aside, "-wal"))
        else:
            log.unlink()
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError:  # a disk without links
        shutil.copy2(path, aside)
    return aside


def discard(path: Path) -> None:
    """Remove a history that was never finished, and what SQLite has beside it."""
    for each in (path, *(_beside(path, end) for end in _BESIDE)):
        each.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What no run folder tells, as far as a damaged history still does. Times are stored ones.

    ``lost`` names what could not be read to its end.
    """

    refusals: tuple[tuple[str, int], ...] = ()
    attempts: tuple[tuple[str, str, int], ...] = ()
    drills: tuple[tuple[str, str, str, int, str], ...] = ()
    lost: tuple[str, ...] = ()


def salvage(path: Path, attempts_since: int) -> Salvage:
    """Read what can still be read of a history, never writing to it; no fault is raised."""
    lost: list[str] = []
    refusals = tuple(_read(path, _REFUSALS, (), "refused credentials", lost))
    attempts = tuple(_read(path, _ATTEMPTS, (attempts_since,), "failed logins", lost))
    drills = tuple(_read(path, _DRILLS, (), "drills", lost))
    return Salvage(refusals=refusals, attempts=attempts, drills=drills, lost=tuple(lost))


def _read(
    path: Path, query: str, values: tuple[int, ...], what: str, lost: list[str]
) -> Iterator[Any]:
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as db:
            yield from db.execute(query, values)
    except sqlite3.Error:
        lost.append(what)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")
