"""One at a time on one history or run folder: a kernel lock, gone when its holder is."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import InputError, LockedError


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file for the block.

    Raises ``LockedError`` when another process holds it, ``InputError`` when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; a lock must be writable there") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"{path}: another run holds the lock") from None
        yield
    finally:
        os.close(handle)
