"""Listings of real servers, and of hostile ones too large to be held."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.model.listing import EntryKind, Outcome, Precision
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.probes.context import utc_text
from tests.clients.ftp_lab import a_tree, listing, names, tree_of, walk_of
from tests.hostile import FtpScript, ftp, serving
from tests.servers import Proftpd, Pureftpd, Vsftpd
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

ROOT = Path(__file__).resolve().parents[2]
PLAIN = ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"]
WITHOUT_MLSD = b"211-Features:\r\n EPSV\r\n211 End\r\n"


def many(count: int) -> Callable[[Path], Tree]:
    def fill(root: Path) -> Tree:
        (root / "many").mkdir()
        for number in range(count):
            (root / "many" / f"{number}.csv").touch()
        (root / "few").mkdir()
        (root / "few" / "one.csv").touch()
        return Tree(root)

    return fill


# Real servers.


@pytest.mark.parametrize("posture", PLAIN)
async def test_empty_truncated_and_denied_are_told_apart(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture, contents=many(300))
    (server.root / "empty").mkdir()
    (server.root / "locked").mkdir(mode=0o700)
    async with tree_of(server) as tree:
        empty = await listing(tree, b"/empty")
        cut = await listing(tree, b"/many", most=100)
        locked = await listing(tree, b"/locked")
        whole = await listing(tree, b"/many", most=300)
    assert (empty.outcome, empty.complete, empty.truncated) == (Outcome.LISTED, True, False)
    assert (cut.outcome, cut.complete, cut.truncated) == (Outcome.LISTED, False, True)
    assert len(cut.entries) == 100
    assert (locked.outcome, locked.truncated) == (Outcome.DENIED, False)
    assert (len(whole.entries), whole.complete, whole.truncated) == (300, True, False)


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain"])
async def test_thirty_thousand_files_are_listed_whole(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture, contents=many(30_000))
    async with tree_of(server) as tree:
        walk = await walk_of(tree, entries=50_000)
    assert walk.complete
    assert (walk.entries, walk.directories) == (30_003, 3)
    assert (walk.unparsed, walk.forged_possible) == (0, 0)


async def test_a_listing_that_the_server_cuts_is_not_called_whole(
    start_server: StartServer,
) -> None:
    """Pure-FTPd lists 10,000 names unless it is told otherwise, and answers 226."""
    server = start_server(Pureftpd(), contents=many(10_500))
    async with tree_of(server) as tree:
        found = await listing(tree, b"/many", most=50_000)
        walk = await walk_of(tree, entries=50_000)
    assert "truncated" in found.reply
    assert (found.complete, found.truncated) == (False, True)
    assert walk.stopped == ("truncated",)


FORGERIES = {
    "unix": b"w\n-rw-r--r--    1 0        0               7 Jan 01 00:00 forged.csv",
    "mlsd": b"w\ntype=file;size=7;modify=20240101000000; forged.csv",
    "junk": b"w\nforged.csv",
    "returned": b"w\r\nforged.csv",
    "return": b"w\r",
}


def forge(name: bytes) -> Callable[[Path], Tree]:
    def fill(root: Path) -> Tree:
        for each in (b"a.csv", name, b"z.csv"):
            (root / os.fsdecode(each)).touch()
        return Tree(root)

    return fill


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain"])
@pytest.mark.parametrize("forgery", sorted(FORGERIES))
async def test_a_name_that_forges_lines_makes_its_listing_suspect(
    start_server: StartServer, posture: str, forgery: str
) -> None:
    server = start_server(posture, contents=forge(FORGERIES[forgery]))
    async with tree_of(server) as tree:
        found = await listing(tree, b"/")
        walk = await walk_of(tree)
    assert found.suspect
    assert (walk.forged_possible, walk.stopped) == (1, ("forged-possible",))


@pytest.mark.parametrize("posture", PLAIN)
async def test_the_ordinary_tree_of_a_server_is_not_suspect(
    start_server: StartServer, posture: str
) -> None:
    async with tree_of(start_server(posture)) as tree:
        walk = await walk_of(tree)
    assert (walk.forged_possible, walk.unparsed, walk.unparsed_shapes) == (0, 0, ())
    assert walk.complete


async def test_a_file_that_pure_ftpd_hides_leaves_no_trace(start_server: StartServer) -> None:
    """Names with control characters are not shown at all: nothing tells that one is there."""
    server = start_server("pureftpd-plain", contents=forge(FORGERIES["mlsd"]))
    async with tree_of(server) as tree:
        assert await names(tree, b"/") == {b"a.csv", b"z.csv"}


def links(root: Path) -> Tree:
    (root / "export").mkdir()
    (root / "export" / "a.csv").touch()
    (root / "inside").symlink_to("export/a.csv")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "export" / "climbs").symlink_to("../../../etc")
    (root / "export" / "loop").symlink_to("..")
    return Tree(root)


@pytest.mark.parametrize(
    ("posture", "found", "outside"),
    # ProFTPD's MLSD tells no targets, and leaves out links that lead nowhere within its root.
    [("vsftpd-plain", 4, 2), ("pureftpd-plain", 4, 2), ("proftpd-plain", 2, 0)],
)
async def test_links_are_counted_and_not_followed(
    start_server: StartServer, posture: str, found: int, outside: int
) -> None:
    server = start_server(posture, contents=links)
    async with tree_of(server) as tree:
        walk = await walk_of(tree)
    assert (walk.directories, len(walk.files)) == (2, 1)
    assert (walk.links, walk.links_outside) == (found, outside)


async def test_permissions_that_proftpd_claims_and_its_configuration_denies(
    start_server: StartServer,
) -> None:
    async with tree_of(start_server(Proftpd())) as tree:
        walk = await walk_of(tree)
        assert walk.writable.perm == walk.writable_claims > 0
        assert set(walk.writable.perm_letters) <= set("acdfmpw")
        assert (walk.writable.others, walk.writable.acl) == (0, 0)


async def test_mode_bits_are_signs_of_their_own(start_server: StartServer) -> None:
    server = start_server(Vsftpd())
    (server.root / "public").chmod(0o777)
    (server.root / "empty").chmod(0o775)
    async with tree_of(server) as tree:
        signs = (await walk_of(tree)).writable
    assert (signs.perm, signs.perm_letters, signs.others, signs.group) == (0, "", 1, 2)


async def test_a_root_that_all_may_write_is_seen_though_no_listing_names_it(
    start_server: StartServer,
) -> None:
    server = start_server("proftpd-plain", contents=Tree)
    server.root.chmod(0o777)
    async with tree_of(server) as tree:
        walk = await walk_of(tree)
    assert (walk.entries, walk.writable.others, walk.writable_claims) == (0, 1, 1)


@pytest.mark.parametrize("posture", PLAIN)
async def test_times_say_whether_their_zone_is_known(
    start_server: StartServer, posture: str
) -> None:
    async with tree_of(start_server(posture)) as tree:
        (entry,) = (await listing(tree, b"/export")).entries
    assert entry.zone_known is (posture != "vsftpd-plain")


CHANGED = (datetime.now(UTC) - timedelta(days=20)).replace(second=33, microsecond=0)
"""Lately: of what is older, a listing tells the day alone."""


def dated(root: Path) -> Tree:
    """One file, named so that some commands could take its name for a time to set."""
    path = root / "20200101000000 a.csv"
    path.write_text("a;b\n")
    os.utime(path, (CHANGED.timestamp(),) * 2)
    return Tree(root)


@pytest.mark.parametrize("posture", PLAIN)
async def test_a_files_exact_time_is_told_on_request_and_stays_as_it_is(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture, contents=dated)
    async with tree_of(server) as tree:
        told = await tree.modified_at(b"/20200101000000 a.csv")
        missing = await tree.modified_at(b"/missing")
    assert told == Observed(CHANGED)
    assert isinstance(missing, Unobserved)
    assert missing.reason is Reason.UNREADABLE
    (file,) = server.root.iterdir()
    assert file.stat().st_mtime == CHANGED.timestamp()


@pytest.mark.parametrize(
    ("options", "known"),
    [
        (Vsftpd(), False),
        (Vsftpd(extra=("use_localtime=YES",)), False),
        (Proftpd(anonymous_denied=("MLSD",), extra=("TimesGMT off",), time_zone="UTC-5"), True),
    ],
    ids=["utc-in-both", "local-in-both", "local-in-listings"],
)
async def test_a_walk_knows_the_zone_where_a_listing_is_hours_off(
    start_server: StartServer, options: Vsftpd | Proftpd, *, known: bool
) -> None:
    async with tree_of(start_server(options, contents=dated)) as tree:
        (fact,) = (await walk_of(tree)).files
    assert (fact.modified, fact.precision) == (utc_text(CHANGED), Precision.SECOND)
    assert fact.zone_known is known


# Servers that cannot run here, from what is known of their lines.


IIS = b"""\
03-02-24  09:13PM       <DIR>          web\r
03-02-24  09:14PM                 1024 a b.csv\r
"""
EPLF = b"""\
+i1.2,m825718503,/,\tweb\r
+i1.3,m825718503,r,s1024,\ta b.csv\r
"""
VMS = b"""\r
Directory DISK:[ANON]\r
\r
WEB.DIR;1           1/3 14-NOV-2025 10:11:12 [A] (RWE,,,)\r
A_NAME_TOO_LONG_FOR_ITS_COLUMN.CSV;1\r
                    2/3 14-NOV-2025 10:11:12 [A] (RWE,,,)\r
\r
Total of 2 files, 3/6 blocks.\r
"""


@pytest.mark.parametrize(
    ("data", "folder", "file"),
    [
        (IIS, b"web", b"a b.csv"),
        (EPLF, b"web", b"a b.csv"),
        (VMS, b"WEB", b"A_NAME_TOO_LONG_FOR_ITS_COLUMN.CSV"),
    ],
    ids=["iis", "eplf", "vms"],
)
async def test_other_dialects_are_listed(data: bytes, folder: bytes, file: bytes) -> None:
    script = FtpScript(replies={"FEAT": WITHOUT_MLSD}, listing=lambda: (data,))
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        found = await listing(tree, b"/")
    kinds = {entry.name: entry.kind for entry in found.entries}
    assert kinds == {folder: EntryKind.DIRECTORY, file: EntryKind.FILE}
    assert (found.complete, found.unparsed, found.suspect) == (True, 0, ())


async def test_unknown_lines_are_told_by_their_shapes_alone() -> None:
    data = b"-rw-r--r-- 1 a b 1 Jan  1  2020 x.csv\r\nJeanne Exemple|1984-03-07|12\r\n"
    script = FtpScript(replies={"FEAT": WITHOUT_MLSD}, listing=lambda: (data,))
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        walk = await walk_of(tree)
    assert (walk.unparsed, walk.unparsed_shapes) == (1, ("aaaaaa aaaaaaa|9999-99-99|99",))
    assert "Jeanne" not in repr(walk)


# A million entries.

A_MILLION = 1_000_000
MLSD_LINE = b"type=file;size=12;modify=20240101000000;perm=r;unique=1U%07x; file-%07d.csv\r\n"
LIST_LINE = b"-rw-r--r-- 1 ftp ftp %d Jan 01 2024 file-%07d.csv\r\n"


def a_million(line: bytes) -> Iterator[bytes]:
    for first in range(0, A_MILLION, 1000):
        yield b"".join(line % (n, n) for n in range(first, first + 1000))


@pytest.mark.parametrize(
    ("line", "replies"),
    [(MLSD_LINE, {}), (LIST_LINE, {"FEAT": WITHOUT_MLSD})],
    ids=["mlsd", "list"],
)
async def test_a_million_entries_are_cut_at_the_bound_in_bounded_memory(
    line: bytes, replies: dict[str, bytes]
) -> None:
    script = FtpScript(replies=replies, listing=lambda: a_million(line))
    async with serving(ftp(script)) as endpoint:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.clients.listing_child",
            str(endpoint.port),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await asyncio.wait_for(child.communicate(), 100)
    assert child.returncode == 0
    seen = json.loads(told)
    assert seen["entries"] == 50_000
    assert (seen["complete"], seen["truncated"]) == (False, True)
    assert (seen["walked"], seen["stopped"]) == (50_000, ["entries"])
    assert seen["grown_kib"] < 60 * 1024
