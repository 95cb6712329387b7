from __future__ import annotations

import pytest

from scanner.model.listing import Entry, EntryKind, Listing, Outcome, UnparsedLine
from scanner.model.mask import shape
from scanner.model.view import WritableSigns
from scanner.probes.signs import (
    MOST_SHAPES,
    claims_writable,
    links_outside,
    shapes,
    with_writing_signs,
    writable_signs,
)
from tests.probes.memory_tree import a_directory, a_file


def a_link(name: bytes, target: bytes | None) -> Entry:
    return Entry(name=name, kind=EntryKind.LINK, link_target=target, mode=0o777, acl=True)


def test_each_sign_of_writing_is_counted_by_itself() -> None:
    signs = writable_signs(
        [
            a_directory(b"a", writable=True, perm="flcdmpe", mode=None),
            a_file(b"b", writable=True, perm="adfr", mode=0o666),
            a_file(b"c", writable=False, perm="r", mode=0o664),
            a_file(b"d", mode=0o644, acl=True),
            a_link(b"e", b"x"),
        ]
    )
    assert signs == WritableSigns(perm=2, perm_letters="acdfmp", others=1, group=2, acl=1)


def test_what_bears_no_sign_of_writing_changes_no_count() -> None:
    entries = [
        *(a_file(b"a", mode=mode) for mode in (None, 0o644, 0o646, 0o664, 0o4755)),
        *(a_file(b"b", writable=writable, perm="adr") for writable in (None, False, True)),
        *(a_file(b"c", acl=True), a_directory(b"d", writable=True), a_directory(b"e")),
        *(a_file(b"f", perm="r"), a_file(b"g", kind=EntryKind.LINK, mode=0o777, writable=True)),
    ]
    bearing = with_writing_signs(entries)
    assert len(bearing) == 8
    assert writable_signs(bearing) == writable_signs(entries)
    assert sum(map(claims_writable, bearing)) == sum(map(claims_writable, entries)) == 3


@pytest.mark.parametrize(
    ("target", "outside"),
    [
        (b"x.csv", False),
        (b"./deep/../x.csv", False),
        (b"dangling", False),
        (b"../pub/x.csv", False),
        (b"/pub", False),
        (b"/", False),
        (b"/pub/deep/unlisted/y", False),
        (b"../../etc/passwd", True),
        (b"../..", True),
        (b"/etc/passwd", True),
        (b"/pub/nowhere/y", True),
        (None, False),
    ],
)
def test_a_link_leads_out_where_the_listings_show_no_way_to_its_target(
    target: bytes | None, *, outside: bool
) -> None:
    pub = (a_file(b"x.csv"), a_directory(b"deep"), a_link(b"link", target))
    listings = {
        b"/": Listing(outcome=Outcome.LISTED, entries=(a_directory(b"pub"),)),
        b"/pub": Listing(outcome=Outcome.LISTED, entries=pub),
    }
    assert links_outside(listings) == outside


def test_below_a_home_everything_else_is_outside() -> None:
    home = (a_link(b"a", b"/home/ann/x"), a_link(b"b", b"/home/bob/x"), a_link(b"c", b"../bob"))
    listings = {b"/home/ann": Listing(outcome=Outcome.LISTED, entries=home)}
    assert links_outside(listings) == 2


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (b"-rw-r--r-- 1 ann 265 Nov 22 Jeanne.csv", "-aa-a--a-- 9 aaa 999 aaa 99 aaaaaa.aaa"),
        (b"caf\xe9\x1b[2J\t\x00", "aaaa?[9a??"),
        ("é1\u202e".encode(), "aa9aaa"),
        (b"x" * 500, "a" * 80),
    ],
)
def test_a_shape_holds_nothing_of_what_a_line_says(line: bytes, masked: str) -> None:
    assert shape(line) == masked


def test_shapes_are_told_once_and_bounded() -> None:
    lines = tuple(UnparsedLine(b"?" * n, ("unix: no mode",)) for n in range(1, 40))
    same = tuple(UnparsedLine(b"Smith 1%d" % n, ()) for n in range(5))
    listing = Listing(outcome=Outcome.LISTED, unparsed=44, unparsed_lines=(*same, *lines))
    found = shapes([listing, listing])
    assert found[:2] == ("aaaaa 99", "?")
    assert len(found) == MOST_SHAPES
