"""Lines that hold on to one another: each carries the SHA-256 of the one before. Pure.

A line is a JSON object. ``seq`` counts from 1; ``previous`` is the hash, in hexadecimal, of the
bytes of the record before, without its line end: of ``FIRST`` zeros where there is none. Whoever
alters, drops, adds or swaps a record breaks every link after it. A chain cannot tell that its
last records were cut off, nor that all of it was written anew: for that its last hash has to be
kept elsewhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, Final

from scanner.model import ascii_json
from scanner.model.frozen import dataclass

FIRST: Final = "0" * 64
TORN: Final = "torn"
"""The event that stands after a line that was cut short: it tells its length and hash."""


@dataclass(frozen=True, slots=True)
class Link:
    """The end of a chain: how many records there are, and the hash of the last one."""

    seq: int = 0
    digest: str = FIRST


class NotARecordError(ValueError):
    """A line is no record of a chain. ``str`` of it says why, without the line."""


def digest_of(line: bytes) -> str:
    """Return the SHA-256 of a line without its end, in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def forged(last: Link, content: Mapping[str, Any]) -> bytes:
    """Return the line, without its end, that holds ``content`` and goes after ``last``."""
    record = {"seq": last.seq + 1, "previous": last.digest, **content}
    return ascii_json.encode(record).encode()


def torn(rest: bytes) -> dict[str, Any]:
    """Return what is recorded of a line that was cut short."""
    return {"event": TORN, "bytes": len(rest), "sha256": digest_of(rest)}


def read_record(line: bytes) -> dict[str, Any]:
    """Return a line's record. Raises ``NotARecordError``."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise NotARecordError("is no JSON") from None
    if not isinstance(record, dict):
        raise NotARecordError("is no JSON object")
    seq = record.get("seq")
    if type(seq) is not int or not isinstance(record.get("previous"), str):
        raise NotARecordError("has no 'seq' and 'previous'")
    return record


def link_of(line: bytes) -> Link:
    """Return the link that the record of a line makes. Raises ``NotARecordError``."""
    return Link(read_record(line)["seq"], digest_of(line))


@dataclasses.dataclass(slots=True)
class Chain:
    """What a chain came to, one line at a time. ``breaks`` and ``gaps`` are lines for a person.

    ``gaps`` are lines that were cut short when their writer died, and that the next writer said
    so of: they break nothing. ``digests`` of all records are looked up, not kept.
    """

    wanted: str = ""
    last: Link = field(default_factory=Link)
    records: int = 0
    breaks: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    met_wanted: bool = False
    _rest: tuple[int, bytes, str] | None = None

    def read(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Check the lines of a file, without their ends, and yield each record."""
        for number, line in enumerate(lines, start=1):
            try:
                record = read_record(line)
            except NotARecordError as error:
                self._told_rest()
                self._rest = (number, line, str(error))
                continue
            self._weigh(number, record)
            self.last = Link(record["seq"], digest_of(line))
            self.records += 1
            self.met_wanted = self.met_wanted or self.last.digest == self.wanted
            yield record
        self._told_rest()

    def _weigh(self, number: int, record: Mapping[str, Any]) -> None:
        if self._rest is not None and record.get("event") == TORN:
            at, rest, _ = self._rest
            if record.get("sha256") == digest_of(rest):
                self.gaps.append(f"line {at}: cut short after {len(rest)} bytes; continued below")
                self._rest = None
        self._told_rest()
        if record["previous"] != self.last.digest:
            self.breaks.append(f"line {number}: does not follow from the record before it")
        elif record["seq"] != self.last.seq + 1:
            told = f"has the number {record['seq']}, not {self.last.seq + 1}"
            self.breaks.append(f"line {number}: {told}")

    def _told_rest(self) -> None:
        if self._rest is not None:
            self.breaks.append(f"line {self._rest[0]}: {self._rest[2]}")
            self._rest = None
