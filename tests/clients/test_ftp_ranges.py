"""Ranges of files on real FTP servers: how many transfers and connections they cost."""

from __future__ import annotations

import random

import pytest

from scanner.clients.ftp_ranges import BLOCK, HEAD_ALONE
from scanner.model.reading import Observed, Reason, Unobserved
from tests.clients.ftp_lab import tree_of
from tests.servers import Proftpd, Server, Vsftpd
from tests.servers.fixtures import StartServer

BIG = random.Random(7).randbytes(3_000_000)
SMALL = BIG[:200_000]
STRANGERS = pytest.mark.parametrize(
    "server",
    ["vsftpd-plain", "proftpd-plain", "proftpd-tls-on", "vsftpd-tls-required", "pureftpd-plain"],
    indirect=True,
)


def planted(server: Server) -> None:
    (server.root / "big.bin").write_bytes(BIG)
    (server.root / "small.bin").write_bytes(SMALL)


@STRANGERS
async def test_a_head_windows_and_a_tail_come_over_one_control_connection(server: Server) -> None:
    planted(server)
    spans = [(0, BLOCK), *((n * 350_000, 16_384) for n in range(1, 8)), (len(BIG) - 500, 500)]

    async with tree_of(server) as tree:
        for offset, length in spans:
            read = await tree.read_range(b"/big.bin", offset, length)
            assert read == Observed(BIG[offset : offset + length])
        past = await tree.read_range(b"/big.bin", len(BIG) + 10, 10)
        assert past == Observed(b"")
        dialer = tree.session.opening.dialer

    control = dialer.meter.connections - dialer.meter.verbs["RETR"]
    assert control - dialer.meter.verbs["CWD"] <= 1
    assert dialer.meter.verbs["RETR"] <= len(spans) + 1
    assert dialer.meter.verbs["USER"] == 1


@STRANGERS
async def test_windows_that_lie_near_each_other_share_a_transfer(server: Server) -> None:
    planted(server)

    async with tree_of(server) as tree:
        for offset in range(0, len(SMALL), 16_384):
            read = await tree.read_range(b"/small.bin", offset, 16_384)
            assert read == Observed(SMALL[offset : offset + 16_384])
        sent = tree.session.opening.dialer.meter.verbs["RETR"]

    assert sent <= -(-len(SMALL) // BLOCK) < -(-len(SMALL) // 16_384)


@STRANGERS
async def test_what_one_file_brought_is_not_told_of_another(server: Server) -> None:
    planted(server)
    (server.root / "other.bin").write_bytes(BIG[::-1])

    async with tree_of(server) as tree:
        for path, content in ((b"/big.bin", BIG), (b"/other.bin", BIG[::-1]), (b"/big.bin", BIG)):
            for offset in (0, 100, 500_000, 0):
                read = await tree.read_range(path, offset, 50)
                assert read == Observed(content[offset : offset + 50])
        missing = await tree.read_range(b"/nothing", 0, 50)

    assert isinstance(missing, Unobserved)
    assert missing.reason is Reason.UNREADABLE


WITHOUT_REST: dict[str, Vsftpd | Proftpd] = {
    "vsftpd": Vsftpd(denied_commands=("REST",)),
    "proftpd": Proftpd(extra=("AllowRetrieveRestart off",)),
}


@pytest.mark.parametrize("product", WITHOUT_REST)
async def test_a_server_that_takes_no_offset_gives_the_beginning_of_a_file(
    product: str, start_server: StartServer
) -> None:
    server = start_server(WITHOUT_REST[product])
    planted(server)

    async with tree_of(server) as tree:
        for offset in (0, 100_000, HEAD_ALONE - 10, 5):
            read = await tree.read_range(b"/big.bin", offset, 10)
            assert read == Observed(BIG[offset : offset + 10])
        beyond = await tree.read_range(b"/big.bin", 2_000_000, 10)
        assert isinstance(beyond, Unobserved)
        assert beyond.reason is Reason.NOT_OFFERED
        assert await tree.read_range(b"/small.bin", 150_000, 99_999) == Observed(SMALL[150_000:])
        verbs = tree.session.opening.dialer.meter.verbs

    assert verbs["REST"] == 1  # it is not asked for again
    assert verbs["USER"] == 1
