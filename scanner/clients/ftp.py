"""A logged-in FTP session as a read-only tree of files."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from scanner.clients.faults import Fault
from scanner.clients.ftp_data import Transfer, Transfers
from scanner.clients.ftp_ranges import FtpRanges
from scanner.clients.ftp_session import FtpSession
from scanner.model.listing import Listing, Outcome
from scanner.model.reading import Observed, Reading, Reason
from scanner.wire.ftp import MalformedReply, RawReply, parse_directory
from scanner.wire.listing import Dialect, ListingParser
from scanner.wire.listing_mlsd import timeval

T = TypeVar("T")
Reconnect = Callable[[], Awaitable[FtpSession]]
"""Opens another session like the first: logged in, protected alike. Raises ``Fault``."""

MOST_RECONNECTS = 5
WHERE_ONE_IS = (("TYPE", b"I"), ("PWD", b""))
"""What ``open_tree`` sends."""
_MOST_PARENT_ENTRIES = 5000
_MOST_KNOWN = 64
_NOT_IMPLEMENTED = frozenset({500, 501, 502, 504})
_NOT_THERE = _NOT_IMPLEMENTED | {450, 550, 553}
_ABSENT = re.compile(
    rb"no such|not found|cannot find|doesn'?t exist|not exist|nonexistent", re.IGNORECASE
)
_BARRED = re.compile(
    rb"denied|not permitted|not allowed|forbidden|permission|privilege", re.IGNORECASE
)
_TRUNCATED = re.compile(rb"truncated", re.IGNORECASE)
"""Pure-FTPd lists 10,000 names by default, and tells so in a 226 only."""
_UNOPENED = re.compile(rb"failed to open|(?:can't|cannot|unable to) open", re.IGNORECASE)


class FtpTree:
    """Implements ``RemoteTree`` on one session, and reconnects where that is lost.

    Directories are entered with CWD and listed without an argument, so that no server takes a
    name for a pattern or an option. ``home`` is where the login landed.
    """

    def __init__(
        self,
        session: FtpSession,
        *,
        home: bytes,
        reconnect: Reconnect,
        clock: Callable[[], datetime],
    ) -> None:
        self.home = home
        self.session = session
        self.transfers = Transfers(session)
        self._reconnect = reconnect
        self._ranges = FtpRanges()
        self._reconnects = 0
        self._clock = clock
        self._mlsd = session.has("MLST")
        self._mlsd_works = False
        self._all = True
        self._shows_dots = False
        self._known: dict[bytes, frozenset[bytes]] = {}

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        """List ``path``, at most ``most`` entries. Faults of the network are ``Unobserved``."""
        return await self._step(lambda: self._list(path, most))

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        """Read ``length`` bytes at ``offset``; fewer at the end of the file."""
        return await self._step(lambda: self._read(path, offset, length))

    async def modified_at(self, path: bytes) -> Reading[datetime]:
        """Return when a file was changed (MDTM, RFC 3659 section 3), which should be UTC."""
        return await self._step(lambda: self._modified(path))

    async def close(self) -> None:
        """Say goodbye and drop the connection."""
        await self.session.leave()

    async def _step(self, step: Callable[[], Awaitable[T]]) -> Reading[T]:
        """Run one step; once more, on a new connection, where the old one broke in it."""
        try:
            await self.revive()
            try:
                return Observed(await step())
            except Fault as fault:
                if fault.reason is not Reason.CONNECTION_LOST:
                    raise
            await self.revive()
            return Observed(await step())
        except Fault as fault:
            return fault.reading

    async def revive(self) -> None:
        """Reconnect where the session was lost, a few times. Raises ``Fault``."""
        if self.session.is_usable:
            return
        if self._reconnects >= MOST_RECONNECTS:
            raise Fault(Reason.CONNECTION_LOST, f"lost {MOST_RECONNECTS + 1} times")
        self._reconnects += 1
        self.session.abort()
        session = await self._reconnect()
        session.double_iac = self.session.double_iac
        # Some servers end the session where a transfer is cut, unless they were asked to stop.
        session.aborts = self.session.aborts or self.session.lost_at_reset
        self.session = session
        self.transfers = Transfers(session)

    async def _list(self, path: bytes, most: int) -> Listing:
        self.session.send_ahead(("CWD", path), self.transfers.port.next_command)
        entered = await self._enter(path)
        if entered.code // 100 != 2:
            return Listing(
                outcome=await self._refusal(path, entered),
                complete=False,
                reply=str(entered.shown),
            )
        transfer, parser = await self._fetch(most)
        self._remember(path, transfer, parser)
        outcome = self._outcome(transfer, parser)
        truncated = parser.full or _is_truncated(transfer.reply)
        return Listing(
            outcome=outcome,
            entries=tuple(parser.entries),
            complete=outcome is Outcome.LISTED and transfer.whole and not truncated,
            unparsed=parser.unparsed,
            reply=str(transfer.reply.shown),
            truncated=truncated,
            unparsed_lines=tuple(parser.unparsed_lines),
            suspect=parser.suspect,
            itself=parser.itself,
        )

    async def _enter(self, path: bytes) -> RawReply:
        reply = await self._known_alive("CWD", path)
        if reply.code == 550 and b"\xff" in path:
            # Some servers read Telnet, where this byte is doubled (RFC 854); others do not.
            self.session.double_iac = not self.session.double_iac
            reply = await self._known_alive("CWD", path)
        return reply

    async def _known_alive(self, verb: str, argument: bytes) -> RawReply:
        reply = await self.session.command(verb, argument)
        if reply.code == 421:
            raise Fault(Reason.CONNECTION_LOST, str(reply.shown))
        return reply

    async def _fetch(self, most: int) -> tuple[Transfer, ListingParser]:
        if self._mlsd:
            transfer, parser = await self._transfer("MLSD", b"", most)
            understood = bool(parser.entries) or not parser.unparsed
            if understood and transfer.reply.code not in _NOT_IMPLEMENTED:
                if not self._is_barred(transfer, parser):
                    return transfer, parser
                listed = await self._fetch_by_list(most)
                # An empty answer is no listing where one was refused.
                self._mlsd = not listed[1].lines
                return (transfer, parser) if self._mlsd else listed
            self._mlsd = False
        return await self._fetch_by_list(most)

    async def _fetch_by_list(self, most: int) -> tuple[Transfer, ListingParser]:
        if self._all:
            transfer, parser = await self._transfer("LIST", b"-a", most)
            if not self._misunderstood(transfer, parser):
                return transfer, parser
        return await self._fetch_plainly(most)

    def _is_barred(self, transfer: Transfer, parser: ListingParser) -> bool:
        """Whether MLSD was refused, and never worked before: LIST may be allowed all the same."""
        self._mlsd_works = self._mlsd_works or transfer.whole or bool(parser.entries)
        refused = transfer.reply.code // 100 == 5 and not transfer.opened
        return refused and not self._mlsd_works

    def _misunderstood(self, transfer: Transfer, parser: ListingParser) -> bool:
        """Whether the option that shows dotfiles was taken for a name that is not there."""
        if parser.lines or self._shows_dots:
            return False
        return transfer.whole or (not transfer.opened and transfer.reply.code in _NOT_THERE)

    async def _fetch_plainly(self, most: int) -> tuple[Transfer, ListingParser]:
        """List without the option that shows dotfiles."""
        transfer, parser = await self._transfer("LIST", b"", most)
        if parser.lines:
            self._all = False
        return transfer, parser

    async def _transfer(
        self, verb: str, argument: bytes, most: int
    ) -> tuple[Transfer, ListingParser]:
        dialect = Dialect.MLSD if verb == "MLSD" else Dialect.LIST
        parser = ListingParser(dialect, now=self._clock(), most=most)
        transfer = await self.transfers.list(verb, argument, parser)
        self._shows_dots = self._shows_dots or parser.dots
        return transfer, parser

    def _outcome(self, transfer: Transfer, parser: ListingParser) -> Outcome:
        if parser.entries or parser.full:
            return Outcome.LISTED
        if not transfer.whole or _UNOPENED.search(transfer.reply.text):
            return Outcome.DENIED
        if any(_BARRED.search(line.raw) for line in parser.unparsed_lines[:1]):
            return Outcome.DENIED  # said on the data connection, with a 226 on this one
        # A server that lists "." elsewhere and not even that here did not look.
        hidden = self._shows_dots and not parser.lines
        return Outcome.DENIED if hidden else Outcome.LISTED

    async def _refusal(self, path: bytes, reply: RawReply) -> Outcome:
        """Tell a directory that is not there from one that is barred; when in doubt, barred.

        The code is 550 for both (RFC 959 section 4.2.2). Where the words do not tell either,
        the parent's listing does.
        """
        words = reply.text.replace(path, b"").replace(_last(path), b"")
        if reply.code == 550 and _ABSENT.search(words):
            return Outcome.MISSING
        if reply.code != 550 or _BARRED.search(words) or path == b"/":
            return Outcome.DENIED
        return await self._as_parent_tells(path)

    async def _as_parent_tells(self, path: bytes) -> Outcome:
        parent = path.rstrip(b"/").rpartition(b"/")[0] or b"/"
        if parent not in self._known:
            listing = await self._list(parent, _MOST_PARENT_ENTRIES)
            if listing.outcome is Outcome.MISSING:
                return Outcome.MISSING
        names = self._known.get(parent)
        absent = names is not None and _last(path) not in names
        return Outcome.MISSING if absent else Outcome.DENIED

    def _remember(self, path: bytes, transfer: Transfer, parser: ListingParser) -> None:
        cut = parser.full or _is_truncated(transfer.reply)
        whole = transfer.whole and not cut and not parser.unparsed and not parser.suspect
        if not whole or len(parser.entries) > _MOST_PARENT_ENTRIES:
            return
        if self._outcome(transfer, parser) is Outcome.LISTED:
            self._known[path.rstrip(b"/") or b"/"] = frozenset(e.name for e in parser.entries)
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]

    async def _modified(self, path: bytes) -> datetime:
        if not self.session.has("MDTM"):
            raise Fault(Reason.NOT_OFFERED, "FEAT does not name MDTM")
        reply = await self._known_alive("MDTM", path)
        moment = timeval(reply.text.strip()) if reply.code == 213 else None
        if moment is None:
            offered = reply.code not in _NOT_IMPLEMENTED
            reason = Reason.UNREADABLE if offered else Reason.NOT_OFFERED
            raise Fault(reason, str(reply.shown))
        return moment

    async def _read(self, path: bytes, offset: int, length: int) -> bytes:
        return await self._ranges.read(self.transfers, path, offset, length)


async def open_tree(
    session: FtpSession, *, reconnect: Reconnect, clock: Callable[[], datetime]
) -> FtpTree:
    """Return the tree of a session that has just logged in. Raises ``Fault``."""
    await session.command("TYPE", b"I")
    reply = await session.command("PWD")
    try:
        home = parse_directory(reply)
    except MalformedReply:
        home = b"/"  # a server that will not say where one is still has a root
    return FtpTree(session, home=home, reconnect=reconnect, clock=clock)


def _is_truncated(reply: RawReply) -> bool:
    return _TRUNCATED.search(reply.text) is not None


def _last(path: bytes) -> bytes:
    return path.rstrip(b"/").rpartition(b"/")[2]
