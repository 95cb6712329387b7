"""Finds again, live, the files that stored facts tell only by a keyed hash of their path.

What it holds are names in clear: it lives in memory, for a person who looks now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner.model.content import DataKind
from scanner.model.mask import Mask
from scanner.model.reading import Observed, Unobserved
from scanner.probes.sampler import Sample
from scanner.probes.sampling import FoundFile

Login = tuple[int, str]
"""A port and a user name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedFile:
    """A file in clear. ``kinds`` is what it holds now; ``unread`` says why that is not known."""

    path: bytes = field(repr=False)
    key: str
    login: Login
    size: int | None
    modified: str
    kinds: tuple[DataKind, ...] = ()
    unread: str = ""


@dataclass(slots=True)
class Locator:
    """Keeps the wanted files of each login and drops all others, unread.

    ``wanted`` maps a login to the keys of its files; ``reached`` are the logins that looked.
    """

    wanted: Mapping[Login, frozenset[str]]
    reached: set[Login] = field(default_factory=set)
    found: list[LocatedFile] = field(default_factory=list, repr=False)

    def choose(self, login: Login, files: Sequence[FoundFile], mask: Mask) -> tuple[FoundFile, ...]:
        """Return the wanted files among those that a login met."""
        self.reached.add(login)
        keys = self.wanted.get(login)
        return tuple(file for file in files if keys and mask(b"path", file.path) in keys)

    def take(self, login: Login, files: Sequence[FoundFile], sample: Sample, mask: Mask) -> None:
        """Keep what a login found; a second look of the same login adds nothing twice."""
        known = {(each.login, each.key) for each in self.found}
        for file in files:
            located = _located(login, file, sample, mask)
            if (located.login, located.key) not in known:
                self.found.append(located)


def _located(login: Login, file: FoundFile, sample: Sample, mask: Mask) -> LocatedFile:
    reading = sample.readings.get(file.path)
    why = ""
    if isinstance(reading, Unobserved):
        why = reading.detail or str(reading.reason)
    modified = file.entry.modified
    return LocatedFile(
        path=file.path,
        key=mask(b"path", file.path),
        login=login,
        size=file.entry.size,
        modified=f"{modified:%Y-%m-%d}" if modified else "",
        kinds=reading.value.kinds if isinstance(reading, Observed) else (),
        unread=why,
    )
