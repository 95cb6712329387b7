"""The ledgers of work that goes over a broker: the coordinator's and the worker's. SQLite files."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scanner.errors import HistoryError
from scanner.history.held import Held
from scanner.history.schema import fault_of_rights, naming, transaction
from scanner.model.ledger import SentBatch

_RUN = """
CREATE TABLE IF NOT EXISTS batch (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL, vantage TEXT NOT NULL, assets TEXT NOT NULL, again INTEGER NOT NULL,
    rounds INTEGER NOT NULL, sequence INTEGER NOT NULL, open INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE INDEX IF NOT EXISTS open_batch ON batch (open) WHERE open = 1;
CREATE TABLE IF NOT EXISTS seen (vantage TEXT NOT NULL, asset TEXT NOT NULL,
    observations TEXT, PRIMARY KEY (vantage, asset)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_asset ON seen (asset);
"""
_WORKER = """
CREATE TABLE IF NOT EXISTS batch (run TEXT NOT NULL, origin TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (run, origin)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (run TEXT NOT NULL, asset TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (run, asset)) STRICT, WITHOUT ROWID;
"""
_FORGOTTEN_AFTER = timedelta(days=30)
_PATIENCE = 10.0


class _File(Held):
    """One small database of its own, for its owner alone (0600)."""

    def __init__(self, path: Path, tables: str) -> None:
        self._path = path
        self._db = _opened(path, tables)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with naming(self._path), transaction(self._db, "IMMEDIATE"):
            yield self._db

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        with naming(self._path):
            return list(self._db.execute(query, values))


class Ledger(_File):
    """See ``scanner.model.ledger.RunLedger``. Lies in the run's folder.

    Every method raises ``HistoryError`` when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _RUN)

    def send(self, batch: SentBatch) -> None:
        """Remember a batch before it is sent, and once more with its number."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO batch (name, origin, vantage, assets, again, rounds, sequence)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence",
                (
                    batch.name,
                    batch.origin,
                    batch.vantage,
                    json.dumps(batch.assets),
                    batch.again,
                    batch.rounds,
                    batch.sequence,
                ),
            )

    def close(self, batch: str) -> None:
        """Forget a batch; its name is never used again."""
        with self._writing() as db:
            db.execute("UPDATE batch SET open = 0, assets = '[]' WHERE name = ?", (batch,))

    def open_batches(self) -> Sequence[SentBatch]:
        """Return the batches that were not closed, in the order in which they were sent."""
        found = self._rows(
            "SELECT name, origin, vantage, assets, again, rounds, sequence FROM batch"
            " WHERE open = 1 ORDER BY number"
        )
        return [
            SentBatch(
                name=name,
                origin=origin,
                vantage=vantage,
                assets=tuple(json.loads(assets)),
                again=bool(again),
                rounds=int(rounds),
                sequence=int(sequence),
            )
            for name, origin, vantage, assets, again, rounds, sequence in found
        ]

    def batches(self) -> int:
        """Return how many batches were ever sent."""
        ((count,),) = self._rows("SELECT count(*) FROM batch")
        return int(count)

    def see(self, vantage: str, asset: str, observations: str) -> bool:
        """Keep the first thing told of an asset from a vantage; false for any other."""
        with self._writing() as db:
            row = (vantage, asset, observations)
            return db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", row).rowcount == 1

    def seen(self, asset: str) -> dict[str, str]:
        """Return what was told of an asset, by vantage."""
        query = "SELECT vantage, observations FROM seen WHERE asset = ? AND observations NOT NULL"
        return dict(self._rows(query, asset))

    def done(self, asset: str) -> None:
        """Drop what was told of an asset that was handed over."""
        with self._writing() as db:
            db.execute("UPDATE seen SET observations = NULL WHERE asset = ?", (asset,))

    def again(self, asset: str) -> None:
        """Let an asset that was handed over be told of anew: it could not be kept."""
        with self._writing() as db:
            db.execute("DELETE FROM seen WHERE asset = ? AND observations IS NULL", (asset,))

    def counts(self) -> dict[str, int]:
        """Return how many assets were told of, by vantage."""
        found = self._rows("SELECT vantage, count(*) FROM seen GROUP BY vantage")
        return {vantage: int(count) for vantage, count in found}


class Begun(_File):
    """See ``scanner.model.ledger.BegunTargets``. Shared by the workers that share a history."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(path, _WORKER)
        self._clock = clock
        oldest = self._now() - int(_FORGOTTEN_AFTER.total_seconds())
        with self._writing() as db:
            db.execute("DELETE FROM batch WHERE at < ?", (oldest,))
            db.execute("DELETE FROM begun WHERE at < ?", (oldest,))

    def batch(self, run: str, origin: str, *, first: bool) -> bool:
        """Whether the first delivery of a batch came to whoever shares this file."""
        if first:
            with self._writing() as db:
                row = (run, origin, self._now())
                db.execute("INSERT OR IGNORE INTO batch VALUES (?, ?, ?)", row)
            return True
        return bool(self._rows("SELECT 1 FROM batch WHERE run = ? AND origin = ?", run, origin))

    def begin(self, run: str, asset: str) -> bool:
        """Note that a target is begun; false where it had been before."""
        with self._writing() as db:
            row = (run, asset, self._now())
            return db.execute("INSERT OR IGNORE INTO begun VALUES (?, ?, ?)", row).rowcount == 1

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _opened(path: Path, tables: str) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        fault = fault_of_rights(path, path.stat())
    except OSError as error:
        raise HistoryError(f"{path}: the ledger cannot be opened ({error.strerror})") from error
    if fault is not None:
        raise HistoryError(fault)
    with naming(path):
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(tables)
    return connection
