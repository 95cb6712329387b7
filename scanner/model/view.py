"""What one login could see of the files: walked within bounds, masked before it is kept."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.content import ContentFacts
from scanner.model.frozen import dataclass
from scanner.model.listing import Outcome, Precision
from scanner.model.reading import UNASKED, Reading, Reason
from scanner.model.sftp import ChannelFacts, SftpFacts


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
    long-digit parts replaced. ``modified`` is RFC 3339 UTC; where ``zone_known`` is false it is
    the server's own time and may be up to a day off, either way. ``named`` is the date that the
    path bears: ``2026-03-01``, or ``2026-03`` where no day is told or it may be a person's.
    ``read_at`` (RFC 3339 UTC) is when its bytes were read where that was an earlier night: it is
    unchanged since. ``sidecar``: its name is that of a checksum list, a detached signature or the
    like, which stands for another file.
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
    content: Reading[ContentFacts] = UNASKED
    zone_known: bool = True
    named: str | None = None
    read_at: str | None = None
    sidecar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableSigns:
    """How many entries bear each sign that someone may write: leads, never proof.

    ``perm``: the server says so in MLSD, by the letters ``perm_letters``; ProFTPD says so of
    what its configuration denies. ``others``: the mode lets everyone write. ``group``: it lets
    the group write, and who belongs to that is not known. ``acl``: an access list says more than
    the mode does. Links are not counted.
    """

    perm: int = 0
    perm_letters: str = ""
    others: int = 0
    group: int = 0
    acl: int = 0


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
    ``complete``: all of them were walked whole. ``files`` counts matching files. ``absent``:
    every path is proved not to exist, by a whole listing of the directory it would lie in.
    """

    order_id: str
    patterns: tuple[str, ...]
    found: bool
    complete: bool
    files: int
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegritySeen:
    """What lies beside the exports of an order to prove them whole, as one login saw it.

    Of ``exports`` files ``summed`` have a checksum (``weak`` ones of them MD5 or SHA-1 alone) and
    ``signed`` a detached signature, known by its structure and not verified. ``verified`` and
    ``mismatched`` were read whole and compared; ``mismatched_in`` are masked folders.
    ``unverified`` says why nothing was compared. ``absent`` files are named by a list and not
    there. ``manifests``: ``bagit``, ``order-manifest``. ``ticketed`` exports bear the order's or a
    ticket's number in their path. ``evidence`` are ids.
    """

    order_id: str
    exports: int
    summed: int = 0
    weak: int = 0
    signed: int = 0
    verified: int = 0
    mismatched: int = 0
    mismatched_in: tuple[str, ...] = ()
    absent: int = 0
    unverified: str = ""
    manifests: tuple[str, ...] = ()
    ticketed: int = 0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSigns:
    """What names alone say, counted: leads. ``drafts`` are exports that count versions by hand,
    ``leftovers`` names that say test, temporary or old in a folder with customers' names beside
    them, ``customers`` folders at the top that bear such a name.
    """

    drafts: int = 0
    leftovers: int = 0
    customers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """How many files that could have been sampled were not, for one reason. ``detail`` says it in
    words.
    """

    reason: Reason
    detail: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What a bounded walk met. ``stopped`` names the bounds that cut it (``entries``, ``depth``,
    ``time``, ``denied``, ``missing``, ``connection-lost``) and what else keeps it from being
    whole (listings that were ``truncated`` by the server or ``unfinished``, ``unparsed`` lines,
    ``forged-possible`` ones); empty when it was whole.

    ``outside_public`` counts entries outside every declared public area. ``sampled`` of
    ``eligible`` files were read. ``files`` is a bounded sample: read and harmful first, then the
    others that were read, then those of orders, each the oldest first. ``dropped`` files were met
    but not kept: their ages are not seen. ``links`` were met and not followed; the target of
    ``links_outside`` lies outside what the login can reach, as far as that was listed; the target
    of ``links_untold`` is not known.

    ``writable_claims`` counts entries that the server or their mode calls writable by anyone,
    ``writable`` tells the signs apart. ``unparsed`` lines are told by their ``unparsed_shapes``
    alone, some of them. In ``forged_possible`` directories a name may have forged entries.
    ``unread`` tells why the other eligible files were not read. ``integrity`` holds an entry for
    each order whose files were met. ``private_owners`` are keyed hashes of who owns files in
    private areas, the first few; users of the system itself are none.
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
    links_outside: int = 0
    links_untold: int = 0
    writable: WritableSigns = WritableSigns()
    unparsed_shapes: tuple[str, ...] = ()
    forged_possible: int = 0
    unread: tuple[Unread, ...] = ()
    integrity: tuple[IntegritySeen, ...] = ()
    names: NameSigns = NameSigns()
    private_owners: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that the login can reach was listed."""
        return not self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one login could see. ``home`` is masked, and ``home_key`` its keyed hash, empty where
    the home is the root. ``root`` is how the first listing ended.
    """

    username: str
    encrypted: bool
    home: str
    root: Outcome
    walk: Walk
    root_reply: str = ""
    home_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A supplied account on one endpoint."""

    username: str
    status: CredentialStatus
    detail: str = ""
    remaining: tuple[str, ...] = ()
    view: Reading[View] = UNASKED
    sftp: Reading[SftpFacts] = UNASKED
    channels: Reading[ChannelFacts] = UNASKED
