"""The failed login, on real servers: seen once in their logs, and never more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.history import History
from scanner.model.address import Admitted
from scanner.model.attempts import MOST_FAILURES, AttemptKind
from scanner.model.drill import DrillLogin
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.probes.drill import new_user
from scanner.probes.drill_login import HARMLESS_WORD, LoginDesk, aftermath
from tests.servers import Server
from tests.servers.fixtures import StartServer

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
REAL = (
    "vsftpd-no-anonymous",
    "vsftpd-tls-required",
    "proftpd-plain",
    "proftpd-tls-on",
    "pureftpd-plain",
    "pureftpd-tls-3",
    "inetutils-plain",
    "pyftpdlib-plain",
    "openssh-password",
    "openssh-keys",
    "openssh-keyboard-interactive",
    "dropbear-password",
    "dropbear-keys",
    "proftpd-sftp",
    "tinysshd-keys",
)


@pytest.fixture
def history() -> History:
    return History.in_memory(lambda: NOW)


def desk(history: History, port: int, seconds: float = 10.0) -> LoginDesk:
    admitted = Admitted(ip_address("127.0.0.1"), port, "127.0.0.1")
    dialer = Dialer(admitted, EffortMeter())
    return LoginDesk(dialer=dialer, attempts=history, clock=lambda: NOW, seconds=seconds)


def left(history: History, port: int) -> int:
    place = f"127.0.0.1:{port}"
    return sum(history.reserve(place, AttemptKind.DECOY) is not None for _ in range(9))


@pytest.mark.parametrize("posture", REAL)
async def test_a_server_sees_one_login_fail_under_the_drills_name(
    start_server: StartServer, posture: str, history: History
) -> None:
    server: Server = start_server(posture)
    user = new_user()
    made = await desk(history, server.port, 20.0).fail(user, Protocol(server.protocol))
    assert isinstance(made, Observed), made
    assert made.value.refused
    assert (made.value.user, made.value.port) == (user, server.port)
    server.process.settle(15.0)
    server.flush()
    assert HARMLESS_WORD not in server.log_text() or server.product == "openssh"
    assert (user in server.log_text()) is made.value.logged
    assert made.value.logged is (server.product != "dropbear")
    assert left(history, server.port) == MOST_FAILURES - 1


async def test_without_an_attempt_left_nothing_is_tried(
    start_server: StartServer, history: History
) -> None:
    for posture in ("vsftpd-no-anonymous", "openssh-password"):
        server = start_server(posture)
        assert left(history, server.port) == MOST_FAILURES
        made = await desk(history, server.port).fail(new_user(), Protocol(server.protocol))
        assert isinstance(made, Unobserved)
        assert made.reason is Reason.ATTEMPT_BUDGET
        server.process.settle()
        assert server.failed_logins() == 0


async def test_a_port_that_is_closed_takes_no_login(history: History) -> None:
    made = await desk(history, 1).fail(new_user(), Protocol.AUTO)
    assert isinstance(made, Unobserved)
    assert made.reason is Reason.CLOSED
    assert left(history, 1) == MOST_FAILURES


# Servers that do as they like

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(*replies: bytes) -> AsyncIterator[int]:
    """Greet with the first reply, and answer each line with the next; then close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for reply in replies:
                writer.write(reply)
                await writer.drain()
                if not await reader.readline():
                    break
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


WELCOME, NO_TLS, ASKS = b"220 hello\r\n", b"502 no\r\n", b"331 word?\r\n"


async def outcome(history: History, *replies: bytes) -> Reading[DrillLogin]:
    async with scripted(*replies) as port:
        return await desk(history, port, 2.0).fail(new_user(), Protocol.FTP)


@pytest.mark.parametrize(
    ("replies", "answer", "refused"),
    [
        ((b"530 \x1b[2Jno\r\n",), "530 \\x1b[2Jno", True),
        ((b"421 you are barred\r\n",), "421 you are barred", True),
        ((), "no answer to PASS (connection-lost)", False),
        ((b"no reply of FTP\r\n",), "no answer to PASS (protocol-error)", False),
    ],
)
async def test_how_pass_was_answered_is_told(
    history: History, replies: tuple[bytes, ...], answer: str, *, refused: bool
) -> None:
    made = await outcome(history, WELCOME, NO_TLS, ASKS, *replies)
    assert isinstance(made, Observed), made
    assert (made.value.answer, made.value.refused) == (answer, refused)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((WELCOME, NO_TLS, b"230 come in\r\n"), Reason.NO_LOGIN),
        ((WELCOME, NO_TLS, ASKS, b"230 come in\r\n"), Reason.NO_LOGIN),
        ((WELCOME, NO_TLS, b"530 not you\r\n"), Reason.PROTOCOL_ERROR),
        ((WELCOME, NO_TLS, b"421 too many\r\n"), Reason.THROTTLED),
        ((b"421 too many\r\n",), Reason.THROTTLED),
        ((b"HTTP/1.1 400\r\n",), Reason.OTHER_SERVICE),
        ((WELCOME,), Reason.CONNECTION_LOST),
    ],
)
async def test_a_login_that_did_not_fail_is_not_made(
    history: History, replies: tuple[bytes, ...], reason: Reason
) -> None:
    made = await outcome(history, *replies)
    assert isinstance(made, Unobserved), made
    assert made.reason is reason


async def test_how_a_server_bars_us_afterwards_is_told() -> None:
    async def after(*replies: bytes) -> str:
        async with scripted(*replies) as port:
            dialer = desk(History.in_memory(lambda: NOW), port).dialer
            return await aftermath(dialer, "ftp", 2.0)

    assert await after(WELCOME, b"221 bye\r\n") == ""
    assert await after(b"421 barred for \x1b[2Jan hour\r\n") == (
        "greets with 421 barred for \\x1b[2Jan hour"
    )
    assert await after() == "answers no more (connection-lost)"
    closed = desk(History.in_memory(lambda: NOW), 1).dialer
    assert await aftermath(closed, "sftp", 2.0) == "answers no more (closed)"


async def test_a_login_that_is_cancelled_leaves_no_connection(history: History) -> None:
    heard = asyncio.Event()
    ended = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        assert await reader.readline() == b"AUTH TLS\r\n"
        heard.set()
        assert await reader.read() == b""
        ended.set()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.create_task(desk(history, port).fail(new_user(), Protocol.FTP))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            await ended.wait()
