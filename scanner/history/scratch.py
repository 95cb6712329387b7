"""Tables for as long as a block lasts: what fits no memory and is of no use afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner.history.schema import naming


class Scratch:
    """A database in a file that nobody else sees, gone with the block.

    ``place`` is what errors call it. Raises ``HistoryError`` when the disk is full.
    """

    def __init__(self, place: Path, tables: str) -> None:
        with naming(place):
            self._db = sqlite3.connect("", isolation_level=None)
            self._db.executescript(tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
