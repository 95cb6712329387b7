"""The client against further servers: inetutils-ftpd, pyftpdlib and aioftp's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.clients.ftp import MOST_RECONNECTS
from scanner.clients.ftp_verbs import READ_ONLY_VERBS
from scanner.model.listing import EntryKind, Outcome
from scanner.model.reading import Observed, Reason, Unobserved
from tests.clients.ftp_lab import listing, names, tree_of
from tests.servers import Aioftp, Inetutils, Pyftpdlib
from tests.servers.fixtures import StartServer
from tests.servers.tree import CSV_TEXT, LATIN1_NAME, SPACED_NAME

CLEAR = ["inetutils-plain", "pyftpdlib-plain", "aioftp-plain"]
EVERY_KIND = [*CLEAR, "pyftpdlib-tls-optional", "pyftpdlib-tls-required", "aioftp-implicit"]


@pytest.mark.parametrize("posture", EVERY_KIND)
async def test_every_server_is_listed_whole(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    async with tree_of(server) as tree:
        found = await names(tree, tree.home)
    wanted = set(server.tree.visible | server.tree.hidden)
    # Dangling links are left out where links are followed; a name that is not UTF-8 is mangled.
    if server.product != "inetutils":
        wanted -= {b"dangling"}
    if server.product == "pyftpdlib":
        wanted = wanted - {LATIN1_NAME} | {b"caf?.txt"}
    assert found == wanted


@pytest.mark.parametrize("posture", CLEAR)
async def test_missing_and_empty_are_told_apart(start_server: StartServer, posture: str) -> None:
    async with tree_of(start_server(posture)) as tree:
        found = {
            name: (await listing(tree, name)).outcome
            for name in (b"/empty", b"/nowhere", b"/nowhere/deeper")
        }
        assert (await listing(tree, b"/empty")).complete
    assert found == {
        b"/empty": Outcome.LISTED,
        b"/nowhere": Outcome.MISSING,
        b"/nowhere/deeper": Outcome.MISSING,
    }


async def test_a_denied_listing_of_inetutils_is_not_an_empty_one(
    start_server: StartServer,
) -> None:
    """It refuses in a line of the listing, and says 226."""
    server = start_server("inetutils-plain")
    (server.root / "locked").mkdir(mode=0o700)
    (server.root / "blind").mkdir(mode=0o711)
    async with tree_of(server) as tree:
        outcomes = [(await listing(tree, name)).outcome for name in (b"/locked", b"/blind")]
    assert outcomes == [Outcome.DENIED, Outcome.DENIED]


async def test_odd_names_of_inetutils_can_be_entered_and_read(start_server: StartServer) -> None:
    """It reads Telnet, where 0xFF is doubled."""
    server = start_server("inetutils-plain")
    odd = [b" lead", b"trail ", b"-l", b"st*r", b"[a]", b'q"uote', b"caf\xe9", b"a\xffb"]
    for name in odd:
        os.mkdir(os.path.join(os.fsencode(server.root), name))  # noqa: PTH102, PTH118 - bytes
        (server.root / os.fsdecode(name) / "inside").write_text("x", encoding="ascii")
    async with tree_of(server) as tree:
        assert set(odd) <= await names(tree, b"/")
        for name in odd:
            assert await names(tree, b"/" + name) == {b"inside"}, name
        assert await tree.read_range(b"/" + SPACED_NAME.encode(), 0, 3) == Observed(b"spa")


@pytest.mark.parametrize("posture", ["pyftpdlib-plain", "aioftp-plain"])
async def test_odd_names_can_be_entered_and_read(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    odd = [" lead", "-l", "st*r", "[a]", 'q"uote', "caf\u00e9"]
    for name in odd:
        (server.root / name).mkdir()
        (server.root / name / "inside").write_text("x", encoding="ascii")
    async with tree_of(server) as tree:
        assert {name.encode() for name in odd} <= await names(tree, b"/")
        for name in odd:
            assert await names(tree, b"/" + name.encode()) == {b"inside"}, name
        assert await tree.read_range(b"/" + SPACED_NAME.encode(), 0, 3) == Observed(b"spa")


@pytest.mark.parametrize("posture", CLEAR)
async def test_entries_hold_what_the_server_tells(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    async with tree_of(server) as tree:
        (entry,) = (await listing(tree, b"/export")).entries
    assert (entry.name, entry.kind) == (b"members.csv", EntryKind.FILE)
    assert entry.size == len(CSV_TEXT)
    assert entry.modified is not None
    actual = (server.root / "export/members.csv").stat().st_mtime
    assert abs(entry.modified.timestamp() - actual) < 61


def big_file(root: Path) -> bytes:
    """Plant a file that no server can send before a client has had enough."""
    content = b"".join(number.to_bytes(4, "big") for number in range(20 * 1024))
    with (root / "big.bin").open("wb") as file:
        file.write(content)
        file.truncate(20_000_000)
    return content


IN_STEP = [name for name in EVERY_KIND if not name.startswith("aioftp")]


@pytest.mark.parametrize("posture", IN_STEP)
async def test_partial_reads_leave_the_session_in_step(
    start_server: StartServer, posture: str
) -> None:
    """Whether or not the server knows NOOP, and keeps REST no longer than one command."""
    server = start_server(posture)
    content = big_file(server.root)
    async with tree_of(server) as tree:
        session = tree.session
        for number in range(20):
            read = await tree.read_range(b"/big.bin", number * 4096, 4096)
            assert read == Observed(content[number * 4096 :][:4096])
        assert tree.session is session
        assert (await session.command("PWD")).code == 257


async def test_a_server_that_leaves_at_a_cut_transfer_is_entered_again_and_not_for_ever(
    start_server: StartServer,
) -> None:
    """aioftp mostly does: a read that is cut costs a session."""
    server = start_server("aioftp-plain")
    content = big_file(server.root)
    good = 0
    async with tree_of(server) as tree:
        while good < 20:
            read = await tree.read_range(b"/big.bin", good * 4096, 4096)
            if isinstance(read, Unobserved):
                assert read.reason is Reason.CONNECTION_LOST
                break
            assert read.value == content[good * 4096 :][:4096]
            good += 1
    assert good > MOST_RECONNECTS


@pytest.mark.parametrize("posture", CLEAR)
async def test_a_read_ends_with_the_file(start_server: StartServer, posture: str) -> None:
    async with tree_of(start_server(posture)) as tree:
        path = b"/export/members.csv"
        assert await tree.read_range(path, 0, 10_000) == Observed(CSV_TEXT.encode())
        assert await tree.read_range(path, 250, 10_000) == Observed(CSV_TEXT.encode()[250:])
        missing = await tree.read_range(b"/nothing", 0, 10)
        assert isinstance(missing, Unobserved)
        assert missing.reason is Reason.UNREADABLE


@pytest.mark.parametrize("posture", CLEAR)
async def test_a_read_past_the_end_is_empty(start_server: StartServer, posture: str) -> None:
    async with tree_of(start_server(posture)) as tree:
        assert await tree.read_range(b"/export/members.csv", 10_000, 10) == Observed(b"")


@pytest.mark.parametrize(
    "options", [Inetutils(), Pyftpdlib(), Aioftp()], ids=lambda o: type(o).__name__
)
async def test_servers_see_nothing_but_reading_commands(
    start_server: StartServer, options: Inetutils | Pyftpdlib | Aioftp
) -> None:
    server = start_server(options)
    async with tree_of(server) as tree:
        await names(tree, b"/")
        await tree.read_range(b"/export/members.csv", 5, 10)
        verbs = tree.session.opening.dialer.meter.verbs
    server.settle()
    assert set(server.verbs()) <= READ_ONLY_VERBS
    assert sorted(server.verbs()) == sorted(verbs.elements())
