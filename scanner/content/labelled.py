"""Forms, cards and settings: lines of a label and a value, read as the rows of a table.

vCards, LDIF, property files, and what people type: "Nom : ..." under "Prénom : ...".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from scanner.content.lexicon import concept_of, folded
from scanner.content.tables import MOST_COLUMNS, MOST_ROWS, Table
from scanner.content.text import Sections
from scanner.model.late import late

# Values that are aligned stand far behind their labels: no gap follows those.
_GAP: Final = late(r"(?<![:=\s])(?:\s{2,8}(?=\S)|\t)")
_LABEL: Final = late(
    r"[\W_]{0,8}(?:export )?([^\W\d_][^:=,\[\]{}<>|+*$]{0,49}?)[\"']?\s{0,4}[:=]{1,2}(?!=)"
)
_LOGINS: Final = frozenset({"user", "username", "login", "uid", "utilisateur", "identifiant"})
_SECRETS: Final = frozenset({"login", "password"})
_NAMES: Final = frozenset({"surname", "first-name", "full-name", "name"})
_NAME: Final = late(r"[^\W\d_a-z][^\W\d_]*\.?(?:[ '\u2019-]{1,2}[^\W\d_]+\.?){0,5}")
_PROGRAM: Final = late(r"[\[\]{}<>=`$|\\]|\(\)")
_MOST_LINES: Final = 20_000
_MOST_LINE: Final = 400
_MOST_LABELS: Final = 2_000
_MOST_WORDS: Final = 5
_MOST_VALUE: Final = 200
# What stands for a secret that is elsewhere: a call, a variable, a place to fill in, a type.
_NO_LITERAL: Final = late(
    r".*[()\[\]<>\s\"'].*|[/~][\w./-]+|\$\{?[A-Za-z_].*|\{\{.*|%[A-Za-z_(].*|[*x.#-]+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
)
_NO_SECRETS: Final = frozenset(
    ["none", "null", "nil", "true", "false", "password", "passwd", "secret", "yes", "no", "str",
     "string", "required", "optional", "text", "prompt", "changeit", "example", "undefined", "self"]
)  # fmt: skip
_LEAST_SECRET: Final = 4


def read_labelled(sections: Sections) -> Table | None:
    """Return a table of the values whose labels the lexicon knows, or None where there are none.

    A row ends where a label comes again.
    """
    known: dict[str, str | None] = {}
    rows: list[dict[str, str]] = []
    row: dict[str, str] = {}
    for label, written, assigned in _pairs(sections):
        if label not in known and label.count(" ") <= _MOST_WORDS and len(known) < _MOST_LABELS:
            known[label] = _meaning(label)
        concept = known.get(label)
        if concept not in _SECRETS and (assigned or not _is_written(concept, written)):
            continue
        value = _literal(written) if concept == "password" else written
        if not concept or not value:
            continue
        if concept in row and len(rows) < MOST_ROWS:
            rows.append(row)
            row = {}
        row[concept] = value
    if row:
        rows.append(row)
    return _table(rows) if rows else None


def _meaning(label: str) -> str | None:
    """Return a header of the lexicon that a label amounts to, or None."""
    words = folded(label).split("_")
    if words[-1] in _LOGINS:
        return "login"
    concept = concept_of(label)
    return {"national-id": label, "name": "name"}.get(concept, concept) if concept else None


def _pairs(sections: Sections) -> Iterator[tuple[str, str, bool]]:
    """Yield label, value, and whether a sign of assignment stands between: of settings, of code."""
    left = _MOST_LINES
    for part in sections.parts:
        for line in part.splitlines():
            left -= 1
            if left < 0:
                return
            line = line[:_MOST_LINE]  # noqa: PLW2901 - what follows is never looked at
            if ":" not in line and "=" not in line:
                continue
            pieces = _GAP.split(line.strip()) if "  " in line or "\t" in line else (line,)
            for piece in pieces:
                match = _LABEL.match(piece)
                if match:
                    # TEL;TYPE=CELL: and ;ENCODING= are the ways of cards.
                    value = piece[match.end() :]
                    label, _, options = match[1].partition(";")
                    value = value.rpartition(":")[2] if options else value
                    assigned = match[0].endswith("=") and not options
                    yield label.strip(), value.strip(" \t\"',;")[:_MOST_VALUE], assigned


def _is_written(concept: str | None, value: str) -> bool:
    """Whether a value reads like what people write under a label, not like a program."""
    if concept in _NAMES:
        return bool(_NAME.fullmatch(value))
    return not _PROGRAM.search(value)


def _literal(value: str) -> str:
    """Return a secret that is written out, empty where something only stands for it."""
    if len(value) < _LEAST_SECRET or value.lower() in _NO_SECRETS or _NO_LITERAL.fullmatch(value):
        return ""
    varied = any(character.isdigit() for character in value) or not value.replace("_", "").isalnum()
    return value if varied else ""


def _table(rows: list[dict[str, str]]) -> Table:
    header = tuple(dict.fromkeys(name for row in rows for name in row))[:MOST_COLUMNS]
    return Table(delimiter=":", header=header, row_count=len(rows),
                 rows=tuple(tuple(_cells(row, header)) for row in rows))  # fmt: skip


def _cells(row: Mapping[str, str], header: tuple[str, ...]) -> Iterator[str]:
    return (row.get(name, "") for name in header)
