"""Draws the report of a run again, from what its folder holds. Nothing is dialled or judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.report.page import page
from scanner.report.run_table import run_text
from scanner.report.stream import fleet_in, hosts_in, scan_in
from scanner.report.table import findings_csv
from scanner.sinks.run_folder import REPORT, RunFolder

FORMATS = ("html", "csv", "text", "json")


def redraw(folder: Path, form: str, *, width: int = 80, colour: bool = False) -> Iterator[str]:
    """Return the report of a run folder in one of ``FORMATS``, in chunks.

    ``width`` and ``colour`` are for text. A host document is held at a time. Raises ``InputError``
    where the folder or its report cannot be used: at once where the report has no head or no end,
    and while it is read where a host is damaged.
    """
    source = _Report(folder)
    drawn: dict[str, Callable[[], Iterator[str]]] = {
        "html": lambda: page(source.scan, source.hosts, source.fleet),
        "csv": lambda: findings_csv(source.hosts()),
        "text": lambda: iter([run_text(source.hosts(), width=width, colour=colour)]),
        "json": source.text,
    }
    return drawn[form]()


def redraw_into(folder: Path, form: str, output: Path) -> Path:
    """Put the report of a run folder into a file of mode 0600, whole or not at all.

    Raises ``InputError`` as ``redraw`` does, and where the file cannot be written.
    """
    chunks = redraw(folder, form)
    place = RunFolder(output.parent)
    try:
        return place.write(output.name, chunks)
    except OSError as error:
        raise InputError(f"{output}: {error.strerror}; name another file with --output") from error
    finally:
        place.remove(f"{output.name}.part")


class _Report:
    """``report.json`` of a run folder, read anew each time."""

    def __init__(self, folder: Path) -> None:
        self._place = RunFolder.open(folder)
        self._path = folder / REPORT
        if not self._path.is_file():
            raise InputError(f"{self._path}: not there; scan assess {folder} writes it")
        try:
            self.scan = scan_in(self._place.lines(REPORT))
            self.fleet = fleet_in(self._place.lines(REPORT))
        except ValueError as error:
            raise self._damaged() from error

    def hosts(self) -> Iterator[dict[str, Any]]:
        try:
            yield from hosts_in(self._place.lines(REPORT))
        except ValueError as error:
            raise self._damaged() from error

    def text(self) -> Iterator[str]:
        return (f"{line}\n" for line in self._place.lines(REPORT))

    def _damaged(self) -> InputError:
        return InputError(
            f"{self._path}: not a whole report; scan assess {self._path.parent} mends it"
        )
