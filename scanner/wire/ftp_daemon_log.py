"""Messages of FTP servers that log through syslog: Pure-FTPd, and ProFTPD."""

from __future__ import annotations

import re
from typing import Final

from scanner.wire.log_events import (
    ANONYMOUS,
    Activity,
    Contact,
    Ended,
    LogEvent,
    Login,
    Other,
    Refused,
    Transfer,
    address,
)
from scanner.wire.syslog_lines import Message

_PURE: Final = re.compile(r"\((.{0,255}?)@([^()\s@]{1,255})\) \[[A-Z]+\] (.*)")
_PURE_IN: Final = re.compile(r"(.+) is now logged in")
_PURE_REFUSED: Final = re.compile(r"Authentication failed for user \[(.*)\]")
_PURE_MOVED: Final = re.compile(r"(.+) (uploaded|downloaded)  ?\(\d+ bytes, .*\)")
_PRO: Final = re.compile(r"\S+ \([^\[\]]*\[([^\]]{1,64})\]\)(?::| -) (.*)")
_PRO_IN: Final = re.compile(r"(USER|ANON) (.+): Login successful\.?")
_PRO_REFUSED: Final = re.compile(
    r"USER (.*?)(?: \(Login failed\): .*|: no such user found .*| \(Login failed\))"
)
_OVER: Final = ("FTP session closed", "SSH2 session closed", "SFTP session closed")


def pure_ftpd(told: Message) -> LogEvent:
    """Read a message of Pure-FTPd. A session is a process."""
    found = _PURE.fullmatch(told.text)
    if found is None:
        return Other(told.at)
    account, host, text = found.groups()
    source = address(host)
    entered = _pure_entered(told, source, text)
    if entered is not None:
        return entered
    if text == "Logout." or text.startswith("Timeout"):
        return Ended(told.at, source, told.process, orderly=text == "Logout.")
    if account == "?":
        return Contact(told.at, source)
    if (moved := _PURE_MOVED.fullmatch(text)) is not None:
        path, way = moved.groups()
        placed = path if path.startswith("/") else ""
        access = "a" if account in ANONYMOUS else "r"
        came_in = way == "uploaded"
        return Transfer(told.at, account, source, told.process, placed, came_in, access)
    return Activity(told.at, account, source, told.process)


def _pure_entered(told: Message, source: str, text: str) -> LogEvent | None:
    """Return what became of a login, if the message tells of one."""
    if text == "Anonymous user logged in":
        return Login(told.at, "anonymous", source, told.process, anonymous=True)
    if (entered := _PURE_IN.fullmatch(text)) is not None:
        return Login(told.at, entered.group(1), source, told.process)
    if (refused := _PURE_REFUSED.fullmatch(text)) is not None:
        return Refused(told.at, refused.group(1), source)
    return None


def proftpd(told: Message) -> LogEvent:
    """Read a message of ProFTPD, of FTP or mod_sftp. A session is a process."""
    found = _PRO.fullmatch(told.text)
    if found is None:
        return Other(told.at)
    host, text = found.groups()
    source = address(host)
    if (entered := _PRO_IN.fullmatch(text)) is not None:
        anonymous = entered.group(1) == "ANON"
        account = "anonymous" if anonymous else entered.group(2)
        return Login(told.at, account, source, told.process, anonymous=anonymous)
    if (refused := _PRO_REFUSED.fullmatch(text)) is not None:
        return Refused(told.at, refused.group(1), source)
    if text.startswith(_OVER):
        return Ended(told.at, source, told.process)
    return Contact(told.at, source)
