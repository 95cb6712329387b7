"""Directory entries as a server told them, whatever the protocol."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from scanner.model.frozen import dataclass
from scanner.model.reading import Reading

FIRST_PERSON: Final = 1_000
"""Numbers of owners below belong to the system by custom (UID_MIN of login.defs)."""
NOBODY: Final = frozenset({65_534, 4_294_967_294})
"""Numbers that stand for no user."""


class EntryKind(StrEnum):
    """What an entry is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class Precision(StrEnum):
    """How fine a modification time is."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


class Outcome(StrEnum):
    """What came of asking for a directory. All three are observations."""

    LISTED = "listed"
    DENIED = "denied"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. ``name`` is the raw bytes of one path segment, never ``.`` or ``..``,
    never holding a slash, CR, LF or NUL. ``modified`` is UTC. ``mode`` is the permission bits
    (``0o7777``). ``writable`` is the server's own claim (MLSD ``perm``), never proof, and
    ``perm`` are the letters of that claim. ``acl``: an access list says more than the mode.
    ``zone_known`` is false where the server told a local time and not of which zone: ``modified``
    may then be up to a day off, either way.
    """

    name: bytes
    kind: EntryKind
    size: int | None = None
    modified: datetime | None = None
    precision: Precision | None = None
    mode: int | None = None
    owner: str | None = None
    identity: str | None = None
    link_target: bytes | None = None
    writable: bool | None = None
    perm: str = ""
    acl: bool = False
    group: str | None = None
    zone_known: bool = True


@dataclass(frozen=True, slots=True)
class UnparsedLine:
    """A line that no dialect explains: its first bytes, and what each dialect missed in it.

    ``raw`` may hold a name: it is for the one who looks now, and is never stored.
    """

    raw: bytes = field(repr=False)
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One directory. ``complete`` is false when a bound of ours or of the server's cut it
    (``truncated``) or the transfer failed. ``unparsed`` counts lines that no dialect explains;
    ``unparsed_lines`` are the first of them. ``suspect`` says why a name may have forged lines,
    empty where nothing speaks for it: a forgery that imitates its listing in everything cannot
    be told. ``itself`` is what the listing told of its own directory, under the name ``.``.
    """

    outcome: Outcome
    entries: tuple[Entry, ...] = ()
    complete: bool = True
    unparsed: int = 0
    reply: str = ""
    evidence: tuple[str, ...] = ()
    truncated: bool = False
    unparsed_lines: tuple[UnparsedLine, ...] = ()
    suspect: tuple[str, ...] = ()
    itself: Entry | None = None


class RemoteTree(Protocol):
    """A logged-in, read-only view of a server's files. Paths are absolute raw bytes."""

    home: bytes

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        """List ``path``, at most ``most`` entries. Faults of the network are ``Unobserved``."""
        ...

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        """Read ``length`` bytes at ``offset``; fewer at the end of the file."""
        ...
