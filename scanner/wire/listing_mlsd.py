"""One line of MLSD (RFC 3659 section 7)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing_words import (
    ITSELF,
    UnparsedError,
    is_parent,
    label,
    moment,
    number,
    octal,
)

_TIMEVAL = re.compile(
    rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.[0-9]{1,9})?"
)
_KINDS = {
    b"file": EntryKind.FILE,
    b"dir": EntryKind.DIRECTORY,
    b"cdir": EntryKind.DIRECTORY,
}
_LINKS = (b"os.unix=slink", b"os.unix=symlink")
_PERMISSIONS = re.compile(r"[a-z]{0,16}")
_WRITING = frozenset("acdfmpw")
"""Letters of the ``perm`` fact that let something change (RFC 3659 section 7.5.5)."""


def parse(line: bytes, _now: datetime) -> Entry | None:
    """Return the entry, ``None`` for the parent; the directory itself is named ``.``.

    Raises ``UnparsedError``. Facts that make no sense are left out.
    """
    facts, name = _split(line)
    declared = facts.get(b"type", b"")
    if not declared:
        raise UnparsedError("no type")
    if declared.lower() == b"cdir":
        name = ITSELF  # servers write a path there, or the name that it has in its parent
    elif declared.lower() == b"pdir" or is_parent(name):
        return None
    kind, target = _kind(declared)
    modified = timeval(facts.get(b"modify", b""))
    perm, writable = _permissions(facts.get(b"perm"))
    return Entry(
        name=name,
        kind=kind,
        size=number(facts.get(b"size", facts.get(b"sizd", b""))),
        modified=modified,
        precision=None if modified is None else Precision.SECOND,
        mode=octal(facts.get(b"unix.mode", b"")),
        owner=label(facts.get(b"unix.ownername", facts.get(b"unix.owner", b""))),
        group=label(facts.get(b"unix.groupname", facts.get(b"unix.group", b""))),
        identity=label(facts.get(b"unique", b"")),
        link_target=target,
        writable=writable,
        perm=perm,
    )


def _split(line: bytes) -> tuple[dict[bytes, bytes], bytes]:
    head, space, name = line.partition(b" ")
    if space and not head.endswith(b";") and b"slink:" in head.lower():
        # A link's target stands among the facts, spaces and all.
        head, space, name = line.partition(b"; ")
    elif not space or (head and not head.endswith(b";")):
        raise UnparsedError("no facts before a name")
    if not space:
        raise UnparsedError("no name after the facts")
    pairs = (fact.partition(b"=") for fact in head.split(b";") if fact)
    return {key.lower(): value for key, _, value in pairs}, name


@lru_cache(maxsize=64)
def _kind(declared: bytes) -> tuple[EntryKind, bytes | None]:
    lower = declared.lower()
    if lower in _KINDS:
        return _KINDS[lower], None
    if lower.startswith(_LINKS):
        target = declared.partition(b":")[2]
        return EntryKind.LINK, target or None
    return EntryKind.OTHER, None


@lru_cache(maxsize=256)
def _permissions(text: bytes | None) -> tuple[str, bool | None]:
    """Return the letters of a ``perm`` fact, and whether one of them lets something change."""
    if text is None:
        return "", None
    letters = text.decode("latin-1").lower()
    known = letters if _PERMISSIONS.fullmatch(letters) else ""
    return known, bool(_WRITING & set(known))


def timeval(text: bytes) -> datetime | None:
    """Read ``YYYYMMDDHHMMSS`` with or without fractions (RFC 3659 section 2.3), in UTC."""
    found = _TIMEVAL.fullmatch(text)
    if found is None:
        return None
    year, month, day, *clock = map(int, found.groups())
    return moment(year, month, day, *clock)
