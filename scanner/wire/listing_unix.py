"""One line of a listing as ``ls -l`` writes it, in its many variants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from scanner.model.frozen import dataclass
from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing_words import (
    MONTHS,
    UnparsedError,
    if_known,
    is_number,
    is_parent,
    label,
    moment,
)

_MOST_WORDS = 13
_WORD = re.compile(rb"[^ \t]+")
_TOTAL = re.compile(rb"(?:total|insgesamt):? [0-9]+(?:[.,][0-9]+)?[kKMGT]?", re.IGNORECASE)
_MODE = re.compile(rb"[-dlbcpsDPCMnw?]([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])([+@.*]?)")
_USUAL = re.compile(
    rb"([-dl][-rwxsStT]{9}[+@.*]?) +[0-9]{1,19} +([^ \t]+) +([^ \t]+) +([0-9]{1,19})"
    rb" +([A-Za-z]{3}) +([0-9]{1,2}) +([0-9]{4}|[0-9]{2}:[0-9]{2}) (.+)",
    re.DOTALL,
)
"""Mode, links, owner, group, size, month, day, year or time, name: what most lines are."""
_UNKNOWN = re.compile(rb"[-dlbcpsDPCMnw?]\?{9}(?: +\?){5} (.+)", re.DOTALL)
_DEVICE = re.compile(rb"[0-9]{1,10},[0-9]{1,10}")
_CLOCK = re.compile(rb"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?")
_YEAR = re.compile(rb"[0-9]{4}")
_DAY = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAY_OF_YEAR = re.compile(rb"([0-9]{2})-([0-9]{2})")
_ZONE = re.compile(rb"([-+])([0-9]{2})([0-9]{2})")
_FILE, _TO_THE_DAY, _TO_THE_MINUTE = EntryKind.FILE, Precision.DAY, Precision.MINUTE
"""Asked of their classes, they take as long as all else of an entry."""
_KINDS = {b"-": _FILE, b"d": EntryKind.DIRECTORY, b"l": EntryKind.LINK}

_YEARS_BACK = tuple(range(9))
"""They reach a 29 February."""
_GRACE = timedelta(days=1)
"""The server's zone and clock are not ours."""

_Words = list[re.Match[bytes]]


@dataclass(frozen=True, slots=True)
class _Date:
    """A moment and how it was told; ``end`` is where its last word ends in the line."""

    when: datetime | None
    precision: Precision
    end: int
    zone_known: bool = False


def is_total(line: bytes) -> bool:
    """Whether this is the sum of blocks that ``ls`` writes first."""
    return _TOTAL.fullmatch(line) is not None


def parse(line: bytes, now: datetime) -> Entry | None:
    """Return the entry, ``None`` for the parent; the directory itself is named ``.``.

    Raises ``UnparsedError``. Recent dates have no year: it is the latest that does not lie ahead
    of ``now``. Unless it is told, the zone is the server's and not known.
    """
    return _usual(line, now) or _spelt_out(line, now)


def _usual(line: bytes, now: datetime) -> Entry | None:
    """Read a line whose words can be nothing else, in a fraction of the time that others take."""
    found = _USUAL.fullmatch(line)
    if found is None:
        return None
    mode, owner, group, size, month, day, last, name = found.groups()
    held = _held(mode, owner, group)
    number = MONTHS.get(month.lower())
    if not held or not number:
        return None
    kind, bits, acl, owned_by, shared_with = held
    length, target = int(size), None
    if kind is not _FILE:
        name, target = _name(name, kind, length)
    if is_parent(name):
        return None
    if len(last) == 4:
        when, precision = _day_of(last, number, day), _TO_THE_DAY
    else:
        when, precision = _recent(number, int(day), last, now), _TO_THE_MINUTE
    return Entry(
        name=name,
        kind=kind,
        size=length,
        modified=when,
        precision=None if when is None else precision,
        mode=bits,
        owner=owned_by,
        group=shared_with,
        link_target=target,
        acl=acl,
        zone_known=False,
    )


@lru_cache(maxsize=512)
def _day_of(year: bytes, month: int, day: bytes) -> datetime | None:
    """Return a day; old files lie together by their days, as times do not."""
    return moment(int(year), month, int(day))


@lru_cache(maxsize=256)
def _held(
    mode: bytes, owner: bytes, group: bytes
) -> tuple[EntryKind, int, bool, str | None, str | None] | None:
    """Return kind, permission bits, whether an access list says more, owner and group, which many
    lines share; ``None`` where the words may be something else.
    """
    found = _MODE.fullmatch(mode)
    # Owners may be called like a month, and devices have two numbers in the place of a size.
    if not found or not (_is_held_by(owner) and _is_held_by(group)) or group.endswith(b","):
        return None
    acl = found[2] == b"+"
    return _KINDS[mode[:1]], _mode_bits(found[1]), acl, label(owner), label(group)


def _is_held_by(word: bytes) -> bool:
    return word.isdigit() or not (word[:1].isdigit() or word.lower() in MONTHS)


def _spelt_out(line: bytes, now: datetime) -> Entry | None:
    words = _words(line)
    found = _MODE.fullmatch(words[0].group())
    if found is None:
        return _without_facts(line)
    first = _date_position(words)
    date = _date(words, first, now)
    kind = _KINDS.get(line[:1], EntryKind.OTHER)
    size = _size(words, first)
    name, target = _name(line[date.end + 1 :], kind, size)
    if is_parent(name):
        return None
    owner, group = _owners(words, first)
    return Entry(
        name=name,
        kind=kind,
        size=size,
        modified=date.when,
        precision=if_known(date.when, date.precision),
        mode=_mode_bits(found[1]),
        owner=owner,
        group=group,
        link_target=target,
        acl=found[2] == b"+",
        zone_known=date.zone_known,
    )


def _without_facts(line: bytes) -> Entry | None:
    """Read what ``ls`` writes of an entry that it may name but not look at."""
    found = _UNKNOWN.fullmatch(line)
    if found is None:
        raise UnparsedError("no mode")
    kind = _KINDS.get(line[:1], EntryKind.OTHER)
    return None if is_parent(found[1]) else Entry(name=found[1], kind=kind, zone_known=False)


def _words(line: bytes) -> _Words:
    found: Iterator[re.Match[bytes]] = _WORD.finditer(line)
    words = [word for word, _ in zip(found, range(_MOST_WORDS), strict=False)]
    if len(words) < 5:
        raise UnparsedError("fewer than five words")
    return words


def _date_position(words: _Words) -> int:
    """Return where the date begins: the first month or ISO day with a size before it.

    Owners and groups may hold spaces, so their number of words is not known.
    """
    for index in range(2, len(words) - 1):
        before = words[index - 1].group()
        if (is_number(before) or _DEVICE.fullmatch(before)) and _is_date(words, index):
            return index
    raise UnparsedError("no date after a size")


def _is_date(words: _Words, index: int) -> bool:
    first = words[index].group()
    if first.lower() in MONTHS:
        second, third = _texts(words, index)[1:]
        return _is_day(second) and _is_time_or_year(third)
    if not first[:1].isdigit():
        return False
    if _DAY.fullmatch(first):
        return True
    second, third = _texts(words, index)[1:]
    if _DAY_OF_YEAR.fullmatch(first):
        return _is_time_or_year(second)
    return _is_day(first) and second.lower() in MONTHS and _is_time_or_year(third)


def _is_day(word: bytes) -> bool:
    return len(word) <= 2 and word.isdigit()


def _is_time_or_year(word: bytes) -> bool:
    return bool(_CLOCK.fullmatch(word) or _YEAR.fullmatch(word))


def _texts(words: _Words, index: int) -> list[bytes]:
    texts = [word.group() for word in words[index : index + 3]]
    return texts + [b""] * (3 - len(texts))


def _date(words: _Words, first: int, now: datetime) -> _Date:
    texts = _texts(words, first)
    if day := _DAY.fullmatch(texts[0]):
        return _iso_date(words, first, day, texts)
    if day := _DAY_OF_YEAR.fullmatch(texts[0]):
        return _dated(int(day[1]), int(day[2]), words[first + 1], now)
    name, number = texts[:2] if texts[0].lower() in MONTHS else texts[1::-1]
    return _dated(MONTHS[name.lower()], int(number), words[first + 2], now)


def _iso_date(words: _Words, first: int, day: re.Match[bytes], texts: list[bytes]) -> _Date:
    calendar = int(day[1]), int(day[2]), int(day[3])
    clock = _CLOCK.fullmatch(texts[1])
    if clock is None:
        # ``--time-style=iso`` pads the day alone to the width of a day with a time.
        end = words[first].end()
        padded = words[first].string[end : end + 2] == b"  "
        return _Date(moment(*calendar), Precision.DAY, end + padded)
    when = moment(*calendar, int(clock[1]), int(clock[2]), int(clock[3] or 0))
    precision = Precision.SECOND if clock[3] else Precision.MINUTE
    zone = _ZONE.fullmatch(texts[2]) if clock[3] else None
    if zone is None:
        return _Date(when, precision, words[first + 1].end())
    return _Date(_in_zone(when, zone), precision, words[first + 2].end(), zone_known=True)


def _in_zone(when: datetime | None, zone: re.Match[bytes]) -> datetime | None:
    offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
    if when is None or offset >= timedelta(days=1):
        return None
    told = timezone(offset if zone[1] == b"+" else -offset)
    try:
        return when.replace(tzinfo=told).astimezone(UTC)
    except OverflowError:
        return None


def _dated(month: int, day: int, last: re.Match[bytes], now: datetime) -> _Date:
    when, precision = _short_date(month, day, last.group(), now)
    return _Date(when, precision, last.end())


def _short_date(
    month: int, day: int, last: bytes, now: datetime
) -> tuple[datetime | None, Precision]:
    """Read a date whose last word is its year or, where it is recent, its time."""
    if _YEAR.fullmatch(last):
        return moment(int(last), month, day), Precision.DAY
    return _recent(month, day, last, now), Precision.MINUTE


def _recent(month: int, day: int, time: bytes, now: datetime) -> datetime | None:
    latest = now + _GRACE
    sign = time.index(b":")
    hour, minute = int(time[:sign]), int(time[sign + 1 : sign + 3])
    year = latest.year
    for back in _YEARS_BACK:
        when = moment(year - back, month, day, hour, minute)
        if when is not None and when <= latest:
            return when
    return None


def _size(words: _Words, date: int) -> int | None:
    """Return the size; a device has two numbers in its place, and none."""
    word = words[date - 1].group()
    return None if b"," in word or words[date - 2].group().endswith(b",") else int(word)


def _owners(words: _Words, date: int) -> tuple[str | None, str | None]:
    """Return the first word of owner, and of group where owner and group are a word each."""
    first = 2 if is_number(words[1].group()) else 1
    last = date - 2 if words[date - 2].group().endswith(b",") else date - 1
    owner = label(words[first].group()) if first < last else None
    return owner, label(words[first + 1].group()) if last - first == 2 else None


def _name(text: bytes, kind: EntryKind, size: int | None) -> tuple[bytes, bytes | None]:
    if kind is EntryKind.LINK:
        return _split_link(text, size or 0)
    if kind is EntryKind.DIRECTORY and len(text) > 1:
        text = text.removesuffix(b"/")  # ``ls -F`` and ``ls -p`` mark directories so
    return text, None


def _split_link(text: bytes, size: int) -> tuple[bytes, bytes | None]:
    """Part a link's name from its target; its size tells where, when an arrow is in a name."""
    name, arrow, target = text.partition(b" -> ")
    if not arrow:
        return text, None
    exact = len(text) - size
    if text[max(exact - 4, 0) : exact] == b" -> ":
        return text[: exact - 4], text[exact:]
    return name, target


@lru_cache(maxsize=256)
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
