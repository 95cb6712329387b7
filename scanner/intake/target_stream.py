"""A targets file read a target at a time, as long as nothing of it is wrong."""

from __future__ import annotations

from array import array
from collections.abc import Hashable
from pathlib import Path

from scanner.intake.files import has_changed, opened
from scanner.intake.formats import FORMATS
from scanner.intake.hosts import parse_host
from scanner.intake.json_stream import JsonStream, UnusualError
from scanner.intake.placed_json import Json
from scanner.intake.schema_check import compiled
from scanner.intake.target_build import NAMES, Builder, likeness
from scanner.intake.target_sense import disagreements, faults_of, listed_scope, ports_of
from scanner.model.target import TargetsFile
from scanner.schemas.catalogue import load_schema

_LISTED = "targets"
_BEFORE = frozenset({"version", "tenant", "authorisation", "defaults"})
"""What has to be known before the first target is read."""
_PARTS = 16


def read_in_pieces(path: Path, most: int) -> TargetsFile | None:
    """Return the model of a valid targets file of at most ``most`` bytes.

    ``None`` where the file is to be read as a whole, which may find a fault, or none: this looks
    for reasons to doubt, and tells of none. Raises ``FileError`` where it cannot be opened.
    """
    try:
        with opened(path) as (stream, before):
            file = _Reading(path, JsonStream(stream, most)).file()
            # Reading takes long: half of one file and half of the next may fit together.
            return None if has_changed(stream, before) else file
    except (UnusualError, RecursionError, OSError):
        return None


class _Reading:
    """One way through one file."""

    def __init__(self, path: Path, source: JsonStream) -> None:
        schema = load_schema("targets")
        self._path = path
        self._source = source
        self._checker = compiled(schema, FORMATS)
        self._of_target = self._checker.of_entries(_LISTED)
        self._most = schema["properties"][_LISTED]["maxItems"]
        self._assets, self._places = _Differing(), _Differing()

    def file(self) -> TargetsFile:
        root: dict[str, Json] = {}
        builder: Builder | None = None
        self._source.take("{")
        while True:
            key = self._source.value()
            if not isinstance(key, str) or key in root or (builder and key in _BEFORE):
                raise UnusualError
            self._source.take(":")
            if key == _LISTED:
                builder = self._targets(root)
            root[key] = [] if key == _LISTED else self._source.value()
            if self._source.peek() == "}":
                break
            self._source.take(",")
        self._source.take("}")
        if self._source.peek():
            raise UnusualError
        self._check(root)
        builder = builder or Builder(root, self._path)
        return builder.file(root, sha256=self._source.sha256)

    def _targets(self, head: dict[str, Json]) -> Builder:
        self._check(head)
        scope = listed_scope(head)
        builder = Builder(head, self._path)
        for entry in self._source.values():
            if not isinstance(entry, dict):
                raise UnusualError
            like = likeness(entry)
            self._look_at(entry, known=builder.knows(like))
            host = parse_host(str(entry["host"]))
            if scope is not None and not scope.admits_host(host):
                raise UnusualError
            builder.add(entry, like)
            self._assets.add(str(entry.get("asset") or host))
            for port in ports_of(entry):
                self._places.add((str(host), port))
        if len(builder.targets) > self._most:
            raise UnusualError
        if not (self._assets.all_differ() and self._places.all_differ()):
            raise UnusualError
        return builder

    def _check(self, root: dict[str, Json]) -> None:
        if self._checker.problems(root) or any(disagreements(root)):
            raise UnusualError

    def _look_at(self, entry: dict[str, Json], *, known: bool) -> None:
        """Check a target; of one that is like another, only what it is called."""
        asked = {key: entry[key] for key in NAMES if key in entry} if known else entry
        if self._of_target.problems(asked) or (not known and any(faults_of((), entry))):
            raise UnusualError


class _Differing:
    """Tells whether many things differ, all of them, without holding any.

    Hashes are compared. Should two be equal by chance, things count as equal that are not.
    """

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, thing: Hashable) -> None:
        self._hashes.append(hash(thing))

    def all_differ(self) -> bool:
        return all(self._part_differs(part) for part in range(_PARTS))

    def _part_differs(self, part: int) -> bool:
        """Look at some of them only: a set of a million numbers is large, if not for long."""
        some = [number for number in self._hashes if number % _PARTS == part]
        return len(set(some)) == len(some)
