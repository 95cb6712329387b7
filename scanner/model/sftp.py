"""What an SFTP login shows of a server beside its files: attributes alone, names masked."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.frozen import dataclass
from scanner.model.listing import EntryKind, Outcome
from scanner.model.login_keys import AuthorizedKeys
from scanner.model.reading import UNASKED, Reading


class Presence(StrEnum):
    """What came of asking for a path's attributes. All three are observations."""

    PRESENT = "present"
    MISSING = "missing"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What a server says of one path (SFTP version 3). ``mode`` is the permission bits
    (``0o7777``), ``None`` where they were left out, as ``uid`` and ``gid`` are.
    """

    kind: EntryKind = EntryKind.OTHER
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSeen:
    """A path of our own choosing, and what was said of it. ``attributes`` where it is there."""

    path: str
    presence: Reading[Presence]
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class SftpExtension:
    """An extension of the VERSION packet: name and value, neutralised and bounded."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class SftpLimits:
    """What ``limits@openssh.com`` answers, in bytes; ``handles`` is a count. 0 is no limit."""

    packet: int
    read: int
    write: int
    handles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """Whether a login is kept in a folder of its own.

    ``confined`` is ``None`` where the signs are at odds or too few. ``signs`` are our own words.
    """

    confined: bool | None
    signs: tuple[str, ...]
    root: PathSeen
    known: tuple[PathSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """A folder beside the home. ``name`` is masked.

    ``outcome`` is how listing it began, and ``entries`` how many names were counted in it, some
    of them. ``foreign``: it lies in a declared private area that the home does not lie in;
    ``public``: in a declared public one.
    """

    name: str
    outcome: Reading[Outcome]
    entries: int = 0
    mode: int | None = None
    uid: int | None = None
    foreign: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What the folder above the home shows. ``folders`` were met in it, without the home;
    ``siblings`` are those that were tried. ``complete``: the folder was listed whole.
    """

    parent: str
    outcome: Outcome
    folders: int = 0
    complete: bool = True
    siblings: tuple[Sibling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpFacts:
    """What one login's SFTP session says. ``version`` is the server's own, whether or not it can
    be spoken here; ``dropped`` extensions were too many to keep.
    """

    version: int
    extensions: tuple[SftpExtension, ...] = ()
    dropped: int = 0
    limits: Reading[SftpLimits] = UNASKED
    home: Reading[PathSeen] = UNASKED
    confinement: Reading[Confinement] = UNASKED
    key_files: Reading[tuple[PathSeen, ...]] = UNASKED
    authorized_keys: Reading[AuthorizedKeys] = UNASKED
    neighbours: Reading[Neighbours] = UNASKED
    read_only: Reading[bool] = UNASKED


class ShellAnswer(StrEnum):
    """What became of a ``shell`` request. ``ENDED``: granted, and over before it was used."""

    REFUSED = "refused"
    ENDED = "ended"
    OPEN = "open"


class ForwardingAnswer(StrEnum):
    """What became of a ``direct-tcpip`` channel to a port on which nothing listens.

    ``FAILED``: the server tried to connect, so it forwards. ``UNSUPPORTED``: it knows no such
    channel.
    """

    PROHIBITED = "prohibited"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    OPENED = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What else a login is given on its connection. Asked only where the target allows it."""

    shell: Reading[ShellAnswer] = UNASKED
    forwarding: Reading[ForwardingAnswer] = UNASKED
