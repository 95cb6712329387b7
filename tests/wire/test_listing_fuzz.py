"""Listings of any bytes: no exception, no dependence on cuts, bounded memory, linear time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.listing import Entry
from scanner.wire import listing_mlsd, listing_unix
from scanner.wire.listing import MOST_LINE, MOST_RAW_BYTES, MOST_RAW_LINES, Dialect, ListingParser
from scanner.wire.listing_words import UnparsedError

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MIB = 1024 * 1024

SEEDS = (
    b"total 24",
    b"drwxr-xr-x 2 a b 4096 Jan  1  2020 ..",
    b"-rw-r--r--+ 1 two words 1 Jan  1 10:00 caf\xe9",
    b"lrwxrwxrwx 1 a b 3 2024-05-06 07:08:09.1 +0200 a -> b -> c/d",
    b"crw-rw-rw- 1 root root 1, 3 31 Jan 10:00 null",
    b"-????????? ? ? ? ? ? x",
    b"02-05-24  09:13PM       <JUNCTION>     d [C:\\x]",
    b"31.12.2024  21:13             1.234.567 e",
    b"type=file;size=1;modify=20240101000000.123;perm=adfrw;UNIX.mode=0644;unique=1U2; x",
    b"type=OS.unix=slink:/a b;size=1; y",
    b"+i8388621.48594,m825718503,/,up755,s280,\tdir",
    b"Directory DISK:[A.B]",
    b"A_LONG_NAME.EXT;12",
    b"    12/15  14-NOV-2025 10:11:12.34 [OWNER,X]  (RWED,RWED,RE,)",
    b"NAME.DIR;1  12/12  4-NOV-2025 10:11 [OWNER]  (RWED,RWED,RE,)",
    b"SHUT.DAT;1  insufficient privilege",
    b"Total of 12 files, 4/12 blocks.",
    b"ls: cannot access 'x': No such file",
    b"",
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r\r\n", b"", b"\0\r\n"])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A line of some dialect with a piece cut, doubled, or replaced."""
    line = draw(st.sampled_from(SEEDS))
    first = draw(st.integers(0, len(line)))
    last = draw(st.integers(first, len(line)))
    piece = draw(
        st.one_of(
            st.just(b""),
            st.just(line[first:last] * 2),
            st.binary(max_size=6),
            st.sampled_from([b" ", b";", b",", b"\t", b" -> ", b"9" * 30, b"/", b"\n", b"\r"]),
        )
    )
    return line[:first] + piece + line[last:]


LISTINGS = st.lists(
    st.tuples(st.one_of(mutated(), st.sampled_from(SEEDS), st.binary(max_size=80)), ENDS),
    max_size=8,
).map(lambda lines: b"".join(line + end for line, end in lines))


def fed(dialect: Dialect, pieces: list[bytes], most: int = 1000) -> ListingParser:
    parser = ListingParser(dialect, now=NOW, most=most)
    for piece in pieces:
        parser.feed(piece)
    parser.close()
    return parser


def outcome(parser: ListingParser) -> tuple[object, ...]:
    return (
        parser.entries,
        parser.itself,
        parser.unparsed,
        parser.unparsed_lines,
        parser.lines,
        parser.dots,
        parser.full,
        parser.habit,
        parser.suspect,
    )


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


@settings(max_examples=300)
@pytest.mark.parametrize("dialect", list(Dialect))
@given(data=LISTINGS, most=st.integers(0, 5), cuts=st.lists(st.integers(0, 600), max_size=4))
def test_where_the_bytes_are_cut_changes_nothing(
    dialect: Dialect, data: bytes, most: int, cuts: list[int]
) -> None:
    marks = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(marks)]
    whole = outcome(fed(dialect, [data], most))
    assert outcome(fed(dialect, bytewise(data), most)) == whole
    assert outcome(fed(dialect, pieces, most)) == whole


@settings(max_examples=300)
@pytest.mark.parametrize("dialect", list(Dialect))
@given(data=LISTINGS)
def test_every_line_is_accounted_for_and_every_name_is_a_segment(
    dialect: Dialect, data: bytes
) -> None:
    parser = fed(dialect, [data])
    for entry in parser.entries:
        assert entry.name not in {b"", b".", b".."}
        assert not set(entry.name) & set(b"/\r\n\0")
        assert (entry.precision is None) == (entry.modified is None)
        assert entry.size is None or entry.size >= 0
    assert len(parser.unparsed_lines) == min(parser.unparsed, MOST_RAW_LINES)
    assert len(parser.entries) + parser.unparsed <= parser.lines
    for line in parser.unparsed_lines:
        assert len(line.raw) <= MOST_RAW_BYTES
        assert line.errors


@settings(max_examples=100)
@given(lines=st.lists(st.sampled_from(SEEDS), max_size=6), junk=st.binary(max_size=60))
def test_a_line_is_never_lost_for_what_came_before_it(lines: list[bytes], junk: bytes) -> None:
    before = b"".join(line + b"\r\n" for line in (*lines, junk.replace(b"\n", b"")))
    sound = b"-rw-r--r-- 1 a b 1 Jan  1  2020 the-last-one\r\n"
    assert fed(Dialect.LIST, [before + sound]).entries[-1].name == b"the-last-one"


def test_the_byte_bound_cuts_at_the_same_byte_however_the_bytes_come() -> None:
    line = b"type=file; " + b"x" * 500 + b"\n"
    data = line * (2 * MIB // len(line))
    whole = outcome(fed(Dialect.MLSD, [data], most=2))
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    assert outcome(fed(Dialect.MLSD, pieces, most=2)) == whole


# Time and memory.

ROTTEN: dict[str, Callable[[int], bytes]] = {
    "spaces": lambda n: b"-rw-r--r-- 1 a" + b" " * n,
    "numbers": lambda n: b"-rw-r--r-- " + b"1 " * (n // 2),
    "months": lambda n: b"-rw-r--r-- 1 " + b"Jan 1 " * (n // 6),
    "arrows": lambda n: b"lrwxrwxrwx 1 a b 1 Jan 1 2020 " + b" -> " * (n // 4),
    "facts": lambda n: b"type=file;" + b"a=b;" * (n // 4) + b" x",
    "plus": lambda n: b"+" + b"i," * (n // 2) + b"\tx",
    "dos": lambda n: b"02-05-24  09:13PM       <JUNCTION>     " + b" [" * (n // 2),
    "thousands": lambda n: b"02-05-24  09:13PM " + b"1,000" * (n // 5),
    "vms": lambda n: b"A;1 " + b"privileg " * (n // 9),
    "semicolons": lambda n: b"A;1" * (n // 3),
    "parentheses": lambda n: b"A;1 1/1 14-NOV-2025 [X] (" + b"RWED," * (n // 5),
    "returns": lambda n: b"\r" * n,
}


def seconds(dialect: Dialect, data: bytes) -> float:
    """The least processor time of a few tries: what else the machine does only adds to it."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        fed(dialect, [data], most=100_000)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("rot", sorted(ROTTEN))
def test_time_grows_with_the_bytes_of_a_line_and_no_faster(dialect: Dialect, rot: str) -> None:
    # 64 KiB either way: many short lines, or eight times fewer that are eight times longer.
    short, long = (ROTTEN[rot](size) + b"\r\n" for size in (MOST_LINE // 8 - 64, MOST_LINE - 64))
    few = seconds(dialect, long * 64)
    many = seconds(dialect, short * 512)
    # Quadratic time in a line would make it eight times as much; a fixed cost per line less.
    assert few < many * 4 + 0.005


@pytest.mark.parametrize("dialect", list(Dialect))
def test_time_grows_with_the_lines_and_no_faster(dialect: Dialect) -> None:
    block = b"".join(line + b"\r\n" for line in SEEDS)
    # Sixteen times the lines: linear is 16, quadratic 256.
    assert seconds(dialect, block * 480) < 64 * seconds(dialect, block * 30)


@pytest.mark.parametrize(
    ("dialect", "most", "line"),
    [
        (
            Dialect.MLSD,
            20_000,
            b"modify=20261126020627;perm=adfr;size=2;type=file;unique=FE00U%07d; f-%07d.csv\r\n",
        ),
        (Dialect.LIST, 20_000, b"-rw-r--r-- 1 ftp ftp %d Nov 26 02:06 file-%07d.csv\r\n"),
        (Dialect.LIST, 2_000, b"nobody knows %07d what this is %07d\r\n"),
    ],
    ids=["mlsd", "unix", "junk"],
)
def test_a_million_lines_are_cut_at_the_bound_in_bounded_memory(
    dialect: Dialect, most: int, line: bytes
) -> None:
    parser = ListingParser(dialect, now=NOW, most=most)
    tracemalloc.start()
    try:
        fed_lines = 0
        for first in range(0, 1_000_000, 500):
            parser.feed(b"".join(line % (n, n) for n in range(first, first + 500)))
            fed_lines += 500
            if parser.full:
                break
        parser.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert parser.full
    assert fed_lines < 1_000_000
    assert len(parser.entries) in {0, most}
    assert peak < 30 * MIB


def mostly(usual: bytes, others: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([usual] * 8 + others.split(b"|"))


NAMES = b"..|.|a b|  a|a/|a/b|/|a -> b|a -> b -> c|Mar 03 2024 x|a\tb|\x00| "
UNUSUAL = b"7|12|007|2024|99999999999999999999|may|DEC|2024-01-02|01-02|8,|x,|10:30|a b|\xe9|-|. .|"
USUAL_LINES = st.tuples(
    st.sampled_from(b"-rw-r--r--|drwxr-xr-t|lrwxrwxrwx+|-rwsr-Sr--.|brw-rw----|-rw-".split(b"|")),
    mostly(b"1", UNUSUAL),
    mostly(b"root", UNUSUAL),
    mostly(b"www-data", UNUSUAL),
    mostly(b"1024", UNUSUAL),
    mostly(b"Mar", b"feb|May|Xyz|3"),
    mostly(b"3", b"29|31|41|031|x"),
    mostly(b"2024", b"2023|1000|10:30|25:00|9:30|10:30:11|x"),
    mostly(b"a", NAMES),
)


@settings(max_examples=1_000)
@given(words=USUAL_LINES, blank=st.sampled_from([b" ", b"  ", b"\t"]))
def test_a_usual_line_is_read_as_word_by_word(words: tuple[bytes, ...], blank: bytes) -> None:
    line = blank.join(words[:-1]) + b" " + words[-1]
    now = datetime(2024, 6, 1, tzinfo=UTC)

    assert told(listing_unix.parse, line, now) == told(listing_unix._spelt_out, line, now)


def told(
    parse: Callable[[bytes, datetime], Entry | None], line: bytes, now: datetime
) -> Entry | str | None:
    try:
        return parse(line, now)
    except UnparsedError as error:
        return str(error)


FACTS = {
    b"type": mostly(b"file", b"dir|cdir|pdir|OS.unix=slink:/a|OS.unix=slink:/a b|"),
    b"size": mostly(b"1024", b"=1|99999999999999999999|-1|"),
    b"sizd": mostly(b"4096", b"x|"),
    b"modify": mostly(b"20240301120000", b"20240230120000|20240301120000.5|20240301240000|1|"),
    b"unique": mostly(b"801U12", b"=|\xe9|801U13|"),
    b"perm": mostly(b"adfrw", b"r|1|"),
    b"UNIX.mode": mostly(b"0644", b"9|"),
    b"unix.owner": mostly(b"0", b"|ftp"),
    b"x": mostly(b"", b"modify=20200101000000|size"),
}
KEYS = st.lists(st.sampled_from([*FACTS, b"Size", b"MODIFY", b"Unique"]), max_size=7).map(
    lambda keys: [b"type", *keys]
)


@st.composite
def mlsd_lines(draw: st.DrawFn) -> list[bytes]:
    """Lines of a few layouts, some with a fact spelt otherwise or the end of the facts lacking."""
    layouts = draw(st.lists(KEYS, min_size=1, max_size=2))
    lines = []
    for _ in range(draw(st.integers(2, 6))):
        facts = []
        for key in draw(st.sampled_from(layouts)):
            value = draw(FACTS[key if key in FACTS else key.lower()])
            spelt = draw(st.sampled_from([key] * 12 + [key.swapcase(), b"size", b"type", b""]))
            facts.append(spelt + draw(mostly(b"=", b";|==| =")) + value + b";")
        lines.append(b"".join(facts) + draw(mostly(b" ", b"|  |;| ; ")) + draw(mostly(b"a", NAMES)))
    return lines


@settings(max_examples=300)
@given(lines=mlsd_lines())
def test_a_line_of_a_layout_that_was_learnt_is_read_as_any_other(lines: list[bytes]) -> None:
    for line in lines:
        one_by_one = told(lambda line, _: listing_mlsd._fact_by_fact(line), line, NOW)
        assert told(listing_mlsd.parse, line, NOW) == one_by_one


def test_nothing_is_learnt_of_lines_that_no_server_writes() -> None:
    for count in range(100):
        listing_mlsd.parse(b"type=file;" + b"x=y;" * count + b" a", NOW)
    assert 0 < len(listing_mlsd._LAYOUTS) <= listing_mlsd._MOST_FACTS
