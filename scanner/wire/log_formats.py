"""Which reader reads which lines: the formats that a targets file may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from scanner.wire.ftp_daemon_log import proftpd, pure_ftpd
from scanner.wire.log_clock import LogClock
from scanner.wire.log_events import LineParser, LogEvent, Other
from scanner.wire.ssh_log import SFTP, SSHD, dropbear, dropbear_line, sftp, sshd
from scanner.wire.syslog_lines import Message, message, proftpd_file
from scanner.wire.transfer_log import common, stats, w3c, xferlog
from scanner.wire.vsftpd_log import vsftpd

_HEADS: Final = ("#Software:", "#Version:", "#Date:", "#Fields:", "#Remark:", "-- ")
"""What stands above or between lines: of the W3C format, and of journalctl."""


def parser(name: str, clock: LogClock) -> LineParser:
    """Return the reader of one format. Raises ``KeyError`` for a name that is none."""
    read = _READERS[name]
    return lambda line: read(line, clock)


def is_heading(line: str) -> bool:
    """Whether a line only says how others are written, and tells no event and no time."""
    return line.startswith(_HEADS)


def _vsftpd(line: str, clock: LogClock) -> LogEvent | None:
    return vsftpd(line, clock) or xferlog(line, clock)


def _proftpd(line: str, clock: LogClock) -> LogEvent | None:
    told = proftpd_file(line, clock)
    if told is not None:
        return proftpd(told)
    return xferlog(line, clock) or common(line, clock) or _syslog(line, clock)


def _pure_ftpd(line: str, clock: LogClock) -> LogEvent | None:
    return (
        _syslog(line, clock)
        or xferlog(line, clock)
        or common(line, clock)
        or stats(line, clock)
        or w3c(line, clock)
    )


def _ssh(line: str, clock: LogClock) -> LogEvent | None:
    told = message(line, clock)
    if told is None:
        console = dropbear_line(line)
        if console is None:
            return None
        process, day, text = console
        try:
            return dropbear(Message(clock.traditional(day), "dropbear", process, text))
        except ValueError:
            return None
    return _by_program(told)


def _syslog(line: str, clock: LogClock) -> LogEvent | None:
    told = message(line, clock)
    return _by_program(told) if told else None


def _by_program(told: Message) -> LogEvent:
    read = _PROGRAMS.get(told.program)
    return read(told) if read else Other(told.at)


_PROGRAMS: Final[Mapping[str, Callable[[Message], LogEvent]]] = {
    **dict.fromkeys(SSHD, sshd),
    **dict.fromkeys(SFTP, sftp),
    "dropbear": dropbear,
    "pure-ftpd": pure_ftpd,
    "proftpd": proftpd,
}

_READERS: Final[Mapping[str, Callable[[str, LogClock], LogEvent | None]]] = {
    "xferlog": xferlog,
    "vsftpd": _vsftpd,
    "proftpd": _proftpd,
    "pure-ftpd": _pure_ftpd,
    "openssh": _ssh,
    "dropbear": _ssh,
}

FORMATS: Final = frozenset(_READERS)
"""The names of all formats."""
