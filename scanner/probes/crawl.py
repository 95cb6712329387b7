"""A bounded, breadth-first crawl of a remote tree: what was listed, and what was left unseen."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from scanner.clients.deadlines import within
from scanner.clients.faults import Fault
from scanner.model.frozen import dataclass
from scanner.model.listing import Entry, EntryKind, Listing, Outcome, RemoteTree
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.probes.places import below

_LONGEST_NAME = 4_096
_LONGEST_PATH = 8_192
_MOST_FAULTS_RUNNING = 3
_KEPT_FOR_EACH_START = 200
_NO_NAMES = frozenset({b"", b".", b".."})
_DIRECTORY = EntryKind.DIRECTORY  # asked of its class for each entry, it takes as long as the rest
_FINAL = frozenset(
    {
        Reason.CONNECTION_LOST,
        Reason.CONNECTION_BUDGET,
        Reason.CLOSED,
        Reason.FILTERED,
        Reason.UNREACHABLE,
        Reason.THROTTLED,
        Reason.TIME_BUDGET,
        Reason.INTERRUPTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlBounds:
    """``depth`` below each start; ``entries`` in all, and of them half at most in one directory
    as long as others wait; ``seconds`` for the whole, and ``grace_seconds`` more for the listing
    under way then.
    """

    depth: int
    entries: int
    seconds: float
    grace_seconds: float = 10.0


class Crawl:
    """``readings``: each directory that was asked for, in order. ``unseen``: each directory that
    was not (wholly) listed, and the bound or fault that is to blame. Missing are the first start
    and what a listing told of; any other start may be missing, and that is a whole answer.
    """

    def __init__(self) -> None:
        self.readings: dict[bytes, Reading[Listing]] = {}
        self.unseen: dict[bytes, str] = {}


async def crawl(tree: RemoteTree, starts: Sequence[bytes], bounds: CrawlBounds) -> Crawl:
    """List what lies at and below ``starts`` (normal paths), in turn for fairness.

    A directory that held more than its share is listed once more at the end, with what the
    others left over. Links are never followed. A directory that contains itself is entered once.
    Ends at the first start when that one cannot be asked for. Never raises for what the server
    does.
    """
    crawler = _Crawler(tree, starts, bounds)
    await crawler.run()
    return crawler.seen


class _Node:
    def __init__(
        self,
        path: bytes,
        *,
        depth: int = 0,
        identity: str | None = None,
        parent: _Node | None = None,
    ) -> None:
        self.path = path
        self.depth = depth
        self.identity = identity
        self.parent = parent
        self.digest = b""
        self.most = 0
        self.again = False


class _Crawler:
    def __init__(self, tree: RemoteTree, starts: Sequence[bytes], bounds: CrawlBounds) -> None:
        self.seen = Crawl()
        self._tree = tree
        self._bounds = bounds
        self._left = bounds.entries
        self._starts_left = len(starts)
        self._queues = deque(deque([_Node(path)]) for path in starts)
        self._met = set(starts)
        self._told = set(starts[:1])
        self._gone: list[bytes] = []
        self._cut: deque[_Node] = deque()
        self._faults_running = 0

    async def run(self) -> None:
        await self._list_all(asyncio.get_running_loop().time() + self._bounds.seconds)
        # Only now: a start may be asked for before the listing that tells of it.
        for path in self._gone:
            if path in self._told:
                self.seen.unseen.setdefault(path, "missing")

    async def _list_all(self, deadline: float) -> None:
        while (turn := self._next()) is not None:
            node, queue = turn
            cause = self._spent(deadline) or await self._visit(node, queue, deadline)
            if cause:
                self._give_up(node, cause)
                return

    def _next(self) -> tuple[_Node, deque[_Node]] | None:
        while self._queues:
            queue = self._queues.popleft()
            if queue:
                self._queues.append(queue)
                return queue.popleft(), queue
        return self._next_cut()

    def _next_cut(self) -> tuple[_Node, deque[_Node]] | None:
        """Return a directory that was cut at its share, once, now that something is left over."""
        if not self._cut or self._left < len(self._cut):
            return None
        share = self._left // len(self._cut)
        node, queue = self._cut.popleft(), deque[_Node]()
        had = self.seen.readings[node.path]
        kept = len(had.value.entries) if isinstance(had, Observed) else 0
        node.most, node.again = kept + share, True
        self._queues.append(queue)
        return node, queue

    def _spent(self, deadline: float) -> str:
        if self._left <= 0:
            return "entries"
        return "time" if asyncio.get_running_loop().time() >= deadline else ""

    def _give_up(self, node: _Node, cause: str) -> None:
        for pending in (node, *(each for queue in self._queues for each in queue)):
            self.seen.unseen.setdefault(pending.path, cause)

    async def _visit(self, node: _Node, queue: deque[_Node], deadline: float) -> str:
        """List one directory; return why the crawl must end, or an empty string."""
        if node.again:
            return await self._visit_again(node, queue, deadline)
        if node.depth == 0:
            self._starts_left -= 1
        node.most = self._share()
        reading = await self._list(node, deadline)
        if isinstance(reading, Unobserved):
            return self._failed(node, reading)
        self._faults_running = 0
        listing = _sound(reading.value, self._left)
        if not self._is_loop(node, listing):
            self._keep(node, Observed(listing, reading.evidence), queue)
        return ""

    async def _visit_again(self, node: _Node, queue: deque[_Node], deadline: float) -> str:
        """List once more what was cut; what was seen of it before is not lost by a failure."""
        reading = await self._list(node, deadline)
        if isinstance(reading, Unobserved):
            return _cause(reading) if reading.reason in _FINAL else ""
        had = self.seen.readings[node.path]
        kept = len(had.value.entries) if isinstance(had, Observed) else 0
        listing = _sound(reading.value, self._left + kept)
        if len(listing.entries) >= kept:
            self._left += kept
            del self.seen.unseen[node.path]
            self._keep(node, Observed(listing, reading.evidence), queue)
        return ""

    def _keep(self, node: _Node, reading: Observed[Listing], queue: deque[_Node]) -> None:
        self.seen.readings[node.path] = reading
        self._note(node, reading.value)
        self._enqueue(node, reading.value, queue)

    def _share(self) -> int:
        half = max(1, self._bounds.entries // 2)
        kept = _KEPT_FOR_EACH_START * self._starts_left
        return max(1, min(half, self._left, max(self._left - kept, _KEPT_FOR_EACH_START)))

    async def _list(self, node: _Node, deadline: float) -> Reading[Listing]:
        left = deadline + self._bounds.grace_seconds - asyncio.get_running_loop().time()
        try:
            async with within(left, "the time for listing was spent", Reason.TIME_BUDGET):
                return await self._tree.list_directory(node.path, most=node.most)
        except Fault as fault:
            return fault.reading

    def _failed(self, node: _Node, reading: Unobserved) -> str:
        self.seen.readings[node.path] = reading
        cause = _cause(reading)
        self.seen.unseen[node.path] = cause
        self._faults_running += 1
        first = len(self.seen.readings) == 1
        final = reading.reason in _FINAL or self._faults_running >= _MOST_FAULTS_RUNNING
        return cause if first or final else ""

    def _is_loop(self, node: _Node, listing: Listing) -> bool:
        """Whether an ancestor has the same identity and holds the same names.

        The names are compared because a server that tells the same identity of everything must
        not make a tree look smaller than it is.
        """
        if node.identity is None:
            return False
        names = sorted(entry.name for entry in listing.entries)
        node.digest = hashlib.sha256(b"\0".join(names)).digest()
        above = node.parent
        while above is not None:
            if (above.identity, above.digest) == (node.identity, node.digest):
                return True
            above = above.parent
        return False

    def _note(self, node: _Node, listing: Listing) -> None:
        self._left -= len(listing.entries)
        if listing.outcome is Outcome.MISSING:
            self._gone.append(node.path)
        elif listing.outcome is Outcome.DENIED:
            self.seen.unseen[node.path] = "denied"
        elif not listing.complete:
            self._note_incomplete(node, listing)
        elif listing.suspect:
            self.seen.unseen[node.path] = "forged-possible"
        elif listing.unparsed:
            self.seen.unseen[node.path] = "unparsed"

    def _note_incomplete(self, node: _Node, listing: Listing) -> None:
        if len(listing.entries) < node.most:
            self.seen.unseen[node.path] = "truncated" if listing.truncated else "unfinished"
            return
        self.seen.unseen[node.path] = "entries"
        if not node.again:
            self._cut.append(node)

    def _enqueue(self, node: _Node, listing: Listing, queue: deque[_Node]) -> None:
        for entry in listing.entries:
            if entry.kind is not _DIRECTORY:
                continue
            path = below(node.path, entry.name)
            self._told.add(path)
            if path in self._met:
                continue
            if node.depth >= self._bounds.depth or len(path) > _LONGEST_PATH:
                self.seen.unseen.setdefault(path, "depth")
                continue
            self._met.add(path)
            queue.append(_Node(path, depth=node.depth + 1, identity=entry.identity, parent=node))


def _cause(reading: Unobserved) -> str:
    return "time" if reading.reason is Reason.TIME_BUDGET else str(reading.reason)


def _sound(listing: Listing, most: int) -> Listing:
    """Drop what no tree should hand out: names that are no path segment, and what is too much."""
    if len(listing.entries) <= most and _are_segments(listing.entries):
        return listing
    names: set[bytes] = set()
    kept: list[Entry] = []
    suspect = dict.fromkeys(listing.suspect)
    for entry in listing.entries:
        if _is_segment(entry.name) and entry.name not in names:
            names.add(entry.name)
            kept.append(entry)
        elif entry.name in names:
            suspect["a name that comes twice"] = None
    dropped = len(listing.entries) - len(kept)
    return replace(
        listing,
        entries=tuple(kept[:most]),
        complete=listing.complete and len(kept) <= most,
        unparsed=listing.unparsed + dropped,
        truncated=listing.truncated or len(kept) > most,
        suspect=tuple(suspect),
    )


def _are_segments(entries: Sequence[Entry]) -> bool:
    """Whether all names are segments of a path and none comes twice, asked of all at once."""
    names = {entry.name for entry in entries}
    if len(names) < len(entries) or not names.isdisjoint(_NO_NAMES):
        return False
    together = b"".join(names)
    if b"/" in together or b"\0" in together:
        return False
    return len(together) <= _LONGEST_NAME or max(map(len, names)) <= _LONGEST_NAME


def _is_segment(name: bytes) -> bool:
    return (
        0 < len(name) <= _LONGEST_NAME
        and name not in _NO_NAMES
        and b"/" not in name
        and b"\0" not in name
    )
