from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import asyncssh
import pytest

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.sftp import READ_ONLY_REQUESTS, SftpTree, _Exchange
from scanner.clients.ssh_login import SshCredential
from scanner.model.listing import Entry, EntryKind, Listing, Outcome
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.wire.sftp import Request
from tests.clients.ssh_lab import PASSWORD, credential_of, drop_sessions, recording_server, tree_of
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.tree import Tree

SECRET = SshCredential(username="lab", password=PASSWORD)
REAL = pytest.mark.parametrize(
    "server",
    ["openssh-password", "openssh-chrooted", "dropbear-password", "proftpd-sftp"],
    indirect=True,
)


def listed(reading: Reading[Listing]) -> dict[bytes, Entry]:
    assert isinstance(reading, Observed)
    assert reading.value.outcome is Outcome.LISTED
    return {entry.name: entry for entry in reading.value.entries}


@REAL
async def test_a_real_tree_is_listed_whole_with_raw_names(server: Server) -> None:
    async with tree_of(server.port, credential_of(server)) as tree:
        reading = await tree.list_directory(tree.home, most=1_000)
        entries = listed(reading)

    assert set(server.tree.visible) | set(server.tree.hidden) <= set(entries)
    assert b"caf\xe9.txt" in entries
    assert entries[b"public"].kind is EntryKind.DIRECTORY
    assert entries[b"loop"].kind is EntryKind.LINK
    assert isinstance(reading, Observed)
    assert reading.value.complete


@REAL
async def test_any_range_of_a_real_file_is_read(server: Server) -> None:
    content = os.urandom(1_500_000)
    (server.root / "big.bin").write_bytes(content)
    async with tree_of(server.port, credential_of(server)) as tree:
        path = tree.home.rstrip(b"/") + b"/big.bin"
        for offset, length in (
            (0, 10),
            (0, 1_048_576),
            (700_001, 400_000),
            (1_499_990, 100),
            (2_000_000, 5),
            (3, 0),
        ):
            reading = await tree.read_range(path, offset, length)
            assert reading == Observed(content[offset : offset + length])


@REAL
async def test_only_read_only_requests_reach_a_real_server(server: Server) -> None:
    async with tree_of(server.port, credential_of(server)) as tree:
        for path in (tree.home, b"/nowhere"):
            await tree.list_directory(path, most=1_000)
            await tree.read_range(path, 0, 10)
    server.settle()

    asked = set(server.verbs())
    assert asked <= {request.name.lower() for request in READ_ONLY_REQUESTS}
    assert {"opendir", "readdir"} <= asked


@REAL
async def test_a_directory_that_is_not_there_is_missing(server: Server) -> None:
    async with tree_of(server.port, credential_of(server)) as tree:
        reading = await tree.list_directory(b"/no/such/place", most=10)

    assert isinstance(reading, Observed)
    assert reading.value.outcome is Outcome.MISSING


@pytest.mark.parametrize(
    "server", ["openssh-password", "dropbear-password", "proftpd-sftp"], indirect=True
)
async def test_what_may_not_be_read_is_denied(server: Server) -> None:
    closed = server.root / "closed"
    closed.mkdir(mode=0o700)
    (server.root / "closed.txt").write_text("x")
    (server.root / "closed.txt").chmod(0o600)
    async with tree_of(server.port, credential_of(server)) as tree:
        home = tree.home.rstrip(b"/")
        directory = await tree.list_directory(home + b"/closed", most=10)
        file = await tree.read_range(home + b"/closed.txt", 0, 10)
        after = await tree.list_directory(tree.home, most=1_000)

    assert isinstance(directory, Observed)
    assert directory.value.outcome is Outcome.DENIED
    assert isinstance(file, Unobserved)
    assert file.reason is Reason.UNREADABLE
    assert listed(after)[b"closed.txt"].mode == 0o600


async def test_a_listing_is_cut_at_the_bound_and_says_so(start_server: StartServer) -> None:
    def crowd(root: Path) -> Tree:
        for number in range(700):
            (root / f"{number:04}.csv").touch()
        return Tree(root)

    server = start_server("openssh-password", contents=crowd)
    async with tree_of(server.port, credential_of(server)) as tree:
        cut = await tree.list_directory(tree.home, most=300)
        whole = await tree.list_directory(tree.home, most=700)

    assert isinstance(cut, Observed)
    assert isinstance(whole, Observed)
    assert (len(cut.value.entries), cut.value.complete) == (300, False)
    assert (len(whole.value.entries), whole.value.complete) == (700, True)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_newline_in_a_name_is_counted_and_not_passed_on(server: Server) -> None:
    (server.root / "two\nlines").touch()
    async with tree_of(server.port, credential_of(server)) as tree:
        reading = await tree.list_directory(tree.home, most=1_000)

    assert b"two\nlines" not in listed(reading)
    assert isinstance(reading, Observed)
    assert reading.value.unparsed == 1


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_session_that_the_server_ends_is_lost(server: Server) -> None:
    async with tree_of(server.port, credential_of(server)) as tree:
        drop_sessions(server)
        reading = await tree.list_directory(tree.home, most=10)
        again = await tree.read_range(tree.home, 0, 10)

    assert isinstance(reading, Unobserved)
    assert isinstance(again, Unobserved)
    assert {reading.reason, again.reason} == {Reason.CONNECTION_LOST}


async def test_a_login_without_sftp_is_told() -> None:
    async with recording_server() as (port, _, _):
        with pytest.raises(Fault) as caught:
            async with tree_of(port, SECRET):
                raise AssertionError

    assert caught.value.reason is Reason.NOT_OFFERED


def test_nothing_but_a_read_only_request_can_be_sent() -> None:
    async def send() -> None:
        _Exchange(EffortMeter())._send(cast("Request", 6), b"")

    with pytest.raises(ValueError, match="not read-only"):
        asyncio.run(send())


# --- servers that lie -------------------------------------------------------------------

Answer = Callable[[int, bytes], bytes]


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def framed(body: bytes) -> bytes:
    return u32(len(body)) + body


def text(data: bytes) -> bytes:
    return u32(len(data)) + data


def status(identity: int, code: int) -> bytes:
    return framed(b"\x65" + u32(identity) + u32(code) + text(b"no\x1b[31m") + text(b""))


def a_handle(identity: int) -> bytes:
    return framed(b"\x66" + u32(identity) + text(b"handle"))


def a_name(identity: int, name: bytes) -> bytes:
    attributes = u32(4) + u32(0o100644)
    return framed(b"\x68" + u32(identity) + u32(1) + text(name) + text(b"") + attributes)


VERSION_3 = framed(b"\x02\0\0\0\x03")


class Liar(asyncssh.SSHServerSession[bytes]):
    """Speaks SFTP and answers each kind of request as the test wants; others are refused."""

    def __init__(
        self, answers: dict[int, Answer], version: bytes = VERSION_3, noise: bytes = b""
    ) -> None:
        self._answers = answers
        self._version = version
        self._noise = noise
        self._held = b""
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        assert self._channel is not None
        self._channel.write_stderr(self._noise)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        del datatype
        assert self._channel is not None
        self._held += data
        while len(self._held) >= 4:
            end = 4 + int.from_bytes(self._held[:4], "big")
            if len(self._held) < end:
                return
            packet, self._held = self._held[4:end], self._held[end:]
            self._channel.write(self._answer(packet))

    def _answer(self, packet: bytes) -> bytes:
        if packet[0] == 1:
            return self._version
        identity = int.from_bytes(packet[1:5], "big")
        answer = self._answers.get(packet[0])
        return status(identity, 4) if answer is None else answer(identity, packet)


HOME: dict[int, Answer] = {16: lambda n, _: a_name(n, b"/home")}
OPENS: dict[int, Answer] = {**HOME, 3: lambda n, _: a_handle(n), 11: lambda n, _: a_handle(n)}


@asynccontextmanager
async def lying_tree(
    answers: dict[int, Answer], *, seconds: float = 0.3
) -> AsyncIterator[SftpTree]:
    async with (
        recording_server(session=lambda: Liar(answers)) as (port, _, _),
        tree_of(port, SECRET, seconds=seconds) as tree,
    ):
        yield tree


@pytest.mark.parametrize(
    "version",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        framed(b"\x02"),
        framed(b"\x65\0\0\0\0"),
        b"Welcome to my shell!\n",
        framed(b"\x02\0\0\0\x63"),
        b"",
    ],
)
async def test_a_subsystem_that_does_not_speak_version_3_is_a_fault(version: bytes) -> None:
    async with recording_server(session=lambda: Liar({}, version)) as (port, _, _):
        with pytest.raises(Fault) as caught:
            async with tree_of(port, SECRET, seconds=0.3):
                raise AssertionError

    assert caught.value.reason in {
        Reason.PROTOCOL_ERROR,
        Reason.NOT_OFFERED,
        Reason.TIMEOUT,
        Reason.CONNECTION_LOST,
    }


async def test_a_home_that_is_not_told_is_the_root() -> None:
    async with lying_tree({}) as tree:
        assert tree.home == b"/"


@pytest.mark.parametrize(
    ("readdir", "outcome"),
    [
        (lambda n, _: framed(b"\x68" + u32(n) + u32(0xFFFFFFFF)), Reason.PROTOCOL_ERROR),
        (lambda _n, _: framed(b"\x68" + u32(99_999) + u32(0)), Reason.PROTOCOL_ERROR),
        (lambda n, _: framed(b"\x67" + u32(n) + text(b"data")), Reason.PROTOCOL_ERROR),
        (lambda _n, _: u32(0x7FFFFFFF), Reason.PROTOCOL_ERROR),
        (lambda _n, _: b"", Reason.TIMEOUT),
    ],
)
async def test_a_listing_that_lies_is_not_believed(readdir: Answer, outcome: Reason) -> None:
    async with lying_tree({**OPENS, 12: readdir}) as tree:
        reading = await tree.list_directory(b"/home", most=10)

    assert isinstance(reading, Unobserved)
    assert reading.reason is outcome


@pytest.mark.parametrize(
    "readdir",
    [
        lambda n, _: a_name(n, b"file-%d" % n),
        lambda n, _: a_name(n, b"same"),
        lambda n, _: a_name(n, b"."),
        lambda n, _: a_name(n, b"../../etc/passwd"),
        lambda n, _: framed(b"\x68" + u32(n) + u32(0)),
    ],
)
async def test_an_endless_listing_is_cut(readdir: Answer) -> None:
    async with lying_tree({**OPENS, 12: readdir}, seconds=5) as tree:
        reading = await tree.list_directory(b"/home", most=20)

    assert isinstance(reading, Observed)
    assert len(reading.value.entries) <= 20
    assert not reading.value.complete
    assert not {name for name in (entry.name for entry in reading.value.entries) if b"/" in name}


async def test_a_refusal_half_way_leaves_the_listing_incomplete() -> None:
    def readdir(identity: int, _: bytes) -> bytes:
        return a_name(identity, b"first") if identity < 4 else status(identity, 3)

    async with lying_tree({**OPENS, 12: readdir}) as tree:
        reading = await tree.list_directory(b"/home", most=20)

    assert isinstance(reading, Observed)
    assert (len(reading.value.entries), reading.value.complete) == (1, False)
    assert reading.value.reply == "no\\x1b[31m"


async def test_more_data_than_asked_for_is_cut() -> None:
    flood: Answer = lambda n, _: framed(b"\x67" + u32(n) + text(b"x" * 200_000))  # noqa: E731
    async with lying_tree({**OPENS, 5: flood}) as tree:
        assert await tree.read_range(b"/home/a", 0, 10) == Observed(b"x" * 10)


async def test_a_file_in_crumbs_is_given_up() -> None:
    crumb: Answer = lambda n, _: framed(b"\x67" + u32(n) + text(b"x"))  # noqa: E731
    async with lying_tree({**OPENS, 5: crumb}, seconds=5) as tree:
        reading = await tree.read_range(b"/home/a", 0, 100_000)

    assert isinstance(reading, Unobserved)
    assert reading.reason is Reason.PROTOCOL_ERROR


async def test_a_read_without_an_answer_is_a_timeout_and_the_session_goes_on() -> None:
    async with lying_tree({**OPENS, 5: lambda _n, _: b""}) as tree:
        reading = await tree.read_range(b"/home/a", 0, 10)
        after = await tree.list_directory(b"/home", most=5)

    assert isinstance(reading, Unobserved)
    assert reading.reason is Reason.TIMEOUT
    assert after == Unobserved(Reason.UNREADABLE, "no\\x1b[31m") or isinstance(after, Observed)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_call_that_is_cancelled_leaves_the_session_in_order(server: Server) -> None:
    content = os.urandom(400_000)
    (server.root / "big.bin").write_bytes(content)
    async with tree_of(server.port, credential_of(server)) as tree:
        path = tree.home + b"/big.bin"
        for _ in range(20):
            reading = asyncio.create_task(tree.read_range(path, 0, 400_000))
            listing = asyncio.create_task(tree.list_directory(tree.home, most=100))
            await asyncio.sleep(0)
            for task in (reading, listing):
                task.cancel()
            await asyncio.gather(reading, listing, return_exceptions=True)
        assert await tree.read_range(path, 5, 100) == Observed(content[5:105])
        assert b"big.bin" in listed(await tree.list_directory(tree.home, most=100))


async def test_standard_error_is_not_read_as_sftp() -> None:
    answers: dict[int, Answer] = {**OPENS, 12: lambda n, _: status(n, 1)}

    async with (
        recording_server(session=lambda: Liar(answers, noise=b"motd\n" * 1_000)) as (port, _, _),
        tree_of(port, SECRET) as tree,
    ):
        reading = await tree.list_directory(b"/home", most=5)

    assert reading == Observed(Listing(outcome=Outcome.LISTED))
