"""Lines of transfer logs: xferlog(5), as wu-ftpd began it and vsftpd, ProFTPD and Pure-FTPd write
it, and the three other logs of transfers that Pure-FTPd knows.
"""

from __future__ import annotations

import re
from typing import Final

from scanner.wire.log_clock import LogClock
from scanner.wire.log_events import (
    ANONYMOUS,
    Activity,
    Contact,
    LogEvent,
    Login,
    Refused,
    Transfer,
    address,
)

_CTIME: Final = re.compile(
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [12]\d{3} ", re.ASCII
)
_CLF: Final = re.compile(
    r"(\S+) \S+ (\S+) \[(\d\d/[A-Z][a-z]{2}/[12]\d{3}:\d\d:\d\d:\d\d) ([+-]\d{4})\]"
    r' "([^ "]{1,16})(?: (.*))?" (\d{3}|-) (?:\d+|-)',
    re.ASCII,
)
_STATS: Final = re.compile(
    r"(\d{9,11}) [0-9a-f]+\.([0-9a-f]+) (\S+) (\S+) ([UD]) \d+ (\d{1,9}) (.+)", re.ASCII
)
_W3C: Final = re.compile(
    r"([12]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d) (\S+) \[\](\w+) (.+) (\d{3}) (\S+) \d+", re.ASCII
)
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_KINDS: Final = frozenset("ab")
_DIRECTIONS: Final = frozenset("oid")
_ACCESSES: Final = frozenset("agr")
_GET: Final = frozenset({"GET", "RETR"})
_PUT: Final = frozenset({"PUT", "STOR", "STOU", "APPE"})
_DONE: Final = frozenset({"200", "226", "250"})


def xferlog(line: str, clock: LogClock) -> LogEvent | None:
    """Read a line of xferlog. The name that anonymous gives is a password, and is not told."""
    if not _CTIME.match(line):
        return None
    head, tail = line[25:].split(" ", 3), line.rsplit(" ", 9)
    if len(head) < 4 or len(tail) < 10:
        return None
    seconds, host, size, _ = head
    kind, _, direction, access, account = tail[1:6]
    path = tail[0][28 + len(seconds) + len(host) + len(size) :]
    words = kind in _KINDS and direction in _DIRECTIONS and access in _ACCESSES
    if not (words and path and size.isdigit() and _NUMBER.fullmatch(seconds)):
        return None
    try:
        at = clock.ctime(line)
    except ValueError:
        return None
    account = "anonymous" if access == "a" or account in ANONYMOUS else account
    if direction == "d":
        return Activity(at, account, address(host))
    placed = path if path.startswith("/") else ""
    access = "a" if account == "anonymous" else access
    came_in = direction == "i"
    return Transfer(at, account, address(host), "", placed, came_in, access, int(seconds))


def common(line: str, clock: LogClock) -> LogEvent | None:
    """Read a line in the Common Log Format, as ProFTPD's ExtendedLog and Pure-FTPd write it.

    ProFTPD logs commands as they were sent: a name that does not begin at the root has no path.
    """
    found = _CLF.fullmatch(line)
    if found is None:
        return None
    host, account, day, offset, verb, rest, code = found.groups()
    try:
        at = clock.clf(day, offset)
    except ValueError:
        return None
    account = "" if account == "-" else account
    return _command(at, account, address(host), (verb, rest or "", code))


def _command(at: int, account: str, source: str, told: tuple[str, str, str]) -> LogEvent:
    """Return what a command, its words and the code of its reply come to."""
    verb, path, code = told
    anonymous = account in ANONYMOUS
    if verb == "PASS" and code == "230":
        return Login(at, account, source, anonymous=anonymous)
    if verb == "PASS" and code.startswith("5"):
        return Refused(at, account, source)
    if code in _DONE and (verb in _GET or verb in _PUT):
        placed = path if path.startswith("/") else ""
        access = "a" if anonymous else "r"
        return Transfer(at, account, source, "", placed, verb in _PUT, access)
    return Activity(at, account, source) if account and not anonymous else Contact(at, source)


def stats(line: str, _clock: LogClock) -> LogEvent | None:
    """Read a line of Pure-FTPd's ``stats`` log; its times are seconds since 1970."""
    found = _STATS.fullmatch(line)
    if found is None:
        return None
    at, session, account, host, way, seconds, path = found.groups()
    access = "a" if account in ANONYMOUS else "r"
    placed = path if path.startswith("/") else ""
    source, came_in = address(host), way == "U"
    return Transfer(int(at), account, source, session, placed, came_in, access, int(seconds))


def w3c(line: str, clock: LogClock) -> LogEvent | None:
    """Read a line of Pure-FTPd's ``w3c`` log, whose times are UTC as the format demands."""
    found = _W3C.fullmatch(line)
    if found is None:
        return None
    day, host, verb, path, _, account = found.groups()
    try:
        at = clock.iso(day, "Z")
    except ValueError:
        return None
    if verb not in {"sent", "created", "appended"}:
        return Activity(at, account, address(host))
    access = "a" if account in ANONYMOUS else "r"
    placed = path if path.startswith("/") else ""
    return Transfer(at, account, address(host), "", placed, verb != "sent", access)
