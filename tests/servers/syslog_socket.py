"""A /dev/log for one chrooted process: what it sends lands in a file of the test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_MARK: Final = b"end of what was sent before\0"
_FLUSH_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class SyslogSocket:
    """A datagram socket named ``log``, drained into a file by a thread."""

    path: Path
    log: Path
    _receiver: socket.socket
    _flushed: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def open(cls, folder: Path, log: Path) -> Iterator[SyslogSocket]:
        """Listen on ``folder/log`` until the context ends."""
        folder.mkdir(mode=0o755)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(str(folder / "log"))
            (folder / "log").chmod(0o666)
            opened = cls(folder / "log", log, receiver)
            thread = threading.Thread(target=opened._drain, daemon=True)
            thread.start()
            try:
                yield opened
            finally:
                receiver.shutdown(socket.SHUT_RDWR)
                thread.join()

    def flush(self) -> None:
        """Wait until everything that was sent up to now is in the file."""
        self._flushed.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(_MARK, str(self.path))
        if not self._flushed.wait(_FLUSH_SECONDS):
            raise TimeoutError("the log socket was not drained in time")

    def _drain(self) -> None:
        with self.log.open("ab", buffering=0) as file:
            while message := self._receiver.recv(65536):
                if message == _MARK:
                    self._flushed.set()
                else:
                    file.write(message.rstrip(b"\n\0") + b"\n")
