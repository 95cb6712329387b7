"""Logs that the operator hands over, read as a stream: one file or a rotated set, plain or gzip.

Bounded in files, lines, bytes and in what a compressed file may grow to, never in memory by what a
file holds.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import iglob
from gzip import BadGzipFile, GzipFile
from itertools import islice
from pathlib import Path
from typing import IO, Final, cast

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, opened

MOST_FILES: Final = 1_000
MOST_BYTES: Final = 32_768 * MEBIBYTE
"""Bytes of one entry of ``logs`` at most, decompressed."""

MOST_GROWTH: Final = 200
"""How many times its size a compressed log may grow to, beyond the first 64 MiB."""

_FREE: Final = 64 * MEBIBYTE
_CHUNK: Final = MEBIBYTE
_GZIP: Final = b"\x1f\x8b"
_OTHERS: Final = {
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
_NUMBERED: Final = re.compile(r"\.(\d{1,4})(?=\.|$)")
_DATED: Final = re.compile(r"(?<!\d)(20\d{6})(?:[-T]?(\d{2,6}))?(?!\d)")


@dataclass(slots=True)
class LogFile:
    """One file. ``changed`` is when it last was, aware. ``cut`` says why it was not read whole."""

    path: Path
    changed: datetime
    cut: str = ""
    bytes_read: int = 0
    most: int = field(default=MOST_BYTES, repr=False)

    def lines(self) -> Iterator[list[str]]:
        """Yield its lines, many at once and without their ends, as text; bytes that are no UTF-8
        are replaced. A line longer than a mebibyte is cut into pieces. Never raises: ``cut`` tells.
        """
        rest = b""
        for chunk in self._chunks():
            data = rest + chunk
            end = data.rfind(b"\n")
            if end < 0 and len(data) < _CHUNK:
                rest = data
                continue
            whole, rest = (data, b"") if end < 0 else (data[:end], data[end + 1 :])
            yield _split(whole)
        if rest:
            yield _split(rest)

    def first_lines(self, most: int) -> tuple[list[str], str]:
        """Return the first lines, and what kept them from being read; for a look at the file."""
        glance = LogFile(self.path, self.changed)
        pieces = (line for lines in glance.lines() for line in lines)
        return list(islice(pieces, most)), glance.cut

    def _chunks(self) -> Iterator[bytes]:
        try:
            with opened(self.path) as (stream, _):
                yield from self._decompressed(cast("IO[bytes]", stream))
        except InputError as error:
            self.cut = _clause(error)
        except (BadGzipFile, EOFError, zlib.error):
            self.cut = "a compressed file is damaged"
        except OSError as error:
            self.cut = f"cannot be read: {error.strerror or 'input/output error'}"

    def _decompressed(self, stream: IO[bytes]) -> Iterator[bytes]:
        head = stream.read(6)
        stream.seek(0)
        packed = next((name for mark, name in _OTHERS.items() if head.startswith(mark)), "")
        if packed:
            self.cut = f"is compressed by {packed}; hand it over plain or as gzip"
            return
        is_gzip = head.startswith(_GZIP)
        source = cast("IO[bytes]", GzipFile(fileobj=stream)) if is_gzip else stream
        while chunk := source.read(_CHUNK):
            self.bytes_read += len(chunk)
            if self.bytes_read > self.most:
                self.cut = "is larger than what is read of a log"
                return
            if is_gzip and self.bytes_read > _FREE + MOST_GROWTH * stream.tell():
                self.cut = f"grows to over {MOST_GROWTH} times its size when decompressed"
                return
            yield chunk


def _split(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").removesuffix("\r").replace("\r\n", "\n").split("\n")


@dataclass(frozen=True, slots=True)
class LogSet:
    """The files that a path names, the oldest first. ``cut`` tells of those that were left out."""

    files: tuple[LogFile, ...]
    cut: str = ""


def log_files(pattern: str) -> LogSet:
    """Return the files that an absolute path, or a pattern with ``*``, names now.

    A rotated set is put in order by what rotation adds to names: ``.1`` is younger than ``.2``,
    ``-20261126`` than ``-20261125``, and nothing is the youngest; where names tell nothing, the
    file that changed last is.
    """
    found = list(islice(iglob(pattern), MOST_FILES + 1))  # noqa: PTH207 - the pattern is absolute
    kept = [LogFile(path, _changed(path)) for path in map(Path, found[:MOST_FILES])]
    cut = f"more than {MOST_FILES} files" if len(found) > MOST_FILES else ""
    return LogSet(tuple(sorted(kept, key=_age)), cut)


def _age(file: LogFile) -> tuple[str, int, datetime, str]:
    name = file.path.name
    dated = _DATED.search(name)
    stamp = dated.group(1) + (dated.group(2) or "").ljust(6, "0") if dated else "9"
    numbered = _NUMBERED.search(name)
    number = int(numbered.group(1)) if numbered else 0
    return stamp, -number, file.changed, name


def _changed(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def _clause(error: InputError) -> str:
    why = getattr(error, "why", None)
    return why if isinstance(why, str) else "cannot be read"
