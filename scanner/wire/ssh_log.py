"""Messages of SSH servers: OpenSSH's sshd and sftp-server, and dropbear.

Whoever connects writes part of a message: a name that was refused is read up to the last address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from scanner.wire.log_events import (
    Activity,
    Contact,
    Ended,
    LogEvent,
    Login,
    Opened,
    Other,
    Refused,
    Transfer,
    address,
)
from scanner.wire.syslog_lines import Message

SSHD: Final = frozenset({"sshd", "sshd-session", "sshd-auth"})
SFTP: Final = frozenset({"internal-sftp", "sftp-server"})

_PORT: Final = r"port (\d{1,5})"
_ACCEPTED: Final = re.compile(
    rf"Accepted (\S+) for (.+?) from (\S{{1,255}}) {_PORT}(?: ssh2)?"
    r"(?:: \S+ ((?:SHA256|MD5):\S{1,128}).*)?",
    re.ASCII,
)
_FAILED: Final = re.compile(
    rf"Failed (\S+) for (?:invalid user )?(.*) from (\S{{1,255}}) {_PORT}(?: ssh2)?(?:: .*)?",
    re.ASCII,
)
_FROM: Final = re.compile(
    rf"(?:Connection|Invalid user .*|Postponed .*) from (\S{{1,255}}) {_PORT}.*"
)
_LEFT: Final = re.compile(
    r"(?:Received disconnect from|Disconnected from|Disconnecting|Connection closed by"
    r"|Connection reset by|Timeout, client not responding from)"
    rf"(?: (?:authenticating |invalid )?user .*)? (\S{{1,255}}) {_PORT}\b.*",
    re.ASCII,
)
_PAM_CLOSED: Final = re.compile(r"pam_\w+\(sshd:session\): session closed for user .*")
_SFTP_SESSION: Final = re.compile(
    r"session (opened|closed) for local user (.*) from \[([^]]{0,255})\]"
)
_SFTP_CLOSE: Final = re.compile(r'close "(.*)" bytes read (\d{1,18}) written (\d{1,18})', re.ASCII)

_DROPBEAR_LINE: Final = re.compile(
    r"\[(\d{1,10})\] ([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (.*)", re.ASCII
)
_DROPBEAR_IN: Final = re.compile(
    r"(?:Password|Pubkey|PAM password|Empty-password) auth succeeded for '(.*?)'"
    r"(?: with \S+ key (\S{1,128}))? from (\S+):(\d{1,5})",
    re.ASCII,
)
_DROPBEAR_BAD: Final = re.compile(r"Bad (?:PAM )?password attempt for '(.*)' from (\S+):\d{1,5}")
_DROPBEAR_FROM: Final = re.compile(
    r"(?:Child connection|Login attempt for nonexistent user|Exit before auth) from"
    r" <?([^\s<>]+):\d{1,5}>?.*",
    re.ASCII,
)
_DROPBEAR_OUT: Final = re.compile(r"Exit \(.*\) from <([^\s<>]+):\d{1,5}>: (.*)")
_SILENT: Final = ("Timeout", "Connection reset")


def sshd(told: Message) -> LogEvent:
    """Read a message of sshd. A session is its address and port, or the process that let it in."""
    text = told.text
    read = _BY_WORD.get(text.partition(" ")[0])
    return (read(told) if read else None) or Other(told.at)


def _accepted(told: Message) -> LogEvent | None:
    found = _ACCEPTED.fullmatch(told.text)
    if found is None:
        return None
    _, account, host, port, key = found.groups()
    source = address(host)
    return Login(told.at, account, source, f"{host}:{port}", _process(told), key or "")


def _failed(told: Message) -> LogEvent | None:
    found = _FAILED.fullmatch(told.text)
    if found is None:
        return None
    method, account, host, _ = found.groups()
    if method == "none":
        return Contact(told.at, address(host))
    return Refused(told.at, account, address(host))


def _from(told: Message) -> LogEvent | None:
    found = _FROM.fullmatch(told.text)
    return Contact(told.at, address(found.group(1))) if found else _left(told)


def _left(told: Message) -> LogEvent | None:
    found = _LEFT.fullmatch(told.text)
    if found is None:
        return None
    host, port = found.groups()
    orderly = not told.text.startswith(_SILENT)
    return Ended(told.at, address(host), f"{host}:{port}", orderly)


def _pam(told: Message) -> LogEvent | None:
    if _PAM_CLOSED.fullmatch(told.text) is None:
        return None
    return Ended(told.at, "", _process(told))


_BY_WORD: Final[dict[str, Callable[[Message], LogEvent | None]]] = {
    "Accepted": _accepted,
    "Failed": _failed,
    "Connection": _from,
    "Invalid": _from,
    "Postponed": _from,
    "Received": _left,
    "Disconnected": _left,
    "Disconnecting": _left,
    "Timeout,": _left,
    "pam_unix(sshd:session):": _pam,
}


def _process(told: Message) -> str:
    return f"process {told.process}" if told.process else ""


def sftp(told: Message) -> LogEvent:
    """Read a message of sftp-server. It is a process, and so a session, of its own."""
    text, session = told.text, f"sftp {told.process}"
    if text.startswith("session "):
        found = _SFTP_SESSION.fullmatch(text)
        if found is not None:
            what, account, host = found.groups()
            source = address(host)
            if what == "closed":
                return Ended(told.at, source, session)
            return Opened(told.at, account, source, session)
    elif text.startswith("close "):
        found = _SFTP_CLOSE.fullmatch(text)
        if found is not None:
            path, sent, written = found.group(1), int(found.group(2)), int(found.group(3))
            placed = path if path.startswith("/") else ""
            if sent or written:
                return Transfer(told.at, "", "", session, placed, written > 0)
    elif text.startswith(("open ", "opendir ", "remove ", "rename ")):
        return Activity(told.at, "", "", session)
    return Other(told.at)


def dropbear_line(line: str) -> tuple[str, str, str] | None:
    """Return process, date and message of a line that dropbear wrote to the console (``-E``)."""
    found = _DROPBEAR_LINE.fullmatch(line)
    return (found.group(1), found.group(2), found.group(3)) if found else None


def dropbear(told: Message) -> LogEvent:
    """Read a message of dropbear. A session is a process."""
    text, session = told.text, _process(told)
    found = _DROPBEAR_IN.fullmatch(text)
    if found is not None:
        account, key, host, _ = found.groups()
        return Login(told.at, account, address(host), session, key=_fingerprint(key))
    found = _DROPBEAR_BAD.fullmatch(text)
    if found is not None:
        return Refused(told.at, found.group(1), address(found.group(2)))
    found = _DROPBEAR_OUT.fullmatch(text)
    if found is not None:
        orderly = "imeout" not in found.group(2) and "reset" not in found.group(2)
        return Ended(told.at, address(found.group(1)), session, orderly)
    found = _DROPBEAR_FROM.fullmatch(text)
    return Contact(told.at, address(found.group(1))) if found else Other(told.at)


def _fingerprint(key: str | None) -> str:
    """Return a fingerprint as OpenSSH writes it: SHA-256 without padding."""
    return (key or "").rstrip("=")
