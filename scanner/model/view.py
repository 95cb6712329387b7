"""What one login could see of the files: walked within bounds, masked before it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from scanner.model.content import ContentFacts
from scanner.model.listing import Outcome, Precision
from scanner.model.reading import Reading, unasked


class Zone(StrEnum):
    """Where a path lies, by the owner's declaration."""

    PUBLIC = "public"
    PRIVATE = "private"
    UNDECLARED = "undeclared"


class CredentialStatus(StrEnum):
    """What became of a supplied credential."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_SENT = "not-sent"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """A file, masked: ``key`` is a keyed hash of its path, ``directory`` has person-like and
    long-digit parts replaced. ``modified`` is RFC 3339 UTC.
    """

    key: str
    directory: str
    extension: str
    size: int | None = None
    modified: str | None = None
    precision: Precision | None = None
    mode: int | None = None
    zone: Zone = Zone.UNDECLARED
    orders: tuple[str, ...] = ()
    content: Reading[ContentFacts] = field(default_factory=unasked)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSeen:
    """A declared area, as one login saw it. ``path`` is the owner's own words.

    ``foreign`` is true when the login landed in another declared private area.
    """

    path: str
    zone: Zone
    outcome: Reading[Outcome]
    entries: int = 0
    mode: int | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """A migration's paths, as one login saw them. ``found``: every path is proved to exist;
    ``complete``: all of them were walked whole. ``files`` counts matching files.
    """

    order_id: str
    patterns: tuple[str, ...]
    found: bool
    complete: bool
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What a bounded walk met. ``stopped`` names the bounds that cut it (``entries``, ``depth``,
    ``time``, ``denied``, ``missing``, ``connection-lost``); empty when the walk was whole.

    ``outside_public`` counts entries outside every declared public area. ``sampled`` of
    ``eligible`` files were read. ``files`` is a bounded sample: read and harmful first, then the
    others that were read, then those of orders, each the oldest first. ``dropped`` files were met
    but not kept: their ages are not seen. ``links`` were met and not followed.
    """

    directories: int
    entries: int
    bytes: int
    stopped: tuple[str, ...]
    outside_public: int
    eligible: int
    sampled: int
    writable_claims: int
    unparsed: int
    areas: tuple[AreaSeen, ...] = ()
    orders: tuple[OrderSeen, ...] = ()
    files: tuple[FileFact, ...] = ()
    dropped: int = 0
    links: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything that the login can reach was listed."""
        return not self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one login could see. ``home`` is masked. ``root`` is how the first listing ended."""

    username: str
    encrypted: bool
    home: str
    root: Outcome
    walk: Walk
    root_reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A supplied account on one endpoint."""

    username: str
    status: CredentialStatus
    detail: str = ""
    remaining: tuple[str, ...] = ()
    view: Reading[View] = field(default_factory=unasked)
