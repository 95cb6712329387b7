"""Which files to read, and in which order: the sampling plan of one walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain

from scanner.model.content import DateRange
from scanner.model.frozen import dataclass
from scanner.model.listing import Entry
from scanner.model.text import words
from scanner.model.view import Zone
from scanner.probes.places import Order, parent_of

_NEVER = datetime.min.replace(tzinfo=UTC)


_EXPORTS = words(
    "csv tsv psv sql txt xml json ndjson jsonl hl7 dat edi asc prn log dump dmp bak bkp old "
    "zip gz tgz tar 7z rar bz2 xz zst xls xlsx ods doc docx pdf mdb accdb sqlite db parquet "
    "eml msg mbox pst vcf ldif dcm pem key ppk p12 pfx kdbx env ini conf cfg yml yaml pgp gpg"
)
_IMPLAUSIBLE = words(
    "jpg jpeg png gif bmp ico svg webp tif tiff psd mp3 wav ogg flac aac m4a mp4 avi mkv mov mpg "
    "mpeg webm wmv exe dll so o a lib msi deb rpm apk jar class pyc wasm ttf otf woff woff2 css "
    "iso img vmdk vhd vhdx qcow2 ova"
)
_EXPORT_WORDS = (b"dump", b"export", b"extract", b"backup", b"migration", b"patient", b"client")


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
        if self.extension in _EXPORTS:
            return True
        name = self.entry.name.lower()
        return any(name.find(word) >= 0 for word in _EXPORT_WORDS)

    @property
    def ordered_fields(self) -> tuple[str, ...]:
        """The columns that its orders name, each once, with their other names."""
        names: dict[str, None] = {}
        for migration in (order.migration for order in self.orders):
            names.update(dict.fromkeys(migration.fields))
            for field_name, aliases in migration.aliases.items():
                names.update(dict.fromkeys((field_name, *aliases)))
            if migration.date_field:
                names[migration.date_field] = None
        return tuple(names)


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
    likely: list[FoundFile] = []
    others: list[FoundFile] = []
    for file in files:
        (likely if file.looks_like_export else others).append(file)
    exports, rest = _turns(likely), _turns(others)
    return exports[0] + rest[0] + exports[1] + rest[1]


def _turns(files: Sequence[FoundFile]) -> tuple[list[FoundFile], list[FoundFile]]:
    """Split into the newest of each directory and extension, and the rest in turns."""
    if not files:
        return [], []
    newest = sorted(files, key=_age, reverse=True)
    first: dict[tuple[bytes, str], FoundFile] = {}
    for file in newest:
        first.setdefault((parent_of(file.path), file.extension), file)
    taken = {file.path for file in first.values()}
    rest = [file for file in newest if file.path not in taken]
    largest = sorted(rest, key=lambda file: file.entry.size or 0, reverse=True)
    mixed = chain.from_iterable(zip(rest, largest, reversed(rest), strict=True))
    return list(first.values()), list({file.path: file for file in mixed}.values())


def _age(file: FoundFile) -> datetime:
    return file.entry.modified or _NEVER


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
