"""Papers by themselves: is one fit for use, before any targets file names it?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scanner.api.job import utc_now
from scanner.dossier import file_faults
from scanner.errors import InputError
from scanner.intake.declared_papers import contract_of, document_of, order_of
from scanner.intake.files import read_bounded, shown_path
from scanner.intake.paper_gaps import gaps_of
from scanner.intake.papers import KINDS, read_paper
from scanner.intake.placed_json import parse
from scanner.intake.registers import LARGEST_REGISTER, read_alerts, read_inventory, read_warnings
from scanner.model.target import Contract, Document, Migration

_REGISTERS: dict[str, Callable[[Path], object]] = {
    "inventory": read_inventory,
    "warning": read_warnings,
    "alert": read_alerts,
}


_TELLING = {"username": "inventory", "holders": "inventory", "raised": "alert", "opened": "warning"}
"""Keys of a register's entries that tell which one it is."""


def paper_kind(path: Path) -> str:
    """Return which kind of paper a file is: by its key ``paper``, by the keys of its first entry,
    or an inventory where its name ends in ``.csv``. Empty for anything else, a targets file and
    what cannot be read among it.
    """
    if path.suffix.lower() == ".csv":
        return "inventory"
    try:
        value = parse(shown_path(path), read_bounded(path, LARGEST_REGISTER)).value
    except InputError:
        return ""
    if isinstance(value, dict):
        return str(value["paper"] or "unknown") if "paper" in value else ""
    first = value[0] if isinstance(value, list) and value else None
    keys = first if isinstance(first, dict) else {}
    return next((kind for key, kind in _TELLING.items() if key in keys), "")


def validate_paper(path: Path, kind: str) -> tuple[str, ...]:
    """Return every fault of one paper, and everything that it lacks: one line each.

    ``kind`` is ``inventory``, ``warning``, ``alert``, or what the paper's own key ``paper`` has to
    say.
    """
    try:
        if kind in _REGISTERS:
            _REGISTERS[kind](path)
            return ()
        paper = read_paper(path)
    except InputError as error:
        return error.problems
    if kind in KINDS and paper.kind != kind:
        return (f"{shown_path(path)}: is of the kind {paper.kind}, and not {kind}; correct one",)
    lines = paper.document.report(gaps_of(paper.kind, paper.entry, (), utc_now().date()))
    return (*lines, *file_faults(shown_path(path), _named(paper.kind, paper.entry, path.parent)))


def _named(kind: str, entry: dict[str, object], base: Path) -> Document | Contract | Migration:
    if kind == "order":
        return order_of(entry, base, None)
    return contract_of(entry, base) if kind == "contract" else document_of(entry, base)
