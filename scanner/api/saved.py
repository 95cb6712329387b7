"""The records that a run keeps, one a line."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.engine.record import Record, decode
from scanner.errors import InputError
from scanner.sinks.run_folder import RunFolder


def saved(folder: RunFolder, name: str, mend: str) -> Iterator[Record]:
    """Yield the records of a file, in order; a line that was cut short is left out.

    Raises ``InputError`` with the place and the ``mend`` where a whole line is damaged.
    """
    for number, line in enumerate(folder.lines(name), start=1):
        try:
            yield decode(line)
        except ValueError as error:
            raise InputError(f"{folder.path / name}:{number}: {error}; {mend}") from error
