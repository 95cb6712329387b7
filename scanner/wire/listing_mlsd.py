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
    number,
    octal,
)

_DIGITS = 14
"""Of a moment: year, month, day, hour, minute, second."""
_FRACTIONAL = re.compile(rb"[0-9]{14}\.[0-9]{1,9}")
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
    told = facts.get
    declared = told(b"type", b"")
    if not declared:
        raise UnparsedError("no type")
    stands_for = declared.lower()
    if stands_for == b"cdir":
        name = ITSELF  # servers write a path there, or the name that it has in its parent
    elif stands_for == b"pdir" or is_parent(name):
        return None
    kind, target = _kind(declared)
    modified = timeval(told(b"modify", b""))
    perm, writable = _permissions(told(b"perm"))
    return Entry(
        name=name,
        kind=kind,
        size=number(told(b"size", told(b"sizd", b""))),
        modified=modified,
        precision=None if modified is None else Precision.SECOND,
        mode=octal(told(b"unix.mode", b"")),
        owner=label(told(b"unix.ownername", told(b"unix.owner", b""))),
        group=label(told(b"unix.groupname", told(b"unix.group", b""))),
        identity=label(told(b"unique", b"")),
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
    facts = {}
    for fact in head.split(b";"):  # a comprehension is a call more, and so half as slow again
        key, _, value = fact.partition(b"=")
        facts[key.lower()] = value
    return facts, name


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
    if not ((len(text) == _DIGITS and text.isdigit()) or _FRACTIONAL.fullmatch(text)):
        return None
    digits = text.decode("ascii")
    if not "1900" <= digits < "9000" or digits[8:10] > "23":
        return None  # no file's year (``listing_words.moment``), and no hour of ISO 8601's 24
    try:
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:_DIGITS]}Z")
    except ValueError:
        return None
