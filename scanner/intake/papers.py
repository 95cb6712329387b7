"""Papers in files of their own: an order, a contract, an attestation or a procedure, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.intake.formats import FORMATS
from scanner.intake.placed_json import PlacedJson, parse
from scanner.intake.problem import Problem
from scanner.intake.schema_check import compiled
from scanner.intake.target_sense import disagreements_of
from scanner.model.papers import NEEDED
from scanner.schemas.catalogue import load_schema

LARGEST_PAPER = MEBIBYTE
"""Bytes of a paper at most: a paper names its file, and does not hold it."""

KINDS = tuple(NEEDED)
"""What a file of its own may hold, by its key ``paper``."""


@dataclass(frozen=True, slots=True)
class ReadPaper:
    """A paper that schema and sense have let through, still as JSON."""

    kind: str
    entry: dict[str, Any]
    document: PlacedJson


def read_paper(path: Path) -> ReadPaper:
    """Read one paper; its key ``paper`` tells which kind it is.

    Raises ``PaperError``: a line per fault, ``file:line: place: fault; mend``, without any of
    the paper's content.
    """
    try:
        document = parse(shown_path(path), read_bounded(path, LARGEST_PAPER))
    except InputError as error:
        raise PaperError("", *error.problems) from error
    return check_paper(document)


def check_paper(document: PlacedJson) -> ReadPaper:
    """Check a paper that was read. Raises ``PaperError`` like ``read_paper``."""
    value = document.value
    if not isinstance(value, dict):
        raise PaperError("", *document.report([Problem((), _NO_OBJECT)]))
    kind = value.get("paper")
    if kind not in KINDS or not isinstance(kind, str):
        raise PaperError("", *document.report([_unknown(value)]))
    faults = compiled(load_schema(kind), FORMATS, quoting=False).problems(value)
    faults = (*faults, *_disagreements(kind, value))
    if faults:
        raise PaperError(kind, *document.report(faults))
    return ReadPaper(kind, dict(value), document)


class PaperError(InputError):
    """A paper cannot be used. ``kind`` is what it says it is, or empty."""

    def __init__(self, kind: str, *problems: str) -> None:
        super().__init__(*problems)
        self.kind = kind


_NO_OBJECT = "is not an object; `scan template contract` prints one to start from"


def _unknown(value: dict[str, Any]) -> Problem:
    listed = ", ".join(KINDS)
    if "paper" not in value:
        return Problem((), f"'paper' is missing; add it, with one of: {listed}")
    near = get_close_matches(str(value["paper"]).lower(), KINDS, 1)
    mend = f"did you mean '{near[0]}'?" if near else "give one of these"
    return Problem(("paper",), f"is none of {listed}; {mend}")


def _disagreements(kind: str, value: dict[str, Any]) -> Iterator[Problem]:
    group = {"order": "migrations", "contract": "contracts"}.get(kind, "documents")
    yield from disagreements_of(group, (), value)
