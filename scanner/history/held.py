"""A database that is held open for as long as a block lasts."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self


class Held:
    """Closes its ``_db`` when the block ends."""

    _db: sqlite3.Connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
