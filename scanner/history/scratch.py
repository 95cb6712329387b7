"""Tables for as long as a block lasts: what fits no memory and is of no use afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from scanner.history.held import Held
from scanner.history.schema import naming


class Scratch(Held):
    """A database in a file that nobody else sees, gone with the block.

    ``place`` is what errors call it. Raises ``HistoryError`` when the disk is full.
    """

    def __init__(self, place: Path, tables: str) -> None:
        with naming(place):
            self._db = sqlite3.connect("", isolation_level=None)
            self._db.executescript(tables)
