"""What the logs that an operator handed over tell of one asset, folded while they were read.

No path, no file name and no password is kept: accounts by name, sources by network, keys by
fingerprint, counts and times. Times are RFC 3339 UTC.
"""

from __future__ import annotations

from dataclasses import field

from scanner.model.frozen import dataclass
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRead:
    """What became of one entry of ``logs``. ``place`` is its place in the targets file.

    ``lines`` were read, ``unparsed`` of them explained by nothing; ``shapes`` shows some of these
    (letters as ``a``, digits as ``9``). ``newest`` is of the last line that tells a time.
    ``tells_sessions``: its lines tell logins or connections, not transfers alone. ``cut`` says
    what kept it from being read whole; empty where it was.
    """

    place: str
    format: str
    files: int
    lines: int = 0
    unparsed: int = 0
    shapes: tuple[str, ...] = ()
    oldest: str | None = None
    newest: str | None = None
    tells_sessions: bool = False
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUse:
    """A network (/24 of IPv4, /64 of IPv6) from which an account came, and how often.

    ``declared``: within the networks that the targets file lists for the account.
    """

    network: str
    sessions: int
    declared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A public key by which an account was entered, as the server fingerprints it."""

    fingerprint: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two sources, or two keys, that used one account at the same time.

    ``times`` counts the pairs of sessions, ``seconds`` is the longest time they shared, ``at``
    when that began.
    """

    one: str
    other: str
    times: int
    seconds: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """How one account was used. ``sessions`` are logins, or transfers close to one another where
    a log tells no logins. ``outside`` of them came from outside its declared networks.

    ``dropped`` counts sessions whose source, key or overlap was beyond what is kept.
    """

    username: str
    sessions: int
    first: str
    last: str
    sources: tuple[SourceUse, ...] = ()
    keys: tuple[KeyUse, ...] = ()
    source_overlaps: tuple[Overlap, ...] = ()
    key_overlaps: tuple[Overlap, ...] = ()
    outside: int = 0
    last_outside: str | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousUse:
    """What was moved without an account: ``public`` files of declared public areas, and others.

    ``unplaced`` transfers are told without a whole path.
    """

    public: int = 0
    downloads: int = 0
    uploads: int = 0
    unplaced: int = 0
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUploads:
    """Uploads to the paths of one order: within its dates, before them and after them."""

    order_id: str
    within: int = 0
    before: int = 0
    after: int = 0
    last_outside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTrace:
    """What the logs hold of one visit of this scanner, that ended at ``finished``.

    ``lines`` came from one of its ``sources`` within its time, ``shifted`` up to 14 hours before
    or after it, as where a clock or a time zone is not what it is held to be.
    """

    started: str
    finished: str
    sources: tuple[str, ...]
    lines: int = 0
    shifted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDigest:
    """Everything that judges are told of the logs. ``refused`` counts refused logins.

    ``uploads`` counts files that came in; ``unordered`` of them went to a private area under no
    order, the last at ``last_unordered``. ``accounts_dropped`` sessions were of accounts beyond
    what is kept; ``unaddressed`` tell a name or nothing in place of an address.
    """

    sources: tuple[LogRead, ...] = ()
    accounts: tuple[AccountUse, ...] = ()
    accounts_dropped: int = 0
    unaddressed: int = 0
    refused: int = 0
    downloads: int = 0
    uploads: int = 0
    anonymous: AnonymousUse = field(default_factory=AnonymousUse)
    orders: tuple[OrderUploads, ...] = ()
    unordered: int = 0
    last_unordered: str | None = None
    visits: tuple[VisitTrace, ...] = ()

    @property
    def cut(self) -> str:
        """Why the logs were not read whole, or an empty string."""
        return "; ".join(
            f"{source.place}: {', '.join(source.cut)}" for source in self.sources if source.cut
        )

    @property
    def unread(self) -> str:
        """What stands against a pass: what was cut, or too many lines that nothing explains."""
        if self.cut:
            return self.cut
        for source in self.sources:
            if source.unparsed * 10 > source.lines:
                told = f"{source.unparsed} of {source.lines} lines did not parse"
                such = f", such as {source.shapes[0]!r}" if source.shapes else ""
                return f"{source.place}: {told}{such}"
        return ""


def not_read(target: Target) -> Unobserved:
    """Return what is known of the target's logs where the scan ended before they were read."""
    if not target.logs:
        return Unobserved(Reason.NOT_DECLARED, "no logs are declared")
    return Unobserved(Reason.INTERRUPTED, "the scan was interrupted before the logs were read")
