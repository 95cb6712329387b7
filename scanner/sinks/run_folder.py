"""The folder of one run: lines appended while it goes, whole files put in place at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from scanner.errors import InputError
from scanner.sinks.writing import write_all

HEAD = "run.json"
OBSERVATIONS = "observations.ndjson"
REPORT = "report.json"
EVENTS = "events.ndjson"
UNFINISHED = f"{EVENTS}.part"
"""Holds whole lines of a run that still goes; its beginning is that of the finished file."""

LOCK = ".lock"
"""Held by a run while it goes, and by whoever judges it again."""

STAMP = "%Y%m%dT%H%M%SZ"
"""Of the moment at which a run began, in the name of its folder."""


_PIECE = 1 << 16
"""Characters that are written at once at least."""


class RunFolder:
    """One folder below ``reports/``. The folder is 0700, its files 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keeps = False
        self._open: dict[str, _Lines] = {}

    @classmethod
    def create(cls, reports: Path, started: datetime, uid: str) -> RunFolder:
        """Make ``reports/<UTC>-<uid>``. Raises ``InputError`` when that cannot be."""
        path = reports / f"{started.strftime(STAMP)}-{uid[:8]}"
        try:
            reports.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        except OSError as error:
            told = f"{reports}: {error.strerror}; give a writable folder with --reports"
            raise InputError(told) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return an existing run folder, by its own name where a link leads to it.

        Raises ``InputError`` when it is none.
        """
        try:
            if (path / HEAD).is_file():
                return cls(path.resolve() if path.is_symlink() or path.name in {"", ".."} else path)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; it is its owner's alone") from error
        raise InputError(f"{path}: not a run folder (no {HEAD}); give one below reports/")

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep open what lines are added to: a run adds thousands of them. Nobody else adds to
        these files meanwhile (``LOCK``).
        """
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False
            with ExitStack() as closing:  # all of them, also where one cannot be closed
                for name in self._open:
                    closing.callback(self._close, name)

    def append(self, name: str, line: str) -> None:
        """Add one line to a file and hand it to the kernel.

        Where the disk does not take all of it, none of it stays: the next line begins a line.
        """
        try:
            lines = self._open.get(name) or self._opened(name)
            lines.add(f"{line}\n".encode())
        finally:
            if not self._keeps:
                self._close(name)

    def _opened(self, name: str) -> _Lines:
        self._open[name] = lines = _Lines(f"{self.path}/{name}")
        return lines

    def _close(self, name: str) -> None:
        if lines := self._open.pop(name, None):
            with _named(f"{self.path}/{name}"):
                os.close(lines.handle)

    def lines(self, name: str) -> Iterator[str]:
        """Yield the complete lines of a file; one that was cut short is left out."""
        path = self.path / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield line[:-1]

    def write(self, name: str, chunks: Iterable[str]) -> Path:
        """Put a whole file in place: ``.part``, flush to disk, rename. Where that fails, what was
        there before is, and nothing else.
        """
        path = self.path / name
        part = self.path / f"{name}.part"
        with _named(path):
            try:
                _write_out(part, chunks)
                self._close(name)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
            self._sync()
        return path

    def seal(self, name: str) -> Path:
        """Put in place what was appended to ``name`` + ``.part``: flush to disk, rename."""
        part = self.path / f"{name}.part"
        self._close(part.name)
        handle = os.open(part, os.O_WRONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        part.replace(self.path / name)
        self._sync()
        return self.path / name

    def remove(self, name: str) -> None:
        """Remove a file that is no longer needed."""
        self._close(name)
        (self.path / name).unlink(missing_ok=True)

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _Lines:
    """A file that lines are added to, open."""

    def __init__(self, path: str) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path
        self._size = os.fstat(self.handle).st_size

    def add(self, line: bytes) -> None:
        try:
            write_all(self.handle, line)
        except OSError:
            with _named(self._path):
                os.ftruncate(self.handle, self._size)
                raise
        self._size += len(line)


@contextmanager
def _named(path: Path | str) -> Iterator[None]:
    """Let an error of writing or flushing tell of which file: the system does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _write_out(part: Path, chunks: Iterable[str]) -> None:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for piece in _pieces(chunks):
            write_all(handle, piece.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _pieces(chunks: Iterable[str]) -> Iterator[str]:
    """Yield the same text in fewer pieces: a page comes word by word, and each call costs."""
    waiting: list[str] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _PIECE:
            yield "".join(waiting)
            waiting.clear()
            size = 0
    yield "".join(waiting)
