"""Reads the files of a sampling plan within bounds; every one left unread says why."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from scanner.clients.faults import Fault
from scanner.clients.ftp_ranges import HEAD_ALONE, NO_OFFSET
from scanner.model.content import ContentFacts, ContentTask, Examiner, Note
from scanner.model.frozen import dataclass
from scanner.model.listing import RemoteTree
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import Zone
from scanner.probes.allowance import Allowance, Share
from scanner.probes.known import KnownFiles
from scanner.probes.sampling import FoundFile, ordered_dates, sampling_plan

ENOUGH_PROOF = 3
"""Files with clear personal data, health data or secrets after which a zone is proved."""

SPENT_FILES = Unobserved(Reason.SAMPLE_BUDGET, "more files than limits.files_sampled")
SPENT_BYTES = Unobserved(Reason.SAMPLE_BUDGET, "the bytes for sampling were spent")
SPENT_TIME = Unobserved(Reason.SAMPLE_BUDGET, "the time for sampling was spent")
PROVED = Unobserved(Reason.NOT_LOOKED_AT, "sampling stops at proof")

_MOST_FAULTS_RUNNING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBounds:
    """Bytes per file, and seconds from the start of sampling.

    ``stops_at_proof`` says whether a zone is left alone once it is proved.
    """

    bytes_per_file: int
    seconds: float
    stops_at_proof: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    """What a sample is taken with."""

    examiner: Examiner
    bounds: SampleBounds
    known: KnownFiles
    allowance: Allowance


class Sample:
    """What was read, by path, in the order of the plan. Every eligible file has a reading.

    ``read_at`` tells when a file was read that is unchanged since an earlier night.
    """

    def __init__(
        self,
        readings: dict[bytes, Reading[ContentFacts]] | None = None,
        read_at: dict[bytes, str] | None = None,
    ) -> None:
        self.readings = readings or {}
        self.read_at = read_at or {}

    @property
    def read(self) -> int:
        """How many files were examined, tonight or before."""
        return sum(isinstance(reading, Observed) for reading in self.readings.values())


async def sample_files(tree: RemoteTree, files: Sequence[FoundFile], desk: Desk) -> Sample:
    """Examine files by plan until the bounds are spent.

    What is known of unchanged files costs nothing. A zone is left alone once it is proved, ordered
    files excepted: the header of each is needed. Never raises for what the server does.
    """
    sampler = _Sampler(tree, desk)
    try:
        plan = sampling_plan(files, len(files))
        unknown = [file for file in plan if not sampler.recall(file)]
        most = max(0, sampler.share.files)
        for file in unknown[:most]:
            sampler.note(file, await sampler.examine(file))
        sampler.sample.readings.update((file.path, SPENT_FILES) for file in unknown[most:])
    finally:
        desk.known.keep()
        desk.allowance.spend(sampler.spent)
    return sampler.sample


def is_proof(reading: Reading[ContentFacts]) -> bool:
    """Whether someone without a secret can read data of a sensitive class there."""
    return isinstance(reading, Observed) and reading.value.readable and bool(reading.value.kinds)


def is_head_alone(reading: Reading[ContentFacts]) -> bool:
    """Whether nothing but the beginning of the file could be had."""
    return isinstance(reading, Observed) and Note.HEAD_ONLY in reading.value.notes


class _Sampler:
    def __init__(self, tree: RemoteTree, desk: Desk) -> None:
        self.sample = Sample()
        self._known = desk.known
        self._allowance = desk.allowance
        self.share = desk.allowance.share()
        self._files_read = 0
        self._tree = tree
        self._examiner = desk.examiner
        self._bounds = desk.bounds
        self._bytes_left = self.share.bytes
        self._deadline = asyncio.get_running_loop().time() + desk.bounds.seconds
        self._proofs: Counter[Zone] = Counter()
        self._faults_running = 0
        self._lost: Unobserved | None = None
        self._head_alone = False

    @property
    def spent(self) -> Share:
        """What was read so far."""
        return Share(self._files_read, self.share.bytes - self._bytes_left)

    def note(self, file: FoundFile, reading: Reading[ContentFacts]) -> None:
        self.sample.readings[file.path] = reading
        if is_proof(reading):
            self._proofs[file.zone] += 1

    def recall(self, file: FoundFile) -> bool:
        """Note what is known of a file; false where nothing is."""
        judged = self._known.of(file)
        if judged is None:
            return False
        self.sample.read_at[file.path] = judged.read_at
        self.note(file, Observed(judged.facts))
        return True

    async def examine(self, file: FoundFile) -> Reading[ContentFacts]:
        return self._reason_to_skip(file) or await self._read(file)

    def _reason_to_skip(self, file: FoundFile) -> Unobserved | None:
        if self._lost is not None:
            return self._lost
        if self._bytes_left <= 0:
            return SPENT_BYTES
        if asyncio.get_running_loop().time() >= self._deadline:
            return SPENT_TIME
        return PROVED if self._is_proved(file) else None

    def _is_proved(self, file: FoundFile) -> bool:
        enough = self._bounds.stops_at_proof and self._proofs[file.zone] >= ENOUGH_PROOF
        return enough and not file.orders

    async def _read(self, file: FoundFile) -> Reading[ContentFacts]:
        self._files_read += 1
        task = self._task(file)
        try:
            async with asyncio.timeout_at(self._deadline):
                reading = await self._examined(task, self._reader(file))
        except TimeoutError:
            return SPENT_TIME
        except Fault as fault:
            return self._failed(fault.reading)
        if isinstance(reading, Observed):
            self._faults_running = 0
        if task.byte_budget == self._bounds.bytes_per_file and not is_head_alone(reading):
            self._known.learn(file, reading)
        return reading

    async def _examined(self, task: ContentTask, reader: _Reader) -> Reading[ContentFacts]:
        """Examine a file; its beginning alone, where the server hands out no more of it."""
        if not self._head_alone or task.size <= HEAD_ALONE:
            try:
                return await self._examiner.examine(task, reader)
            except Fault as fault:
                if fault.reading != NO_OFFSET:
                    raise
        self._head_alone = True
        budget = min(task.byte_budget, self._bytes_left)
        size = min(task.size, HEAD_ALONE, budget)
        head = replace(task, size=size, byte_budget=budget, cut=True)
        reading = await self._examiner.examine(head, reader)
        if isinstance(reading, Unobserved):
            return reading
        facts = reading.value
        notes = (*facts.notes, Note.HEAD_ONLY)
        return replace(reading, value=replace(facts, notes=notes, unread=facts.readable))

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
            ordered_fields=file.ordered_fields,
            byte_budget=budget,
            dates=ordered_dates(file.orders),
        )

    def _reader(self, file: FoundFile) -> _Reader:
        return _Reader(self, file.path)

    async def read_range(self, path: bytes, offset: int, length: int) -> bytes:
        """Read within the budget, at its pace; raise ``Fault`` where the tree or it says no."""
        if self._bytes_left <= 0:
            raise Fault(SPENT_BYTES.reason, SPENT_BYTES.detail)
        wanted, data = min(length, self._bytes_left), b""
        async for came in self._allowance.pieces(self._tree, path, offset, wanted):
            self._bytes_left -= len(came)
            data += came
        return data


@dataclass(frozen=True, slots=True)
class _Reader:
    sampler: _Sampler
    path: bytes

    async def __call__(self, offset: int, length: int) -> bytes:
        return await self.sampler.read_range(self.path, offset, length)
