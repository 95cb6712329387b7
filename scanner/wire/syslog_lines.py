"""What stands around a message: syslog in a file, traditional (RFC 3164) or with RFC 3339 dates,
and entries of the systemd journal as ``journalctl -o json`` writes them.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from scanner.wire.log_clock import LogClock

_ENVELOPE: Final = re.compile(
    r"(?:<\d{1,3}>)?"
    r"(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
    r"|([12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?)"
    r" (?:([^ :]{1,255}) )?([^\s:\[\]]{1,64})(?:\[(\d{1,10})\])?: ?(.*)",
    re.ASCII,
)
_PROFTPD_FILE: Final = re.compile(
    r"([12]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d)(?:,\d{1,6})? \S+ (proftpd)\[(\d{1,10})\]:? (.*)",
    re.ASCII,
)
_DEEPEST: Final = 200_000
"""Characters of a journal entry that are read as JSON at most."""
_LATEST: Final = 253_402_300_799


class Message(NamedTuple):
    """A program's message, with its moment (seconds since 1970) and process, if it is told."""

    at: int
    program: str
    process: str
    text: str


def message(line: str, clock: LogClock) -> Message | None:
    """Read a line of syslog, or an entry of the journal; ``None`` for anything else."""
    if line.startswith("{"):
        return _entry(line)
    found = _ENVELOPE.fullmatch(line)
    if found is None:
        return None
    old, new, offset, _, program, process, text = found.groups()
    try:
        at = clock.traditional(old) if old else clock.iso(new, offset or "")
    except ValueError:
        return None
    return Message(at, program, process or "", text)


def proftpd_file(line: str, clock: LogClock) -> Message | None:
    """Read a line of ProFTPD's SystemLog, which has a date of its own and no colon."""
    found = _PROFTPD_FILE.fullmatch(line)
    if found is None:
        return None
    day, program, process, text = found.groups()
    try:
        return Message(clock.iso(day), program, process, text)
    except ValueError:
        return None


def _entry(line: str) -> Message | None:
    if len(line) > _DEEPEST:
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    at = _moment(entry.get("__REALTIME_TIMESTAMP"))
    text, program = _text(entry.get("MESSAGE")), _text(entry.get("SYSLOG_IDENTIFIER"))
    if at is None or text is None:
        return None
    process = _text(entry.get("SYSLOG_PID")) or _text(entry.get("_PID")) or ""
    return Message(at, program or _text(entry.get("_COMM")) or "", process, text)


def _moment(told: object) -> int | None:
    """Return microseconds since 1970 as seconds; the journal tells them as a string."""
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 18:
        seconds = int(told) // 1_000_000
        return seconds if seconds <= _LATEST else None
    return None


def _text(told: object) -> str | None:
    """Return a field's text; one that is no UTF-8 the journal tells as a list of bytes."""
    if isinstance(told, str):
        return told
    if isinstance(told, list):
        try:
            return bytes(told).decode("utf-8", "replace")
        except (TypeError, ValueError):
            return None
    return None
