"""Which files to read, in which order, and when to stop: the sampling plan of one walk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scanner.clients.faults import Fault
from scanner.model.content import ContentFacts, ContentTask, DateRange, Examiner
from scanner.model.listing import Entry, RemoteTree
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import Zone
from scanner.probes.places import Order, parent_of

ENOUGH_PROOF = 3
"""Files with clear personal data, health data or secrets after which a zone is proved."""

_MOST_FAULTS_RUNNING = 3
_NEVER = datetime.min.replace(tzinfo=UTC)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EXPORTS = _words(
    "csv tsv psv sql txt xml json ndjson jsonl hl7 dat edi asc prn log dump dmp bak bkp old "
    "zip gz tgz tar 7z rar bz2 xz zst xls xlsx ods doc docx pdf mdb accdb sqlite db parquet "
    "eml msg mbox pst vcf ldif dcm pem key ppk p12 pfx kdbx env ini conf cfg yml yaml pgp gpg"
)
_IMPLAUSIBLE = _words(
    "jpg jpeg png gif bmp ico svg webp tif tiff psd mp3 wav ogg flac aac m4a mp4 avi mkv mov mpg "
    "mpeg webm wmv exe dll so o a lib msi deb rpm apk jar class pyc wasm ttf otf woff woff2 css "
    "iso img vmdk vhd vhdx qcow2 ova"
)
_EXPORT_WORDS = ("dump", "export", "extract", "backup", "migration", "patient", "client")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that a walk met. ``path`` is normal; ``extension`` is lower case or empty."""

    path: bytes
    entry: Entry
    extension: str = ""
    zone: Zone = Zone.UNDECLARED
    orders: tuple[Order, ...] = ()

    @property
    def eligible(self) -> bool:
        """Whether reading it can tell anything: not empty, and no picture, sound or program."""
        return self.entry.size != 0 and self.extension not in _IMPLAUSIBLE

    @property
    def looks_like_export(self) -> bool:
        """Whether its name is one that exports, archives or key files have."""
        name = self.entry.name.lower().decode("latin-1")
        return self.extension in _EXPORTS or any(word in name for word in _EXPORT_WORDS)


def sampling_plan(files: Iterable[FoundFile], most: int) -> tuple[FoundFile, ...]:
    """Return at most ``most`` eligible files in the order in which to read them.

    Ordered files first; then one of each directory and extension; then the newest, the largest
    and the oldest in turn. Within each, names that look like exports go first.
    """
    eligible = [file for file in files if file.eligible]
    ordered = [file for file in eligible if file.orders]
    others = [file for file in eligible if not file.orders]
    return tuple((_ranked(ordered) + _ranked(others))[: max(0, most)])


def _ranked(files: Sequence[FoundFile]) -> list[FoundFile]:
    exports = _turns([file for file in files if file.looks_like_export])
    rest = _turns([file for file in files if not file.looks_like_export])
    return exports[0] + rest[0] + exports[1] + rest[1]


def _turns(files: Sequence[FoundFile]) -> tuple[list[FoundFile], list[FoundFile]]:
    """Split into the newest of each directory and extension, and the rest in turns."""
    newest = sorted(files, key=_age, reverse=True)
    first: dict[tuple[bytes, str], FoundFile] = {}
    for file in newest:
        first.setdefault((parent_of(file.path), file.extension), file)
    taken = {file.path for file in first.values()}
    rest = [file for file in newest if file.path not in taken]
    largest = sorted(rest, key=lambda file: file.entry.size or 0, reverse=True)
    mixed = (file for trio in zip(rest, largest, reversed(rest), strict=True) for file in trio)
    return list(first.values()), list({file.path: file for file in mixed}.values())


def _age(file: FoundFile) -> datetime:
    return file.entry.modified or _NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBounds:
    """Files, bytes per file and in all, and seconds from the start of sampling."""

    files: int
    bytes_per_file: int
    bytes_in_all: int
    seconds: float


@dataclass(slots=True)
class Sample:
    """What was read, by path, in the order of the plan. Every planned file has a reading."""

    readings: dict[bytes, Reading[ContentFacts]] = field(default_factory=dict)

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
    sampler = _Sampler(tree, examiner, bounds)
    for file in sampling_plan(files, bounds.files):
        sampler.sample.readings[file.path] = await sampler.examine(file)
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

    async def examine(self, file: FoundFile) -> Reading[ContentFacts]:
        reading = self._reason_to_skip(file) or await self._read(file)
        if is_proof(reading):
            self._proofs[file.zone] += 1
        return reading

    def _reason_to_skip(self, file: FoundFile) -> Unobserved | None:
        if self._lost is not None:
            return self._lost
        if self._bytes_left <= 0:
            return Unobserved(Reason.SAMPLE_BUDGET, "the bytes for sampling were spent")
        if asyncio.get_running_loop().time() >= self._deadline:
            return Unobserved(Reason.SAMPLE_BUDGET, "the time for sampling was spent")
        if not file.orders and self._proofs[file.zone] >= ENOUGH_PROOF:
            return Unobserved(Reason.NOT_LOOKED_AT, "sampling stops at proof")
        return None

    async def _read(self, file: FoundFile) -> Reading[ContentFacts]:
        try:
            async with asyncio.timeout_at(self._deadline):
                reading = await self._examiner.examine(self._task(file), self._reader(file))
        except TimeoutError:
            return Unobserved(Reason.SAMPLE_BUDGET, "the time for sampling was spent")
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
            dates=ordered_dates(file.orders),
        )

    def _reader(self, file: FoundFile) -> _Reader:
        return _Reader(self, file.path)

    async def read_range(self, path: bytes, offset: int, length: int) -> bytes:
        """Read within the budget; raise ``Fault`` where the tree or the budget says no."""
        if self._bytes_left <= 0:
            raise Fault(Reason.SAMPLE_BUDGET, "the bytes for sampling were spent")
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


def ordered_dates(orders: Iterable[Order]) -> DateRange | None:
    """Return the days that a file's orders ask for together; None where one asks for any day.

    Orders that tell their dates by different fields cannot be compared together: None, too.
    """
    migrations = [order.migration for order in orders]
    fields = {each.date_field for each in migrations}
    if len(fields) != 1 or None in fields:
        return None
    starts = [each.date_from for each in migrations]
    ends = [each.date_to for each in migrations]
    earliest = None if None in starts else min(day for day in starts if day)
    latest = None if None in ends else max(day for day in ends if day)
    if earliest is None and latest is None:
        return None
    (field_name,) = (name for name in fields if name)
    aliases = (alias for each in migrations for alias in each.aliases.get(field_name, ()))
    return DateRange(fields=(field_name, *dict.fromkeys(aliases)), earliest=earliest, latest=latest)
