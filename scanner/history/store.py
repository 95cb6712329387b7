"""What earlier nights saw, and the attempts they spent: one SQLite file.

It holds no name, path or value of what was scanned: assets and orders as the team calls them,
files as keyed hashes, with what kinds of data they were found to hold; credentials as keyed hashes;
SSH host keys as their public fingerprints; when this scanner came, and from which of its addresses.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner.errors import HistoryError
from scanner.history import findings, host_keys, judged, past, rows, scores, visits
from scanner.history.schema import (
    connect,
    connect_in_memory,
    fault_of_rights,
    key_of,
    make_private_folder,
    naming,
    transaction,
)
from scanner.history.soundness import Salvage
from scanner.model.attempts import MOST_FAILURES, Attempt, AttemptKind
from scanner.model.case import moment
from scanner.model.content import ContentFacts
from scanner.model.finding import HostReport
from scanner.model.judged import Judged
from scanner.model.past import OpenAsset, PastAsset
from scanner.model.reading import Reading
from scanner.model.recall import DrillResult, Recall
from scanner.model.trend import MOST_POINTS

ATTEMPTS_COUNT_FOR = timedelta(hours=24)
KEY_BYTES = 32
PATIENCE = 10.0
"""Seconds to wait for another process's lock."""

Clock = Callable[[], datetime]
_KEEPERS = (
    findings.keep,
    rows.keep_caps,
    rows.keep_sightings,
    rows.keep_orders,
    host_keys.keep,
    visits.keep,
    scores.keep,
)
"""What is kept of a report, in this order."""


def default_path() -> Path:
    """Return where the history lies unless told otherwise (XDG Base Directory, state)."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        try:
            state = Path.home() / ".local" / "state"
        except RuntimeError as error:
            raise HistoryError("no home directory is known; name a history file") from error
    return state / "transfer-exposure-scanner" / "history.sqlite3"


def mask_key(path: Path) -> bytes:
    """Return the 32 secret bytes beside the history at ``path``, made at random the first time.

    Processes that race to make it all get the same ones.

    Raises:
        HistoryError: the key cannot be read or made, has another size, or others may read it.

    """
    key = key_of(path)
    try:
        make_private_folder(key.parent)
        if not key.exists():
            _make_key(key)
        return _read_key(key)
    except OSError as error:
        why = error.strerror or "unknown error"
        raise HistoryError(
            f"{key}: the masking key cannot be read or made ({why});"
            " make the file and its folder readable and writable"
        ) from error


class History:
    """The store, the ledger of attempts (``scanner.model.attempts.AttemptLedger``), and the memory
    of judged files (``scanner.model.judged.JudgedFiles``).

    Safe over processes and threads: every method is one whole transaction, but in ``together``.

    Every method raises ``HistoryError``, with one clear line, when the file cannot be used.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Clock) -> None:
        self._connection = connection
        self._path = path
        self._clock = clock
        self._one_at_a_time = threading.RLock()
        self._joined = False

    @classmethod
    def open(cls, path: Path, clock: Clock, *, patience: float = PATIENCE) -> Self:
        """Open the history at ``path``, made where missing (folder 0700, file 0600).

        ``clock`` tells an aware moment. ``patience`` bounds each wait for another process.
        """
        return cls(connect(path, patience), path, clock)

    @classmethod
    def in_memory(cls, clock: Clock) -> Self:
        """Return a history that ends with the process: budgets hold, nothing is remembered."""
        return cls(connect_in_memory(), Path(":memory:"), clock)

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        with self._one_at_a_time:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reserve(self, address: str, kind: AttemptKind) -> Attempt | None:
        """Reserve one attempt; ``None`` when four failed or are open within the last 24 hours.

        One that a dead process left open counts as failed.
        """
        with self._writing() as db:
            (spent,) = db.execute(
                "SELECT count(*) FROM attempt WHERE address = ? AND at >= ?",
                (address, self._attempts_count_from()),
            ).fetchone()
            if spent >= MOST_FAILURES:
                return None
            (number,) = db.execute(
                "INSERT INTO attempt (address, kind, at) VALUES (?, ?, ?) RETURNING id",
                (address, kind.value, self._now()),
            ).fetchone()
        return Attempt(number, address, kind)

    def settle(self, attempt: Attempt, *, failed: bool) -> None:
        """Say how the attempt ended; a success gives the reservation back."""
        with self._writing() as db:
            if failed:
                db.execute(
                    "UPDATE attempt SET failed = 1, at = max(at, ?) WHERE id = ?",
                    (self._now(), attempt.id),
                )
            else:
                db.execute("DELETE FROM attempt WHERE id = ? AND failed = 0", (attempt.id,))

    def is_refused(self, credential_key: str) -> bool:
        """Whether this keyed credential was refused before, anywhere."""
        with self._reading() as db:
            found = db.execute("SELECT 1 FROM refusal WHERE credential = ?", (credential_key,))
            return found.fetchone() is not None

    def refuse(self, credential_key: str) -> None:
        """Remember that this keyed credential was refused, until its secret changes."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO refusal VALUES (?, ?)", (credential_key, self._now()))

    def recall(self, tenant: str, asset: str, vantage: str | None = None) -> Recall:
        """Return what is known of an asset; empty for one never seen.

        With a ``vantage``, the findings are those of that vantage alone. Caps are never narrowed:
        they hold the asset's score from wherever they fired.
        """
        with self._reading() as db:
            known = rows.known_asset(db, tenant, asset)
            if known is None:
                return Recall()
            return Recall(
                findings=rows.open_findings(db, known, vantage),
                severities=rows.open_severities(db, known, vantage),
                caps=rows.caps_in_force(db, known),
                sightings=rows.sightings(db, known),
                orders=rows.orders(db, known),
                host_keys=host_keys.latest(db, known),
                drill=rows.latest_drill(db, known, self._now()),
                visits=visits.latest(db, known),
                scores=scores.latest(db, known),
            )

    def remember(self, report: HostReport, at: datetime) -> None:
        """Keep what the report says of its asset, seen at ``at``.

        A fail opens its finding; only a pass of the same uid closes it. A cap that fired is kept
        until a report with a pass of that failure from that vantage no longer lists it. A file
        whose size changed is a new file. An order whose files are gone keeps the moment when they
        were last there. A report of a mixed identity closes and lifts nothing. Reports may come in
        any order: an older one closes and lifts nothing that a newer one saw.
        """
        then = rows.to_stored(at)
        with self._writing() as db:
            asset = rows.asset_id(db, report.tenant, report.asset, then)
            for keep in _KEEPERS:
                keep(db, asset, report, then)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what the block does one transaction, for a block that waits for nothing else."""
        with self._writing():
            self._joined = True
            try:
                yield
            finally:
                self._joined = False

    def assets(self, name: str, nights: int = MOST_POINTS) -> tuple[PastAsset, ...]:
        """Return what is known of the assets of that name, one for each tenant that has it, with
        the scores of the last ``nights``.
        """
        with self._reading() as db:
            return tuple(past.assets(db, name, nights))

    def open_assets(self) -> tuple[OpenAsset, ...]:
        """Return the assets with open findings, the one with the oldest first, leads alone last."""
        with self._reading() as db:
            return tuple(past.open_assets(db))

    def take_over(self, saved: Salvage) -> None:
        """Keep what was saved of another history: limits that protect servers, and drills."""
        with self._writing() as db:
            db.executemany("INSERT OR IGNORE INTO refusal VALUES (?, ?)", saved.refusals)
            db.executemany(
                "INSERT INTO attempt (address, kind, at, failed) VALUES (?, ?, ?, 1)",
                saved.attempts,
            )
            for tenant, asset, verdict, at, detail in saved.drills:
                result = DrillResult(verdict=verdict, at=rows.told(at), detail=detail)
                rows.keep_drill(db, rows.asset_id(db, tenant, asset, at), result, at)

    def remembers(self, tenant: str, asset: str) -> bool:
        """Whether files of an asset are remembered, however long ago they were read."""
        with self._reading() as db:
            return judged.any_remembered(db, tenant, asset)

    def judged(self, tenant: str, asset: str, stamps: Sequence[str]) -> Mapping[str, Judged]:
        """Return what is remembered of these stamps, read within 30 days."""
        with self._reading() as db:
            known = rows.known_asset(db, tenant, asset)
            found = () if known is None else judged.remembered(db, known, stamps, self._now())
            return dict(found)

    def keep_judged(self, tenant: str, asset: str, facts: Mapping[str, ContentFacts]) -> None:
        """Remember facts by their stamps, read just now."""
        if not facts:
            return
        now = self._now()
        with self._writing() as db:
            judged.keep(db, rows.asset_id(db, tenant, asset, now), facts, now)

    def last_drill(self, tenant: str, asset: str, variant: str) -> Reading[DrillResult]:
        """Return the last drill of one variant while it holds (90 days)."""
        with self._reading() as db:
            known = rows.known_asset(db, tenant, asset)
            if known is None:
                return Recall().drill
            return rows.last_drill(db, known, variant, self._now())

    def record_drill(self, tenant: str, asset: str, result: DrillResult) -> None:
        """Keep the result of an alarm drill; only the latest of its variant counts."""
        then = rows.to_stored(moment(result.at))
        with self._writing() as db:
            rows.keep_drill(db, rows.asset_id(db, tenant, asset, then), result, then)

    def prune(self, before: datetime) -> int:
        """Forget what was last seen before ``before``; return how many rows went.

        Open findings, caps in force, refused credentials and attempts that still count stay.
        """
        limit = rows.to_stored(before)
        with self._writing() as db:
            spent = db.execute(
                "DELETE FROM attempt WHERE at < ?", (min(limit, self._attempts_count_from()),)
            ).rowcount
            return spent + rows.forget_nights(db, limit)

    def shrink(self) -> None:
        """Give room that is no longer needed back to the disk. Waits for every other user."""
        with self._one_at_a_time, naming(self._path):
            self._connection.execute("VACUUM")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._alone("IMMEDIATE") as db:
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._alone("DEFERRED") as db:
            yield db

    @contextmanager
    def _alone(self, mode: str) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time, naming(self._path):
            if self._joined:
                yield self._connection
                return
            with transaction(self._connection, mode):
                yield self._connection

    def _now(self) -> int:
        return rows.to_stored(self._clock())

    def _attempts_count_from(self) -> int:
        return self._now() - int(ATTEMPTS_COUNT_FOR.total_seconds())


def _make_key(key: Path) -> None:
    """Make the key whole under another name, then link it: no process ever reads half a key."""
    handle, draft = tempfile.mkstemp(dir=key.parent, prefix=f".{key.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was quicker; its key counts
            os.link(draft, key)
    finally:
        Path(draft).unlink()


def _read_key(key: Path) -> bytes:
    with key.open("rb") as file:
        fault = fault_of_rights(key, os.fstat(file.fileno()))
        if fault is not None:
            raise HistoryError(fault)
        secret = file.read(KEY_BYTES + 1)
    if len(secret) != KEY_BYTES:
        raise HistoryError(
            f"{key}: a masking key has {KEY_BYTES} bytes, this file has not; restore a backup, or"
            " delete it (file and column keys of earlier nights then match nothing)"
        )
    return secret
