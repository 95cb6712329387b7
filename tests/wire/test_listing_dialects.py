"""The dialects of LIST one by one, and what tells a forged line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing import (
    MOST_LINE,
    MOST_RAW_BYTES,
    MOST_RAW_LINES,
    Dialect,
    ListingParser,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def parse(data: bytes, dialect: Dialect = Dialect.LIST, most: int = 1000) -> ListingParser:
    parser = ListingParser(dialect, now=NOW, most=most)
    parser.feed(data)
    parser.close()
    return parser


def one(line: bytes, dialect: Dialect = Dialect.LIST) -> Entry:
    parser = parse(line + b"\r\n", dialect)
    assert (parser.unparsed, parser.suspect) == (0, ())
    (entry,) = parser.entries
    return entry


# Unix.


@pytest.mark.parametrize(
    ("line", "size", "when", "precision"),
    [
        (b"-rw-r--r-- 1 0 5 Nov 22 06:31 x", 5, (2025, 11, 22, 6, 31), Precision.MINUTE),
        (b"-rw-r--r-- 1 a may 5 Nov 22 2024 x", 5, (2024, 11, 22), Precision.DAY),
        (b"-rw-r--r-- 1 42 may 5 Nov 22 2024 x", 5, (2024, 11, 22), Precision.DAY),
        (b"-rw-r--r-- 1 a b 531 29 Jan 03:26 x", 531, (2026, 1, 29, 3, 26), Precision.MINUTE),
        (b"-rw-r--r-- 1 a b 531  9 Jan  2020 x", 531, (2020, 1, 9), Precision.DAY),
        (b"-rw-r--r-- 1 a b 7 2024-05-06 07:08 x", 7, (2024, 5, 6, 7, 8), Precision.MINUTE),
        (b"-rw-r--r-- 1 a b 7 2024-05-06 07:08:09 x", 7, (2024, 5, 6, 7, 8, 9), Precision.SECOND),
        (b"-rw-r--r-- 1 a b 7 05-06 07:08 x", 7, (2025, 5, 6, 7, 8), Precision.MINUTE),
        (b"-rw-r--r-- 1 a b 7 05-06 2023 x", 7, (2023, 5, 6), Precision.DAY),
        (b"-rw-r--r-- 1 a b 7 2024-05-06  x", 7, (2024, 5, 6), Precision.DAY),
        (b"-rw-r--r-- 7 Jan  1  2020 x", 7, (2020, 1, 1), Precision.DAY),
        (b"-rw-r--r-- 1 domain users of x 7 Jan  1  2020 x", 7, (2020, 1, 1), Precision.DAY),
    ],
)
def test_unix_dates_in_their_variants(
    line: bytes, size: int, when: tuple[int, ...], precision: Precision
) -> None:
    entry = one(line)
    year, month, day, *clock = when
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    told = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    assert (entry.name, entry.size, entry.modified) == (b"x", size, told)
    assert (entry.precision, entry.zone_known) == (precision, False)


def test_a_full_iso_date_tells_its_zone() -> None:
    entry = one(b"-rw-r--r-- 1 a b 7 2024-05-06 01:08:09.123456789 +0200 x")
    assert entry.modified == datetime(2024, 5, 5, 23, 8, 9, tzinfo=UTC)
    assert (entry.precision, entry.zone_known, entry.name) == (Precision.SECOND, True, b"x")


def test_marks_after_the_mode() -> None:
    assert one(b"-rw-rw----+ 1 a b 1 Jan  1  2020 x").acl
    for mark in (b".", b"@", b""):
        entry = one(b"-rw-rw----" + mark + b" 1 a b 1 Jan  1  2020 x")
        assert (entry.acl, entry.mode) == (False, 0o660)


def test_owner_and_group_are_told_where_each_is_a_word() -> None:
    entry = one(b"-rw-r--r-- 1 1001 2002 5 Nov 22 06:31 x")
    assert (entry.owner, entry.group) == ("1001", "2002")
    assert one(b"-rw-r--r-- 1 ann 5 Nov 22 06:31 x").group is None
    assert one(b"-rw-r--r-- 1 two words three 5 Nov 22 06:31 x").group is None


@pytest.mark.parametrize("numbers", [b"1, 3", b"1,3", b"10,   200"])
def test_a_device_has_two_numbers_and_no_size(numbers: bytes) -> None:
    entry = one(b"crw-rw-rw- 1 root wheel " + numbers + b" Jan  1  2020 null")
    assert (entry.name, entry.kind, entry.size) == (b"null", EntryKind.OTHER, None)
    assert (entry.owner, entry.group) == ("root", "wheel")


@pytest.mark.parametrize("total", [b"total 0", b"total 12K", b"Total 1.5M", b"insgesamt 8"])
def test_a_total_is_no_entry(total: bytes) -> None:
    parser = parse(total + b"\r\n-rw-r--r-- 1 a b 1 Jan  1  2020 x\r\n")
    assert (len(parser.entries), parser.unparsed, parser.dots) == (1, 0, False)


def test_an_entry_that_ls_may_only_name_is_kept() -> None:
    entry = one(b"d????????? ? ?    ?       ?            ? barred folder")
    assert entry == Entry(name=b"barred folder", kind=EntryKind.DIRECTORY, zone_known=False)


def test_a_slash_after_a_directory_is_a_mark() -> None:
    assert one(b"drwxr-xr-x 2 a b 4096 Jan  1  2020 pub/").name == b"pub"


@pytest.mark.parametrize("year", [b"0001", b"1899", b"9999"])
def test_a_year_of_no_file_is_no_date(year: bytes) -> None:
    assert one(b"-rw-r--r-- 1 a b 1 Jan  1  " + year + b" x").modified is None
    assert one(b"type=file;modify=" + year + b"0101000000; x", Dialect.MLSD).modified is None


# DOS.


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"02-05-24  09:13PM                   12 x", (2024, 2, 5, 21, 13)),
        (b"02-05-24  12:13AM                   12 x", (2024, 2, 5, 0, 13)),
        (b"02-05-2024  12:13PM                 12 x", (2024, 2, 5, 12, 13)),
        (b"02-05-69  21:13                     12 x", (2069, 2, 5, 21, 13)),
        (b"02-05-71  21:13                     12 x", (1971, 2, 5, 21, 13)),
        (b"02/05/2024  09:13 PM                12 x", (2024, 2, 5, 21, 13)),
        (b"2024-02-05  09:13p                  12 x", (2024, 2, 5, 21, 13)),
        (b"05.02.2024  21:13                   12 x", (2024, 2, 5, 21, 13)),
        (b"25-02-24  21:13                     12 x", (2024, 2, 25, 21, 13)),
    ],
)
def test_dos_dates_in_their_variants(line: bytes, when: tuple[int, int, int, int, int]) -> None:
    entry = one(line)
    year, month, day, hour, minute = when
    assert entry.modified == datetime(year, month, day, hour, minute, tzinfo=UTC)
    assert (entry.name, entry.size, entry.zone_known) == (b"x", 12, False)


@pytest.mark.parametrize(
    "size",
    [b"1,234,567", b"1.234.567", b"1'234'567", b"1\xa0234\xa0567", b"1\xc2\xa0234\xc2\xa0567"],
)
def test_dos_sizes_may_part_their_thousands(size: bytes) -> None:
    assert one(b"02-05-24  09:13PM     " + size + b" x").size == 1_234_567


def test_dos_marks() -> None:
    start = b"02-05-24  09:13PM       "
    assert one(start + b"<DIR>          a b").kind is EntryKind.DIRECTORY
    junction = one(start + b"<JUNCTION>     old [C:\\Users\\x]")
    assert (junction.kind, junction.name) == (EntryKind.LINK, b"old")
    assert junction.link_target == b"C:\\Users\\x"
    link = one(start + b"<SYMLINKD>     to")
    assert (link.kind, link.name, link.link_target) == (EntryKind.LINK, b"to", None)


# MLSD.


def test_mlsd_facts_of_two_servers() -> None:
    entry = one(
        b"modify=20261126020627;perm=flcdmpe;type=dir;unique=FE00U20C03A;UNIX.group=7;"
        b"UNIX.groupname=ftp;UNIX.mode=0755;UNIX.owner=0; in",
        Dialect.MLSD,
    )
    assert (entry.perm, entry.writable) == ("flcdmpe", True)
    assert (entry.owner, entry.group, entry.zone_known) == ("0", "ftp", True)
    other = one(b"type=dir;sizd=4096;modify=20261126020710;UNIX.mode=0755; d", Dialect.MLSD)
    assert (other.size, other.precision) == (4096, Precision.SECOND)


def test_a_link_target_among_the_facts_may_hold_spaces() -> None:
    entry = one(b"type=OS.unix=slink:/a b/c;size=3; the name", Dialect.MLSD)
    assert (entry.name, entry.link_target, entry.size) == (b"the name", b"/a b/c", 3)


def test_odd_permissions_claim_nothing() -> None:
    entry = one(b"type=file;perm=w\x1b[2J; x", Dialect.MLSD)
    assert (entry.perm, entry.writable) == ("", False)


# EPLF.


def test_eplf_lines_are_read() -> None:
    file = one(b"+i8388621.48594,m825718503,r,s280,\tdjb.html")
    assert file == Entry(
        name=b"djb.html",
        kind=EntryKind.FILE,
        size=280,
        modified=datetime(1996, 3, 1, 22, 15, 3, tzinfo=UTC),
        precision=Precision.SECOND,
        identity="8388621.48594",
    )
    folder = one(b"+i8388621.50690,m824255907,/,up755,\t514")
    assert (folder.kind, folder.mode, folder.zone_known) == (EntryKind.DIRECTORY, 0o755, True)
    assert one(b"+\tbare").kind is EntryKind.OTHER
    assert one(b"+m99999999999999,r,\tfar").modified is None
    assert parse(b"+/,\t.\r\n").dots


# VMS.

VMS = (
    b"\r\nDirectory DISK$USER:[ANONYMOUS]\r\n\r\n"
    b"00README.TXT;2         2/3     14-NOV-2025 10:11:12  [ANONYMOUS]  (RWED,RWED,RE,)\r\n"
    b"00README.TXT;1         1/3      4-NOV-2025 10:11  [1,4]  (RWED,RWED,RE,RW)\r\n"
    b"PUB.DIR;1              1/3     14-NOV-2025 10:11:12.34  [SYS,OWNER]  (RWE,RWE,RE,RE)\r\n"
    b"A_RATHER_LONG_NAME_FOR_ITS_COLUMN.DAT;1\r\n"
    b"                       0/0     14-NOV-2025 10:11:12  [ANONYMOUS]  (RWED,RWED,RE,)\r\n"
    b"SHUT.DAT;1   insufficient privilege or object protection violation\r\n"
    b"000000.DIR;1           1/3     14-NOV-2025 10:11:12  [1,1]  (RWED,RWED,RE,)\r\n"
    b"\r\nTotal of 5 files, 4/12 blocks.\r\n"
)


def test_a_vms_listing_is_read_whole() -> None:
    parser = parse(VMS)
    assert (parser.unparsed, parser.suspect, parser.habit) == (0, (), "vms")
    newest, older, folder, long, shut = parser.entries
    assert newest == Entry(
        name=b"00README.TXT",
        kind=EntryKind.FILE,
        modified=datetime(2025, 11, 14, 10, 11, 12, tzinfo=UTC),
        precision=Precision.SECOND,
        mode=0o750,
        owner="ANONYMOUS",
        zone_known=False,
    )
    assert (older.name, older.precision, older.mode) == (
        b"00README.TXT;1",
        Precision.MINUTE,
        0o756,
    )
    assert (folder.name, folder.kind, folder.owner) == (b"PUB", EntryKind.DIRECTORY, "SYS,OWNER")
    assert (long.name, long.size) == (b"A_RATHER_LONG_NAME_FOR_ITS_COLUMN.DAT", 0)
    assert (shut.name, shut.modified) == (b"SHUT.DAT", None)


@pytest.mark.parametrize("name", [b"..;1", b".;1", b"..DIR;1", b"...DIR;1"])
def test_vms_names_never_become_a_parent(name: bytes) -> None:
    for entry in parse(name + b" 1/3 14-NOV-2025 10:11:12\r\n").entries:
        assert entry.name not in {b".", b"..", b""}


def test_half_a_vms_file_is_unparsed_and_costs_no_other() -> None:
    parser = parse(
        b"ALONE.DAT;1\r\nNEXT.DAT;1  1/3  14-NOV-2025 10:11:12\r\nLAST.DAT;1\r\n",
    )
    assert [entry.name for entry in parser.entries] == [b"NEXT.DAT"]
    assert [line.raw for line in parser.unparsed_lines] == [b"ALONE.DAT;1", b"LAST.DAT;1"]


# The directory itself.


@pytest.mark.parametrize(
    ("dialect", "data", "mode", "perm"),
    [
        (Dialect.LIST, b"drwxrwxrwx 2 a b 4096 Jan  1  2020 .\r\n", 0o777, ""),
        (Dialect.LIST, b"+/,up777,\t.\r\n", 0o777, ""),
        (Dialect.MLSD, b"type=cdir;perm=flcdmpe;UNIX.mode=0777; /srv/pub\r\n", 0o777, "flcdmpe"),
    ],
)
def test_a_listing_tells_of_its_own_directory(
    dialect: Dialect, data: bytes, mode: int, perm: str
) -> None:
    parent = b"drwxr-xr-x 2 a b 4096 Jan  1  2020 ..\r\n"
    parser = parse(data + (parent if dialect is Dialect.LIST else b""), dialect)
    assert parser.itself is not None
    assert (parser.itself.name, parser.itself.kind) == (b".", EntryKind.DIRECTORY)
    assert (parser.itself.mode, parser.itself.perm) == (mode, perm)
    assert (parser.entries, parser.dots) == ([], True)


# Habits, and lines that nobody explains.


def test_a_mixed_listing_loses_no_line_and_is_suspect() -> None:
    lines = (
        b"-rw-r--r-- 1 a b 1 Jan  1  2020 unix\r\n",
        b"02-05-24  09:13PM       <DIR>          dos\r\n",
        b"type=file;size=1; mlsd\r\n",
        b"+r,\teplf\r\n",
        b"VMS.TXT;1  1/3  14-NOV-2025 10:11:12\r\n",
    )
    for turn in range(len(lines)):
        parser = parse(b"".join(lines[turn:] + lines[:turn]))
        names = {entry.name for entry in parser.entries}
        assert names == {b"unix", b"dos", b"mlsd", b"eplf", b"VMS.TXT"}
        assert parser.unparsed == 0
        assert "lines of another dialect" in parser.suspect


def test_an_unknown_line_is_kept_with_what_each_dialect_missed() -> None:
    parser = parse(b"volume 7 is offline\r\n")
    (line,) = parser.unparsed_lines
    assert line.raw == b"volume 7 is offline"
    assert [error.partition(":")[0] for error in line.errors] == [
        "unix",
        "dos",
        "mlsd",
        "eplf",
        "vms",
    ]
    assert b"volume" not in repr(line).encode()
    assert parser.suspect == ()  # a remark before any entry is the server's own


def test_unknown_lines_are_kept_within_bounds() -> None:
    parser = parse((b"?" * 1000 + b"\r\n") * 50 + b"-" * (MOST_LINE + 1) + b"\r\n")
    assert parser.unparsed == 51
    assert len(parser.unparsed_lines) == MOST_RAW_LINES
    assert {len(line.raw) for line in parser.unparsed_lines} == {MOST_RAW_BYTES}
    long = parse(b"-" * (MOST_LINE + 1) + b"\r\n").unparsed_lines[0]
    assert (len(long.raw), long.errors) == (MOST_RAW_BYTES, (f"longer than {MOST_LINE} bytes",))


# Forgery: names that hold a line end.

TRUE = b"-rw-r--r--   1 0 0 2 Nov 26 02:06 "
FACTS = b"modify=20251126020627;perm=adfr;size=2;type=file;unique=FE00U20C03A; "


@pytest.mark.parametrize(
    ("dialect", "data", "why"),
    [
        (
            Dialect.LIST,
            TRUE + b"a\r\n" + TRUE + b"w\n" + TRUE + b"forged.sql\r\n",
            "line ends of two kinds",
        ),
        (
            Dialect.LIST,
            TRUE + b"a\n" + TRUE + b"w\r\n" + TRUE + b"forged.sql\n",
            "line ends of two kinds",
        ),
        (Dialect.LIST, TRUE + b"x\r\nline2\r\n", "unexplained lines among others"),
        (Dialect.LIST, TRUE + b"x\r\ntype=file; forged\r\n", "lines of another dialect"),
        (
            Dialect.MLSD,
            FACTS + b"x\r\ntype=file;size=7; forged\r\n",
            "entries without an identity",
        ),
        (Dialect.MLSD, FACTS + b"x\nline\r\n", "line ends of two kinds"),
        (
            Dialect.MLSD,
            FACTS + b"z\r\r\n" + FACTS + b"x\r\nq\r\n",
            "unexplained lines among others",
        ),
    ],
)
def test_what_speaks_for_a_forged_line_is_told(dialect: Dialect, data: bytes, why: str) -> None:
    assert why in parse(data, dialect).suspect


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_honest_listing_is_not_suspect(end: bytes) -> None:
    lines = b"ls: cannot open 'x'" + end + b"total 4" + end + (TRUE + b"a" + end) * 3
    assert parse(lines).suspect == ()
    assert parse(lines + TRUE[:20]).suspect == ()  # what a lost connection cut is no forgery
    assert parse((FACTS + b"a" + end) * 3, Dialect.MLSD).suspect == ()
