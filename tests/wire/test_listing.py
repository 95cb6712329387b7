from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.wire.listing import MOST_LINE, Dialect, ListingParser

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def parse(data: bytes, dialect: Dialect = Dialect.LIST, most: int = 1000) -> ListingParser:
    parser = ListingParser(dialect, now=NOW, most=most)
    parser.feed(data)
    parser.close()
    return parser


def one(line: bytes, dialect: Dialect = Dialect.LIST) -> Entry:
    parser = parse(line + b"\r\n", dialect)
    assert parser.unparsed == 0
    (entry,) = parser.entries
    return entry


def test_a_unix_line_is_read_whole() -> None:
    entry = one(b"-rw-r--r--    1 1000     users         265 Nov 22 06:31 members.csv")
    assert entry == Entry(
        name=b"members.csv",
        kind=EntryKind.FILE,
        size=265,
        modified=datetime(2025, 11, 22, 6, 31, tzinfo=UTC),
        precision=Precision.MINUTE,
        mode=0o644,
        owner="1000",
        group="users",
        zone_known=False,
    )


def test_a_date_with_its_year_is_known_to_the_day() -> None:
    entry = one(b"drwxrwsrwt   2 root root 4096 Feb 29  2024 shared")
    assert (entry.modified, entry.precision) == (datetime(2024, 2, 29, tzinfo=UTC), Precision.DAY)
    assert (entry.kind, entry.mode) == (EntryKind.DIRECTORY, 0o3777)


def test_the_year_of_a_recent_date_does_not_lie_ahead() -> None:
    assert one(b"-rw-r--r-- 1 a b 1 Mar 10 13:00 x").modified == datetime(
        2026, 3, 10, 13, 0, tzinfo=UTC
    )
    assert one(b"-rw-r--r-- 1 a b 1 Mar 12 13:00 x").modified == datetime(
        2025, 3, 12, 13, 0, tzinfo=UTC
    )
    assert one(b"-rw-r--r-- 1 a b 1 Feb 29 13:00 x").modified == datetime(
        2024, 2, 29, 13, 0, tzinfo=UTC
    )


def test_an_impossible_date_is_no_date() -> None:
    entry = one(b"-rw-r--r-- 1 a b 1 Feb 31 13:00 x")
    assert (entry.modified, entry.precision, entry.name) == (None, None, b"x")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            b"-rw-r--r-- 1 a b 1 Jan  1  2020  two leading and trailing  ",
            b" two leading and trailing  ",
        ),
        (b"-rw-r--r-- 1 a b 1 Jan  1  2020 caf\xe9.txt", b"caf\xe9.txt"),
        (b"-rw-r--r-- 1 domain users staff 1 Jan  1  2020 x", b"x"),
        (b"-rw-r--r-- 1 a 1 Jan  1  2020 no group", b"no group"),
        (b"-rw-r--r--+ 1 a b 1 Jan  1  2020 acl", b"acl"),
        (b"-rw-r--r-- 1 a b 1 2020-01-01 10:00 iso day", b"iso day"),
        (b"-rw-r--r-- 1 a b 1 Jan  1  2020 7 Feb  2  2021 tricky", b"7 Feb  2  2021 tricky"),
        (b"-rw-r--r-- 1 a b 1 Jan  1  2020 ...", b"..."),
    ],
)
def test_names_are_kept_byte_for_byte(line: bytes, name: bytes) -> None:
    assert one(line).name == name


def test_links_tell_their_targets() -> None:
    entry = one(b"lrwxrwxrwx 1 a b 6 Jan  1  2020 back -> ../../")
    assert (entry.kind, entry.name, entry.link_target) == (EntryKind.LINK, b"back", b"../../")
    odd = one(b"lrwxrwxrwx 1 a b 3 Jan  1  2020 a -> b -> c/d")
    assert (odd.name, odd.link_target) == (b"a -> b", b"c/d")
    assert one(b"lrwxrwxrwx 1 a b 3 Jan  1  2020 bare").link_target is None


def test_a_device_has_no_size() -> None:
    entry = one(b"crw-rw-rw- 1 root root 1, 3 Jan  1  2020 null")
    assert (entry.kind, entry.size) == (EntryKind.OTHER, None)


@pytest.mark.parametrize(
    ("letters", "mode"),
    [
        (b"rwsr-xr-x", 0o4755),
        (b"rwSr--r--", 0o4644),
        (b"rwxr-sr-x", 0o2755),
        (b"rwxrwxrwT", 0o1776),
        (b"---------", 0),
    ],
)
def test_special_bits_are_read(letters: bytes, mode: int) -> None:
    assert one(b"-" + letters + b" 1 a b 1 Jan  1  2020 x").mode == mode


def test_totals_and_the_two_dots_are_no_entries() -> None:
    parser = parse(
        b"total 24\r\ndrwxr-xr-x 2 a b 4096 Jan  1  2020 .\r\ndrwxr-xr-x 2 a b 4096 Jan  1  2020 ..\r\n"
    )
    assert (parser.entries, parser.unparsed, parser.lines, parser.dots) == ([], 0, 3, True)


def test_a_total_alone_shows_no_dots() -> None:
    assert not parse(b"total 0\r\n").dots


def test_a_line_that_nobody_explains_is_counted_and_costs_no_other() -> None:
    parser = parse(
        b"ls: cannot access 'x': No such file\r\n-rw-r--r-- 1 a b 1 Jan  1  2020 kept\r\n"
        b"-rw-r--r-- 1 a b 1 Jan  1  2020 sl/ash\r\n-rw-r--r-- 1 a b 1 Jan  1  2020 c\rr\r\n"
        b"-rw-r--r-- 1 a b 1 Jan  1  2020 n\0l\r\n-rw-r--r-- 1 a b 1 Jan  1  2020 \r\n"
    )
    assert [entry.name for entry in parser.entries] == [b"kept"]
    assert parser.unparsed == 5


def test_the_last_line_may_lack_its_end() -> None:
    assert parse(b"-rw-r--r-- 1 a b 1 Jan  1  2020 x").entries[0].name == b"x"


def test_dos_lines_are_read() -> None:
    folder = one(b"02-05-24  09:13PM       <DIR>          Program Files")
    assert (folder.name, folder.kind, folder.size) == (b"Program Files", EntryKind.DIRECTORY, None)
    assert folder.modified == datetime(2024, 2, 5, 21, 13, tzinfo=UTC)
    file = one(b"12-31-1999  12:00AM             12345  leading")
    assert (file.name, file.size, file.precision) == (b" leading", 12345, Precision.MINUTE)
    assert file.modified == datetime(1999, 12, 31, 0, 0, tzinfo=UTC)


def test_mlsd_lines_are_read() -> None:
    entry = one(
        b"type=file;size=265;modify=20260309080706.123;perm=adfr;UNIX.mode=0640;"
        b"UNIX.ownername=daemon;unique=FE00U21; a name; with=facts ",
        Dialect.MLSD,
    )
    assert entry == Entry(
        name=b"a name; with=facts ",
        kind=EntryKind.FILE,
        size=265,
        modified=datetime(2026, 3, 9, 8, 7, 6, tzinfo=UTC),
        precision=Precision.SECOND,
        mode=0o640,
        owner="daemon",
        identity="FE00U21",
        writable=True,
        perm="adfr",
    )


def test_mlsd_kinds_and_claims() -> None:
    assert one(b"Type=dir;Perm=el; d", Dialect.MLSD).writable is False
    assert one(b"type=dir; d", Dialect.MLSD).writable is None
    assert one(b"type=OS.unix=slink:/t/arget; l", Dialect.MLSD).link_target == b"/t/arget"
    assert one(b"type=OS.unix=symlink; l", Dialect.MLSD).kind is EntryKind.LINK
    assert one(b"type=OS.unix=chr-13/29; c", Dialect.MLSD).kind is EntryKind.OTHER


def test_mlsd_drops_the_directory_itself_and_its_parent() -> None:
    parser = parse(
        b"type=cdir; /\r\ntype=pdir; ..\r\ntype=dir; .\r\ntype=dir; in\r\n", Dialect.MLSD
    )
    assert [entry.name for entry in parser.entries] == [b"in"]
    assert (parser.unparsed, parser.dots) == (0, True)


@pytest.mark.parametrize(
    "line",
    [
        b"no facts",
        b"type=file;",
        b"type=file;size=1 unterminated",
        b"size=1; x",
        b"type=file; a/b",
        b" bare",
        b"type=file; ",
    ],
)
def test_mlsd_lines_without_sense_are_counted(line: bytes) -> None:
    parser = parse(line + b"\r\n", Dialect.MLSD)
    assert (parser.entries, parser.unparsed) == ([], 1)


def test_odd_facts_are_left_out() -> None:
    entry = one(
        b"type=file;size=12x;modify=20261399000000;UNIX.mode=9;unique=\x1b; x", Dialect.MLSD
    )
    assert (entry.size, entry.modified, entry.mode, entry.identity) == (None, None, None, "\\x1b")


@pytest.mark.parametrize(
    ("told", "when"),
    [
        (b"20240229235959", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        (b"19000101000000", datetime(1900, 1, 1, tzinfo=UTC)),
        (b"89991231235959.123456789", datetime(8999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"18991231235959", None),
        (b"90000101000000", None),
        (b"20230229000000", None),
        (b"20240301240000", None),
        (b"20240301235960", None),
        (b"20240301120000.", None),
        (b"20240301120000.1234567890", None),
        (b"2024030112000", None),
        (b"202403011200000", None),
        (b"2024030112000\xb2", None),
        (b"20240301x20000", None),
        (b"", None),
    ],
)
def test_a_moment_of_mlsd_is_fourteen_digits_of_a_calendar(
    told: bytes, when: datetime | None
) -> None:
    assert one(b"type=file;modify=" + told + b"; x", Dialect.MLSD).modified == when


def test_entries_are_bounded() -> None:
    parser = parse(b"type=file; x\r\n" * 50, Dialect.MLSD, most=10)
    assert (len(parser.entries), parser.full) == (10, True)
    exact = parse(b"type=file; x\r\n" * 10, Dialect.MLSD, most=10)
    assert (len(exact.entries), exact.full) == (10, False)


def test_a_long_line_costs_itself_only() -> None:
    parser = parse(b"-" * (MOST_LINE * 3) + b"\r\n-rw-r--r-- 1 a b 1 Jan  1  2020 x\r\n")
    assert ([entry.name for entry in parser.entries], parser.unparsed) == ([b"x"], 1)


def test_bytes_are_bounded_even_without_lines() -> None:
    parser = ListingParser(Dialect.LIST, now=NOW, most=1)
    for _ in range(40):
        parser.feed(b"x" * 65_536)
    assert parser.full


LINES = st.sampled_from(
    [
        b"total 4\r\n",
        b"drwxr-xr-x 2 a b 4096 Jan  1  2020 ..\r\n",
        b"-rw-r--r-- 1 a b 1 Jan  1 10:00 caf\xe9\n",
        b"02-05-24  09:13PM       <DIR>          d\r\n",
        b"type=file;size=1; x\r\n",
        b"\r\n",
        b"junk\r\n",
    ]
)


@pytest.mark.parametrize("dialect", list(Dialect))
@given(lines=st.lists(LINES, max_size=8))
def test_a_cut_at_every_byte_changes_nothing(dialect: Dialect, lines: list[bytes]) -> None:
    data = b"".join(lines)
    bytewise = ListingParser(dialect, now=NOW, most=100)
    for index in range(len(data)):
        bytewise.feed(data[index : index + 1])
    bytewise.close()
    whole = parse(data, dialect)
    assert (bytewise.entries, bytewise.unparsed) == (whole.entries, whole.unparsed)


@pytest.mark.parametrize("dialect", list(Dialect))
@given(
    data=st.binary(max_size=300),
    head=st.sampled_from([b"", b"-rw-r--r-- 1 a b 1 ", b"type=file;", b"02-05-24 "]),
)
def test_any_bytes_give_entries_that_are_safe_segments(
    dialect: Dialect, data: bytes, head: bytes
) -> None:
    for entry in parse(head + data, dialect).entries:
        assert entry.name not in {b"", b".", b".."}
        assert not set(entry.name) & set(b"/\r\n\0")


def test_the_first_line_that_is_no_entry_is_kept_shortened() -> None:
    told = parse(b"total 0\r\n.: Permission denied\r\nmore\r\n").unparsed_lines
    assert [line.raw for line in told] == [b".: Permission denied", b"more"]
