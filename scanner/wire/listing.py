"""Directory listings on bytes: LIST (Unix and DOS dialects) and MLSD (RFC 3659 section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.model.text import neutralise

MOST_LINE = 8192
"""Bytes of one line; a longer one is counted as unparsed."""
_MOST_STRANGE = 256
_LEAST_BYTES = 1_048_576
_ENTRY_BYTES = 512
_MOST_DIGITS = 19
_MOST_WORDS = 13
_FORBIDDEN = re.compile(rb"[/\r\n\0]")
_WORD = re.compile(rb"[^ \t]+")
_TOTAL = re.compile(rb"total [0-9]+(?:\.[0-9]+)?[kKMGT]?")
_MODE = re.compile(rb"[-dlbcpsD]([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])[+@.]?")
_CLOCK = re.compile(rb"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,9})?)?")
_DAY = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DOS = re.compile(
    rb"([0-9]{2})-([0-9]{2})-([0-9]{2}|[0-9]{4}) {1,4}([0-9]{2}):([0-9]{2})([AP]M)? {1,24}"
    rb"(?:(<[A-Z]{1,12}>) {1,10}|([0-9]{1,19}) )([^ ].*| .*)",
    re.DOTALL,
)
_TIMEVAL = re.compile(rb"([0-9]{14})(?:\.[0-9]{1,9})?")
_OCTAL = re.compile(rb"[0-7]{3,6}")
_MONTHS = {
    name: number
    for number, name in enumerate(
        b"jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
_UNIX_KINDS = {b"-": EntryKind.FILE, b"d": EntryKind.DIRECTORY, b"l": EntryKind.LINK}
_MLSD_KINDS = {b"file": EntryKind.FILE, b"dir": EntryKind.DIRECTORY}
_WRITING = frozenset(b"acdfmpw")
"""Letters of the ``perm`` fact that let something change (RFC 3659 section 7.5.5)."""


class Dialect(StrEnum):
    """Which command asked for the listing."""

    LIST = "list"
    MLSD = "mlsd"


class ListingParser:
    """Takes a listing's bytes as they come and keeps its entries.

    ``entries`` never hold ``.`` or ``..``. ``unparsed`` counts lines that no dialect explains.
    ``full`` says that an entry beyond ``most`` was met, or more bytes than so many entries can
    need: the rest is not read. ``lines`` counts
    every line that was not empty and ``dots`` tells that ``.`` or ``..`` was among them, so that
    an empty answer can be told from an empty directory. ``strange`` is the beginning of the first
    unparsed line: some servers send their refusal as a line of the listing.
    LIST shows recent dates without their year: the latest year is taken that does not lie ahead
    of ``now``. Dates without a zone are read as UTC.
    """

    def __init__(self, dialect: Dialect, *, now: datetime, most: int) -> None:
        self.entries: list[Entry] = []
        self.unparsed = 0
        self.lines = 0
        self.dots = False
        self.full = False
        self.strange = b""
        self._parse = _parse_mlsd if dialect is Dialect.MLSD else _list_parser(now)
        self._most = most
        self._left = _LEAST_BYTES + most * _ENTRY_BYTES
        self._rest = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> None:
        """Take bytes of the data connection."""
        self._left -= len(data)
        if self._left < 0:
            self.full = True
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._add(line)
            self._end_line()
            if self.full:
                return
        self._add(rest)

    def close(self) -> None:
        """Take what stands after the last line's end as a line of its own."""
        if self._rest or self._overlong:
            self._end_line()

    def _add(self, data: bytes) -> None:
        if len(self._rest) + len(data) > MOST_LINE:
            self._overlong = True
            self._rest.clear()
        elif not self._overlong:
            self._rest += data

    def _end_line(self) -> None:
        line = bytes(self._rest.removesuffix(b"\r"))
        overlong, self._overlong = self._overlong, False
        self._rest.clear()
        if overlong:
            self.lines += 1
            self.unparsed += 1
        elif line:
            self.lines += 1
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        try:
            entry = self._parse(line)
        except _UnparsedError:
            self.unparsed += 1
            self.strange = self.strange or line[:_MOST_STRANGE]
            return
        if entry is None:
            self.dots = self.dots or not _TOTAL.fullmatch(line)
        elif len(self.entries) >= self._most:
            self.full = True
        else:
            self.entries.append(entry)


class _UnparsedError(Exception):
    """A line that no dialect explains."""


def _list_parser(now: datetime) -> Callable[[bytes], Entry | None]:
    def parse(line: bytes) -> Entry | None:
        if _TOTAL.fullmatch(line):
            return None
        return _parse_dos(line) if line[:1].isdigit() else _parse_unix(line, now)

    return parse


def _parse_unix(line: bytes, now: datetime) -> Entry | None:
    words = _words(line)
    found = _MODE.fullmatch(words[0].group())
    if found is None:
        raise _UnparsedError
    date = _date_position(words)
    modified, precision, last = _unix_date(words, date, now)
    size = words[date - 1].group()
    if not _is_number(size):
        raise _UnparsedError
    kind = _UNIX_KINDS.get(line[:1], EntryKind.OTHER)
    device = kind is EntryKind.OTHER and words[date - 2].group().endswith(b",")
    name = line[words[last].end() + 1 :]
    target: bytes | None = None
    if kind is EntryKind.LINK:
        name, target = _split_link(name, int(size))
    if _checked(name) is None:
        return None
    return Entry(
        name=name,
        kind=kind,
        size=None if device else int(size),
        modified=modified,
        precision=precision,
        mode=_mode_bits(found[1]),
        owner=_owner(words, date),
        link_target=target,
    )


def _words(line: bytes) -> list[re.Match[bytes]]:
    found: Iterator[re.Match[bytes]] = _WORD.finditer(line)
    words = [word for word, _ in zip(found, range(_MOST_WORDS), strict=False)]
    if len(words) < 5:
        raise _UnparsedError
    return words


def _date_position(words: list[re.Match[bytes]]) -> int:
    """Return where the date begins: the first month, or ISO day, with a size before it.

    Owners and groups may hold spaces, so their number of words is not known.
    """
    for index in range(2, len(words) - 1):
        word = words[index].group()
        dated = word.lower() in _MONTHS or _DAY.fullmatch(word)
        if dated and _is_number(words[index - 1].group()):
            return index
    raise _UnparsedError


def _unix_date(
    words: list[re.Match[bytes]], first: int, now: datetime
) -> tuple[datetime | None, Precision | None, int]:
    """Return the moment, its precision, and the index of the date's last word."""
    texts = [word.group() for word in words[first : first + 3]]
    if day := _DAY.fullmatch(texts[0]):
        clock = _clock(texts[1])
        moment = _moment(int(day[1]), int(day[2]), int(day[3]), *clock)
        return moment, _if_known(moment, Precision.MINUTE), first + 1
    if len(texts) < 3 or not _is_number(texts[1]):
        raise _UnparsedError
    month, number = _MONTHS[texts[0].lower()], int(texts[1])
    if len(texts[2]) == 4 and texts[2].isdigit():
        moment = _moment(int(texts[2]), month, number)
        return moment, _if_known(moment, Precision.DAY), first + 2
    moment = _recent(month, number, *_clock(texts[2]), now)
    return moment, _if_known(moment, Precision.MINUTE), first + 2


def _clock(text: bytes) -> tuple[int, int]:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise _UnparsedError
    return int(found[1]), int(found[2])


def _recent(month: int, day: int, hour: int, minute: int, now: datetime) -> datetime | None:
    # A day of grace: the server's zone and clock are not ours. Eight years reach a 29 February.
    latest = now + timedelta(days=1)
    for year in range(latest.year, latest.year - 9, -1):
        moment = _moment(year, month, day, hour, minute)
        if moment is not None and moment <= latest:
            return moment
    return None


def _moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None


def _if_known(moment: datetime | None, precision: Precision) -> Precision | None:
    return None if moment is None else precision


def _owner(words: list[re.Match[bytes]], date: int) -> str | None:
    first = 2 if _is_number(words[1].group()) else 1
    return neutralise(words[first].group(), 64) if first < date - 1 else None


def _split_link(text: bytes, size: int) -> tuple[bytes, bytes | None]:
    """Part a link's name from its target; its size tells where, when an arrow is in a name."""
    name, arrow, target = text.partition(b" -> ")
    if not arrow:
        return text, None
    exact = len(text) - size
    if text[max(exact - 4, 0) : exact] == b" -> ":
        return text[: exact - 4], text[exact:]
    return name, target


def _mode_bits(text: bytes) -> int:
    """Return the permission bits of ``rwxr-sr-t``: 0o7777."""
    bits = 0
    for index, letter in enumerate(text):
        position = 1 << (8 - index)
        special = 0o4000 >> (index // 3)
        if letter in b"st":
            bits |= position | special
        elif letter in b"ST":
            bits |= special
        elif letter in b"rwx":
            bits |= position
    return bits


def _parse_dos(line: bytes) -> Entry | None:
    found = _DOS.fullmatch(line)
    if found is None:
        raise _UnparsedError
    if _checked(found[9]) is None:
        return None
    if found[7] is None:
        kind = EntryKind.FILE
    else:
        kind = EntryKind.DIRECTORY if found[7] == b"<DIR>" else EntryKind.LINK
    modified = _dos_moment(found)
    return Entry(
        name=found[9],
        kind=kind,
        size=int(found[8]) if found[8] is not None else None,
        modified=modified,
        precision=_if_known(modified, Precision.MINUTE),
    )


def _dos_moment(found: re.Match[bytes]) -> datetime | None:
    month, day, year, hour, minute = (int(found[index]) for index in range(1, 6))
    if year < 100:
        year += 2000 if year < 70 else 1900
    if found[6] is not None:
        hour = hour % 12 + (12 if found[6] == b"PM" else 0)
    return _moment(year, month, day, hour, minute)


def _parse_mlsd(line: bytes) -> Entry | None:
    head, space, name = line.partition(b" ")
    if not space or (head and not head.endswith(b";")):
        raise _UnparsedError
    facts = _facts(head)
    declared = facts.get(b"type", b"")
    if not declared:
        raise _UnparsedError
    if declared.lower() in {b"cdir", b"pdir"} or _checked(name) is None:
        return None
    kind, target = _mlsd_kind(declared)
    modified, precision = _timeval(facts.get(b"modify", b""))
    return Entry(
        name=name,
        kind=kind,
        size=_number(facts.get(b"size", b"")),
        modified=modified,
        precision=precision,
        mode=_octal(facts.get(b"unix.mode", b"")),
        owner=_label(facts.get(b"unix.ownername", facts.get(b"unix.owner", b""))),
        identity=_label(facts.get(b"unique", b"")),
        link_target=target,
        writable=bool(_WRITING & set(facts[b"perm"].lower())) if b"perm" in facts else None,
    )


def _facts(head: bytes) -> dict[bytes, bytes]:
    pairs = (fact.partition(b"=") for fact in head.split(b";") if fact)
    return {key.lower(): value for key, _, value in pairs}


def _mlsd_kind(declared: bytes) -> tuple[EntryKind, bytes | None]:
    lower = declared.lower()
    if lower in _MLSD_KINDS:
        return _MLSD_KINDS[lower], None
    if lower.startswith((b"os.unix=slink", b"os.unix=symlink")):
        target = declared.partition(b":")[2]
        return EntryKind.LINK, target or None
    return EntryKind.OTHER, None


def _timeval(text: bytes) -> tuple[datetime | None, Precision | None]:
    """Read ``YYYYMMDDHHMMSS`` with or without fractions (RFC 3659 section 2.3), in UTC."""
    found = _TIMEVAL.fullmatch(text)
    if found is None:
        return None, None
    digits = found[1].decode("ascii")
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None, None
    return moment, Precision.SECOND


def _octal(text: bytes) -> int | None:
    return int(text, 8) & 0o7777 if _OCTAL.fullmatch(text) else None


def _number(text: bytes) -> int | None:
    return int(text) if _is_number(text) else None


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= _MOST_DIGITS


def _label(text: bytes) -> str | None:
    return neutralise(text, 64) if text else None


def _checked(name: bytes) -> bytes | None:
    """Return the name, ``None`` for ``.`` and ``..``; a name that is no segment is unparsed."""
    if name in {b".", b".."}:
        return None
    if not name or _FORBIDDEN.search(name):
        raise _UnparsedError
    return name
