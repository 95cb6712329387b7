"""The receiver of alerts beside senders that mean no good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scanner.clients.faults import Fault
from scanner.clients.webhook import MOST_CONNECTIONS, AlertReceiver, receiving
from scanner.model.reading import Reason
from scanner.wire.http import MOST_BODY

HOST = "127.0.0.1"
TOKEN = "a-token-of-the-test"


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return what comes until the connection ends, or nothing of one that was dropped."""
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


class Hook:
    def __init__(self, token: str, seconds: float) -> None:
        self.heard: list[bytes] = []
        self.receiver = AlertReceiver(self.heard.append, token=token, seconds=seconds)
        self.port = 0

    async def send(self, data: bytes) -> bytes:
        """Send bytes and return the whole answer, nothing where the connection was dropped."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(data)
        return await ended(reader, writer)

    async def post(self, body: bytes, *headers: bytes) -> bytes:
        head = b"POST /alerts HTTP/1.1\r\nContent-Length: %d\r\n" % len(body)
        return await self.send(head + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body)


@asynccontextmanager
async def hook(*, token: str = "", seconds: float = 5.0) -> AsyncIterator[Hook]:
    running = Hook(token, seconds)
    async with receiving((HOST, 0), running.receiver) as server:
        running.port = server.sockets[0].getsockname()[1]
        yield running


async def test_a_post_is_heard_and_answered() -> None:
    async with hook() as running:
        assert (await running.post(b"alert")).startswith(b"HTTP/1.1 204 ")
    assert running.heard == [b"/alerts\nalert"]
    assert running.receiver.trouble() is None


async def test_only_who_has_the_token_is_heard() -> None:
    async with hook(token=TOKEN) as running:
        for header in (b"X: y", b"Authorization: Bearer x", b"Authorization: " + TOKEN.encode()):
            assert (await running.post(b"forged", header)).startswith(b"HTTP/1.1 401 ")
        good = b"Authorization: Bearer " + TOKEN.encode()
        assert (await running.post(b"alert", good)).startswith(b"HTTP/1.1 204 ")
    assert running.heard == [b"/alerts\nalert"]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 "),
        (b"\x16\x03\x01\x02\x00 hello in TLS\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 20_000, b"HTTP/1.1 431 "),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"HTTP/1.1 413 "),
    ],
)
async def test_what_is_no_alert_is_answered_and_not_heard(data: bytes, answer: bytes) -> None:
    async with hook() as running:
        assert (await running.send(data)).startswith(answer)
        assert (await running.post(b"alert")).startswith(b"HTTP/1.1 204 ")
    assert running.heard == [b"/alerts\nalert"]


async def test_a_message_that_is_too_long_is_said_to_be_missed() -> None:
    async with hook() as running:
        # The answer may be lost where the sender is still sending.
        await running.post(b"x" * (MOST_BODY + 1))
        trouble = running.receiver.trouble()
    assert running.heard == []
    assert trouble is not None
    assert trouble.reason is Reason.SAMPLE_BUDGET


async def test_a_sender_that_drips_is_dropped_and_others_are_served_meanwhile() -> None:
    async with hook(seconds=2.0) as running:
        reader, writer = await asyncio.open_connection(HOST, running.port)
        writer.write(b"POST / HT")
        assert (await running.post(b"alert")).startswith(b"HTTP/1.1 204 ")
        assert await ended(reader, writer) == b""
    assert running.heard == [b"/alerts\nalert"]


async def test_more_senders_than_are_served_at_once_are_turned_away_and_told() -> None:
    async with hook() as running:
        open_ones = [
            await asyncio.open_connection(HOST, running.port) for _ in range(MOST_CONNECTIONS)
        ]
        await asyncio.sleep(0)
        assert await running.send(b"POST / HTTP/1.1\r\n\r\n") == b""
        trouble = running.receiver.trouble()
        for _, writer in open_ones:
            writer.transport.abort()
    assert trouble is not None
    assert trouble.reason is Reason.CONNECTION_BUDGET


async def test_an_address_that_is_taken_is_a_fault() -> None:
    async with hook() as running:
        with pytest.raises(Fault):
            async with receiving((HOST, running.port), running.receiver):
                pass


async def test_nothing_stays_open() -> None:
    before = asyncio.all_tasks()
    async with hook() as running:
        _, writer = await asyncio.open_connection(HOST, running.port)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
