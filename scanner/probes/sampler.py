"""Reads the files of a sampling plan within bounds, and counts what was left unread, by cause."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from scanner.clients.faults import Fault
from scanner.model.content import ContentFacts, ContentTask, Examiner
from scanner.model.listing import RemoteTree
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import Zone
from scanner.probes.places import Order
from scanner.probes.sampling import FoundFile, sampling_plan

ENOUGH_PROOF = 3
"""Files with clear personal data, health data or secrets after which a zone is proved."""

SPENT_FILES = Unobserved(Reason.SAMPLE_BUDGET, "the files for sampling were spent")
SPENT_BYTES = Unobserved(Reason.SAMPLE_BUDGET, "the bytes for sampling were spent")
SPENT_TIME = Unobserved(Reason.SAMPLE_BUDGET, "the time for sampling was spent")
PROVED = Unobserved(Reason.NOT_LOOKED_AT, "sampling stops at proof")

_CAUSES = {SPENT_FILES: "files", SPENT_BYTES: "bytes", SPENT_TIME: "time", PROVED: "proof"}
_MOST_FAULTS_RUNNING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBounds:
    """Files, bytes per file and in all, and seconds from the start of sampling."""

    files: int
    bytes_per_file: int
    bytes_in_all: int
    seconds: float


@dataclass(slots=True)
class Sample:
    """What was read, by path, in the order of the plan. Every eligible file has a reading.

    ``unread`` counts every other file that was met, by cause: a budget (``files``, ``bytes``,
    ``time``), ``proof``, ``empty``, ``kind`` (pictures, sound, programs), or what kept it from
    being read (a ``Reason``, such as ``unreadable``). With ``read`` it makes up all files.
    """

    readings: dict[bytes, Reading[ContentFacts]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """How many files were examined."""
        return sum(isinstance(reading, Observed) for reading in self.readings.values())


async def sample_files(
    tree: RemoteTree, files: Iterable[FoundFile], examiner: Examiner, bounds: SampleBounds
) -> Sample:
    """Examine files by plan until the bounds are spent.

    A zone is left alone once it is proved, ordered files excepted: the header of each is needed.
    Never raises for what the server does.
    """
    met = tuple(files)
    sampler = _Sampler(tree, examiner, bounds)
    planned = sampling_plan(met, len(met))
    for file in planned[: max(0, bounds.files)]:
        sampler.note(file, await sampler.examine(file))
    for file in planned[max(0, bounds.files) :]:
        sampler.note(file, SPENT_FILES)
    sampler.sample.unread.update(
        "kind" if file.entry.size else "empty" for file in met if not file.eligible
    )
    return sampler.sample


def is_proof(reading: Reading[ContentFacts]) -> bool:
    """Whether someone without a secret can read data of a sensitive class there."""
    return isinstance(reading, Observed) and reading.value.readable and bool(reading.value.kinds)


class _Sampler:
    def __init__(self, tree: RemoteTree, examiner: Examiner, bounds: SampleBounds) -> None:
        self.sample = Sample()
        self._tree = tree
        self._examiner = examiner
        self._bounds = bounds
        self._bytes_left = bounds.bytes_in_all
        self._deadline = asyncio.get_running_loop().time() + bounds.seconds
        self._proofs: Counter[Zone] = Counter()
        self._faults_running = 0
        self._lost: Unobserved | None = None

    def note(self, file: FoundFile, reading: Reading[ContentFacts]) -> None:
        self.sample.readings[file.path] = reading
        if isinstance(reading, Unobserved):
            self.sample.unread[_CAUSES.get(reading, str(reading.reason))] += 1

    async def examine(self, file: FoundFile) -> Reading[ContentFacts]:
        reading = self._reason_to_skip(file) or await self._read(file)
        if is_proof(reading):
            self._proofs[file.zone] += 1
        return reading

    def _reason_to_skip(self, file: FoundFile) -> Unobserved | None:
        if self._lost is not None:
            return self._lost
        if self._bytes_left <= 0:
            return SPENT_BYTES
        if asyncio.get_running_loop().time() >= self._deadline:
            return SPENT_TIME
        if not file.orders and self._proofs[file.zone] >= ENOUGH_PROOF:
            return PROVED
        return None

    async def _read(self, file: FoundFile) -> Reading[ContentFacts]:
        try:
            async with asyncio.timeout_at(self._deadline):
                reading = await self._examiner.examine(self._task(file), self._reader(file))
        except TimeoutError:
            return SPENT_TIME
        except Fault as fault:
            return self._failed(fault.reading)
        if isinstance(reading, Observed):
            self._faults_running = 0
        return reading

    def _failed(self, reading: Unobserved) -> Unobserved:
        """Keep one file's fault; after three in a row, or a lost connection, ask no more."""
        if reading.reason in {Reason.UNREADABLE, Reason.SAMPLE_BUDGET}:
            return reading
        self._faults_running += 1
        lost = reading.reason in {Reason.CONNECTION_LOST, Reason.CONNECTION_BUDGET}
        if lost or self._faults_running >= _MOST_FAULTS_RUNNING:
            self._lost = reading
        return reading

    def _task(self, file: FoundFile) -> ContentTask:
        budget = min(self._bounds.bytes_per_file, self._bytes_left)
        size = file.entry.size
        return ContentTask(
            name=file.entry.name.decode("utf-8", "replace"),
            # A size that was not told is not nothing: the reading itself finds the end.
            size=budget if size is None else size,
            ordered_fields=_ordered_fields(file.orders),
            byte_budget=budget,
        )

    def _reader(self, file: FoundFile) -> _Reader:
        return _Reader(self, file.path)

    async def read_range(self, path: bytes, offset: int, length: int) -> bytes:
        """Read within the budget; raise ``Fault`` where the tree or the budget says no."""
        if self._bytes_left <= 0:
            raise Fault(SPENT_BYTES.reason, SPENT_BYTES.detail)
        reading = await self._tree.read_range(path, offset, min(length, self._bytes_left))
        if isinstance(reading, Unobserved):
            raise Fault(reading.reason, reading.detail)
        data = reading.value[:length]
        self._bytes_left -= len(data)
        return data


@dataclass(frozen=True, slots=True)
class _Reader:
    sampler: _Sampler
    path: bytes

    async def __call__(self, offset: int, length: int) -> bytes:
        return await self.sampler.read_range(self.path, offset, length)


def _ordered_fields(orders: Iterable[Order]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for order in orders:
        migration = order.migration
        names.update(dict.fromkeys(migration.fields))
        for field_name, aliases in migration.aliases.items():
            names.update(dict.fromkeys((field_name, *aliases)))
        if migration.date_field:
            names[migration.date_field] = None
    return tuple(names)
