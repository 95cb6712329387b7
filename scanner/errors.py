"""The caller's faults: bad input, missing papers, a lock held elsewhere.

What a scanned server does is never an exception here; it is data.
"""

from __future__ import annotations


class ScannerError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(ScannerError):
    """Something the caller handed in cannot be used.

    ``problems`` holds one line per fault, each naming the place and the mend.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: tuple[str, ...] = problems


class NotAuthorisedError(InputError):
    """No authorisation covers the host that was asked for."""


class SecretError(InputError):
    """A credential reference cannot be resolved. Never carries the secret."""


class HistoryError(InputError):
    """The history file cannot be read or written."""


class StoppedError(ScannerError):
    """A run could not go on: a disk is full, a history is held. What it wrote is whole.

    One line that names the place; ``--resume`` finishes the run once that is mended.
    """


class LockedError(ScannerError):
    """Another run holds the lock."""

    def __init__(self, told: str = "another run holds the lock") -> None:
        super().__init__(told)


class DamagedHistoryError(HistoryError):
    """The history file is one, and cannot be read any more."""


class HistoryHeldError(HistoryError, LockedError):
    """Another process holds the history file."""
