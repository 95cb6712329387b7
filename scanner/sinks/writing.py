"""Bytes to the kernel: all of them, or an error."""

from __future__ import annotations

import os


def write_all(handle: int, data: bytes) -> None:
    """Write ``data`` however many calls it takes. Raises ``OSError``."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
