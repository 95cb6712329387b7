"""Directory listings on bytes: what LIST, in its dialects, and MLSD (RFC 3659) send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from scanner.model.listing import Entry, EntryKind, UnparsedLine
from scanner.wire import (
    listing_dos,
    listing_eplf,
    listing_mlsd,
    listing_unix,
    listing_vms,
)
from scanner.wire.listing_words import ITSELF, UnparsedError

MOST_LINE = 8192
"""Bytes of one line; a longer one is counted as unparsed."""
MOST_RAW_LINES = 16
"""Unparsed lines that are kept as they came."""
MOST_RAW_BYTES = 256
"""Bytes kept of each."""
_MAY_FRAME = b"TtIiGgD"
"""How a line begins that is no entry but the head or foot of its dialect; few lines do."""
_LEAST_BYTES = 1_048_576
_ENTRY_BYTES = 512

_Parse = Callable[[bytes, datetime], Entry | None]
_PARSERS: dict[str, _Parse] = {
    "unix": listing_unix.parse,
    "dos": listing_dos.parse,
    "mlsd": listing_mlsd.parse,
    "eplf": listing_eplf.parse,
    "vms": listing_vms.parse,
}


class Dialect(StrEnum):
    """Which command asked for the listing."""

    LIST = "list"
    MLSD = "mlsd"


class ListingParser:
    """Takes a listing's bytes as they come and keeps its entries.

    ``entries`` never hold ``.`` or ``..``; ``itself`` is what the listing tells of its own
    directory, named ``.``. ``unparsed`` counts lines that no dialect explains,
    ``unparsed_lines`` are the first of them. ``full`` says that an entry beyond ``most`` was
    met, or more bytes than so many entries can need: the rest is not read. ``lines`` counts
    every line that was not empty and ``dots`` tells that ``.`` or ``..`` was among them, so that
    an empty answer can be told from an empty directory.

    The answer to LIST is in whatever dialect explains a line; the one that explained the first
    is asked first (``habit``). ``suspect`` says what speaks for a line that a name with a line
    feed forged. Dates without a zone are read as UTC.
    """

    def __init__(self, dialect: Dialect, *, now: datetime, most: int) -> None:
        self.entries: list[Entry] = []
        self.itself: Entry | None = None
        self.unparsed = 0
        self.unparsed_lines: list[UnparsedLine] = []
        self.lines = 0
        self.dots = False
        self.full = False
        self.habit = ""
        self._suspicions: dict[str, None] = {}
        self._is_mlsd = dialect is Dialect.MLSD
        self._order = ["mlsd"] if self._is_mlsd else list(_PARSERS)
        self._now = now
        self._most = most
        self._left = _LEAST_BYTES + most * _ENTRY_BYTES
        self._rest = bytearray()
        self._overlong = False
        self._ends: set[bool] = set()
        self._name_alone = b""
        self._newest = b""

    @property
    def suspect(self) -> tuple[str, ...]:
        """Why lines may have been forged; empty where nothing speaks for it."""
        return tuple(self._suspicions)

    def feed(self, data: bytes) -> None:
        """Take bytes of the data connection."""
        if self.full:
            return
        within = data[: self._left]
        self._left -= len(within)
        self._feed_within(within)
        if len(within) < len(data):
            self.full = True
            self._rest.clear()
            self._overlong = False

    def _feed_within(self, within: bytes) -> None:
        *lines, rest = within.split(b"\n")
        if lines and (self._rest or self._overlong):
            self._add(lines.pop(0))
            self._end_line(whole=True)
        for ended in lines:
            if self.full:
                return
            if len(ended) > MOST_LINE:
                self._add(ended)
                self._end_line(whole=True)
            elif line := ended.removesuffix(b"\r"):
                returned = len(line) < len(ended)
                if returned not in self._ends:
                    self._note_end(returned=returned)
                self.lines += 1
                self._take(line, whole=True)
        if not self.full:
            self._add(rest)

    def close(self) -> None:
        """Take what stands after the last line's end as a line of its own."""
        if self._rest or self._overlong:
            self._end_line(whole=False)
        self._give_up_name()

    def _add(self, data: bytes) -> None:
        if self._overlong:
            return
        if len(self._rest) + len(data) > MOST_LINE:
            self._overlong = True
            self._rest += data[:MOST_RAW_BYTES]
            del self._rest[MOST_RAW_BYTES:]
        else:
            self._rest += data

    def _end_line(self, *, whole: bool) -> None:
        line = bytes(self._rest.removesuffix(b"\r"))
        overlong, self._overlong = self._overlong, False
        if whole and line and not overlong:
            self._note_end(returned=len(line) < len(self._rest))
        self._rest.clear()
        if overlong:
            self.lines += 1
            self._miss(line, (f"longer than {MOST_LINE} bytes",), whole=whole)
        elif line:
            self.lines += 1
            self._take(line, whole=whole)

    def _note_end(self, *, returned: bool) -> None:
        if returned in self._ends:
            return
        self._ends.add(returned)
        if len(self._ends) > 1:
            self._suspicions["line ends of two kinds"] = None

    def _take(self, line: bytes, *, whole: bool) -> None:
        if self._name_alone:
            if self._joins(line):
                return
            self._give_up_name()
        if line[0] in _MAY_FRAME and not self._is_mlsd and self._is_framing(line):
            return
        errors = []
        for dialect in self._order:
            try:
                entry = _PARSERS[dialect](line, self._now)
            except UnparsedError as error:
                errors.append(f"{dialect}: {error}")
            else:
                self._keep(entry, dialect)
                return
        if not self._is_mlsd and listing_vms.is_name_alone(line):
            self._name_alone = line
        else:
            self._miss(line, tuple(errors), whole=whole)

    def _is_framing(self, line: bytes) -> bool:
        """Whether a line of LIST is no entry but the head or foot of its dialect."""
        if listing_unix.is_total(line):
            return True
        return self.habit in {"", "vms"} and listing_vms.is_framing(line)

    def _joins(self, line: bytes) -> bool:
        """Take the second half of a VMS line whose name was too long for its column."""
        if line[:1] not in b" \t":
            return False
        try:
            entry = listing_vms.parse(self._name_alone + b" " + line.lstrip(), self._now)
        except UnparsedError:
            return False
        self._name_alone = b""
        self._keep(entry, "vms")
        return True

    def _give_up_name(self) -> None:
        name, self._name_alone = self._name_alone, b""
        if name:
            self._miss(name, ("vms: a name, and no second line",), whole=True)

    def _note_dialect(self, dialect: str) -> None:
        if not self.habit:
            self.habit = dialect
            self._order.sort(key=lambda name: name != dialect)
        else:
            self._suspicions["lines of another dialect"] = None

    def _keep(self, entry: Entry | None, dialect: str) -> None:
        if dialect != self.habit:
            self._note_dialect(dialect)
        entries = self.entries
        if entry is None or entry.name == ITSELF:
            self.dots = True
            self.itself = self.itself or entry
        elif len(entries) >= self._most:
            self.full = True
        else:
            if entries and (entries[0].identity is None) != (entry.identity is None):
                # It lacks what tells all others apart, or the reverse.
                self._suspicions["entries without an identity"] = None
            entries.append(self._versioned(entry) if dialect == "vms" else entry)

    def _versioned(self, entry: Entry) -> Entry:
        """Leave the version out of the newest of a VMS file, which its bare name means.

        Versions stand together, the newest first.
        """
        bare = entry.name.rpartition(b";")[0]
        if entry.kind is EntryKind.DIRECTORY or bare in {b"", b".", b"..", self._newest}:
            return entry
        self._newest = bare
        return replace(entry, name=bare)

    def _miss(self, line: bytes, errors: tuple[str, ...], *, whole: bool) -> None:
        """Count and keep a line that nothing explains.

        After lines that were explained it may be the tail of a name; before them it is a remark
        of the server's.
        """
        self.unparsed += 1
        if len(self.unparsed_lines) < MOST_RAW_LINES:
            self.unparsed_lines.append(UnparsedLine(line[:MOST_RAW_BYTES], errors))
        if whole and self.habit:
            self._suspicions["unexplained lines among others"] = None
