"""The published schemas, as shipped. A file is ``<name>-<version>.json`` and never changes."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

from scanner.errors import InputError

_FILE = re.compile(r"([a-z][a-z-]*)-([0-9]+)\.([0-9]+)\.([0-9]+)\.json")
_Version = tuple[int, int, int]


def names() -> tuple[str, ...]:
    """Return the names of all published schemas, sorted."""
    return tuple(sorted(_newest()))


def load_schema(name: str) -> dict[str, Any]:
    """Return the newest schema of a name, or one version of it: ``targets``, ``targets-1.0.0``.

    Raises ``InputError`` for a name that is not published.
    """
    file = f"{name}.json"
    if not _FILE.fullmatch(file):
        version = _newest().get(name)
        if version is None:
            known = ", ".join(names())
            raise InputError(f"there is no schema of that name; known names: {known}")
        file = f"{name}-{'.'.join(map(str, version))}.json"
    resource = files("scanner.schemas") / file
    if not resource.is_file():
        raise InputError("there is no such version of that schema; leave the version out")
    schema: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))
    return schema


def _newest() -> dict[str, _Version]:
    found: dict[str, _Version] = {}
    for resource in files("scanner.schemas").iterdir():
        match = _FILE.fullmatch(resource.name)
        if match is not None:
            version = (int(match[2]), int(match[3]), int(match[4]))
            found[match[1]] = max(version, found.get(match[1], version))
    return found
