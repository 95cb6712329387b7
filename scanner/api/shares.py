"""The saved observations of several runs, found by asset, none of them held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanner.engine.joined import joined
from scanner.engine.record import Record, decode
from scanner.errors import InputError
from scanner.intake.problem import shown
from scanner.model.target import Target
from scanner.sinks.run_folder import OBSERVATIONS, RunFolder


@dataclass(slots=True)
class Shares:
    """Where the records of each asset lie. ``since`` is when the first of the runs began."""

    files: tuple[Path, ...]
    since: str
    _places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, folders: Sequence[RunFolder], *, since: str) -> Shares:
        """Read through all records once.

        Raises ``InputError`` for an asset that two of the runs saw from one vantage, and for a
        line that is no record.
        """
        shares = cls(tuple(folder.path / OBSERVATIONS for folder in folders), since)
        met: dict[tuple[str, str], int] = {}
        twice: list[str] = []
        for run, path in enumerate(shares.files):
            for at, asset, vantages in _lines(path):
                before = [met.setdefault((asset, vantage), run) for vantage in vantages]
                other = next((earlier for earlier in before if earlier != run), None)
                if other is not None:
                    twice.append(
                        f"{shown(asset)}: is in {folders[other].path} and in {path.parent}"
                    )
                places = shares._places.setdefault(asset, [])
                if not places or places[-1][0] != run:
                    places.append((run, at))
        if twice:
            more = f" (and {len(twice) - 1} more assets)" if len(twice) > 1 else ""
            raise InputError(f"{twice[0]}{more}; merge each share once")
        return shares

    def check(self, here: Iterable[Target]) -> None:
        """Raise ``InputError`` where a run holds an asset that is not among these."""
        strange = set(self._places) - {target.asset for target in here}
        if strange:
            raise InputError(f"{shown(min(strange))}: is in a run, and not in the targets file")

    def record(self, asset: str) -> Record | None:
        """Return all that the runs saw of an asset, as one record."""
        places = self._places.get(asset, ())
        records = [self._read(*place) for place in places]
        return joined(records, since=self.since) if records else None

    def _read(self, run: int, at: int) -> Record:
        path = self.files[run]
        with path.open("rb") as file:
            file.seek(at)
            try:
                return decode(file.readline().decode())
            except ValueError as error:
                raise InputError(f"{path}: {error}; scan this share again") from error


def _lines(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield where each whole line begins, its asset and from where that was seen."""
    if not path.exists():
        return
    at = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                try:
                    plain = json.loads(line)
                    asset = str(plain["asset"])
                    vantages = [str(seen["vantage"]) for seen in plain["observations"]]
                except (ValueError, KeyError, TypeError) as error:
                    told = f"{path}:{number}: not a record of observations"
                    raise InputError(f"{told}; scan this share again") from error
                yield at, asset, vantages
            at += len(line)
