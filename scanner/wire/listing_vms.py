"""One file of a listing as VMS writes it."""

from __future__ import annotations

import re
from datetime import datetime

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing_words import (
    ITSELF,
    MONTHS,
    UnparsedError,
    if_known,
    is_parent,
    label,
    moment,
)

_NAME = rb"[^ \t;:\[\]/]{1,255};[0-9]{1,5}"
_ALONE = re.compile(_NAME + rb"[ \t]{0,80}")
_FILE = re.compile(
    rb"(" + _NAME + rb")[ \t]{1,80}"
    rb"(?:([0-9]{1,18})(?:/[0-9]{1,18})?(?:([KMG]?B))?[ \t]{1,40})?"
    rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})"
    rb"(?:[ \t]{1,4}([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,2})?)?)?"
    rb"(?:[ \t]{1,40}\[([^\[\]]{0,80})\])?"
    rb"(?:[ \t]{1,40}\(([A-Za-z]{0,5}(?:,[A-Za-z]{0,5}){3})\))?[ \t]{0,40}"
)
_BARRED = re.compile(
    rb"(" + _NAME + rb")[ \t]{1,80}[^;]{0,80}(?:privilege|protection violation)[^;]{0,80}",
    re.IGNORECASE,
)
_HEADING = re.compile(rb"Directory [^ ]{1,255}\]?")
_TOTAL = re.compile(
    rb"(?:Grand )?Total of [0-9]{1,12} (?:files?|director(?:y|ies))(?:, [0-9]{1,12}"
    rb"(?:/[0-9]{1,12})? (?:files?|blocks?))*\.?",
    re.IGNORECASE,
)
_TOP = b"000000"
"""The top directory of a volume, which lists itself."""
_RIGHTS = ((ord("R"), 4), (ord("W"), 2), (ord("E"), 1))


def is_name_alone(line: bytes) -> bool:
    """Whether this is a name too long for its column: the rest stands on the next line."""
    return _ALONE.fullmatch(line) is not None


def is_framing(line: bytes) -> bool:
    """Whether this is the heading or the sum of a listing."""
    return bool(_HEADING.fullmatch(line) or _TOTAL.fullmatch(line))


def parse(line: bytes, _now: datetime) -> Entry | None:
    """Return the entry; the name of a file keeps its version, that of a directory loses it.

    ``None`` for the top directory of a volume in its own listing. Sizes are told in blocks: only
    that of an empty file is known. The zone of the times is the server's, and not told. Raises
    ``UnparsedError``.
    """
    found = _FILE.fullmatch(line)
    if found is None:
        return _barred(line)
    name, kind = _name(found[1])
    if name == _TOP:
        return None
    modified = _moment(found)
    return Entry(
        name=name,
        kind=kind,
        size=_size(found),
        modified=modified,
        precision=if_known(modified, _precision(found)),
        mode=None if found[11] is None else _mode(found[11]),
        owner=label(found[10] or b""),
        zone_known=False,
    )


def _barred(line: bytes) -> Entry:
    found = _BARRED.fullmatch(line)
    if found is None:
        raise UnparsedError("no name with a version and a date")
    name, kind = _name(found[1])
    return Entry(name=name, kind=kind, zone_known=False)


def _name(text: bytes) -> tuple[bytes, EntryKind]:
    bare = text.rpartition(b";")[0]
    is_directory = bare[-4:].upper() == b".DIR"
    name = bare[:-4] if is_directory else text
    if name == ITSELF or is_parent(name):
        raise UnparsedError("its name is no segment of a path")
    return name, EntryKind.DIRECTORY if is_directory else EntryKind.FILE


def _size(found: re.Match[bytes]) -> int | None:
    if found[2] is None:
        return None
    amount = int(found[2])
    return amount if found[3] == b"B" or amount == 0 else None


def _precision(found: re.Match[bytes]) -> Precision:
    if found[7] is None:
        return Precision.DAY
    return Precision.MINUTE if found[9] is None else Precision.SECOND


def _moment(found: re.Match[bytes]) -> datetime | None:
    month = MONTHS.get(found[5].lower(), 0)
    clock = (int(part or 0) for part in found.group(7, 8, 9))
    return moment(int(found[6]), month, int(found[4]), *clock)


def _mode(protection: bytes) -> int:
    """Return the bits of owner, group and world; what the system may do is left out."""
    bits = 0
    for rights in protection.upper().split(b",")[1:]:
        bits = bits << 3 | sum(bit for letter, bit in _RIGHTS if letter in rights)
    return bits
