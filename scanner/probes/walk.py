"""What one login can see: a bounded walk, the declared places, and a sample of the content."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from scanner.content.checksums import is_sidecar
from scanner.model.frozen import dataclass
from scanner.model.listing import Entry, EntryKind, Listing, Outcome, RemoteTree
from scanner.model.mask import without_paths
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Limits
from scanner.model.view import (
    AreaSeen,
    FileFact,
    IntegritySeen,
    OrderSeen,
    Unread,
    View,
    Walk,
    Zone,
)
from scanner.probes.allowance import Allowance
from scanner.probes.context import ProbeContext, utc_text
from scanner.probes.crawl import Crawl, CrawlBounds, crawl
from scanner.probes.known import KnownFiles
from scanner.probes.links import links_untold, tell_links, tells_links
from scanner.probes.name_signs import name_signs
from scanner.probes.neighbours import judged_by_place
from scanner.probes.places import Order, Places, below, holds, normal_path, parent_of
from scanner.probes.sampler import (
    SPENT_FILES,
    Desk,
    Sample,
    SampleBounds,
    is_proof,
    sample_files,
)
from scanner.probes.sampling import FoundFile
from scanner.probes.signs import (
    claims_writable,
    links_outside,
    owners,
    shapes,
    with_writing_signs,
    writable_signs,
)
from scanner.probes.times import tell_times, tells_times
from scanner.wire.dated_names import named_date

MOST_FILE_FACTS = 2_000
"""Files kept of one walk; the rest is counted."""

_LISTING_SHARE = 0.5
_LINKS_SHARE = 0.05
_TIMES_SHARE = 0.05
_WHOLE_SHARE = 0.9
_INTEGRITY_SHARE = 0.125
_MOST_REASONS = 8
_NOT_SAMPLED = Unobserved(Reason.NOT_LOOKED_AT, "not in the sample")
_FILE, _LINK, _UNDECLARED = EntryKind.FILE, EntryKind.LINK, Zone.UNDECLARED
"""Asked of their classes for each entry, they take as long as all else of it."""
_NEVER_ASKED = Unobserved(Reason.TIME_BUDGET, "no time was left to list anything")


async def observe_view(
    tree: RemoteTree,
    *,
    username: str,
    encrypted: bool,
    context: ProbeContext,
    seconds: float | None = None,
) -> Reading[View]:
    """Walk what a login reaches, judge nothing, and return it masked.

    Starts at the login's home, the declared areas and the directories of the declared
    migrations. Takes at most ``seconds`` (by default nine tenths of ``limits.asset_seconds``),
    about half of it for listing.
    A bound or a lost connection leaves a partial view; only a home that cannot be asked for is
    ``Unobserved``. Server behaviour never raises.
    """
    clock = asyncio.get_running_loop().time
    begun, limits = clock(), context.target.limits
    whole = limits.asset_seconds * _WHOLE_SHARE if seconds is None else max(0.0, seconds)
    places = Places.declared(context.target.areas, context.target.migrations)
    home = normal_path(tree.home)
    seen = await crawl(tree, places.starts(home), _crawl_bounds(limits, whole))
    root = seen.readings.get(home, _NEVER_ASKED)
    if isinstance(root, Unobserved):
        return root
    if tells_links(tree):
        await tell_links(seen, tree, seconds=whole * _LINKS_SHARE)
    files = tuple(_found_files(seen, places, context))
    if tells_times(tree):
        files = await tell_times(files, tree, seconds=whole * _TIMES_SHARE)
    seconds = (whole - (clock() - begun)) * _INTEGRITY_SHARE
    integrity = await _integrity(tree, files, places.orders, context, seconds)
    sample = await _sampled(tree, username, files, context, whole - (clock() - begun))
    judged = judged_by_place(sample, files)
    survey = _Survey(seen, places, home, files, judged, context, integrity)
    view = View(
        username=username,
        encrypted=encrypted,
        home=context.mask.directory(home),
        home_key="" if home == b"/" else context.mask(b"home", home),
        root=root.value.outcome,
        walk=survey.walk(),
        root_reply=without_paths(root.value.reply),
    )
    return Observed(view, (*root.evidence, *root.value.evidence))


async def _integrity(
    tree: RemoteTree,
    files: tuple[FoundFile, ...],
    orders: tuple[Order, ...],
    context: ProbeContext,
    seconds: float,
) -> tuple[IntegritySeen, ...]:
    if not orders:
        return ()
    from scanner.probes.integrity import observe_integrity  # noqa: PLC0415 - few have orders

    return await observe_integrity(tree, files, orders, context, seconds=seconds)


async def _sampled(
    tree: RemoteTree,
    username: str,
    files: tuple[FoundFile, ...],
    context: ProbeContext,
    seconds: float,
) -> Sample:
    """Read by plan what was met, within what is left of the host's allowance."""
    limits = context.target.limits
    desk = Desk(
        examiner=context.examiner,
        bounds=SampleBounds(
            bytes_per_file=limits.bytes_per_file,
            seconds=seconds,
            stops_at_proof=context.stops_at_proof,
        ),
        known=KnownFiles(context, username, files),
        allowance=context.allowance or Allowance(limits),
    )
    return await sample_files(tree, files, desk)


def _crawl_bounds(limits: Limits, seconds: float) -> CrawlBounds:
    return CrawlBounds(
        depth=limits.depth,
        entries=limits.entries,
        seconds=seconds * _LISTING_SHARE,
        grace_seconds=min(limits.timeout_seconds, seconds * 0.1),
    )


def _listings(seen: Crawl) -> Iterator[tuple[bytes, Listing]]:
    for path, reading in seen.readings.items():
        if isinstance(reading, Observed):
            yield path, reading.value


def _entries(seen: Crawl) -> Iterator[tuple[bytes, Entry]]:
    for directory, listing in _listings(seen):
        above = below(directory, b"")
        for entry in listing.entries:
            yield above + entry.name, entry


def _found_files(seen: Crawl, places: Places, context: ProbeContext) -> Iterator[FoundFile]:
    extension = context.mask.extension
    for directory, listing in _listings(seen):
        above, here = below(directory, b""), places.in_directory(directory)
        for entry in listing.entries:
            if entry.kind is _FILE:
                path = above + entry.name
                yield FoundFile(
                    path=path,
                    entry=entry,
                    extension=extension(entry.name),
                    zone=here.zone(path) if here.areas else _UNDECLARED,
                    orders=here.orders_of(path) if here.orders else (),
                )


@dataclass(frozen=True, slots=True)
class _Survey:
    """Turns what was met into facts. No I/O."""

    seen: Crawl
    places: Places
    home: bytes
    files: tuple[FoundFile, ...]
    sample: Sample
    context: ProbeContext
    integrity: tuple[IntegritySeen, ...] = ()

    def walk(self) -> Walk:
        by_path = dict(_listings(self.seen))
        listings = by_path.values()
        kept = self._kept()
        eligible = [file for file in self.files if file.eligible]
        entries = [entry for listing in listings for entry in listing.entries]
        links = [entry for entry in entries if entry.kind is _LINK]
        writable = with_writing_signs(chain(entries, self._directories_of_no_listing()))
        return Walk(
            directories=sum(listing.outcome is Outcome.LISTED for listing in listings),
            entries=len(entries),
            bytes=sum(file.entry.size or 0 for file in self.files),
            stopped=tuple(sorted(set(self.seen.unseen.values()))),
            outside_public=self._outside_public(),
            eligible=len(eligible),
            sampled=self.sample.read,
            writable_claims=sum(map(claims_writable, writable)),
            unparsed=sum(listing.unparsed for listing in listings),
            areas=tuple(self._area(*area) for area in self.places.areas),
            orders=tuple(self._order(order) for order in self.places.orders),
            files=tuple(self._facts(kept)),
            dropped=len(self.files) - len(kept),
            links=len(links),
            links_outside=links_outside(by_path) if links else 0,
            links_untold=links_untold(by_path) if links else 0,
            writable=writable_signs(writable),
            unparsed_shapes=shapes(listings),
            forged_possible=sum(bool(listing.suspect) for listing in listings),
            unread=tuple(self._unread(eligible)),
            integrity=self.integrity,
            names=name_signs(by_path, self.places, self.home),
            private_owners=self._private_owners(),
        )

    def _private_owners(self) -> tuple[str, ...]:
        if not self.places.areas:
            return ()
        private = (file.entry for file in self.files if file.zone is Zone.PRIVATE)
        return owners(private, self.context.mask)

    def _unread(self, eligible: Iterable[FoundFile]) -> Iterator[Unread]:
        """Yield why eligible files were not read, the commonest reason first."""
        counted: Counter[tuple[Reason, str]] = Counter()
        for file in eligible:
            reading = self.sample.readings.get(file.path, SPENT_FILES)
            if isinstance(reading, Unobserved):
                counted[reading.reason, reading.detail] += 1
        told = counted.most_common(_MOST_REASONS)
        for (reason, detail), files in told:
            yield Unread(reason=reason, detail=detail, files=files)
        rest = counted.total() - sum(files for _, files in told)
        if rest:
            yield Unread(reason=Reason.UNREADABLE, detail="other reasons", files=rest)

    def _directories_of_no_listing(self) -> Iterator[Entry]:
        """Yield the directories that stand in no listing but their own."""
        for path, listing in _listings(self.seen):
            untold = path == b"/" or parent_of(path) not in self.seen.readings
            if untold and listing.itself is not None:
                yield listing.itself

    def _outside_public(self) -> int:
        if not self.places.any_public:
            return sum(len(listing.entries) for _, listing in _listings(self.seen))
        return sum(
            self.places.zone(path) is not Zone.PUBLIC
            and not (entry.kind is EntryKind.DIRECTORY and self.places.leads_to_public(path))
            for path, entry in _entries(self.seen)
        )

    def _area(self, text: str, area: bytes, zone: Zone) -> AreaSeen:
        return AreaSeen(
            path=text,
            zone=zone,
            outcome=self._outcome(area),
            entries=sum(
                len(listing.entries) for path, listing in _listings(self.seen) if holds(area, path)
            ),
            mode=self._mode(area),
            foreign=zone is Zone.PRIVATE and self.places.foreign(area, self.home),
        )

    def _outcome(self, path: bytes) -> Reading[Outcome]:
        reading = self.seen.readings.get(path)
        if reading is None:
            return Unobserved(Reason.NOT_LOOKED_AT, "the walk ended before it")
        if isinstance(reading, Unobserved):
            return reading
        return Observed(reading.value.outcome, (*reading.evidence, *reading.value.evidence))

    def _mode(self, path: bytes) -> int | None:
        reading = self.seen.readings.get(parent_of(path))
        entries = reading.value.entries if isinstance(reading, Observed) else ()
        name = path.rpartition(b"/")[2]
        return next((entry.mode for entry in entries if entry.name == name), None)

    def _order(self, order: Order) -> OrderSeen:
        bases = {pattern.base for pattern in order.patterns}
        found = bool(bases) and all(self._listed(base) for base in bases)
        return OrderSeen(
            order_id=order.migration.order_id,
            patterns=order.migration.paths,
            found=found,
            complete=found and not self._anything_unseen(order),
            files=sum(order in file.orders for file in self.files),
            absent=bool(bases) and all(map(self._is_absent, bases)),
        )

    def _is_absent(self, path: bytes) -> bool:
        """Whether a whole listing of the directory that ``path`` would lie in lacks it."""
        parent = parent_of(path)
        reading = self.seen.readings.get(parent)
        if path == b"/" or not self._listed(parent) or parent in self.seen.unseen:
            return False
        entries = reading.value.entries if isinstance(reading, Observed) else ()
        return all(below(parent, entry.name) != path for entry in entries)

    def _listed(self, path: bytes) -> bool:
        reading = self.seen.readings.get(path)
        return isinstance(reading, Observed) and reading.value.outcome is Outcome.LISTED

    def _anything_unseen(self, order: Order) -> bool:
        """Whether a file of the order may lie where nobody looked: behind a link, too."""
        links = (path for path, entry in _entries(self.seen) if entry.kind is EntryKind.LINK)
        return any(
            pattern.may_lie_in(path) for pattern in order.patterns for path in self.seen.unseen
        ) or any(
            pattern.may_lie_in(path) or pattern.matches(path)
            for path in links
            for pattern in order.patterns
        )

    def _kept(self) -> list[FoundFile]:
        def rank(file: FoundFile) -> int:
            reading = self.sample.readings.get(file.path)
            read = 4 if not isinstance(reading, Observed) else 0 if is_proof(reading) else 2
            return read + (not file.orders)

        by_age = sorted(self.files, key=_moment)  # within a rank it stays so
        return sorted(by_age, key=rank)[:MOST_FILE_FACTS]

    def _facts(self, files: Sequence[FoundFile]) -> Iterator[FileFact]:
        mask, sample = self.context.mask, self.sample
        folders: dict[bytes, str] = {}
        for file in files:
            path, entry = file.path, file.entry
            folder = parent_of(path)
            if folder not in folders:
                folders[folder] = mask.directory(folder)
            yield FileFact(
                key=mask(b"path", path),
                directory=folders[folder],
                extension=file.extension,
                size=entry.size,
                modified=utc_text(entry.modified) if entry.modified else None,
                precision=entry.precision,
                zone_known=entry.zone_known,
                named=named_date(path),
                mode=entry.mode,
                zone=file.zone,
                orders=tuple(order.migration.order_id for order in file.orders)
                if file.orders
                else (),
                content=sample.readings.get(path, _NOT_SAMPLED),
                read_at=sample.read_at.get(path),
                sidecar=is_sidecar(entry.name),
            )


def _moment(file: FoundFile) -> float:
    modified = file.entry.modified
    return modified.timestamp() if modified else float("inf")
