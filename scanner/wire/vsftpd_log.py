"""Lines of vsftpd's own log (``vsftpd_log_file``, vsftpd.conf(5)).

One session is several processes: who logs in is told by one, what is then done by another. The
process of the latter stands for the session.
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
    Other,
    Refused,
    Transfer,
    address,
)

_LINE: Final = re.compile(
    r"([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [12]\d{3})"
    r" \[pid (\d{1,10})\] (?:\[(.+?)\] )?([A-Za-z ]{1,30}):"
    r'(?: Client "([^"]{0,64})"(?:, (.*))?| .*)',
    re.ASCII,
)
_PATH: Final = re.compile(r'"(.*)"(?:, \d+ bytes)?(?:, [\d.]+Kbyte/sec)?')


def vsftpd(line: str, clock: LogClock) -> LogEvent | None:
    """Read a line of vsftpd.log; the password that anonymous gave is not told."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    day, process, account, what, host, rest = found.groups()
    try:
        at = clock.ctime(day)
    except ValueError:
        return None
    if host is None:
        return Other(at)
    account, source, rest = account or "", address(host), rest or ""
    entered = _entered(at, account, source, (what, rest))
    if entered is not None:
        return entered
    if what in {"OK DOWNLOAD", "OK UPLOAD"}:
        path = _PATH.match(rest)
        placed = path.group(1) if path and path.group(1).startswith("/") else ""
        access = "a" if account in ANONYMOUS else "r"
        return Transfer(at, account, source, process, placed, what == "OK UPLOAD", access)
    return Activity(at, account, source, process)


def _entered(at: int, account: str, source: str, told: tuple[str, str]) -> LogEvent | None:
    """Return what became of a login, or a connection before any."""
    what, rest = told
    if what == "OK LOGIN":
        guest = account in ANONYMOUS or rest.startswith("anon password")
        return Login(at, account, source, anonymous=guest)
    if what == "FAIL LOGIN":
        return Refused(at, account, source)
    named = account and account not in ANONYMOUS
    return None if named or what.startswith("OK") else Contact(at, source)
