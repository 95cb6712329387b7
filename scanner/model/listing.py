"""Directory entries as a server told them, whatever the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from scanner.model.reading import Reading


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
    (``0o7777``). ``writable`` is the server's own claim (MLSD ``perm``), never proof.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One directory. ``complete`` is false when a bound cut it or the transfer failed;
    ``unparsed`` counts lines that no dialect explains.
    """

    outcome: Outcome
    entries: tuple[Entry, ...] = ()
    complete: bool = True
    unparsed: int = 0
    reply: str = ""
    evidence: tuple[str, ...] = ()


class RemoteTree(Protocol):
    """A logged-in, read-only view of a server's files. Paths are absolute raw bytes."""

    home: bytes

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        """List ``path``, at most ``most`` entries. Faults of the network are ``Unobserved``."""
        ...

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        """Read ``length`` bytes at ``offset``; fewer at the end of the file."""
        ...
