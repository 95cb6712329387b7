"""The file behind the history: its folder, its rights, its tables and their migrations."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import DamagedHistoryError, HistoryError, HistoryHeldError

APPLICATION_ID = 0x54584831
"""What the header of every history says (``TXH1``), so that no other database is touched."""

_OLDEST_SQLITE = (3, 37)  # the first with STRICT tables
_PRIVATE = 0o077
_WRITABLE = "make the file and its folder writable, or choose another history file"

# Migration N leads from schema N-1 to schema N. Published migrations are never edited. Times are
# seconds since 1970 in UTC: small, and ordered without reading them.
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE attempt (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            address TEXT NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            failed INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1))
        ) STRICT""",
        "CREATE INDEX attempt_by_address ON attempt (address, at)",
        """CREATE TABLE refusal (
            credential TEXT PRIMARY KEY,
            at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE asset (
            id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            last_seen INTEGER NOT NULL,
            UNIQUE (tenant, name)
        ) STRICT""",
        """CREATE TABLE finding (
            uid TEXT PRIMARY KEY,
            asset INTEGER NOT NULL REFERENCES asset,
            vantage TEXT NOT NULL,
            failure TEXT NOT NULL,
            facet TEXT NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            closed INTEGER
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX finding_by_asset ON finding (asset, closed)",
        """CREATE TABLE cap (
            asset INTEGER NOT NULL REFERENCES asset,
            fired TEXT NOT NULL,
            failure TEXT NOT NULL,
            vantage TEXT NOT NULL,
            since INTEGER NOT NULL,
            last_fired INTEGER NOT NULL,
            PRIMARY KEY (asset, fired, failure, vantage)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE sighting (
            asset INTEGER NOT NULL REFERENCES asset,
            key TEXT NOT NULL,
            size INTEGER,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            PRIMARY KEY (asset, key)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE migration (
            asset INTEGER NOT NULL REFERENCES asset,
            order_id TEXT NOT NULL,
            files INTEGER NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            PRIMARY KEY (asset, order_id)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE drill (
            asset INTEGER PRIMARY KEY REFERENCES asset,
            verdict TEXT NOT NULL,
            at INTEGER NOT NULL,
            detail TEXT NOT NULL
        ) STRICT""",
    ),
    (
        """CREATE TABLE host_key (
            asset INTEGER NOT NULL REFERENCES asset,
            vantage TEXT NOT NULL,
            port INTEGER NOT NULL,
            algorithm TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            PRIMARY KEY (asset, vantage, port, algorithm, fingerprint)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE judged (
            asset INTEGER NOT NULL REFERENCES asset,
            stamp TEXT NOT NULL,
            facts TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (asset, stamp)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE visit (
            asset INTEGER NOT NULL REFERENCES asset,
            vantage TEXT NOT NULL,
            started INTEGER NOT NULL,
            finished INTEGER NOT NULL,
            sources TEXT NOT NULL,
            PRIMARY KEY (asset, vantage)
        ) STRICT, WITHOUT ROWID""",
    ),
    # Of a fail that decides its row: how bad it was. Empty for leads.
    ("ALTER TABLE finding ADD COLUMN severity TEXT NOT NULL DEFAULT ''",),
    # ``score`` is NULL where nothing answered.
    (
        """CREATE TABLE score (
            asset INTEGER NOT NULL REFERENCES asset,
            vantages TEXT NOT NULL,
            at INTEGER NOT NULL,
            score REAL,
            grade TEXT NOT NULL,
            coverage REAL NOT NULL,
            PRIMARY KEY (asset, vantages, at)
        ) STRICT, WITHOUT ROWID""",
    ),
    # ``accepted``: the last day of an accepted risk that covered it when it was last seen.
    # ``became``: how bad it was from then on (empty: a lead), or ``closed``.
    (
        "ALTER TABLE finding ADD COLUMN accepted TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE change (
            uid TEXT NOT NULL,
            at INTEGER NOT NULL,
            became TEXT NOT NULL,
            PRIMARY KEY (uid, at, became)
        ) STRICT, WITHOUT ROWID""",
    ),
)

_DAMAGED = "restore a backup, or build it anew from run folders: scan history --rebuild"
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FAULTS: dict[int, str] = {
    sqlite3.SQLITE_BUSY: "is held by another process; wait until it ends",
    sqlite3.SQLITE_LOCKED: "is held by another process; wait until it ends",
    sqlite3.SQLITE_PERM: f"cannot be written; {_WRITABLE}",
    sqlite3.SQLITE_READONLY: f"cannot be written; {_WRITABLE}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened; {_WRITABLE}",
    sqlite3.SQLITE_IOERR: "cannot be read or written (input/output error); check its disk",
    sqlite3.SQLITE_FULL: "cannot grow; free some space on its disk",
    sqlite3.SQLITE_CORRUPT: f"is damaged; {_DAMAGED}",
    sqlite3.SQLITE_NOTADB: "is no history; choose another file, or move it away",
}


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Open the history at ``path``, creating it (0600) and its folder (0700) where missing.

    Waits at most ``patience`` seconds for another process's lock.

    Raises:
        HistoryError: the file cannot be used; one line with the mend.

    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise HistoryError(f"SQLite {sqlite3.sqlite_version} is too old; install 3.37 or newer")
    _make_private_file(path)
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with naming(path):
        connection = sqlite3.connect(
            uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path, patience)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_in_memory() -> sqlite3.Connection:
    """Return an empty history that no file holds."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _prepare(connection, Path(":memory:"), 0.0)
    return connection


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` for its owner alone; one that exists is left as it is. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def key_of(path: Path) -> Path:
    """Return where the masking key of the history at ``path`` lies."""
    return path.with_name(f"{path.name}.key")


def fault_of_rights(path: Path, status: os.stat_result) -> str | None:
    """Return what is wrong with a file that only its owner may read, if anything."""
    if not stat.S_ISREG(status.st_mode):
        return f"{path}: is not a regular file; choose another"
    if status.st_mode & _PRIVATE:
        return f"{path}: others may read or write it; run: chmod 600 {path}"
    return None


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the file into a HistoryError that names it.

    Faults of our own (wrong SQL, wrong thread, a closed connection) pass through.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = _primary_code(error)
        fault = _FAULTS.get(code)
        if fault is None:
            raise
        if code in _HELD:
            raise HistoryHeldError(f"{path}: the history {fault}") from error
        # Where its key lies, a history was: a file that is none now has been damaged.
        if code == sqlite3.SQLITE_NOTADB and key_of(path).exists():
            code, fault = sqlite3.SQLITE_CORRUPT, _FAULTS[sqlite3.SQLITE_CORRUPT]
        kind = DamagedHistoryError if code == sqlite3.SQLITE_CORRUPT else HistoryError
        raise kind(f"{path}: the history {fault}") from error


@contextmanager
def transaction(connection: sqlite3.Connection, mode: str) -> Iterator[None]:
    """Commit the block as a whole, or nothing of it. ``mode`` is IMMEDIATE or DEFERRED."""
    try:
        connection.execute(f"BEGIN {mode}")
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _primary_code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _make_private_file(path: Path) -> None:
    try:
        make_private_folder(path.parent)
        if not path.exists():
            _create(path)
        # Never opened here: closing it would drop the locks that another connection of this
        # process holds on it (POSIX advisory locks belong to the process).
        fault = fault_of_rights(path, path.stat())
    except OSError as error:
        why = error.strerror or "unknown error"
        raise HistoryError(f"{path}: the history cannot be opened ({why}); {_WRITABLE}") from error
    if fault is not None:
        raise HistoryError(fault)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return  # another process was quicker


def _prepare(connection: sqlite3.Connection, path: Path, patience: float) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    # With a write-ahead log, NORMAL outlives a killed process and never damages the file; only a
    # loss of power may take the last transactions with it.
    connection.execute("PRAGMA synchronous = NORMAL")
    # Before anything is written, so that a foreign file stays as it is; in one transaction, so
    # that another process which is just making the tables is seen before or after, not amid it.
    with transaction(connection, "DEFERRED"):
        _known_version(connection, path)
    _use_write_ahead_log(connection, patience)
    with transaction(connection, "IMMEDIATE"):
        version = _known_version(connection, path)
        _migrate(connection, path, version)
        # Written every time: SQLite tells only at the first write that a file is read-only.
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _migrate(connection: sqlite3.Connection, path: Path, version: int) -> None:
    try:
        for statements in _MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
    except sqlite3.OperationalError as error:
        if version == 0 or _primary_code(error) != sqlite3.SQLITE_ERROR:
            raise
        told = f"its tables are not those of its version ({version})"
        raise DamagedHistoryError(f"{path}: the history is damaged ({told}); {_DAMAGED}") from error


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema's version, 0 for an empty file; refuse other programs' databases."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION_ID and (owner or version or tables):
        raise HistoryError(f"{path}: is another program's database; choose another history file")
    if version > len(_MIGRATIONS):
        raise HistoryError(
            f"{path}: the history was written by a newer version (schema {version}, known here:"
            f" {len(_MIGRATIONS)}); upgrade this program, or choose another history file"
        )
    return version


def _use_write_ahead_log(connection: sqlite3.Connection, patience: float) -> None:
    """Switch the journal. SQLite does not always wait for that lock, so this does."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return
