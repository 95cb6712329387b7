"""Lines of logs, as the programs write them, and what is read of each."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scanner.wire.log_clock import LogClock
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
    shape,
)
from scanner.wire.log_formats import FORMATS, is_heading, parser

NEWEST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = int(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp())
DAY = "Tue Feb  3 04:05:06 2026"
SYSLOG = "Feb  3 04:05:06 files"
PRINT = "SHA256:9p1XzQkWbF3uVt0fMZ6yq5bF0c2m8QeT4v7aK1sLrNw"


def read(name: str, line: str, zone: str = "UTC") -> LogEvent | None:
    return parser(name, LogClock(ZoneInfo(zone), NEWEST))(line)


CASES: list[tuple[str, str, LogEvent | None]] = [
    (
        "xferlog",
        f"{DAY} 7 192.0.2.4 120 /in/a b.csv b _ i r lab ftp 0 * c",
        Transfer(AT, "lab", "192.0.2.4", "", "/in/a b.csv", upload=True, access="r", seconds=7),
    ),
    (
        "xferlog",
        f"{DAY} 1 ::ffff:192.0.2.4 0 /pub/x a _ o a me@example.org ftp 0 * i",
        Transfer(AT, "anonymous", "192.0.2.4", "", "/pub/x", upload=False, access="a", seconds=1),
    ),
    (
        "xferlog",
        f"{DAY} 0 host.example.org 5 /x b _ d r lab ftp 1 lab c",
        Activity(AT, "lab", ""),
    ),
    ("xferlog", f"{DAY} 1 192.0.2.4 0 /x b _ z r lab ftp 0 * c", None),
    ("xferlog", f"{DAY} one 192.0.2.4 0 /x b _ o r lab ftp 0 * c", None),
    ("xferlog", "Tue Feb 30 04:05:06 2026 1 192.0.2.4 0 /x b _ o r lab ftp 0 * c", None),
    ("vsftpd", f'{DAY} [pid 12] CONNECT: Client "192.0.2.4"', Contact(AT, "192.0.2.4")),
    (
        "vsftpd",
        f'{DAY} [pid 11] [lab] OK LOGIN: Client "::ffff:192.0.2.4"',
        Login(AT, "lab", "192.0.2.4"),
    ),
    (
        "vsftpd",
        f'{DAY} [pid 11] [ftp] OK LOGIN: Client "192.0.2.4", anon password "a@b"',
        Login(AT, "ftp", "192.0.2.4", anonymous=True),
    ),
    (
        "vsftpd",
        f'{DAY} [pid 11] [lab] FAIL LOGIN: Client "192.0.2.4"',
        Refused(AT, "lab", "192.0.2.4"),
    ),
    (
        "vsftpd",
        f'{DAY} [pid 13] [lab] OK UPLOAD: Client "192.0.2.4", "/in/a.csv", 1 bytes, 1.99Kbyte/sec',
        Transfer(AT, "lab", "192.0.2.4", "13", "/in/a.csv", upload=True),
    ),
    (
        "vsftpd",
        f'{DAY} [pid 13] [lab] FAIL DOWNLOAD: Client "192.0.2.4", "/x", 0.00Kbyte/sec',
        Activity(AT, "lab", "192.0.2.4", "13"),
    ),
    (
        "vsftpd",
        f'{DAY} [pid 13] FTP command: Client "192.0.2.4", "USER lab"',
        Contact(AT, "192.0.2.4"),
    ),
    (
        "vsftpd",
        f"{DAY} 7 192.0.2.4 120 /a b _ i r lab ftp 0 * c",
        Transfer(AT, "lab", "192.0.2.4", "", "/a", upload=True, access="r", seconds=7),
    ),
    (
        "proftpd",
        "2026-02-03 04:05:06,123 files proftpd[77] files (192.0.2.4[192.0.2.4]): USER lab: Login successful.",
        Login(AT, "lab", "192.0.2.4", "77"),
    ),
    (
        "proftpd",
        "2026-02-03 04:05:06,123 files proftpd[77] files (192.0.2.4[192.0.2.4]): ANON ftp: Login successful.",
        Login(AT, "anonymous", "192.0.2.4", "77", anonymous=True),
    ),
    (
        "proftpd",
        "2026-02-03 04:05:06,1 files proftpd[77] files (client.example.org[192.0.2.4]): USER lab (Login failed): Incorrect password",
        Refused(AT, "lab", "192.0.2.4"),
    ),
    (
        "proftpd",
        f"{SYSLOG} proftpd[77]: files (192.0.2.4[192.0.2.4]) - FTP session closed.",
        Ended(AT, "192.0.2.4", "77"),
    ),
    (
        "proftpd",
        "2026-02-03 04:05:06,1 files proftpd[77] 127.0.0.1: ProFTPD 1.3.8 (stable) standalone mode STARTUP",
        Other(AT),
    ),
    (
        "proftpd",
        '192.0.2.4 UNKNOWN lab [03/Feb/2026:05:05:06 +0100] "PASS (hidden)" 230 -',
        Login(AT, "lab", "192.0.2.4"),
    ),
    (
        "proftpd",
        '192.0.2.4 UNKNOWN - [03/Feb/2026:05:05:06 +0100] "PASS (hidden)" 530 -',
        Refused(AT, "", "192.0.2.4"),
    ),
    (
        "proftpd",
        '192.0.2.4 UNKNOWN lab [03/Feb/2026:04:05:06 +0000] "STOR a.csv" 226 12',
        Transfer(AT, "lab", "192.0.2.4", "", "", upload=True),
    ),
    (
        "proftpd",
        '192.0.2.4 UNKNOWN ftp [03/Feb/2026:04:05:06 +0000] "RETR /x/a b" 226 12',
        Transfer(AT, "ftp", "192.0.2.4", "", "/x/a b", upload=False, access="a"),
    ),
    (
        "proftpd",
        '192.0.2.4 UNKNOWN lab [03/Feb/2026:04:05:06 +0000] "RETR /x" 550 -',
        Activity(AT, "lab", "192.0.2.4"),
    ),
    (
        "pure-ftpd",
        '192.0.2.4 - lab [03/Feb/2026:04:05:06 -0000] "PUT /srv/a.csv" 200 1',
        Transfer(AT, "lab", "192.0.2.4", "", "/srv/a.csv", upload=True),
    ),
    (
        "pure-ftpd",
        f"{AT} 6b085174.7cf5 lab 192.0.2.4 D 1 3 /srv/a b.csv",
        Transfer(AT, "lab", "192.0.2.4", "7cf5", "/srv/a b.csv", upload=False, seconds=3),
    ),
    (
        "pure-ftpd",
        "2026-02-03 04:05:06 192.0.2.4 []created /srv/a b.csv 226 lab 1",
        Transfer(AT, "lab", "192.0.2.4", "", "/srv/a b.csv", upload=True),
    ),
    (
        "pure-ftpd",
        f"{SYSLOG} pure-ftpd[9]: (?@192.0.2.4) [INFO] lab is now logged in",
        Login(AT, "lab", "192.0.2.4", "9"),
    ),
    (
        "pure-ftpd",
        f"{SYSLOG} pure-ftpd[9]: (lab@192.0.2.4) [NOTICE] /srv//a.csv downloaded  (1 bytes, 11.51KB/sec)",
        Transfer(AT, "lab", "192.0.2.4", "9", "/srv//a.csv", upload=False),
    ),
    (
        "pure-ftpd",
        f"{SYSLOG} pure-ftpd[9]: (?@192.0.2.4) [WARNING] Authentication failed for user [x]",
        Refused(AT, "x", "192.0.2.4"),
    ),
    (
        "pure-ftpd",
        f"{SYSLOG} pure-ftpd[9]: (lab@192.0.2.4) [INFO] Logout.",
        Ended(AT, "192.0.2.4", "9"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[5]: Accepted publickey for lab from 192.0.2.4 port 51 ssh2: ED25519 {PRINT}",
        Login(AT, "lab", "192.0.2.4", "192.0.2.4:51", "process 5", PRINT),
    ),
    (
        "openssh",
        (
            f"<38>{SYSLOG} sshd-session[5]: Accepted publickey for lab from 2001:db8::1 port 51 ssh2: "
            f"ED25519-CERT {PRINT} ID anna (serial 3) CA ED25519 SHA256:zzz"
        ),
        Login(AT, "lab", "2001:db8::1", "2001:db8::1:51", "process 5", PRINT),
    ),
    (
        "openssh",
        "2026-02-03T05:05:06.250+01:00 files sshd[5]: Accepted password for lab from 192.0.2.4 port 51 ssh2",
        Login(AT, "lab", "192.0.2.4", "192.0.2.4:51", "process 5"),
    ),
    (
        "openssh",
        (
            f"{SYSLOG} sshd[5]: Failed password for invalid user root from 198.51.100.1 port 1 ssh2 "
            "from 192.0.2.4 port 51 ssh2"
        ),
        Refused(AT, "root from 198.51.100.1 port 1 ssh2", "192.0.2.4"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[5]: Failed none for invalid user decoy from 192.0.2.4 port 51 ssh2",
        Contact(AT, "192.0.2.4"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[6]: Disconnected from user lab 192.0.2.4 port 51",
        Ended(AT, "192.0.2.4", "192.0.2.4:51"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[6]: Received disconnect from 192.0.2.4 port 51:11: disconnected by user",
        Ended(AT, "192.0.2.4", "192.0.2.4:51"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[6]: Connection closed by authenticating user lab 192.0.2.4 port 51 [preauth]",
        Ended(AT, "192.0.2.4", "192.0.2.4:51"),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[6]: Timeout, client not responding from user lab 192.0.2.4 port 51",
        Ended(AT, "192.0.2.4", "192.0.2.4:51", orderly=False),
    ),
    (
        "openssh",
        f"{SYSLOG} sshd[5]: pam_unix(sshd:session): session closed for user lab",
        Ended(AT, "", "process 5"),
    ),
    (
        "openssh",
        f"{SYSLOG} CRON[5]: pam_unix(cron:session): session closed for user root",
        Other(AT),
    ),
    (
        "openssh",
        f"{SYSLOG} internal-sftp[8]: session opened for local user lab from [192.0.2.4]",
        Opened(AT, "lab", "192.0.2.4", "sftp 8"),
    ),
    (
        "openssh",
        f'{SYSLOG} internal-sftp[8]: close "/in/a "b".csv" bytes read 0 written 5',
        Transfer(AT, "", "", "sftp 8", '/in/a "b".csv', upload=True),
    ),
    ("openssh", f'{SYSLOG} sftp-server[8]: close "/x" bytes read 0 written 0', Other(AT)),
    (
        "openssh",
        (
            f'{{"__REALTIME_TIMESTAMP":"{AT}123456","SYSLOG_IDENTIFIER":"sshd","_PID":"5",'
            '"MESSAGE":"Accepted password for lab from 192.0.2.4 port 51 ssh2"}'
        ),
        Login(AT, "lab", "192.0.2.4", "192.0.2.4:51", "process 5"),
    ),
    (
        "openssh",
        f'{{"__REALTIME_TIMESTAMP":"{AT}000000","SYSLOG_IDENTIFIER":"sshd","MESSAGE":[97,255]}}',
        Other(AT),
    ),
    ("openssh", '{"MESSAGE":"Accepted password for lab from 192.0.2.4 port 51 ssh2"}', None),
    ("openssh", "Accepted password for lab from 192.0.2.4 port 51 ssh2", None),
    (
        "dropbear",
        f"[30] Feb  3 04:05:06 Pubkey auth succeeded for 'lab' with ssh-ed25519 key {PRINT} from 192.0.2.4:46",
        Login(AT, "lab", "192.0.2.4", "process 30", key=PRINT),
    ),
    (
        "dropbear",
        f"{SYSLOG} dropbear[30]: Password auth succeeded for 'lab' from 2001:db8::1:46",
        Login(AT, "lab", "2001:db8::1", "process 30"),
    ),
    (
        "dropbear",
        "[30] Feb  3 04:05:06 Bad password attempt for 'lab' from 192.0.2.4:46",
        Refused(AT, "lab", "192.0.2.4"),
    ),
    (
        "dropbear",
        "[30] Feb  3 04:05:06 Exit (lab) from <192.0.2.4:46>: Disconnect received",
        Ended(AT, "192.0.2.4", "process 30"),
    ),
    (
        "dropbear",
        "[30] Feb  3 04:05:06 Child connection from 192.0.2.4:46",
        Contact(AT, "192.0.2.4"),
    ),
]


@pytest.mark.parametrize(("name", "line", "event"), CASES, ids=range(len(CASES)))
def test_a_line_is_read_as_its_program_means_it(
    name: str, line: str, event: LogEvent | None
) -> None:
    found = read(name, line)
    assert found == event
    assert type(found) is type(event)


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("line", ["", " ", "lab", "2026", "[", "{}", "[]", "\0\0", "a" * 70_000])
def test_what_is_of_no_format_is_no_event(name: str, line: str) -> None:
    assert read(name, line) is None


def moments(name: str, *lines: str, newest: datetime = NEWEST, zone: str = "UTC") -> list[str]:
    clock = LogClock(ZoneInfo(zone), newest)
    found = [parser(name, clock)(line) for line in lines]
    return [datetime.fromtimestamp(event.at, UTC).isoformat()[:16] for event in found if event]


def test_a_date_without_a_year_is_the_latest_that_the_file_can_hold() -> None:
    days = ("Feb 28 10:00:00", "Mar  1 10:00:00", "Mar  2 10:00:00", "Mar  3 10:00:00")
    lines = [f"{day} files sshd[1]: x" for day in (*days, "Dec 31 23:59:59")]
    # A line may be up to a day ahead of its file: zones differ.
    assert [each[:10] for each in moments("openssh", *lines)] == [
        "2026-02-28",
        "2026-03-01",
        "2026-03-02",
        "2025-03-03",
        "2025-12-31",
    ]


def test_a_day_that_not_every_year_has_is_found_in_a_year_that_has_it() -> None:
    assert moments("openssh", "Feb 29 10:00:00 files sshd[1]: x") == ["2024-02-29T10:00"]
    assert moments("openssh", "Feb 30 10:00:00 files sshd[1]: x") == []


def test_local_times_are_read_in_the_declared_zone_over_a_change_of_clocks() -> None:
    line = "{} 1 192.0.2.4 0 /x b _ o r lab ftp 0 * c"
    winter, summer = "Sun Mar 29 00:30:00 2026", "Sun Mar 29 12:30:00 2026"
    newest = datetime(2026, 4, 1, tzinfo=UTC)
    found = moments(
        "xferlog", line.format(winter), line.format(summer), newest=newest, zone="Europe/Paris"
    )
    assert found == ["2026-03-28T23:30", "2026-03-29T10:30"]


def test_a_told_offset_goes_before_the_declared_zone() -> None:
    line = "2026-02-03T04:05:06+00:00 files sshd[1]: x"
    assert moments("openssh", line, zone="Asia/Tokyo") == ["2026-02-03T04:05"]
    bare = "2026-02-03T04:05:06 files sshd[1]: x"
    assert moments("openssh", bare, zone="Asia/Tokyo") == ["2026-02-02T19:05"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.4", "192.0.2.4"),
        ("::ffff:192.0.2.4", "192.0.2.4"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("client.example.org", ""),
        ("", ""),
    ],
)
def test_an_address_is_written_in_one_way(text: str, found: str) -> None:
    assert address(text) == found


def test_a_shape_repeats_nothing_of_a_line() -> None:
    told = shape("secret é 42\x1b[31m\u202e" + "x" * 5_000)
    assert set(told) <= set("a9? [")
    assert len(told) <= 120


def test_headings_are_told_from_lines() -> None:
    assert is_heading("#Fields: date time c-ip")
    assert is_heading("-- Boot 0a --")
    assert not is_heading(f"{SYSLOG} sshd[1]: x")
