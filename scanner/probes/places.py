"""Where a path lies by the owner's declaration: zones, orders, and where to start looking."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from scanner.model.frozen import dataclass
from scanner.model.target import Areas, Migration
from scanner.model.view import Zone

_WILD = frozenset("*?[")


def normal_path(path: str | bytes) -> bytes:
    """Return an absolute path without empty parts or trailing slash, as raw bytes."""
    raw = path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path
    return b"/" + b"/".join(_parts(raw))


def holds(directory: bytes, path: bytes) -> bool:
    """Whether normal ``path`` is ``directory`` or lies anywhere below it."""
    return directory in {b"/", path} or path.startswith(directory + b"/")


def parent_of(path: bytes) -> bytes:
    """Return the directory that a normal path lies in; the root lies in itself."""
    return path.rpartition(b"/")[0] or b"/"


def below(directory: bytes, name: bytes) -> bytes:
    """Return the path of ``name`` in a normal ``directory``."""
    return directory.rstrip(b"/") + b"/" + name


@dataclass(frozen=True, slots=True)
class PathPattern:
    """One path of a migration.

    ``*``, ``?`` and ``[...]`` stay within one part of the path. A trailing ``/*`` means
    everything below; a path without wildcards means itself and everything below.
    """

    text: str
    base: bytes
    _parts: tuple[re.Pattern[str], ...]
    _itself: bool
    _deep: bool

    @classmethod
    def read(cls, text: str) -> PathPattern:
        """Read a pattern as the team wrote it."""
        parts = [part for part in text.split("/") if part]
        deep = bool(parts) and set(parts[-1]) == {"*"}
        kept = parts[:-1] if deep else parts
        wild = any(_WILD & set(part) for part in kept)
        return cls(
            text=text,
            base=_base(kept, whole=deep),
            _parts=tuple(re.compile(fnmatch.translate(part)) for part in kept),
            _itself=not deep,
            _deep=deep or not wild,
        )

    def matches(self, path: bytes) -> bool:
        """Whether a normal ``path`` is meant."""
        if not holds(self.base, path):
            return False
        parts = _texts(path)
        if len(parts) < len(self._parts) or not self._agrees(parts):
            return False
        return self._itself if len(parts) == len(self._parts) else self._deep

    def may_lie_in(self, directory: bytes) -> bool:
        """Whether something below ``directory`` can be meant."""
        parts = _texts(directory)
        return (self._deep or len(parts) < len(self._parts)) and self._agrees(parts)

    def _agrees(self, parts: list[str]) -> bool:
        return all(wanted.match(part) for wanted, part in zip(self._parts, parts, strict=False))


@dataclass(frozen=True, slots=True)
class Order:
    """A migration and its patterns."""

    migration: Migration
    patterns: tuple[PathPattern, ...]

    def matches(self, path: bytes) -> bool:
        """Whether the file at a normal ``path`` belongs to this migration."""
        return any(pattern.matches(path) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that the owner declares of paths. Areas are ``(as written, normal, zone)``."""

    areas: tuple[tuple[str, bytes, Zone], ...]
    orders: tuple[Order, ...]

    @classmethod
    def declared(cls, areas: Areas, migrations: Iterable[Migration]) -> Places:
        """Read the declarations of one target."""
        private = [(path, normal_path(path), Zone.PRIVATE) for path in areas.private]
        public = [(path, normal_path(path), Zone.PUBLIC) for path in areas.public]
        return cls(
            (*public, *private),
            tuple(
                Order(migration, tuple(PathPattern.read(path) for path in migration.paths))
                for migration in migrations
            ),
        )

    def starts(self, home: bytes) -> tuple[bytes, ...]:
        """Return where to start looking, ``home`` first, each place once."""
        bases = (pattern.base for order in self.orders for pattern in order.patterns)
        return tuple(dict.fromkeys((home, *(path for _, path, _ in self.areas), *bases)))

    def zone(self, path: bytes) -> Zone:
        """Return the zone of a normal ``path``: the innermost area rules, private over public."""
        if not self.areas:
            return Zone.UNDECLARED
        covering = [
            (len(area), zone is Zone.PRIVATE, zone)
            for _, area, zone in self.areas
            if holds(area, path)
        ]
        return max(covering)[2] if covering else Zone.UNDECLARED

    @property
    def any_public(self) -> bool:
        """Whether a public area is declared."""
        return any(zone is Zone.PUBLIC for _, _, zone in self.areas)

    def leads_to_public(self, directory: bytes) -> bool:
        """Whether a declared public area lies below ``directory``."""
        return any(zone is Zone.PUBLIC and holds(directory, area) for _, area, zone in self.areas)

    def foreign(self, area: bytes, home: bytes) -> bool:
        """Whether private ``area`` is another's: the home lies in a private area beside it."""
        if holds(area, home):
            return False
        return any(
            zone is Zone.PRIVATE and holds(own, home) and not holds(own, area)
            for _, own, zone in self.areas
        )

    def orders_of(self, path: bytes) -> tuple[Order, ...]:
        """Return the migrations that the file at ``path`` belongs to."""
        return tuple(order for order in self.orders if order.matches(path))

    def in_directory(self, directory: bytes) -> Places:
        """Return what bears on the files that lie in a normal ``directory`` itself: of them all,
        it says what the whole does.
        """
        if not (self.areas or self.orders):
            return self
        areas = tuple(area for area in self.areas if _reaches(area[1], directory))
        return Places(
            areas,
            tuple(
                order
                for order in self.orders
                if any(_reaches(pattern.base, directory) for pattern in order.patterns)
            ),
        )


def _reaches(path: bytes, directory: bytes) -> bool:
    """Whether ``path`` holds files of a normal ``directory``, or is one."""
    return holds(path, directory) or parent_of(path) == directory


def _parts(raw: bytes) -> list[bytes]:
    return [part for part in raw.split(b"/") if part not in {b"", b"."}]


def _texts(path: bytes) -> list[str]:
    return [part.decode("utf-8", "surrogateescape") for part in _parts(path)]


def _base(parts: list[str], *, whole: bool) -> bytes:
    """Return the longest prefix that names one directory: no wildcard, no file's extension."""
    fixed: list[str] = []
    for part in parts:
        if _WILD & set(part):
            return normal_path("/".join(fixed))
        fixed.append(part)
    if not whole and fixed and "." in fixed[-1][1:]:
        fixed.pop()
    return normal_path("/".join(fixed))
