"""What a line of a server's log can tell, whatever server wrote it. Moments are whole seconds
since 1970 in UTC.

They are named tuples because a log has ten million of them: nothing cheaper can be typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple

MOST_SHAPE: Final = 120
"""Characters of a line's shape at most."""

ANONYMOUS: Final = frozenset({"anonymous", "ftp"})
"""Names by which nobody in particular logs in (RFC 1635 section 2, and what servers make of it)."""

_LONGEST: Final = 80
"""Characters of an address with its brackets and its zone at most; more are kept in no cache."""

_LETTERS: Final = re.compile(r"[^\W\d_]+")
_DIGITS: Final = re.compile(r"\d+")
_UNSHOWN: Final = re.compile(r"[^ -~]")


class Login(NamedTuple):
    """An accepted login. ``source`` is an address, empty where a name or nothing is told.

    ``session`` tells sessions of one server apart, ``alias`` is another id of the same session;
    both empty where the log has none. ``key`` is a fingerprint.
    """

    at: int
    account: str
    source: str
    session: str = ""
    alias: str = ""
    key: str = ""
    anonymous: bool = False


class Refused(NamedTuple):
    """A refused login."""

    at: int
    account: str
    source: str


class Contact(NamedTuple):
    """A connection, or a step of one, that nobody has logged in on."""

    at: int
    source: str


class Activity(NamedTuple):
    """Something done in a session of an account."""

    at: int
    account: str
    source: str
    session: str = ""


class Opened(NamedTuple):
    """A session within the one that its account has from its source, such as a subsystem's."""

    at: int
    account: str
    source: str
    session: str


class Ended(NamedTuple):
    """A session's end. ``orderly`` is false where the peer fell silent some time before."""

    at: int
    source: str
    session: str
    orderly: bool = True


class Transfer(NamedTuple):
    """A file that went out or came in (``upload``), begun ``seconds`` before ``at``.

    ``path`` is as the server logs it, empty where it is not told from the root. ``access`` is
    ``a`` anonymous, ``g`` guest or ``r`` real (xferlog(5)). Account and source are empty where
    the session alone is told.
    """

    at: int
    account: str
    source: str
    session: str
    path: str
    upload: bool
    access: str = "r"
    seconds: int = 0


class Other(NamedTuple):
    """A line that is understood and tells nothing that anybody asks here."""

    at: int


LogEvent = Login | Refused | Contact | Activity | Opened | Ended | Transfer | Other
LineParser = Callable[[str], LogEvent | None]
"""Reads a line without its end. ``None``: the line is not of this format. Never raises."""


def address(text: str) -> str:
    """Return an address in its usual form, IPv4 for an IPv4-mapped one; empty for anything else."""
    return _address(text) if len(text) <= _LONGEST else ""


@lru_cache(maxsize=65_536)
def _address(text: str) -> str:
    try:
        found = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def shape(line: str) -> str:
    """Return a line's form without its content: runs of letters as ``a``, of digits as ``9``."""
    cut = _LETTERS.sub("a", _DIGITS.sub("9", line[: MOST_SHAPE * 4]))
    return _UNSHOWN.sub("?", cut)[:MOST_SHAPE]
