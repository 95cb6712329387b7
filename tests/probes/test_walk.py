# ruff: noqa: ARG002 - trees take the arguments of the protocol

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.content import ContentFacts, DateRange
from scanner.model.listing import Entry, EntryKind, Listing, Outcome, UnparsedLine
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Areas, Limits, Migration, Target
from scanner.model.view import Unread, View, WritableSigns, Zone
from scanner.probes.places import Order
from scanner.probes.sampling import ordered_dates
from scanner.probes.walk import MOST_FILE_FACTS, observe_view
from tests.probes.memory_tree import (
    NOW,
    PERSONAL,
    MarkExaminer,
    MemoryTree,
    a_context,
    a_directory,
    a_file,
    tree_of,
)

LAB = Target(host="ftp.example.org", asset="lab")


def target(**changes: object) -> Target:
    return replace(LAB, **changes)  # type: ignore[arg-type]


async def view(tree: object, of: Target = LAB, **changes: object) -> View:
    reading = await observe_view(
        tree,  # type: ignore[arg-type]
        username="lab",
        encrypted=True,
        context=a_context(of, **changes),
    )
    assert isinstance(reading, Observed)
    return reading.value


def order(*paths: str, **facts: object) -> Migration:
    return Migration(order_id="MIG-7", paths=paths, **facts)  # type: ignore[arg-type]


async def test_a_whole_walk_counts_everything_and_says_it_is_complete() -> None:
    seen = await view(tree_of({"/a/x.csv": b"12345", "/a/b/y.txt": b"1", "/z": b"22"}))

    assert seen.root is Outcome.LISTED
    assert seen.walk.complete
    assert (seen.walk.directories, seen.walk.entries, seen.walk.bytes) == (3, 5, 8)
    assert (seen.walk.eligible, seen.walk.sampled) == (3, 3)
    assert {fact.extension for fact in seen.walk.files} == {"csv", "txt", ""}


async def test_a_first_listing_that_cannot_be_asked_for_is_returned_as_it_is() -> None:
    silent = Unobserved(Reason.TIMEOUT, "no answer in time")
    tree = MemoryTree({b"/": silent})

    reading = await observe_view(
        tree,
        username="lab",
        encrypted=False,
        context=a_context(target(areas=Areas(public=("/pub",)))),
    )

    assert reading == silent
    assert tree.asked == [b"/"]


async def test_without_any_time_left_nothing_is_asked_and_nothing_claimed() -> None:
    tree = MemoryTree({b"/": (a_file(b"x.csv"),)})

    reading = await observe_view(
        tree, username="lab", encrypted=True, context=a_context(LAB), seconds=0
    )

    assert isinstance(reading, Unobserved)
    assert reading.reason is Reason.TIME_BUDGET
    assert tree.asked == []


async def test_a_denied_home_is_an_observation_and_the_declared_areas_are_still_asked() -> None:
    tree = MemoryTree({b"/": Outcome.DENIED, b"/pub": (a_file(b"x.csv"),)})

    seen = await view(tree, target(areas=Areas(public=("/pub",))))

    assert seen.root is Outcome.DENIED
    assert seen.walk.stopped == ("denied",)
    assert seen.walk.areas[0].outcome == Observed(Outcome.LISTED)
    assert seen.walk.areas[0].entries == 1


async def test_a_denied_directory_leaves_the_walk_incomplete() -> None:
    tree = MemoryTree(
        {b"/": (a_directory(b"a"), a_directory(b"b")), b"/a": Outcome.DENIED, b"/b": ()}
    )

    assert (await view(tree)).walk.stopped == ("denied",)


async def test_a_home_that_is_missing_leaves_the_walk_incomplete() -> None:
    seen = await view(MemoryTree({}, home=b"/home"))

    assert seen.root is Outcome.MISSING
    assert seen.walk.stopped == ("missing",)


async def test_a_directory_that_its_parent_listed_and_that_is_missing_cuts_the_walk() -> None:
    assert (await view(MemoryTree({b"/": (a_directory(b"a"),)}))).walk.stopped == ("missing",)


@pytest.mark.parametrize("listed", [False, True])
async def test_a_missing_area_or_order_cuts_the_walk_only_if_a_listing_told_of_it(
    *, listed: bool
) -> None:
    told = (a_directory(b"pub"), a_directory(b"in")) if listed else ()
    declared = target(areas=Areas(public=("/pub",)), migrations=(order("/in/*"),))

    seen = await view(MemoryTree({b"/": told}), declared)

    assert seen.walk.areas[0].outcome == Observed(Outcome.MISSING)
    assert not seen.walk.orders[0].found
    assert seen.walk.stopped == (("missing",) if listed else ())


async def test_a_lost_connection_keeps_what_was_seen() -> None:
    tree = tree_of({"/a/x.csv": b"1", "/b/y.csv": b"1", "/c/z.csv": b"1"})
    tree.lost_after = 2

    seen = await view(tree)

    assert seen.walk.stopped == ("connection-lost",)
    assert seen.walk.directories == 2
    assert len(seen.walk.files) == 1


async def test_one_directory_without_an_answer_does_not_end_the_walk() -> None:
    tree = MemoryTree(
        {
            b"/": (a_directory(b"a"), a_directory(b"b")),
            b"/a": Unobserved(Reason.TIMEOUT),
            b"/b": (a_file(b"x"),),
        }
    )

    seen = await view(tree)

    assert seen.walk.stopped == ("timeout",)
    assert len(seen.walk.files) == 1


async def test_three_directories_in_a_row_without_an_answer_end_the_walk() -> None:
    names = [bytes([letter]) for letter in b"abcdefgh"]
    silent = {b"/" + name: Unobserved(Reason.TIMEOUT) for name in names}
    tree = MemoryTree({b"/": tuple(a_directory(name) for name in names), **silent})

    await view(tree)

    assert len(tree.asked) == 4


class EndlessTree:
    """A hostile server: every directory holds two more, and a file."""

    home = b"/"

    def __init__(self) -> None:
        self.asked = 0

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        self.asked += 1
        entries = (a_directory(b"a"), a_directory(b"b"), a_file(b"f.csv"))[:most]
        return Observed(Listing(outcome=Outcome.LISTED, entries=entries))

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        return Observed(b"x" * length)


async def test_an_endless_tree_is_bounded_by_depth() -> None:
    tree = EndlessTree()

    seen = await view(tree, target(limits=Limits(depth=3, bytes_per_host=1_000)))

    assert tree.asked == 1 + 2 + 4 + 8
    assert seen.walk.stopped == ("depth",)


async def test_an_endless_tree_is_bounded_by_entries() -> None:
    tree = EndlessTree()

    seen = await view(tree, target(limits=Limits(depth=1_000, entries=300, bytes_per_host=1_000)))

    assert seen.walk.entries <= 300
    assert "entries" in seen.walk.stopped


async def test_a_tree_that_hands_out_more_than_it_was_asked_for_is_cut() -> None:
    class Flood(EndlessTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            many = tuple(a_file(str(n).encode()) for n in range(5_000))
            return Observed(Listing(outcome=Outcome.LISTED, entries=many))

    seen = await view(Flood(), target(limits=Limits(entries=100, bytes_per_host=10)))

    assert seen.walk.entries == 100
    assert seen.walk.stopped == ("entries",)


async def test_a_listing_that_never_ends_is_bounded_by_time() -> None:
    class Stuck(EndlessTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            if path == b"/":
                return await super().list_directory(path, most=most)
            await asyncio.Event().wait()
            raise AssertionError

    limits = Limits(asset_seconds=0.2, timeout_seconds=0.05)

    seen = await view(Stuck(), target(limits=limits))

    assert seen.walk.stopped == ("time",)
    assert seen.walk.entries == 3


async def test_a_read_that_never_ends_is_bounded_by_time() -> None:
    class Stuck(EndlessTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            return Observed(Listing(outcome=Outcome.LISTED, entries=(a_file(b"f.csv"),)))

        async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
            await asyncio.Event().wait()
            raise AssertionError

    seen = await view(Stuck(), target(limits=Limits(asset_seconds=0.1)))

    content = seen.walk.files[0].content
    assert isinstance(content, Unobserved)
    assert content.reason is Reason.SAMPLE_BUDGET


async def test_a_directory_that_contains_itself_is_entered_once() -> None:
    inside = (a_directory(b"loop", identity="8.1"), a_file(b"x.csv"))
    tree = MemoryTree({b"/" + b"/".join([b"loop"] * n): inside for n in range(12)})

    seen = await view(tree)

    assert tree.asked == [b"/", b"/loop", b"/loop/loop"]
    assert seen.walk.complete
    assert len(seen.walk.files) == 2


async def test_one_identity_for_everything_hides_nothing() -> None:
    tree = MemoryTree(
        {
            b"/": (a_directory(b"a", identity="1"),),
            b"/a": (a_directory(b"b", identity="1"),),
            b"/a/b": (a_directory(b"c", identity="1"), a_file(b"x.csv")),
            b"/a/b/c": (a_file(b"y.csv"),),
        }
    )

    assert len((await view(tree)).walk.files) == 2


async def test_links_are_counted_and_never_followed() -> None:
    link = Entry(name=b"link", kind=EntryKind.LINK, link_target=b"/etc", mode=0o777)
    tree = MemoryTree({b"/": (link,), b"/link": (a_file(b"passwd"),)})

    seen = await view(tree)

    assert tree.asked == [b"/"]
    assert (seen.walk.entries, seen.walk.links, seen.walk.writable_claims) == (1, 1, 0)


async def test_a_huge_start_leaves_room_for_the_others() -> None:
    crowd = tuple(a_file(str(n).encode() + b".csv") for n in range(5_000))
    tree = MemoryTree({b"/": crowd, b"/pub": (a_file(b"x.csv"),)})

    seen = await view(
        tree, target(areas=Areas(public=("/pub",)), limits=Limits(entries=1_000, files_sampled=0))
    )

    assert seen.walk.areas[0].entries == 1
    assert seen.walk.stopped == ("entries",)


async def test_names_that_are_no_path_segment_are_dropped_and_counted() -> None:
    names = (b"..", b".", b"a/b", b"", b"x\0y", b"n" * 5_000)
    tree = MemoryTree({b"/": tuple(a_directory(name) for name in names)})

    seen = await view(tree)

    assert tree.asked == [b"/"]
    assert (seen.walk.entries, seen.walk.unparsed) == (0, 6)
    assert not seen.walk.complete


async def test_areas_carry_outcome_entries_mode_and_whose_they_are() -> None:
    tree = MemoryTree(
        {
            b"/": (a_directory(b"home"),),
            b"/home": (a_directory(b"one", mode=0o700), a_directory(b"two", mode=0o755)),
            b"/home/one": (),
            b"/home/two": (a_file(b"x.csv"), a_file(b"y.csv")),
            b"/secret": Outcome.DENIED,
        },
        home=b"/home/one",
    )
    areas = Areas(public=("/pub/",), private=("/home/one", "/home/two", "/secret", "/home"))

    seen = await view(tree, target(areas=areas))

    pub, one, two, secret, home = seen.walk.areas
    assert (pub.path, pub.zone, pub.outcome) == ("/pub/", Zone.PUBLIC, Observed(Outcome.MISSING))
    assert (one.foreign, two.foreign, secret.foreign, home.foreign) == (False, True, True, False)
    assert (two.entries, two.mode, one.mode) == (2, 0o755, 0o700)
    assert secret.outcome == Observed(Outcome.DENIED)


async def test_an_area_that_the_walk_never_reached_is_not_known() -> None:
    tree = MemoryTree({b"/": (), b"/pub": ()}, lost_after=1)

    seen = await view(tree, target(areas=Areas(public=("/pub",), private=("/p",))))

    assert all(isinstance(area.outcome, Unobserved) for area in seen.walk.areas)


async def test_entries_outside_public_areas_are_counted_without_the_way_to_them() -> None:
    tree = tree_of({"/srv/pub/a.csv": b"1", "/srv/other/b.csv": b"1", "/c.txt": b"1"})

    seen = await view(tree, target(areas=Areas(public=("/srv/pub",))))

    assert seen.walk.outside_public == 3  # /srv/other, /srv/other/b.csv, /c.txt


async def test_writable_claims_count_the_servers_word_and_the_mode() -> None:
    entries = (
        a_directory(b"a", writable=True, mode=None),
        a_directory(b"b", mode=0o777),
        a_directory(b"c", mode=0o755, writable=False),
    )
    tree = MemoryTree({b"/": entries, b"/a": (), b"/b": (), b"/c": ()})

    assert (await view(tree)).walk.writable_claims == 2


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("/exchange/mig-7/*", 3),
        ("/exchange/mig-7", 3),
        ("/exchange/mig-7/", 3),
        ("/exchange/mig-7/*.csv", 1),
        ("/exchange/*/a.csv", 2),
        ("/exchange/mig-?/*", 4),
        ("/exchange/mig-7/sub/c.txt", 1),
        ("/exchange/*", 5),
        ("/nowhere/*", 0),
    ],
)
async def test_a_star_stays_in_its_part_unless_it_ends_the_path(pattern: str, files: int) -> None:
    tree = tree_of(
        {
            "/exchange/mig-7/a.csv": b"1",
            "/exchange/mig-7/b.sql": b"1",
            "/exchange/mig-7/sub/c.txt": b"1",
            "/exchange/mig-8/a.csv": b"1",
            "/exchange/top.csv": b"1",
        }
    )

    seen = await view(tree, target(migrations=(order(pattern),)))

    assert seen.walk.orders[0].files == files
    assert seen.walk.orders[0].found == (pattern != "/nowhere/*")
    assert sum(bool(fact.orders) for fact in seen.walk.files) == files


async def test_an_order_is_complete_only_when_nothing_of_it_may_lie_unseen() -> None:
    tree = MemoryTree(
        {
            b"/": (a_directory(b"in"), a_directory(b"dark")),
            b"/dark": Outcome.DENIED,
            b"/in": (a_directory(b"deep"),),
            b"/in/deep": Outcome.DENIED,
        }
    )
    migrations = (order("/in/*"), order("/in/*.csv"), order("/gone/*"), order())

    whole, flat, gone, empty = (await view(tree, target(migrations=migrations))).walk.orders

    assert (whole.found, whole.complete) == (True, False)
    assert (flat.found, flat.complete) == (True, True)
    assert (gone.found, gone.complete) == (False, False)
    assert (empty.found, empty.complete) == (False, False)


async def test_a_link_in_the_place_of_an_order_leaves_it_incomplete() -> None:
    link = Entry(name=b"more", kind=EntryKind.LINK)
    tree = MemoryTree({b"/": (a_directory(b"in"),), b"/in": (link,)})

    seen = await view(tree, target(migrations=(order("/in/*"),)))

    assert seen.walk.orders[0].found
    assert not seen.walk.orders[0].complete


async def test_person_like_names_and_long_numbers_are_masked() -> None:
    seen = await view(tree_of({"/Jeanne Exemple/dossier 1234567/Jeanne Exemple.csv": b"1"}))

    fact = seen.walk.files[0]
    assert fact.directory == "/***/dossier ***"
    assert len(fact.key) == 32
    assert "Jeanne" not in repr(seen)


async def test_names_that_are_not_utf8_are_walked_and_read_by_their_bytes() -> None:
    path = b"/caf\xe9/\xff\xfe.csv"
    tree = tree_of({path: b"1"})

    seen = await view(tree)

    assert tree.reads == [path]
    assert seen.walk.sampled == 1
    assert seen.walk.files[0].directory == "/***"


async def test_control_characters_in_names_never_reach_the_view() -> None:
    seen = await view(tree_of({b"/a\x1b[2Jb/\x07.csv": b"1"}))

    assert "\x1b" not in seen.walk.files[0].directory


async def test_ordered_files_come_first_and_each_is_read_in_spite_of_proof() -> None:
    ordered = {f"/in/{n}.csv": PERSONAL for n in range(6)}
    others = {f"/out/{n}.csv": PERSONAL for n in range(6)}
    tree = tree_of({**others, **ordered})

    seen = await view(tree, target(migrations=(order("/in/*", fields=("patient_id",)),)))

    assert set(tree.reads[:6]) == {path.encode() for path in ordered}
    assert len(tree.reads) == 6
    assert all(fact.orders for fact in seen.walk.files[:6])


async def test_sampling_of_a_zone_stops_at_proof_and_goes_on_elsewhere() -> None:
    files = {f"/pub/{n}.csv": PERSONAL for n in range(9)} | {
        f"/own/{n}.csv": b"1" for n in range(4)
    }
    tree = tree_of(files)

    seen = await view(tree, target(areas=Areas(public=("/pub",), private=("/own",))))

    assert sum(path.startswith(b"/pub") for path in tree.reads) == 3
    assert sum(path.startswith(b"/own") for path in tree.reads) == 4
    skipped = [f.content for f in seen.walk.files if isinstance(f.content, Unobserved)]
    assert {reading.reason for reading in skipped} == {Reason.NOT_LOOKED_AT}
    assert seen.walk.unread == (
        Unread(reason=Reason.NOT_LOOKED_AT, detail="sampling stops at proof", files=6),
    )


async def test_the_plan_takes_one_of_each_kind_before_a_second_of_any() -> None:
    files = {f"/a/{n}.csv": b"1" for n in range(5)} | {
        "/a/x.sql": b"1",
        "/b/y.csv": b"1",
        "/c/note": b"1",
    }
    tree = tree_of(files)

    await view(tree, target(limits=Limits(files_sampled=4)))

    assert {path.rpartition(b"/")[0] + b":" + path[-3:] for path in tree.reads} == {
        b"/a:csv",
        b"/a:sql",
        b"/b:csv",
        b"/c:ote",
    }


async def test_empty_files_and_pictures_are_not_read() -> None:
    tree = tree_of({"/a.csv": b"", "/b.jpg": b"1", "/c.csv": b"1"})

    seen = await view(tree)

    assert tree.reads == [b"/c.csv"]
    assert (seen.walk.eligible, seen.walk.sampled) == (1, 1)


async def test_the_byte_budget_of_the_host_is_kept() -> None:
    tree = tree_of({f"/{n}.csv": b"x" * 100 for n in range(10)})

    seen = await view(tree, target(limits=Limits(bytes_per_host=250)))

    reasons = [f.content.reason for f in seen.walk.files if isinstance(f.content, Unobserved)]
    assert seen.walk.sampled == 3
    assert reasons == [Reason.SAMPLE_BUDGET] * 7
    assert seen.walk.unread == (
        Unread(reason=Reason.SAMPLE_BUDGET, detail="the bytes for sampling were spent", files=7),
    )


async def test_files_beyond_the_plan_are_counted_and_the_commonest_reason_comes_first() -> None:
    tree = tree_of({f"/{n}.csv": PERSONAL for n in range(10)})

    seen = await view(tree, target(limits=Limits(files_sampled=4)))

    assert [(each.detail, each.files) for each in seen.walk.unread] == [
        ("more files than limits.files_sampled", 6),
        ("sampling stops at proof", 1),
    ]
    assert seen.walk.sampled + sum(each.files for each in seen.walk.unread) == seen.walk.eligible


async def test_a_file_that_cannot_be_read_costs_only_itself() -> None:
    tree = tree_of({"/a.csv": b"1", "/b.csv": b"1"})
    tree.contents = {b"/b.csv": b"1"}

    seen = await view(tree)

    contents = {f.key: f.content for f in seen.walk.files}
    assert sum(isinstance(content, Observed) for content in contents.values()) == 1
    assert Unobserved(Reason.UNREADABLE, "permission denied") in contents.values()


async def test_a_connection_lost_while_reading_is_asked_no_more() -> None:
    class Lost(MemoryTree):
        async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
            self.reads.append(path)
            return Unobserved(Reason.CONNECTION_LOST)

    files = tree_of({f"/{n}.csv": b"1" for n in range(5)})
    tree = Lost(files.directories)

    seen = await view(tree)

    assert len(tree.reads) == 1
    assert {f.content for f in seen.walk.files} == {Unobserved(Reason.CONNECTION_LOST)}


async def test_the_examiner_is_told_which_fields_were_ordered() -> None:
    examiner = MarkExaminer()
    migration = order(
        "/in/*", fields=("patient_id",), aliases={"patient_id": ("ipp",)}, date_field="d"
    )

    await view(tree_of({"/in/a.csv": b"1"}), target(migrations=(migration,)), examiner=examiner)

    assert examiner.tasks[0].ordered_fields == ("patient_id", "ipp", "d")


async def test_the_facts_kept_are_bounded_and_the_ordered_ones_are_among_them() -> None:
    crowd = tuple(a_file(str(n).encode()) for n in range(3_000))
    old = a_file(b"old.csv", modified=NOW.replace(year=2001))
    tree = MemoryTree({b"/": (*crowd, a_directory(b"in")), b"/in": (old,)})

    seen = await view(tree, target(migrations=(order("/in/*"),), limits=Limits(files_sampled=0)))

    assert len(seen.walk.files) == MOST_FILE_FACTS
    assert seen.walk.files[0].orders == ("MIG-7",)
    assert seen.walk.entries == 3_002


SEGMENTS = st.binary(min_size=1, max_size=6).filter(
    lambda name: name.strip(b".") and not {0, 47} & set(name)
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=5).map(lambda parts: b"/" + b"/".join(parts))


def _leaves(paths: set[bytes]) -> set[bytes]:
    return {p for p in paths if not any(q.startswith(p + b"/") for q in paths)}


@settings(max_examples=60)
@given(paths=st.sets(PATHS, max_size=25))
async def test_any_tree_within_the_bounds_is_seen_whole_and_each_directory_once(
    paths: set[bytes],
) -> None:
    leaves = _leaves(paths)
    tree = tree_of(dict.fromkeys(leaves, b"1"))

    seen = await view(tree, target(areas=Areas(public=("/a",)), limits=Limits(files_sampled=0)))

    assert len(seen.walk.files) == len(leaves)
    assert seen.walk.complete
    assert len(tree.asked) == len(set(tree.asked))


@settings(max_examples=60)
@given(
    paths=st.sets(PATHS, max_size=25),
    depth=st.integers(0, 4),
    entries=st.integers(1, 30),
    sampled=st.integers(0, 10),
)
async def test_bounds_hold_on_any_tree(
    paths: set[bytes], depth: int, entries: int, sampled: int
) -> None:
    leaves = _leaves(paths)
    tree = tree_of(dict.fromkeys(leaves, b"1"))
    limits = Limits(depth=depth, entries=entries, files_sampled=sampled)

    seen = await view(tree, target(limits=limits))

    assert seen.walk.entries <= entries
    assert len(tree.reads) <= sampled
    assert all(path.count(b"/") <= depth for path in tree.asked if path != b"/")
    assert seen.walk.complete == (len(seen.walk.files) == len(leaves))


async def test_content_facts_are_kept_with_their_file() -> None:
    seen = await view(tree_of({"/a.csv": PERSONAL}))

    content = seen.walk.files[0].content
    assert isinstance(content, Observed)
    assert isinstance(content.value, ContentFacts)
    assert content.value.kinds[0].count == 1


async def test_what_was_read_and_is_harmful_is_kept_before_any_file_of_an_order() -> None:
    pictures = {f"/mig/{n}.jpg": b"x" for n in range(MOST_FILE_FACTS + 10)}
    tree = tree_of({**pictures, "/own/a.csv": b"1", "/own/b.csv": PERSONAL})

    seen = await view(tree, target(migrations=(order("/mig/*"),)))

    kept = seen.walk.files
    assert [isinstance(fact.content, Observed) for fact in kept[:3]] == [True, True, False]
    assert isinstance(kept[0].content, Observed)
    assert kept[0].content.value.kinds
    assert (len(kept), seen.walk.dropped) == (MOST_FILE_FACTS, 12)


async def test_the_oldest_files_are_kept_and_those_without_a_time_are_dropped_first() -> None:
    new = [a_file(f"{n}.jpg".encode()) for n in range(MOST_FILE_FACTS)]
    timeless = [a_file(f"t{n}.jpg".encode(), modified=None) for n in range(5)]
    old = [a_file(f"o{n}.jpg".encode(), modified=NOW - timedelta(days=900)) for n in range(50)]

    seen = await view(MemoryTree({b"/": (*timeless, *new, *old)}))

    times = [fact.modified for fact in seen.walk.files]
    assert times[:50] == ["2023-11-13T03:00:00Z"] * 50
    assert times[50:] == ["2026-05-01T03:00:00Z"] * (MOST_FILE_FACTS - 50)
    assert seen.walk.dropped == 55


async def test_files_of_orders_are_kept_before_older_others() -> None:
    old = [a_file(f"{n}.jpg".encode(), modified=NOW - timedelta(days=9)) for n in range(2_010)]
    tree = MemoryTree({b"/": tuple(old), b"/in": (a_file(b"x.jpg"),)})

    seen = await view(tree, target(migrations=(order("/in/*"),)))

    assert [bool(fact.orders) for fact in seen.walk.files[:2]] == [True, False]


async def test_nothing_is_dropped_of_a_small_tree() -> None:
    assert (await view(tree_of({"/a.csv": b"1"}))).walk.dropped == 0


async def test_the_reply_to_the_first_listing_keeps_no_path() -> None:
    class Talkative(MemoryTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            reply = "550 /home/zorba.quill: denied"
            return Observed(Listing(outcome=Outcome.DENIED, reply=reply))

    assert (await view(Talkative({}))).root_reply == "550 *** denied"


async def test_what_a_listing_says_of_itself_reaches_the_walk_without_a_name() -> None:
    class Odd(MemoryTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            line = UnparsedLine(b"Jeanne 1984", ("unix: no mode",))
            return Observed(
                Listing(
                    outcome=Outcome.LISTED,
                    entries=(
                        a_file(b"a.csv", perm="adfr", writable=True, zone_known=False),
                        Entry(name=b"l", kind=EntryKind.LINK, link_target=b"/etc/shadow"),
                    ),
                    unparsed=1,
                    unparsed_lines=(line,),
                    suspect=("line ends of two kinds",),
                )
            )

    walk = (await view(Odd({}))).walk

    assert (walk.unparsed, walk.unparsed_shapes) == (1, ("aaaaaa 9999",))
    assert (walk.forged_possible, walk.stopped) == (1, ("forged-possible",))
    assert (walk.links, walk.links_outside) == (1, 1)
    assert walk.writable == WritableSigns(perm=1, perm_letters="adf")
    assert walk.files[0].zone_known is False
    assert "Jeanne" not in repr(walk)


async def test_a_name_that_comes_twice_may_be_forged() -> None:
    tree = MemoryTree({b"/": (a_file(b"x"), a_file(b"y"), a_file(b"x", size=7))})

    walk = (await view(tree)).walk

    assert (walk.entries, walk.unparsed, walk.forged_possible) == (2, 1, 1)
    assert not walk.complete


async def test_a_transfer_that_broke_off_is_no_bound_of_ours() -> None:
    class Broken(MemoryTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            listing = Listing(outcome=Outcome.LISTED, entries=(a_file(b"x"),), complete=False)
            return Observed(listing)

    assert (await view(Broken({}))).walk.stopped == ("unfinished",)


def crowd(count: int) -> tuple[Entry, ...]:
    return tuple(a_file(b"%d.csv" % n) for n in range(count))


async def test_a_directory_beyond_its_share_is_seen_whole_if_the_others_leave_room() -> None:
    tree = MemoryTree({b"/": (a_directory(b"a"), a_directory(b"b")), b"/a": crowd(700), b"/b": ()})

    seen = await view(tree, target(limits=Limits(entries=1_000, files_sampled=0)))

    assert seen.walk.complete
    assert (seen.walk.entries, seen.walk.directories) == (702, 3)
    assert tree.asked == [b"/", b"/a", b"/b", b"/a"]


async def test_one_huge_directory_starves_no_other() -> None:
    others = {b"/d%d" % n: crowd(20) for n in range(10)}
    tree = MemoryTree(
        {
            b"/": tuple(a_directory(path[1:]) for path in (b"/huge", *others)),
            b"/huge": crowd(5_000),
            **others,
        }
    )

    seen = await view(tree, target(limits=Limits(entries=1_000, files_sampled=0)))

    assert set(tree.asked) == {b"/", b"/huge", *others}
    assert seen.walk.entries == 1_000
    assert seen.walk.stopped == ("entries",)
    assert len(seen.walk.files) == 1_000 - 11


async def test_two_huge_directories_share_what_is_left() -> None:
    tree = MemoryTree(
        {
            b"/": (a_directory(b"a"), a_directory(b"b"), a_directory(b"c")),
            b"/a": crowd(3_000),
            b"/b": crowd(3_000),
            b"/c": crowd(3_000),
        }
    )
    areas = Areas(public=("/a", "/b", "/c"))

    seen = await view(tree, target(areas=areas, limits=Limits(entries=2_000, files_sampled=0)))

    assert seen.walk.entries == 2_000
    assert all(area.entries >= 200 for area in seen.walk.areas)
    assert max(tree.asked.count(path) for path in (b"/a", b"/b", b"/c")) <= 2


async def test_what_was_seen_of_a_cut_directory_outlives_a_failure_of_the_second_look() -> None:
    tree = MemoryTree({b"/": (a_directory(b"a"),), b"/a": crowd(700)}, lost_after=2)

    seen = await view(tree, target(limits=Limits(entries=1_000, files_sampled=0)))

    assert tree.asked == [b"/", b"/a", b"/a"]
    assert (seen.walk.entries, seen.walk.stopped) == (501, ("entries",))


async def test_declared_areas_get_their_turn_before_the_depths_of_the_first() -> None:
    deep = {b"/" + b"/".join([b"x"] * n): (a_directory(b"x"), *crowd(50)) for n in range(8)}
    tree = MemoryTree({**deep, b"/pub": crowd(3), b"/own": crowd(3)})
    areas = Areas(public=("/pub",), private=("/own",))

    seen = await view(tree, target(areas=areas, limits=Limits(entries=200, files_sampled=0)))

    assert tree.asked[:3] == [b"/", b"/pub", b"/own"]
    assert [area.entries for area in seen.walk.areas] == [3, 3]


async def test_a_file_of_unknown_size_is_read_and_not_called_empty() -> None:
    tree = MemoryTree({b"/": (a_file(b"a.csv", size=None),)}, {b"/a.csv": PERSONAL})

    seen = await view(tree)

    content = seen.walk.files[0].content
    assert isinstance(content, Observed)
    assert content.value.kinds[0].count == 1


async def test_a_start_that_no_listing_names_bears_signs_of_its_own() -> None:
    class Told(MemoryTree):
        async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
            reading = await super().list_directory(path, most=most)
            assert isinstance(reading, Observed)
            return Observed(replace(reading.value, itself=a_directory(b".", mode=0o777)))

    below = {b"/pub": (a_directory(b"in", mode=0o777),), b"/pub/in": ()}
    areas = Areas(public=("/pub",))

    apart = await view(Told(below, home=b"/home"), target(areas=areas))
    told = await view(Told({**below, b"/": (a_directory(b"pub"),)}), target(areas=areas))

    # /home, /pub and /pub/in; then the root and /pub/in, for the root's listing tells of /pub.
    assert (apart.walk.writable.others, told.walk.writable.others) == (3, 2)


@pytest.mark.parametrize(
    ("tree", "absent"),
    [
        ({b"/": (a_directory(b"out"),), b"/out": ()}, True),
        ({b"/": (a_directory(b"out"),), b"/out": (a_directory(b"mig"),), b"/out/mig": ()}, False),
        # A listing that lacks the directory above may be of another place altogether.
        ({b"/": ()}, False),
    ],
)
async def test_a_path_is_absent_only_if_a_listing_of_where_it_would_lie_lacks_it(
    tree: dict[bytes, tuple[Entry, ...]],
    absent: bool,  # noqa: FBT001 - a case, not a switch
) -> None:
    order = Migration(order_id="MIG", paths=("/out/mig/*",))
    seen = await view(MemoryTree(tree), replace(LAB, migrations=(order,)))
    assert seen.walk.orders[0].absent is absent


async def test_a_date_in_a_path_is_kept_without_the_name() -> None:
    tree = MemoryTree({b"/": (a_file(b"export_2026-03-01.csv"), a_file(b"zorblat 01-04-2026.csv"))})
    named = {fact.named for fact in (await view(tree)).walk.files}
    assert named == {"2026-03-01", "2026-04"}


def an_order(**changes: Any) -> Order:
    migration = replace(
        Migration(
            order_id="MIG",
            fields=("day",),
            aliases={"day": ("jour",)},
            date_field="day",
            date_from=date(2024, 1, 1),
            date_to=date(2024, 6, 30),
        ),
        **changes,
    )
    return Order(migration, ())


def test_the_days_that_the_orders_of_a_file_ask_for_together() -> None:
    first, later = an_order(), an_order(date_from=date(2024, 4, 1), date_to=date(2024, 12, 31))
    assert ordered_dates([first, later]) == DateRange(
        fields=("day", "jour"), earliest=date(2024, 1, 1), latest=date(2024, 12, 31)
    )
    endless = ordered_dates([first, an_order(date_to=None)])
    assert endless is not None
    assert (endless.earliest, endless.latest) == (date(2024, 1, 1), None)


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [an_order(), an_order(date_field=None)],
        [an_order(), an_order(date_field="month")],
        [an_order(date_from=None, date_to=None)],
        [an_order(date_to=None), an_order(date_from=None)],
    ],
)
def test_orders_that_ask_for_any_day_or_tell_it_by_other_fields(orders: list[Order]) -> None:
    assert ordered_dates(orders) is None
