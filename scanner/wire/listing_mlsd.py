"""One line of MLSD (RFC 3659 section 7)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.model.text import neutralise
from scanner.wire.listing_words import (
    ITSELF,
    MOST_DIGITS,
    UnparsedError,
    is_parent,
    label,
    octal,
)

_SECOND = Precision.SECOND  # asked of the class, it takes as long as all else of an entry
_DIGITS = 14
"""Of a moment: year, month, day, hour, minute, second."""
_FRACTIONAL = re.compile(rb"[0-9]{14}\.[0-9]{1,9}")
_KINDS = {
    b"file": EntryKind.FILE,
    b"dir": EntryKind.DIRECTORY,
    b"cdir": EntryKind.DIRECTORY,
}
_STANDS_FOR = {b"cdir": ITSELF, b"pdir": b".."}
_LINKS = (b"os.unix=slink", b"os.unix=symlink")
_PERMISSIONS = re.compile(r"[a-z]{0,16}")
_WRITING = frozenset("acdfmpw")
"""Letters of the ``perm`` fact that let something change (RFC 3659 section 7.5.5)."""


_VARYING = frozenset({b"modify", b"size", b"sizd", b"unique"})
"""Facts that differ from line to line. What else a server tells, many entries share."""
_SIZES = (b"size", b"sizd")
"""Of files, and of directories, among which some servers mix them."""
_MOST_FACTS = 24
"""Of a line that is learnt from: no server tells so many."""

_Layout = tuple[int, bytes, int, tuple[bytes, ...], int, bytes]
"""Where ``modify``, ``size`` or ``sizd``, and ``unique`` stand, and how they are spelt."""
_Shared = tuple[
    bytes, EntryKind, bytes | None, int | None, str | None, str | None, bool | None, str
]
"""What the other facts say: the name by which a line means its directory or the parent; kind and
target of a link; mode, owner, group; whether it is writable, and by which letters."""


_LAYOUTS: dict[int, _Layout] = {}
"""How the latest line was laid out of so many facts: one server, and many alike, tell the same
ones in the same order.
"""


def parse(line: bytes, _now: datetime) -> Entry | None:
    """Return the entry, ``None`` for the parent; the directory itself is named ``.``.

    Raises ``UnparsedError``. Facts that make no sense are left out.
    """
    head, _, name = line.partition(b" ")
    facts = head.split(b";")
    if not name or facts[-1]:
        return _fact_by_fact(line)
    layout = _LAYOUTS.get(len(facts))
    if layout is not None:
        modify_at, modify_key, size_at, size_keys, unique_at, unique_key = layout
        first, _, modify = facts[modify_at].partition(b"=")
        second, _, size = facts[size_at].partition(b"=")
        third, _, unique = facts[unique_at].partition(b"=")
        if first == modify_key and second in size_keys and third == unique_key:
            facts[modify_at] = facts[size_at] = facts[unique_at] = b""
            shared = _shared_by_many(b";".join(facts))
            if shared is not None:
                return _entry(name, shared, modify, size, unique)
    entry = _fact_by_fact(line)
    if len(facts) <= _MOST_FACTS:
        _learn(head.split(b";"))
    return entry


def _learn(facts: list[bytes]) -> None:
    """Keep where those facts stand that vary. One that is not told is the nothing behind the last
    semicolon.
    """
    places = dict.fromkeys(_VARYING, (-1, b""))
    for at, fact in enumerate(facts):
        key = fact.partition(b"=")[0]
        if key.lower() in _VARYING:
            places[key.lower()] = at, key
    size_at, size_key = max(places[b"size"], places[b"sizd"])
    size_keys = _SIZES if size_key in _SIZES else (size_key,)
    _LAYOUTS[len(facts)] = *places[b"modify"], size_at, size_keys, *places[b"unique"]


def _fact_by_fact(line: bytes) -> Entry | None:
    """Read a line of any layout, in half as much time again."""
    facts, name = _split(line)
    told = facts.get
    if not told(b"type"):
        raise UnparsedError("no type")
    size = told(b"size", told(b"sizd", b""))
    return _entry(name, _shared(facts), told(b"modify", b""), size, told(b"unique", b""))


def _entry(name: bytes, shared: _Shared, modify: bytes, size: bytes, unique: bytes) -> Entry | None:
    stands_for, kind, target, mode, owner, group, writable, perm = shared
    if stands_for:
        if stands_for == b"..":
            return None
        name = stands_for  # servers write a path there, or the name that it has in its parent
    elif is_parent(name):
        return None
    modified = timeval(modify)
    return Entry(
        name=name,
        kind=kind,
        size=int(size) if size.isdigit() and len(size) <= MOST_DIGITS else None,
        modified=modified,
        precision=None if modified is None else _SECOND,
        mode=mode,
        owner=owner,
        group=group,
        identity=neutralise(unique, 64) if unique else None,
        link_target=target,
        writable=writable,
        perm=perm,
    )


@lru_cache(maxsize=128)
def _shared_by_many(rest: bytes) -> _Shared | None:
    """Return what facts say among which none varies, ``None`` where one does or the type lacks."""
    facts = _by_key(rest)
    return _shared(facts) if facts.get(b"type") and _VARYING.isdisjoint(facts) else None


def _shared(facts: dict[bytes, bytes]) -> _Shared:
    told = facts.get
    declared = facts[b"type"]
    kind, target = _kind(declared)
    perm, writable = _permissions(told(b"perm"))
    return (
        _STANDS_FOR.get(declared.lower(), b""),
        kind,
        target,
        octal(told(b"unix.mode", b"")),
        label(told(b"unix.ownername", told(b"unix.owner", b""))),
        label(told(b"unix.groupname", told(b"unix.group", b""))),
        writable,
        perm,
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
    return _by_key(head), name


def _by_key(head: bytes) -> dict[bytes, bytes]:
    facts = {}
    for fact in head.split(b";"):  # a comprehension is a call more, and so half as slow again
        key, _, value = fact.partition(b"=")
        facts[key.lower()] = value
    return facts


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
