"""Files that the team hands in, read whole within a bound."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from scanner.errors import InputError

MEBIBYTE = 1_048_576
_CHUNK = 262_144


class FileError(InputError):
    """A file cannot be used. ``why`` is the clause after its name."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{shown_path(path)}: {why}")
        self.why = why


def shown_path(path: Path) -> str:
    """Return ``path`` as a person would write it: relative when below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file of at most ``most`` bytes.

    Raises ``FileError``: one line that starts with the file's name.
    """
    with opened(path) as (stream, _):
        try:
            content = stream.read(most + 1)
        except OSError as error:
            raise FileError(path, _why(error)) from error
    if len(content) > most:
        raise FileError(path, f"is larger than {sized(most)}; split it")
    return content


def sized(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    if count % MEBIBYTE == 0:
        return f"{count // MEBIBYTE} MiB"
    return f"{count // 1024} KiB" if count % 1024 == 0 else f"{count} bytes"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal, reading it as a stream.

    Raises ``FileError``: one line that starts with the file's name.
    """
    digest = hashlib.sha256()
    with opened(path) as (stream, _):
        try:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        except OSError as error:
            raise FileError(path, _why(error)) from error
    return digest.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file for reading and yield it with its status.

    A pipe or a device is refused, never waited for. Raises ``FileError``, one line.
    """
    stream, status = _open(path)
    with stream:
        yield stream, status


def has_changed(stream: BinaryIO, before: os.stat_result) -> bool:
    """Tell whether an open file was written to since it had this status. One that another took the
    place of is still what it was.
    """
    now = os.fstat(stream.fileno())
    return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _open(path: Path) -> tuple[BinaryIO, os.stat_result]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise FileError(path, _why(error)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise FileError(path, f"is {kind}; name a file")
    return os.fdopen(descriptor, "rb"), status


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist; check the name"
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied; let this user read it"
    if isinstance(error, NotADirectoryError):
        return "does not exist: a part of its path is a file; check the name"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or 'input/output error'}"
    return "is not a usable file name"
