"""What is still to be sent: for each sink, runs and how far each was delivered.

The run folders are the spool. Their ``events.ndjson`` is whole and never changes, so that nothing
is copied and nothing grows but by runs that the team keeps anyway.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from scanner.errors import InputError
from scanner.sinks.run_folder import EVENTS, UNFINISHED

FOLDER = ".delivery"
MOST_RUNS = 1000
MOST_EVENTS = 200
MOST_BYTES = 512 * 1024
MOST_LINE = 64 * 1024
"""Runs remembered per sink; events and bytes of one batch; bytes of one line at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run was delivered: bytes of its events."""

    run: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of a run, and where they end."""

    lines: tuple[str, ...]
    end: Place


def waiting(reports: Path) -> dict[str, Path]:
    """Return the runs that wait for any sink, each with one memory that says so.

    Raises ``InputError`` where a memory cannot be read.
    """
    found: dict[str, Path] = {}
    for path in sorted((reports / FOLDER).glob("*.json")):
        found |= {place.run: path for place in Outbox(reports, path.stem).pending()}
    return found


class Outbox:
    """The memory of one sink, in ``<reports>/.delivery/<key>.json`` (0600)."""

    def __init__(self, reports: Path, key: str) -> None:
        self._reports = reports
        self._folder = reports / FOLDER
        self._path = self._folder / f"{key}.json"
        self.lock = self._folder / f"{key}.lock"
        self._refused = self._folder / f"{key}.refused.ndjson"

    def pending(self) -> list[Place]:
        """Return the runs with something left to send, oldest first."""
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
            return [Place(str(run), int(offset)) for run, offset in read["pending"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            told = f"{self._path}: not readable ({type(error).__name__})"
            raise InputError(f"{told}; move it away, and name the runs to scan deliver") from None

    def add(self, run: str) -> bool:
        """Remember that all of a run is to be sent; false where too many are waiting already."""
        others = [place for place in self.pending() if place.run != run]
        if len(others) >= MOST_RUNS:
            return False
        self._write([*others, Place(run)])
        return True

    def advance(self, to: Place) -> None:
        """Remember that everything up to there was delivered."""
        self._write([to if place.run == to.run else place for place in self.pending()])

    def done(self, run: str) -> None:
        """Forget a run that was delivered to its end, or is gone."""
        self._write([place for place in self.pending() if place.run != run])

    def batches(self, place: Place) -> Iterator[Batch]:
        """Yield what is left of a run. Of one that still goes, the lines that are whole."""
        path = self.source(place.run)
        if path is None:
            return
        with path.open("rb") as file:
            offset = place.offset
            file.seek(offset)
            lines: list[str] = []
            size = 0
            while (raw := file.readline(MOST_LINE)).endswith(b"\n"):
                offset += len(raw)
                size += len(raw)
                lines.append(raw[:-1].decode("ascii"))
                if len(lines) >= MOST_EVENTS or size >= MOST_BYTES:
                    yield Batch(tuple(lines), Place(place.run, offset))
                    lines, size = [], 0
            if lines:
                yield Batch(tuple(lines), Place(place.run, offset))

    def source(self, run: str) -> Path | None:
        """Return the file with a run's events, or ``None`` where it is gone."""
        for name in (EVENTS, UNFINISHED):
            path = self._reports / run / name
            if path.is_file():
                return path
        return None

    def is_whole(self, run: str) -> bool:
        """Whether a run has ended: nothing will be added to its events."""
        return (self._reports / run / EVENTS).is_file()

    def left(self) -> int:
        """Return how many events wait."""
        return sum(len(batch.lines) for place in self.pending() for batch in self.batches(place))

    def refuse(self, lines: tuple[str, ...]) -> Path:
        """Keep events that the receiver will never take, and return where."""
        with self._opened(self._refused, os.O_APPEND) as file:
            file.write("".join(f"{line}\n" for line in lines))
        return self._refused

    def _write(self, places: list[Place]) -> None:
        document = {"pending": [list(asdict(place).values()) for place in places]}
        part = self._path.with_suffix(".json.part")
        with self._opened(part, os.O_TRUNC) as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)

    def _opened(self, path: Path, mode: int) -> TextIO:
        with suppress(FileExistsError):
            self._folder.mkdir(mode=0o700, parents=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600), "w")
