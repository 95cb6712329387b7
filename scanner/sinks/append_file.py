"""A file that events are appended to, for whoever collects it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scanner.sinks.payload import told
from scanner.sinks.receipt import TAKEN, DeliveryFault, Receipt


class FileSink:
    """Appends lines; a batch is taken once it is on disk. The file is made 0600."""

    def __init__(self, path: Path, form: str) -> None:
        self._path = path
        self._form = form

    @property
    def name(self) -> str:
        """Kind and path."""
        return f"file {self._path}"

    def send(self, lines: Sequence[str]) -> Receipt:
        """Append and flush. A line that an earlier death cut short is ended first."""
        data = "".join(f"{told(each, self._form)}\n" for each in lines).encode()
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                _append(handle, data)
            finally:
                os.close(handle)
        except OSError as error:
            raise DeliveryFault(f"{self._path}: {error.strerror}", lasting=True) from None
        return TAKEN

    def close(self) -> None:
        """Nothing stays open."""


def _append(handle: int, data: bytes) -> None:
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        data = b"\n" + data
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)
