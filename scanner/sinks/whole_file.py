"""One file, put in place whole: a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scanner.errors import InputError


def put(path: Path, text: str, *, replace: bool, mode: int = 0o600) -> None:
    """Write a file beside ``path``, flush it to disk, and move it there.

    Raises ``InputError`` where that cannot be, or where ``path`` exists and is not to be replaced.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a file in a writable folder") from error
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            os.link(part, path)
    except FileExistsError:
        raise InputError(f"{path}: exists already; name another, or give --force") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; nothing was written there") from error
    finally:
        part.unlink(missing_ok=True)
