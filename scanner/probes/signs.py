"""What listings tell beside their files: signs of writing, links that lead out, odd lines."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from scanner.model.listing import FIRST_PERSON, NOBODY, Entry, EntryKind, Listing, Outcome
from scanner.model.mask import Mask, shape
from scanner.model.view import WritableSigns
from scanner.probes.places import below, normal_path, parent_of

MOST_SHAPES = 16
"""Shapes of unparsed lines that are kept of one walk."""
MOST_OWNERS = 16
"""Owners of files that are kept of one walk."""

_SYSTEM = frozenset(
    {"root", "ftp", "nobody", "daemon", "www-data", "apache", "nginx", "system", "administrators"}
    | {"owner", "user", "none", "?", "-"}
)
"""Owners that are no people; some servers name ``owner`` and ``user`` for everybody."""

_OTHERS_WRITE = 0o002
_GROUP_WRITES = 0o020
_CLAIMING = frozenset("acdfmpw")
"""Letters of MLSD's ``perm`` that let something change (RFC 3659 section 7.5.5)."""


_LINK = EntryKind.LINK
_MODE_SIGNS = _OTHERS_WRITE | _GROUP_WRITES


def with_writing_signs(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that bear any sign that someone may write, as few do; links bear none."""
    return [
        entry
        for entry in entries
        if (entry.writable or entry.perm or entry.acl or (entry.mode or 0) & _MODE_SIGNS)
        and entry.kind is not _LINK
    ]


def claims_writable(entry: Entry) -> bool:
    """Whether the server, or the mode, calls an entry writable by whoever comes."""
    if entry.kind is _LINK:
        return False
    return bool(entry.writable) or bool((entry.mode or 0) & _OTHERS_WRITE)


def writable_signs(entries: Iterable[Entry]) -> WritableSigns:
    """Count each sign by itself; links bear none."""
    perm = others = group = acl = 0
    claims: set[str] = set()
    for entry in entries:
        if entry.kind is _LINK:
            continue
        mode = entry.mode or 0
        perm += bool(entry.writable)
        claims.add(entry.perm)
        others += bool(mode & _OTHERS_WRITE)
        group += bool(mode & _GROUP_WRITES)
        acl += entry.acl
    told = "".join(sorted(_CLAIMING.intersection("".join(claims))))
    return WritableSigns(perm=perm, perm_letters=told, others=others, group=group, acl=acl)


def owners(entries: Iterable[Entry], mask: Mask) -> tuple[str, ...]:
    """Return the keyed hashes of the users who own entries, ``MOST_OWNERS`` at most.

    Users of the system itself are left out, and so are numbers under 1000, which are theirs.
    """
    found = {entry.owner for entry in entries if entry.owner and not _is_system(entry.owner)}
    marks = sorted(mask(b"owner", owner.encode("utf-8", "replace")) for owner in found)
    return tuple(marks[:MOST_OWNERS])


def _is_system(owner: str) -> bool:
    if owner.isascii() and owner.isdigit():
        number = int(owner[:12])
        return number < FIRST_PERSON or number in NOBODY
    return owner.casefold() in _SYSTEM


def shapes(listings: Iterable[Listing]) -> tuple[str, ...]:
    """Return the different shapes of the lines that no dialect explains, some of them."""
    found: dict[str, None] = {}
    for line in (line for listing in listings for line in listing.unparsed_lines):
        if len(found) >= MOST_SHAPES:
            break
        found[shape(line.raw)] = None
    return tuple(found)


def links_outside(listings: Mapping[bytes, Listing]) -> int:
    """Count links whose target is not in the tree, as far as that was listed."""
    known = {
        path: frozenset(entry.name for entry in listing.entries)
        for path, listing in listings.items()
        if listing.outcome is Outcome.LISTED
    }
    return sum(_leads_out(directory, target, known) for directory, target in _targets(listings))


def _targets(listings: Mapping[bytes, Listing]) -> Iterator[tuple[bytes, bytes]]:
    for directory, listing in listings.items():
        for entry in listing.entries:
            if entry.kind is _LINK and entry.link_target:
                yield directory, entry.link_target


def _leads_out(directory: bytes, target: bytes, known: Mapping[bytes, frozenset[bytes]]) -> bool:
    """Whether a target climbs above the root, or lies where the listings show no way to.

    What is missing from a directory that was listed is dangling, not outside; what lies below a
    directory that was met but not listed may be anything, and is taken to be inside.
    """
    joined = target if target.startswith(b"/") else below(directory, target)
    if _climbs_out(joined):
        return True
    path = normal_path(posixpath.normpath(joined))
    if path in known or parent_of(path) in known:
        return False
    above = parent_of(path)
    while above not in known and above != b"/":
        path, above = above, parent_of(above)
    return path.rpartition(b"/")[2] not in known.get(above, frozenset())


def _climbs_out(path: bytes) -> bool:
    depth = 0
    for part in path.split(b"/"):
        depth += {b"": 0, b".": 0, b"..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False
