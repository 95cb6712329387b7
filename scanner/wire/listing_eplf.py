"""One line of EPLF, the easily parsed list format of D. J. Bernstein's servers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing_words import UnparsedError, is_parent, label, number, octal

_SECONDS = re.compile(rb"[0-9]{1,11}")


def parse(line: bytes, _now: datetime) -> Entry | None:
    """Return the entry, ``None`` for the parent; the directory itself is named ``.``.

    ``/`` says that one can enter, ``r`` that one can read: what allows neither is of no known
    kind. Raises ``UnparsedError``.
    """
    head, tab, name = line.partition(b"\t")
    if not head.startswith(b"+") or not tab:
        raise UnparsedError("no plus sign with facts and a tab")
    facts = head[1:].split(b",")
    if is_parent(name):
        return None
    modified = _moment(_fact(facts, b"m"))
    return Entry(
        name=name,
        kind=_kind(facts),
        size=number(_fact(facts, b"s")),
        modified=modified,
        precision=None if modified is None else Precision.SECOND,
        mode=octal(_fact(facts, b"up")),
        identity=label(_fact(facts, b"i")),
    )


def _fact(facts: list[bytes], letter: bytes) -> bytes:
    return next((fact[len(letter) :] for fact in facts if fact.startswith(letter)), b"")


def _kind(facts: list[bytes]) -> EntryKind:
    if b"/" in facts:
        return EntryKind.DIRECTORY
    return EntryKind.FILE if b"r" in facts else EntryKind.OTHER


def _moment(text: bytes) -> datetime | None:
    # Eleven digits reach the year 5138.
    return datetime.fromtimestamp(int(text), UTC) if _SECONDS.fullmatch(text) else None
