"""The audit log: a chain of records that is only ever appended to."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.model.chain import Link, NotARecordError, digest_of, forged, link_of, read_record, torn
from scanner.sinks.writing import write_all

LONGEST = 1 << 20
"""Bytes of one record at most."""

_MEND = "scan audit verify says where it breaks; move it aside and begin a new one"


class AuditLog:
    """One file, 0600. Several processes may write to it: a kernel lock orders them.

    ``last`` is the link that this writer made last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = Link()

    def ready(self) -> None:
        """Raise what ``append`` would, and write nothing but the end of a line cut short."""
        self._locked(lambda _: None)

    def append(self, *contents: Mapping[str, Any], flush: bool = True) -> None:
        """Add records, one after the other; with ``flush`` they are on disk on return.

        A line that an earlier death cut short is ended and told of first. Raises ``InputError``
        where the file cannot be written, or its last line is no record: then it was altered.
        """

        def add(handle: int) -> None:
            for content in contents:
                self._write(handle, content)
            if flush:
                os.fsync(handle)

        self._locked(add)

    def _locked(self, work: Callable[[int], None]) -> None:
        try:
            handle = self._opened()
        except OSError as error:
            told = f"{self.path}: {error.strerror}; the audit log must be writable"
            raise InputError(f"{told} (--audit FILE names another)") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self.last = self._ended(handle)
            work(handle)
        except OSError as error:
            told = f"{self.path}: {error.strerror}; what is done must be logged"
            raise InputError(told) from error
        finally:
            os.close(handle)

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self.path, flags, 0o600)

    def _ended(self, handle: int) -> Link:
        """Return the last link, once the file ends with a whole line."""
        tail = _tail(handle)
        whole, rest = tail[:-1], tail[-1]
        last = self._link(whole[-1]) if whole else Link()
        if not rest:
            return last
        if _follows(rest, last):  # only its line end is missing
            write_all(handle, b"\n")
            return self._link(rest)
        line = forged(last, torn(rest))
        write_all(handle, b"\n" + line + b"\n")
        return self._link(line)

    def _link(self, line: bytes) -> Link:
        try:
            return link_of(line)
        except NotARecordError as error:
            raise InputError(f"{self.path}: its last line {error}; {_MEND}") from None

    def _write(self, handle: int, content: Mapping[str, Any]) -> None:
        line = forged(self.last, content)
        write_all(handle, line + b"\n")
        self.last = Link(self.last.seq + 1, digest_of(line))


def _follows(line: bytes, last: Link) -> bool:
    try:
        return bool(read_record(line)["previous"] == last.digest)
    except NotARecordError:
        return False


def _tail(handle: int) -> list[bytes]:
    """Return the last whole line, if there is one, and what stands after it."""
    end = os.fstat(handle).st_size
    start, data = end, b""
    while start > 0 and data.count(b"\n") < 2:
        size = min(4096 if not data else 65536, start)
        start -= size
        data = os.pread(handle, size, start) + data
        if end - start > 2 * LONGEST:
            break
    lines = data.split(b"\n")
    return lines[-2:]


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield a log's lines without their ends. Raises ``InputError`` where it cannot be read."""
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST):
                yield line.removesuffix(b"\n")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name an audit log") from error
