"""What lies beside the exports of an order to prove them whole, and whether one of them is."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scanner.clients.faults import Fault
from scanner.content.checksums import (
    LARGEST_LIST,
    SIGNATURE_BYTES,
    Checksum,
    checksums_of,
    is_checksum_list,
    is_sidecar,
    is_signature,
    signature_kind,
    subject_of,
)
from scanner.model.evidence import Scalar
from scanner.model.listing import RemoteTree
from scanner.model.reading import Reason, Unobserved
from scanner.model.view import IntegritySeen
from scanner.probes.allowance import Allowance, Share
from scanner.probes.context import ProbeContext
from scanner.probes.known import is_settled
from scanner.probes.places import Order, below, holds, normal_path, parent_of
from scanner.probes.sampling import FoundFile
from scanner.wire.telling_names import bears_ticket

_PART = 8
"""One part in so many of what may be read goes to comparing checksums."""

_MOST_LISTS = 16
_MOST_SIGNATURES = 8
_MOST_COMPARED = 4
_PIECE = 262_144
_MANIFEST_STEMS = frozenset(
    {b"order", b"manifest", b"order-manifest", b"commande", b"bordereau", b"delivery-note"}
)
"""Whole names: ``orders.csv`` may well be an export."""
_MANIFEST_ENDS = frozenset({"json", "xml", "txt", "pdf"})

_SPENT = Unobserved(Reason.SAMPLE_BUDGET, "what may be read for checksums was spent")
_LATE = Unobserved(Reason.SAMPLE_BUDGET, "the time for checksums was spent")
_TOO_LARGE = "every file with a checksum is larger than limits.bytes_per_file"
_FRESH = "a file is not what its checksum says, but so new that it may still be written"


async def observe_integrity(
    tree: RemoteTree,
    files: Sequence[FoundFile],
    orders: Sequence[Order],
    context: ProbeContext,
    *,
    seconds: float,
) -> tuple[IntegritySeen, ...]:
    """Return, for each order whose files are present, what proves them whole.

    Reads lists of checksums, the beginning of signatures, and at most four exports of an order
    whole, the smallest first; all in memory, within an eighth of what may still be read at the
    host. Never raises for what the server does.
    """
    allowance = context.allowance or Allowance(context.target.limits)
    ration = _Ration(tree, allowance, asyncio.get_running_loop().time() + max(0.0, seconds))
    index = _Index.of(files, orders)
    found = []
    try:
        for order in orders:
            mine = index.exports[order.migration.order_id]
            exports = [file for file in mine if not _is_manifest(file, order)]
            if exports and ration.in_time():
                found.append(await _Inspection(order, exports, index, ration, context).seen())
            elif exports:
                found.append(_unseen(order, exports))
    finally:
        allowance.spend(ration.spent)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Index:
    """What was met: the exports of each order, what may stand beside them by folder, all paths."""

    exports: dict[str, list[FoundFile]]
    beside: dict[bytes, list[FoundFile]]
    met: frozenset[bytes]

    @classmethod
    def of(cls, files: Sequence[FoundFile], orders: Sequence[Order]) -> _Index:
        exports: dict[str, list[FoundFile]] = {each.migration.order_id: [] for each in orders}
        beside: dict[bytes, list[FoundFile]] = defaultdict(list)
        for file in files:
            aside = is_sidecar(file.entry.name)
            if aside or file.extension in _MANIFEST_ENDS:
                beside[parent_of(file.path)].append(file)
            for order in () if aside else file.orders:
                exports[order.migration.order_id].append(file)
        return cls(exports, beside, frozenset(file.path for file in files))


class _Ration:
    """Reads whole files and beginnings of files, as long as something is left."""

    def __init__(self, tree: RemoteTree, allowance: Allowance, deadline: float) -> None:
        self._tree = tree
        self._allowance = allowance
        self._deadline = deadline
        self._bytes = max(0, allowance.bytes // _PART)
        self._files = max(0, allowance.files // _PART)
        self.spent = Share(0, 0)
        self.lost: Unobserved | None = None

    def in_time(self) -> bool:
        """Whether there is time to look at one more order."""
        return asyncio.get_running_loop().time() < self._deadline

    def affords(self, size: int) -> bool:
        """Whether a file of so many bytes can still be read."""
        left = self._bytes - self.spent.bytes
        return self.lost is None and self.spent.files < self._files and size <= left

    async def read(self, path: bytes, size: int) -> bytes | Unobserved:
        """Return the first ``size`` bytes; fewer where the file ends, or why there are none."""
        if not self.affords(size):
            return self.lost or _SPENT
        self.spent = Share(self.spent.files + 1, self.spent.bytes)
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._pieces(path, size)
        except TimeoutError:
            self.lost = _LATE
            return _LATE

    async def _pieces(self, path: bytes, size: int) -> bytes | Unobserved:
        data = b""
        try:
            async for came in self._allowance.pieces(self._tree, path, 0, size, most=_PIECE):
                self.spent = Share(self.spent.files, self.spent.bytes + len(came))
                data += came
        except Fault as fault:
            if fault.reason in {Reason.CONNECTION_LOST, Reason.CONNECTION_BUDGET}:
                self.lost = fault.reading
            return fault.reading
        return data


@dataclass(slots=True)
class _Inspection:
    """One order. ``sums`` are the checksums of exports that are here, by path."""

    order: Order
    exports: list[FoundFile]
    index: _Index
    ration: _Ration
    context: ProbeContext
    sums: dict[bytes, Checksum] = field(default_factory=dict)
    absent: set[bytes] = field(default_factory=set)
    signed: set[bytes] = field(default_factory=set)
    beside: set[bytes] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)

    async def seen(self) -> IntegritySeen:
        near = list(self._near())
        await self._read_lists([file for file in near if is_checksum_list(file.entry.name)])
        await self._read_signatures([file for file in near if is_signature(file.entry.name)])
        compared = await self._compared()
        wrong = [path for path, fits in compared.items() if not fits]
        paths = {file.path for file in self.exports}
        return IntegritySeen(
            order_id=self.order.migration.order_id,
            exports=len(paths),
            summed=len(paths & (self.sums.keys() | self.beside)),
            weak=sum(each.weak for each in self.sums.values()),
            signed=len(paths & self.signed),
            verified=len(compared) - len(wrong),
            mismatched=len(wrong),
            mismatched_in=self._masked(wrong),
            absent=len(self.absent),
            unverified=self.reasons[0] if self.reasons and not compared else "",
            manifests=tuple(sorted({kind for file in near if (kind := self._manifest(file))})),
            ticketed=self._ticketed(paths),
            evidence=self._evidence(compared),
        )

    def _near(self) -> Iterator[FoundFile]:
        """Yield the files that lie in the folder of an export or above it."""
        above: set[bytes] = set()
        for file in self.exports:
            path = file.path
            while (path := parent_of(path)) not in above:
                above.add(path)
        return (file for folder in above for file in self.index.beside.get(folder, ()))

    async def _read_lists(self, lists: list[FoundFile]) -> None:
        here = {file.path: file for file in self.exports}
        for file in lists:
            subject = below(parent_of(file.path), subject_of(file.entry.name))
            if subject in here:
                self.beside.add(subject)
        # A list of many sums tells more than the sidecar of one file.
        ranked = sorted(lists, key=lambda file: (-(file.entry.size or 0), file.path))
        for file in ranked[:_MOST_LISTS]:
            size = LARGEST_LIST if file.entry.size is None else file.entry.size
            if size > LARGEST_LIST:
                self.reasons.append("a list of checksums is too long to be read")
                continue
            data = await self.ration.read(file.path, size)
            if isinstance(data, Unobserved):
                self.reasons.append(data.detail or str(data.reason))
                continue
            self._take(file, checksums_of(file.entry.name, data), here)
        if lists and not self.sums and not self.reasons:
            self.reasons.append("no list of checksums names a file of the order")

    def _take(
        self, file: FoundFile, sums: Iterable[Checksum], here: dict[bytes, FoundFile]
    ) -> None:
        folder = parent_of(file.path)
        for checksum in sums:
            path = _resolved(folder, checksum.name)
            if path in here:
                known = self.sums.get(path)
                if known is None or known.weak:
                    self.sums[path] = checksum
            elif path is not None and path not in self.index.met and self.order.matches(path):
                self.absent.add(path)

    async def _read_signatures(self, signatures: list[FoundFile]) -> None:
        """Learn which files bear a signature; that of a list signs all that it names."""
        for file in sorted(signatures, key=lambda file: file.path)[:_MOST_SIGNATURES]:
            size = min(file.entry.size or SIGNATURE_BYTES, SIGNATURE_BYTES)
            data = await self.ration.read(file.path, size)
            if isinstance(data, Unobserved) or not signature_kind(data):
                continue
            subject = below(parent_of(file.path), subject_of(file.entry.name))
            self.signed.add(subject)
            if is_checksum_list(subject.rpartition(b"/")[2]):
                self.signed |= {path for path in self.sums if holds(parent_of(subject), path)}
        if self.signed and not self.sums:
            self.reasons.append("a signature is there, and no key to verify it by")

    async def _compared(self) -> dict[bytes, bool]:
        """Read exports whole and compare them; what cannot be read whole is not compared."""
        here = {file.path: file for file in self.exports}
        wanted = sorted(
            (here[path] for path in self.sums),
            key=lambda file: (self.sums[file.path].weak, file.entry.size or 0, file.path),
        )
        compared: dict[bytes, bool] = {}
        for file in wanted:
            reason = self._left_out(file)
            if reason:
                self.reasons.append(reason)
                continue
            size = file.entry.size or 0
            data = await self.ration.read(file.path, size)
            if isinstance(data, Unobserved):
                self.reasons.append(data.detail or str(data.reason))
            elif len(data) != size:
                self.reasons.append("a file is not as long as its listing said")
            else:
                checksum = self.sums[file.path]
                digest = hashlib.new(checksum.algorithm, data, usedforsecurity=False).hexdigest()
                if digest == checksum.digest or is_settled(file.entry, self.context.clock()):
                    compared[file.path] = digest == checksum.digest
                else:
                    self.reasons.append(_FRESH)
            if len(compared) >= _MOST_COMPARED or self.ration.lost:
                break
        return compared

    def _left_out(self, file: FoundFile) -> str:
        """Return why an export is not compared, or an empty string."""
        size = file.entry.size
        if size is None:
            return "the size of a file with a checksum is not known"
        if size > self.context.target.limits.bytes_per_file:
            return _TOO_LARGE
        return "" if self.ration.affords(size) else _SPENT.detail

    def _manifest(self, file: FoundFile) -> str:
        name = file.entry.name.lower()
        if name == b"bagit.txt":
            return "bagit"
        return "order-manifest" if _is_manifest(file, self.order) else ""

    def _ticketed(self, paths: Iterable[bytes]) -> int:
        """Count paths that bear a number; each folder is looked at once."""
        own = self.order.migration.order_id
        folders = Counter(parent_of(path) for path in paths)
        bearing = {folder for folder in folders if bears_ticket(folder, own)}
        named = (path for path in paths if parent_of(path) not in bearing)
        inside = sum(bears_ticket(path.rpartition(b"/")[2], own) for path in named)
        return sum(folders[folder] for folder in bearing) + inside

    def _masked(self, paths: Iterable[bytes]) -> tuple[str, ...]:
        folders = dict.fromkeys(self.context.mask.directory(parent_of(path)) for path in paths)
        return tuple(folders)[:5]

    def _evidence(self, compared: dict[bytes, bool]) -> tuple[str, ...]:
        if not compared:
            return ()
        algorithms = tuple(sorted({self.sums[path].algorithm for path in compared}))
        wrong = [path for path, fits in compared.items() if not fits]
        facts: dict[str, Scalar | tuple[str, ...]] = {
            "order": self.order.migration.order_id,
            "algorithms": algorithms,
            "compared": len(compared),
            "mismatched": len(wrong),
            "mismatched_keys": tuple(self.context.mask(b"path", path) for path in wrong),
        }
        return (self.context.evidence.add("checksums", facts),)


def _unseen(order: Order, exports: Sequence[FoundFile]) -> IntegritySeen:
    """Return that nobody had the time to look: nothing is known to lie beside these exports."""
    return IntegritySeen(
        order_id=order.migration.order_id, exports=len(exports), unverified=_LATE.detail
    )


def _is_manifest(file: FoundFile, order: Order) -> bool:
    """Whether a file's name is that of an order's manifest, which is no export itself."""
    name = file.entry.name.lower()
    if file.extension not in _MANIFEST_ENDS or is_checksum_list(name):
        return False
    stem = name.rpartition(b".")[0].replace(b"_", b"-")
    own = order.migration.order_id.lower().encode().replace(b"_", b"-")
    return stem in _MANIFEST_STEMS or stem == own


def _resolved(folder: bytes, name: bytes) -> bytes | None:
    """Return the path that a list's line means; ``None`` where it leads up or elsewhere."""
    raw = name.replace(b"\\", b"/").removeprefix(b"./")
    if b".." in raw.split(b"/"):
        return None
    return normal_path(raw) if raw.startswith(b"/") else normal_path(below(folder, raw))
