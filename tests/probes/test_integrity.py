"""Checksums and signatures beside the exports of an order, compared with what lies there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Limits, Migration, Target
from scanner.model.view import IntegritySeen, View
from scanner.probes.integrity import observe_integrity
from scanner.probes.places import Order, PathPattern
from scanner.probes.sampling import FoundFile
from scanner.probes.walk import observe_view
from tests.content.test_checksums import ARMOURED
from tests.probes.memory_tree import NOW, MemoryTree, a_context, tree_of

DATA = b"id_patient;code\n1;x\n"
SHA256 = hashlib.sha256(DATA).hexdigest()
WRONG = hashlib.sha256(b"another file").hexdigest()
ORDER = Migration(order_id="MIG-7", controller="Laboratory One", paths=("/x/mig-7/*",))


def settled(tree: MemoryTree, **ages: Any) -> MemoryTree:
    """Give every file a time that lies back a month."""
    old = NOW - timedelta(**(ages or {"days": 30}))
    directories = {
        path: tuple(replace(entry, modified=old) for entry in entries)
        for path, entries in tree.directories.items()
        if isinstance(entries, tuple)
    }
    return replace(tree, directories=directories)


async def looked_at(tree: MemoryTree, limits: Limits | None = None, **changes: Any) -> View:
    declared = Target(
        host="h", asset="a", migrations=(ORDER,), limits=limits or Limits(), **changes
    )
    reading = await observe_view(tree, username="u", encrypted=True, context=a_context(declared))
    assert isinstance(reading, Observed)
    return reading.value


async def seen(tree: MemoryTree, limits: Limits | None = None) -> IntegritySeen:
    (found,) = (await looked_at(tree, limits)).walk.integrity
    return found


@pytest.mark.parametrize(
    "sidecars",
    [
        {"/x/mig-7/SHA256SUMS": f"{SHA256}  export.csv\n"},
        {"/x/mig-7/export.csv.sha256": SHA256},
        {"/x/SHA256SUMS": f"{SHA256} *mig-7/export.csv\n"},
        {"/x/mig-7/x.sha256": f"SHA256 (export.csv) = {SHA256}"},
        {
            "/x/mig-7/export.csv.md5": hashlib.md5(DATA, usedforsecurity=False).hexdigest(),
            "/x/mig-7/SHA256SUMS": f"{SHA256}  ./export.csv\n",
        },
    ],
)
async def test_a_checksum_is_compared_with_the_whole_file(sidecars: dict[str, str]) -> None:
    files = {path: text.encode() for path, text in sidecars.items()}
    found = await seen(settled(tree_of({"/x/mig-7/export.csv": DATA, **files})))
    assert (found.exports, found.summed, found.verified, found.mismatched) == (1, 1, 1, 0)
    assert found.weak == 0
    assert len(found.evidence) == 1


async def test_a_file_that_is_not_what_its_checksum_says_is_told_masked() -> None:
    files = {
        "/x/mig-7/Martin/export.csv": DATA,
        "/x/mig-7/SHA256SUMS": f"{WRONG}  Martin/export.csv\n".encode(),
    }
    found = await seen(settled(tree_of(files)))
    assert (found.verified, found.mismatched) == (0, 1)
    assert found.mismatched_in == ("/x/mig-7/***",)
    assert "Martin" not in repr(found)


async def test_a_bag_is_known_and_its_payload_compared() -> None:
    files = {
        "/x/mig-7/bagit.txt": b"BagIt-Version: 1.0\n",
        "/x/mig-7/manifest-sha256.txt": f"{SHA256}  data/export.csv\n".encode(),
        "/x/mig-7/data/export.csv": DATA,
    }
    found = await seen(settled(tree_of(files)))
    assert (found.exports, found.verified, found.manifests) == (1, 1, ("bagit",))


async def test_an_order_manifest_and_the_orders_number_are_seen() -> None:
    files = {"/x/mig-7/export.csv": DATA, "/x/mig-7/order.json": b"{}"}
    found = await seen(settled(tree_of(files)))
    assert found.manifests == ("order-manifest",)
    assert (found.exports, found.ticketed, found.summed) == (1, 1, 0)


async def test_an_export_of_orders_is_no_manifest() -> None:
    found = await seen(settled(tree_of({"/x/mig-7/orders.csv": DATA, "/x/mig-7/order.csv": DATA})))
    assert (found.exports, found.manifests) == (2, ())


async def test_a_signature_is_known_by_its_structure_and_not_verified() -> None:
    files = {"/x/mig-7/export.csv": DATA, "/x/mig-7/export.csv.asc": ARMOURED}
    found = await seen(settled(tree_of(files)))
    assert (found.exports, found.signed, found.verified) == (1, 1, 0)
    assert found.unverified == "a signature is there, and no key to verify it by"
    forged = {**files, "/x/mig-7/export.csv.asc": b"signed, believe me"}
    assert (await seen(settled(tree_of(forged)))).signed == 0


async def test_the_signature_of_a_list_signs_what_the_list_names() -> None:
    files = {
        "/x/mig-7/export.csv": DATA,
        "/x/mig-7/SHA256SUMS": f"{SHA256}  export.csv\n".encode(),
        "/x/mig-7/SHA256SUMS.asc": ARMOURED,
    }
    found = await seen(settled(tree_of(files)))
    assert (found.signed, found.verified) == (1, 1)


SUMS = f"{SHA256}  export.csv\n".encode()


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(bytes_per_file=4), "larger than limits.bytes_per_file"),
        (Limits(bytes_per_host=8), "was spent"),
        (Limits(files_sampled=0), "was spent"),
    ],
)
async def test_what_does_not_fit_the_budget_stays_unverified(limits: Limits, told: str) -> None:
    tree = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": SUMS}))
    found = await seen(tree, limits)
    assert (found.verified, found.mismatched) == (0, 0)
    assert told in found.unverified


async def test_a_file_that_may_still_be_written_is_no_mismatch() -> None:
    wrong = f"{WRONG}  export.csv\n".encode()
    fresh = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": wrong}), minutes=5)
    found = await seen(fresh)
    assert (found.summed, found.mismatched) == (1, 0)
    assert "may still be written" in found.unverified
    right = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": SUMS}), minutes=5)
    assert (await seen(right)).verified == 1


async def test_a_file_shorter_than_its_listing_says_is_no_mismatch() -> None:
    tree = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": SUMS}))
    cut = replace(tree, contents={**tree.contents, b"/x/mig-7/export.csv": DATA[:-1]})
    found = await seen(cut)
    assert (found.verified, found.mismatched) == (0, 0)
    assert "not as long as its listing" in found.unverified


async def test_a_list_that_leads_up_or_names_what_is_gone_compares_nothing() -> None:
    text = f"{SHA256}  ../../etc/passwd\n{SHA256}  gone.csv\n".encode()
    tree = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": text}))
    found = await seen(tree)
    assert (found.summed, found.absent, found.verified) == (0, 1, 0)
    assert all(b"passwd" not in path for path in tree.reads)


async def test_a_lost_connection_ends_the_comparing_and_is_told() -> None:
    class Lost(MemoryTree):
        async def read_range(self, path: bytes, offset: int, length: int) -> Any:
            if path.endswith(b".csv"):
                return Unobserved(Reason.CONNECTION_LOST, "closed by the server")
            return await super().read_range(path, offset, length)

    tree = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": SUMS}))
    found = await seen(Lost(tree.directories, tree.contents))
    assert (found.verified, found.unverified) == (0, "closed by the server")


async def test_no_more_than_four_exports_are_read_whole_the_smallest_first() -> None:
    parts = {f"/x/mig-7/{n}.csv": b"x" * (n + 1) for n in range(9)}
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {path.rpartition('/')[2]}\n"
        for path, data in parts.items()
    )
    found = await seen(settled(tree_of({**parts, "/x/mig-7/SHA256SUMS": sums.encode()})))
    assert (found.exports, found.summed, found.verified) == (9, 9, 4)


async def test_without_time_nothing_is_read_and_no_order_is_left_out() -> None:
    tree = settled(tree_of({"/x/mig-7/export.csv": DATA, "/x/mig-7/SHA256SUMS": SUMS}))
    entries = tree.directories[b"/x/mig-7"]
    assert isinstance(entries, tuple)
    files = [
        FoundFile(
            path=b"/x/mig-7/" + entry.name,
            entry=entry,
            orders=(Order(ORDER, (PathPattern.read("/x/mig-7/*"),)),),
        )
        for entry in entries
    ]
    (found,) = await observe_integrity(
        tree, files, files[0].orders, a_context(Target(host="h", asset="a")), seconds=0
    )
    assert (found.exports, found.summed, found.unverified) == (
        1,
        0,
        "the time for checksums was spent",
    )
    assert tree.reads == []


async def test_where_no_order_has_files_nothing_is_read_for_checksums() -> None:
    tree = settled(tree_of({"/y/export.csv": DATA, "/y/SHA256SUMS": SUMS}))
    assert (await looked_at(tree)).walk.integrity == ()


async def test_names_are_counted_before_they_are_masked() -> None:
    files = {
        "/labo-dupont/export_v2_final.csv": DATA,
        "/labo-martin/a.csv": DATA,
        "/old/a.csv": DATA,
        "/y/tmp/a.csv": DATA,
    }
    names = (await looked_at(settled(tree_of(files)))).walk.names
    assert (names.drafts, names.leftovers, names.customers) == (1, 1, 2)
