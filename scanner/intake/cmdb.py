"""Turns the table that a CMDB exports into a targets file, its authorisation left blank."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scanner.errors import InputError
from scanner.intake.cmdb_columns import Columns, columns_of
from scanner.intake.cmdb_ports import Endpoints, endpoints_of
from scanner.intake.formats import FORMATS
from scanner.intake.hosts import canonical_host
from scanner.intake.problem import shown
from scanner.intake.schema_check import compiled
from scanner.intake.tables import Row, header_of, rows
from scanner.intake.target_sense import disagreements
from scanner.schemas.catalogue import load_schema

MOST_PROBLEMS: Final = 1_000
"""Lines about bad rows that are told."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._:-]+")
_NOT_IN_WORD = re.compile(r"[^a-z0-9]+")
_LIST = re.compile(r"\s*[,;|]\s*")
_NOTE = "Fill in who allowed the scan, of what, and until when; scan validate tells what is left."


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export came to: the JSON of a targets file, and what was left out of it.

    ``bad`` are lines for a person, one per row that cannot be used; ``joined`` counts the rows
    that went into the target of another.
    """

    document: dict[str, Any]
    bad: tuple[str, ...]
    unused: tuple[str, ...]
    joined: int


@dataclass(slots=True)
class _Entry:
    """One target, as its rows have told it so far."""

    line: int
    host: str
    asset: str
    said: str
    endpoints: Endpoints
    owner: str = ""
    tags: dict[str, None] = field(default_factory=dict)
    vantages: dict[str, None] = field(default_factory=dict)


def import_table(name: str, text: str, named: Mapping[str, str]) -> Imported:
    """Read a table. ``named`` maps headings to keys where headings do not tell.

    Rows of one asset are joined. Raises ``InputError`` where the table as a whole cannot be used.
    """
    bad: list[str] = []
    try:
        columns = columns_of(header_of(name, text), named)
    except InputError as error:
        raise InputError(*(f"{name}: {line}" for line in error.problems)) from None
    pile = _Pile()
    for row in rows(name, text, (), bad):
        try:
            pile.add(_entry(row, columns))
        except InputError as error:
            bad.extend(f"{name}:{row.line}: {line}" for line in error.problems)
    kept = list(pile.entries.values())
    for at, told in _faults(kept):
        bad.append(f"{name}:{kept[at].line}: {told}")
        pile.entries.pop(kept[at].asset, None)
    targets = [_target(each) for each in pile.entries.values()]
    bad.sort(key=_line_number)
    return Imported(_document(targets), tuple(bad), columns.unused, pile.joined)


def _line_number(told: str) -> int:
    found = re.search(r":(\d+): ", told)
    return int(found[1]) if found else 0


def _document(targets: list[dict[str, Any]]) -> dict[str, Any]:
    blank = {"reference": "", "owner": "", "contact": "", "valid_until": "", "x-note": _NOTE}
    return {"version": 1, "authorisation": blank, "targets": targets}


class _Pile:
    """Joins the rows that are about one asset."""

    def __init__(self) -> None:
        self.entries: dict[str, _Entry] = {}
        self.joined = 0
        self._hosts: dict[str, str] = {}

    def add(self, entry: _Entry) -> None:
        """Add a row. Raises ``InputError``, one clause, where it contradicts an earlier one."""
        at_host = self._hosts.get(entry.host)
        entry.asset = entry.asset or at_host or entry.host
        known = self.entries.get(entry.asset)
        if known is None:
            if at_host is not None:
                told = f"{shown(entry.host)} is already the host of {shown(at_host)}"
                raise InputError(f"{told} (line {self.entries[at_host].line}); join the two")
            self.entries[entry.asset] = entry
            self._hosts[entry.host] = entry.asset
            return
        if known.host != entry.host or (entry.said and known.said not in {"", entry.said}):
            told = f"{shown(entry.said or entry.asset)} is already the asset of line {known.line}"
            raise InputError(f"{told}, another host or name; give each asset a name of its own")
        self._join(known, entry)

    def _join(self, known: _Entry, entry: _Entry) -> None:
        for port, protocol in entry.endpoints.items():
            if known.endpoints.get(port, protocol) != protocol:
                told = f"port {port} is {known.endpoints[port]} in line {known.line}"
                raise InputError(f"{told} and {protocol} here; correct one")
        known.endpoints.update(entry.endpoints)
        known.owner = known.owner or entry.owner
        known.tags.update(entry.tags)
        known.vantages.update(entry.vantages)
        self.joined += 1


def _entry(row: Row, columns: Columns) -> _Entry:
    """Return what one row says. Raises ``InputError``, one clause for each fault."""
    cells = {key: columns.value(key, row.cells) for key in columns.by_key}
    hidden = [key for key, value in cells.items() if _CONTROL.search(value)]
    if hidden:
        raise InputError(*(f"{key} holds a control character; remove it" for key in hidden))
    problems: list[str] = []
    host = cells["host"] or cells["address"]
    endpoints: Endpoints = {}
    try:
        host = canonical_host(host) if host else ""
        if not host:
            problems.append("tells no host; give it a name or an address")
    except InputError as error:
        problems.append(f"{shown(host)} {error}")
    try:
        endpoints = endpoints_of(cells["port"], cells["protocol"])
    except InputError as error:
        problems.append(str(error))
    if problems:
        raise InputError(*problems)
    tags = [*_LIST.split(cells["tags"]), cells["environment"]]
    views = (_NOT_IN_WORD.sub("-", each.lower()) for each in _LIST.split(cells["vantages"]))
    return _Entry(
        line=row.line,
        host=host,
        asset=_identity(cells["asset"]),
        said=cells["asset"],
        endpoints=endpoints,
        owner=cells["owner"],
        tags=dict.fromkeys(tag for tag in tags if tag),
        vantages=dict.fromkeys(each.strip("-") for each in views if each.strip("-")),
    )


def _identity(text: str) -> str:
    """Return a name that an asset can bear; empty where nothing of ``text`` is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_IN_ID.sub("-", plain).strip("-._:")[:128]


def _target(entry: _Entry) -> dict[str, Any]:
    target: dict[str, Any] = {"host": entry.host}
    if entry.asset != entry.host:
        target["asset"] = entry.asset
    if entry.said and entry.said != entry.asset:
        target["x-name"] = entry.said
    if entry.endpoints:
        target["endpoints"] = [
            {"port": port, "protocol": name} for port, name in entry.endpoints.items()
        ]
    said = {"owner": entry.owner, "tags": [*entry.tags], "vantages": [*entry.vantages]}
    return target | {key: value for key, value in said.items() if value}


def _faults(entries: list[_Entry]) -> Iterator[tuple[int, str]]:
    """Yield what the checks of a targets file say of the targets that were made."""
    root: Any = _document([_target(each) for each in entries])
    root["authorisation"] = {"reference": "import"}
    checker = compiled(load_schema("targets"), FORMATS)
    for problem in (*checker.problems(root), *disagreements(root)):
        match problem.place:
            case ("targets", int(at), *rest):
                yield at, f"{'.'.join(map(str, rest))}: {problem.message}"
            case _:
                raise InputError(problem.message)
