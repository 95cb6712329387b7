"""The registers that an operator keeps: accounts with their holders, warnings, alert tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.intake.formats import FORMATS, parse_date, parse_moment
from scanner.intake.placed_json import PlacedJson, parse
from scanner.intake.problem import Problem
from scanner.intake.schema_check import compiled
from scanner.intake.tables import Row, decode_table, rows
from scanner.model.dossier import AlertTicket, InventoryRow, RegisteredWarning
from scanner.schemas.catalogue import load_schema

LARGEST_REGISTER = 16 * MEBIBYTE
"""Bytes of an inventory or a register at most."""

_KINDS = ("service", "person")
_FORMULA = ("=", "+", "-", "@")
_MOST_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """One inventory entry as written, and how to name its place."""

    line: str
    username: str
    holders: tuple[str, ...]
    kind: str
    expires: date | None


def read_inventory(path: Path) -> tuple[InventoryRow, ...]:
    """Read an inventory: CSV with columns ``username``, ``holders`` (separated by ``;``),
    ``kind`` and ``expires``, or a JSON list of objects with these keys.

    Entries of one username are joined, their holders together. Raises ``InputError`` with one
    line per fault; no line repeats a name.
    """
    name, content = shown_path(path), read_bounded(path, LARGEST_REGISTER)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        entries = _json_entries(parse(name, content))
    else:
        entries = _csv_entries(name, decode_table(name, content))
    return _joined(name, entries)


def read_warnings(path: Path) -> tuple[RegisteredWarning, ...]:
    """Read a register of warnings: a JSON list of ``id``, ``opened``, ``closed``, ``summary``.

    Raises ``InputError`` with one line per fault.
    """
    document = parse(shown_path(path), read_bounded(path, LARGEST_REGISTER))
    entries = _checked(document, "warnings", _warning_faults)
    return tuple(
        RegisteredWarning(
            id=entry["id"],
            opened=parse_date(entry["opened"]),
            closed=parse_date(entry["closed"]) if "closed" in entry else None,
            summary=entry.get("summary", ""),
        )
        for entry in entries
    )


def read_alerts(path: Path) -> tuple[AlertTicket, ...]:
    """Read alert tickets: a JSON list of ``id``, ``raised``, ``acknowledged``, ``closed``.

    Raises ``InputError`` with one line per fault.
    """
    document = parse(shown_path(path), read_bounded(path, LARGEST_REGISTER))
    entries = _checked(document, "alerts", _alert_faults)
    return tuple(
        AlertTicket(
            id=entry["id"],
            raised=parse_moment(entry["raised"]),
            acknowledged=_moment(entry, "acknowledged"),
            closed=_moment(entry, "closed"),
        )
        for entry in entries
    )


def _moment(entry: dict[str, Any], key: str) -> datetime | None:
    return parse_moment(entry[key]) if key in entry else None


def _repeated(entry: dict[str, Any], index: int, first: dict[str, int]) -> Iterator[Problem]:
    """Note where an id stands first; yield that it stands here again."""
    if first.setdefault(entry["id"], index) != index:
        yield Problem((index, "id"), f"is already the id of entry [{first[entry['id']]}]")


def _alert_faults(entries: list[dict[str, Any]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        yield from _repeated(entry, index, first)
        raised = parse_moment(entry["raised"])
        for key in ("acknowledged", "closed"):
            if (_moment(entry, key) or raised) < raised:
                yield Problem((index, key), "is before 'raised'; correct one of them")


def _checked(
    document: PlacedJson,
    schema: str,
    faults: Callable[[list[dict[str, Any]]], Iterable[Problem]],
) -> list[dict[str, Any]]:
    found = compiled(load_schema(schema), FORMATS, quoting=False).problems(document.value)
    value: Any = document.value
    problems = found or tuple(faults(value))
    if problems:
        raise InputError(*document.report(problems))
    entries: list[dict[str, Any]] = value
    return entries


def _warning_faults(entries: list[dict[str, Any]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        yield from _repeated(entry, index, first)
        if entry.get("closed", entry["opened"]) < entry["opened"]:
            yield Problem((index, "closed"), "is before 'opened'; correct one of them")


def _json_entries(document: PlacedJson) -> list[_Entry]:
    entries = _checked(document, "inventory", _username_faults)
    return [
        _Entry(
            f"entry [{index}]",
            entry["username"].strip(),
            _labels(entry["holders"]),
            entry.get("kind", ""),
            parse_date(entry["expires"]) if "expires" in entry else None,
        )
        for index, entry in enumerate(entries)
    ]


def _username_faults(entries: list[dict[str, Any]]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        fault = _username_fault(entry["username"].strip())
        if fault:
            yield Problem((index, "username"), fault)


def _username_fault(username: str) -> str | None:
    if not username:
        return "is empty; write the account's name"
    if username.startswith(_FORMULA):
        return f"begins with {username[0]}, which spreadsheets run as a formula; remove it"
    return None if username.isprintable() else "holds a control character; remove it"


def _csv_entries(name: str, text: str) -> list[_Entry]:
    entries: list[_Entry] = []
    problems: list[str] = []
    for row in rows(name, text, ("username", "holders")):
        faults = list(_row_faults(row))
        problems += [f"{name}:{row.line}: {fault}" for fault in faults]
        if not faults:
            entries.append(_entry(row))
        if len(problems) > _MOST_PROBLEMS:
            break
    if problems:
        raise InputError(*problems)
    return entries


def _row_faults(row: Row) -> Iterator[str]:
    fault = _username_fault(row.cells["username"])
    if fault:
        yield f"username: {fault}"
    kind = row.cells.get("kind", "").lower()
    if kind and kind not in _KINDS:
        yield f"kind: is none of {', '.join(_KINDS)}; write one of them or nothing"
    expires = row.cells.get("expires", "")
    if expires and FORMATS["date"](expires):
        yield "expires: is not a date; write it as 2026-12-31, or nothing"
    if any(not label.isprintable() for label in row.cells["holders"].split(";")):
        yield "holders: holds a control character; separate holders by ; alone"


def _entry(row: Row) -> _Entry:
    expires = row.cells.get("expires", "")
    return _Entry(
        f"line {row.line}",
        row.cells["username"],
        _labels(row.cells["holders"].split(";")),
        row.cells.get("kind", "").lower(),
        parse_date(expires) if expires else None,
    )


def _labels(texts: Iterable[str]) -> tuple[str, ...]:
    """Return holders once each, compared without regard to case and spacing."""
    found: dict[str, str] = {}
    for text in texts:
        label = " ".join(text.split())
        if label:
            found.setdefault(label.casefold(), label)
    return tuple(found.values())


def _joined(name: str, entries: Iterable[_Entry]) -> tuple[InventoryRow, ...]:
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.username, []).append(entry)
    problems = [line for group in groups.values() for line in _conflicts(name, group)]
    if problems:
        raise InputError(*problems)
    return tuple(_row(username, group) for username, group in groups.items())


def _conflicts(name: str, group: list[_Entry]) -> Iterator[str]:
    for what, values in (
        ("kind", {entry.kind for entry in group if entry.kind}),
        ("expires", {entry.expires for entry in group if entry.expires}),
    ):
        if len(values) > 1:
            places = ", ".join(entry.line for entry in group[:5])
            yield f"{name}: {what}: one account has several ({places}); agree on one"


def _row(username: str, group: list[_Entry]) -> InventoryRow:
    return InventoryRow(
        username=username,
        holders=_labels(holder for entry in group for holder in entry.holders),
        kind=next((entry.kind for entry in group if entry.kind), "service"),
        expires=next((entry.expires for entry in group if entry.expires), None),
    )
