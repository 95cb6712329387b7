"""What a file's bytes say: its state, its kinds of data, its columns. Never a value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from enum import StrEnum
from typing import Protocol

from scanner.model.frozen import dataclass
from scanner.model.reading import Reading


class ContentState(StrEnum):
    """How far the content is protected. Only ``encrypted`` is good."""

    ENCRYPTED = "encrypted"
    WEAK = "weak"
    PARTIAL = "partial"
    KEYLESS = "keyless"
    OPAQUE = "opaque"
    CLEAR = "clear"
    MALFORMED = "malformed"


class DataClass(StrEnum):
    """What kind of harm the data can do."""

    PERSONAL = "personal"
    HEALTH = "health"
    SECRET = "secret"  # noqa: S105 - a class of data, not a password


class Note(StrEnum):
    """Why a state is what it is, or what keeps it from being better known."""

    BOMB = "bomb"  # unpacks to far more than it weighs: given up
    TOO_DEEP = "too-deep"  # containers within containers: given up
    TOO_MANY = "too-many"  # more members than are looked at
    HEAD_ONLY = "head-only"  # the server hands out no more than its beginning
    OUT_OF_REACH = "out-of-reach"  # what decides lies outside what may be read
    CUT_OFF = "cut-off"  # the file ends before its format does
    SPOOFED = "spoofed"  # a mark of encryption before content that is plain
    NAMES_HIDDEN = "names-hidden"  # even the names inside are encrypted
    EMPTY_PASSWORD = "empty-password"  # noqa: S105 - the fault, not a password
    BUILT_IN_PASSWORD = "built-in-password"  # noqa: S105 - the fault, not a password
    CLEAR_KEY = "clear-key"  # the key stands in the file itself, or no cipher was chosen
    KEY_BESIDE = "key-beside"  # what opens it lies in the same place
    OLD_CIPHER = "old-cipher"
    VAULT = "vault"  # its place in a vault's tree decides


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKind:
    """One kind of data found: how often, how sure. ``column`` is a zero-based index."""

    kind: str
    data_class: DataClass
    count: int
    valid_share: float = 1.0
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table column: a lexicon id or an ordered field name, else only a keyed hash.

    ``like``: it was not ordered by this name, but an ordered field means the same by the lexicon.
    """

    index: int
    name: str | None = None
    key: str | None = None
    free_text: bool = False
    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateCheck:
    """How many rows lie inside and outside of the ordered dates; of ``untold`` nobody can tell."""

    inside: int
    outside: int
    untold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table of a file under an order. ``rows_read`` of about ``rows`` data rows were looked at;
    ``whole``: all of them, exactly, and each fits the header. ``dates`` where exactly one column
    is the order's date field and the order tells its dates.
    """

    columns: tuple[Column, ...]
    rows: int | None
    rows_read: int
    whole: bool
    dates: DateCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFacts:
    """What one file holds. ``rows`` is an estimate of the table's data rows.

    ``unread``: some of it can be read without a secret, but nobody looked for data there.
    ``persons`` estimates how many different persons the personal data are about, None where there
    are none or where nothing tells. ``contacts`` counts e-mail addresses in running text, which by
    themselves are no finding.

    Of files under an order alone: ``tables``, at most 16; ``all_tables``: the file holds nothing
    else, and all of it was read; ``unordered_kinds`` of data that no ordered field names.
    """

    format: str
    state: ContentState
    kinds: tuple[DataKind, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    persons: int | None = None
    contacts: int = 0
    bytes_read: int = 0
    unread: bool = False
    notes: tuple[Note, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    all_tables: bool = False
    unordered_kinds: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether someone without a secret could read (some of) it."""
        return self.state in {ContentState.CLEAR, ContentState.KEYLESS, ContentState.PARTIAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """The days that an order asks for, both included, and the headings that tell them."""

    fields: tuple[str, ...]
    earliest: date | None = None
    latest: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentTask:
    """One file to examine. ``ordered_fields`` may be named in the result; others may not.

    ``cut``: the file goes on beyond ``size``, where nothing can be had of it.
    """

    name: str
    size: int
    ordered_fields: tuple[str, ...] = ()
    byte_budget: int = 1_048_576
    cut: bool = False
    dates: DateRange | None = None


ReadRange = Callable[[int, int], Awaitable[bytes]]
"""``read(offset, length)``: the bytes there, fewer at the end of the file."""


class Examiner(Protocol):
    """Judges content in an isolated process. A crash or overrun is ``malformed``."""

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        """Examine one file through ``read``. Network faults inside ``read`` pass through."""
        ...
