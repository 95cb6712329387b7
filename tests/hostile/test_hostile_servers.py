"""Each hostile server does what its name says, and all of them stop with their test."""

from __future__ import annotations

import asyncio
import ftplib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.hostile import (
    ESCAPES,
    UNUSED_ADDRESS,
    Behaviour,
    Endpoint,
    FtpScript,
    Session,
    close_at_once,
    closes_after,
    drip,
    endless_line,
    endless_listing,
    endless_listing_line,
    endless_reply,
    ftp,
    garbage,
    http,
    impatient_http,
    injects_after_auth,
    lists,
    machine_listing,
    passive_elsewhere,
    password_for_ever,
    recorder,
    says,
    server_context,
    serving,
    silent,
    ssh_closes_after_identification,
    ssh_endless_preamble,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
    stalls_after_auth,
    unix_listing,
)
from tests.servers import make_certificate

MEBIBYTE: Final = 1024 * 1024


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    return server_context(make_certificate(tmp_path))


class Wire:
    """A client of a few lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def line(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readline()

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.read()

    def say(self, command: str) -> None:
        self.writer.write(command.encode("ascii") + b"\r\n")

    async def ask(self, command: str) -> bytes:
        self.say(command)
        return await self.line()

    async def start_tls(self) -> None:
        await self.writer.start_tls(_trusting())


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def connected(endpoint: Endpoint) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


ENDLESS: Final[dict[str, tuple[Callable[[], Behaviour], bytes]]] = {
    "reply": (endless_reply, b"220-and another line\r\n220-and"),
    "line": (endless_line, b"220 xxxxxxxxxxxxxxxx"),
    "preamble": (ssh_endless_preamble, b"please wait for the identification\r\nplease"),
    "packet": (ssh_huge_packet, b"SSH-2.0-Hostile_1.0\r\n\xff\xff\xff\xff\x04\x04"),
}


@pytest.mark.parametrize(("make", "start"), ENDLESS.values(), ids=ENDLESS)
async def test_an_endless_server_sends_as_long_as_it_is_read(
    make: Callable[[], Behaviour], start: bytes
) -> None:
    async with serving(make()) as endpoint:
        async with connected(endpoint) as wire:
            assert (await wire.exactly(8 * MEBIBYTE)).startswith(start)
        assert endpoint.only.sent >= 8 * MEBIBYTE


@pytest.mark.parametrize("make", [endless_reply, endless_line, ssh_endless_preamble])
async def test_an_endless_server_waits_for_a_client_that_does_not_read(
    make: Callable[[], Behaviour],
) -> None:
    sessions: list[Session] = []
    behaviour = make()

    async def observed(session: Session) -> None:
        sessions.append(session)
        await behaviour(session)

    async with serving(observed) as endpoint, connected(endpoint), asyncio.timeout(5):
        # Until the kernel takes no more, of which there is no event.
        while not sessions or _buffered(sessions[0]) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert _buffered(sessions[0]) < MEBIBYTE
        assert endpoint.only.sent < 64 * MEBIBYTE


def _buffered(session: Session) -> int:
    return session.writer.transport.get_write_buffer_size()


async def test_an_endless_line_never_ends() -> None:
    async with serving(endless_line()) as endpoint, connected(endpoint) as wire:
        assert b"\n" not in await wire.exactly(4 * MEBIBYTE)


async def test_silence_records_what_the_client_says() -> None:
    async with serving(silent()) as endpoint:
        async with connected(endpoint) as wire:
            wire.say("USER anonymous")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await wire.reader.read(1)
        assert endpoint.only.commands == [b"USER anonymous"]
        assert endpoint.only.verbs == ["USER"]
        assert endpoint.only.sent == 0


async def test_a_drip_comes_byte_by_byte() -> None:
    async with serving(drip(b"abc", seconds=0.01)) as endpoint, connected(endpoint) as wire:
        started = asyncio.get_running_loop().time()
        assert await wire.exactly(9) == b"abcabcabc"
        assert asyncio.get_running_loop().time() - started >= 0.06


async def test_garbage_is_the_same_for_the_same_seed() -> None:
    async def received(seed: int) -> bytes:
        async with serving(garbage(seed=seed)) as endpoint, connected(endpoint) as wire:
            return await wire.exactly(1 << 16)

    assert await received(3) == await received(3) != await received(4)


async def test_closing_at_once_ends_the_stream_and_resetting_breaks_it() -> None:
    async with serving(close_at_once()) as endpoint, connected(endpoint) as wire:
        assert await wire.rest() == b""
    async with serving(close_at_once(reset=True)) as endpoint, connected(endpoint) as wire:
        with pytest.raises(ConnectionResetError):
            await wire.rest()


async def test_a_web_server_waits_for_a_line_and_complains() -> None:
    async with serving(http()) as endpoint, connected(endpoint) as wire:
        wire.say("SSH-2.0-probe")
        assert (await wire.rest()).startswith(b"HTTP/1.1 400 ")
    async with serving(impatient_http()) as endpoint, connected(endpoint) as wire:
        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("commands", [0, 1, 2])
async def test_a_conversation_is_cut_after_as_many_commands_as_asked(commands: int) -> None:
    async with serving(closes_after(commands)) as endpoint:
        async with connected(endpoint) as wire:
            assert await wire.line() == b"220 ready\r\n"
            for _ in range(commands):
                assert await wire.ask("NOOP") == b"200 fine\r\n"
            assert await wire.rest() == b""
        assert endpoint.only.verbs == ["NOOP"] * commands


async def test_a_password_is_asked_for_again_and_again() -> None:
    async with serving(password_for_ever()) as endpoint, connected(endpoint) as wire:
        await wire.line()
        assert await wire.ask("USER anonymous") == b"331 password please\r\n"
        for _ in range(5):
            assert await wire.ask("PASS guest@example.invalid") == b"331 password please\r\n"


async def test_passive_replies_can_point_to_a_trap() -> None:
    async with serving(silent(), host=UNUSED_ADDRESS) as trap:
        behaviour = passive_elsewhere(UNUSED_ADDRESS, trap.port)
        async with serving(behaviour) as endpoint, connected(endpoint) as wire:
            await wire.line()
            high, low = divmod(trap.port, 256)
            announced = f"(127,66,66,66,{high},{low})".encode("ascii")
            assert announced in await wire.ask("PASV")
            assert f"(|1|{UNUSED_ADDRESS}|{trap.port}|)".encode() in await wire.ask("EPSV")
            assert trap.connections == []
        async with connected(trap) as wire:
            wire.say("hello")
            await wire.writer.drain()
        assert len(trap.connections) == 1


async def test_injected_replies_come_in_clear_before_the_handshake(tls: ssl.SSLContext) -> None:
    async with serving(injects_after_auth(tls)) as endpoint, connected(endpoint) as wire:
        await wire.line()
        wire.say("AUTH TLS")
        assert await wire.line() == b"234 go ahead\r\n"
        assert await wire.line() == b"230 logged in\r\n"
        assert await wire.line() == b"230 logged in\r\n"
        await wire.start_tls()
        assert await wire.ask("NOOP") == b"200 fine\r\n"


async def test_a_handshake_can_stall_after_it_was_agreed_to() -> None:
    async with serving(stalls_after_auth()) as endpoint:
        async with connected(endpoint) as wire:
            await wire.line()
            assert await wire.ask("AUTH TLS") == b"234 go ahead\r\n"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await wire.start_tls()
        assert endpoint.only.clear.startswith(b"AUTH TLS\r\n\x16\x03")


async def test_the_recorder_keeps_clear_and_protected_bytes_apart(tls: ssl.SSLContext) -> None:
    async with serving(recorder(tls)) as endpoint:
        async with connected(endpoint) as wire:
            await wire.line()
            wire.say("AUTH TLS")
            assert await wire.line() == b"234 go ahead\r\n"
            await wire.start_tls()
            assert await wire.ask("USER transfer") == b"331 password please\r\n"
        assert endpoint.only.clear == b"AUTH TLS\r\n"
        assert endpoint.only.protected == b"USER transfer\r\n"
        assert endpoint.only.received == b"AUTH TLS\r\nUSER transfer\r\n"


async def test_implicit_tls_records_everything_as_protected(tls: ssl.SSLContext) -> None:
    async with serving(recorder(), context=tls) as endpoint:
        reader, writer = await asyncio.open_connection(
            endpoint.host, endpoint.port, ssl=_trusting()
        )
        assert await reader.readline() == b"220 ready\r\n"
        writer.write(b"NOOP\r\n")
        assert await reader.readline() == b"200 fine\r\n"
        writer.transport.abort()
        assert endpoint.only.clear == b""
        assert endpoint.only.protected == b"NOOP\r\n"


async def test_a_polite_server_satisfies_an_independent_client(tls: ssl.SSLContext) -> None:
    listing = b"type=file;size=3; a.csv\r\n"
    script = FtpScript(listing=lambda: (listing,), content=lambda: (b"one", b"two"), tls=tls)

    def session(endpoint: Endpoint) -> tuple[list[str], bytes]:
        with ftplib.FTP_TLS(context=_trusting(), timeout=5) as client:
            client.connect(endpoint.host, endpoint.port)
            client.login()
            client.prot_p()
            names = [name for name, _ in client.mlsd()]
            content = bytearray()
            client.retrbinary("RETR a.csv", content.extend)
            return names, bytes(content)

    async with serving(ftp(script)) as endpoint:
        assert await asyncio.to_thread(session, endpoint) == (["a.csv"], b"onetwo")
        assert endpoint.only.data_connections == 2
        assert endpoint.only.clear == b"AUTH TLS\r\n"


async def test_a_listing_arrives_as_it_was_written() -> None:
    data = machine_listing() + unix_listing()
    async with serving(lists(data)) as endpoint, connected(endpoint) as wire:
        await wire.line()
        assert await _listing(wire, len(data)) == data
        assert await wire.line() == b"226 done\r\n"
    assert ESCAPES.encode() in data
    assert b"caf\xe9" in data
    assert b"line\nfeed.txt" in data


@pytest.mark.parametrize("source", [endless_listing, endless_listing_line])
async def test_a_listing_can_be_endless(source: Callable[[], Iterator[bytes]]) -> None:
    async with serving(lists(source)) as endpoint:
        async with connected(endpoint) as wire:
            await wire.line()
            data = await _listing(wire, 4 * MEBIBYTE)
            assert await wire.line() == b"426 transfer aborted\r\n"
        lines = data.split(b"\r\n")
        if source is endless_listing:
            assert len(set(lines)) == len(lines) > 10000
        else:
            assert len(lines) == 1


async def _listing(wire: Wire, count: int) -> bytes:
    """Return the first ``count`` bytes of a listing and drop the rest."""
    reply = await wire.ask("EPSV")
    port = int(reply.split(b"|")[3])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        assert (await wire.ask("MLSD")).startswith(b"150 ")
        async with asyncio.timeout(10):
            return await reader.readexactly(count)
    finally:
        writer.transport.abort()


async def test_ssh_servers_identify_and_then_misbehave() -> None:
    identification = b"SSH-2.0-Hostile_1.0\r\n"
    async with (
        serving(ssh_closes_after_identification()) as endpoint,
        connected(endpoint) as wire,
    ):
        assert await wire.rest() == identification
    async with serving(ssh_says(b"SSH-1.5-old\n")) as endpoint, connected(endpoint) as wire:
        assert await wire.line() == b"SSH-1.5-old\n"
    async with serving(ssh_lying_name_list()) as endpoint, connected(endpoint) as wire:
        assert await wire.line() == identification
        (length,) = struct.unpack(">I", await wire.exactly(4))
        packet = await wire.exactly(length)
        assert (length + 4) % 8 == 0
        assert packet[1] == 20  # SSH_MSG_KEXINIT
        assert struct.unpack_from(">I", packet, 18)[0] > length


async def test_a_greeting_can_hold_anything() -> None:
    banner = b"220 " + ESCAPES.encode() + b"\xff\r\n"
    async with serving(says(banner)) as endpoint, connected(endpoint) as wire:
        assert await wire.line() == banner


async def test_a_mistake_of_a_behaviour_reaches_the_test() -> None:
    async def mistaken(session: Session) -> None:
        raise ZeroDivisionError("a slip")

    with pytest.raises(ZeroDivisionError, match="a slip"):
        async with serving(mistaken) as endpoint, connected(endpoint) as wire:
            await wire.rest()


async def test_a_failed_handshake_is_the_clients_affair(tls: ssl.SSLContext) -> None:
    async with serving(recorder(tls)) as endpoint:
        async with connected(endpoint) as wire:
            await wire.line()
            await wire.ask("AUTH TLS")
            wire.writer.write(b"this is no ClientHello\r\n")
            await wire.rest()
        assert "SSL" in endpoint.only.ending


async def test_nothing_is_left_when_the_test_ends() -> None:
    before = asyncio.all_tasks()
    async with serving(drip()) as endpoint, connected(endpoint) as wire:
        await wire.exactly(1)
        with socket.create_connection((endpoint.host, endpoint.port)) as second:
            second.setblocking(False)
            await wire.exactly(2)
    assert asyncio.all_tasks() == before
    assert all(connection.ending for connection in endpoint.connections)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(endpoint.host, endpoint.port)


FOLDERS: Final = {"/": b"drwxr-xr-x 2 a a 0 Jan 01 00:00 in\r\n", "/in": b"nothing\r\n"}


async def test_a_script_may_answer_by_name_and_by_whether_tls_protects(
    tls: ssl.SSLContext,
) -> None:
    script = FtpScript(
        replies={"USER": b"331 who\r\n", "PASS": b"530 no\r\n", "PASS guest": b"230 yes\r\n"},
        in_clear={"USER": b"534 not in clear\r\n"},
        in_tls={"USER nobody": b"530 never\r\n"},
        tls=tls,
        authorised=b"234 so be it\r\n",
    )
    async with serving(ftp(script)) as endpoint, connected(endpoint) as wire:
        assert await wire.line() == b"220 ready\r\n"
        assert await wire.ask("USER guest") == b"534 not in clear\r\n"
        assert await wire.ask("AUTH TLS") == b"234 so be it\r\n"
        await wire.start_tls()
        assert await wire.ask("USER nobody") == b"530 never\r\n"
        assert await wire.ask("PASS x") == b"530 no\r\n"
        assert await wire.ask("USER guest") == b"331 who\r\n"
        assert await wire.ask("PASS x") == b"230 yes\r\n"


async def test_a_script_with_folders_has_no_others() -> None:
    script = FtpScript(folders=FOLDERS, files={"/in/file": b"0123456789"}, missing=b"550 no\r\n")
    async with serving(ftp(script)) as endpoint, connected(endpoint) as wire:
        await wire.line()
        assert await wire.ask("CWD /out") == b"550 no\r\n"
        assert await wire.ask("LIST out") == b"550 no\r\n"
        assert await _fetched(wire, "LIST -a") == FOLDERS["/"]
        assert (await wire.ask("CWD in")).startswith(b"250")
        assert await _fetched(wire, "MLSD") == FOLDERS["/in"]
        assert await _fetched(wire, "RETR file") == b"0123456789"
        assert await _fetched(wire, "RETR /in/file", offset=7) == b"789"
        assert await wire.ask("RETR /file") == b"550 no\r\n"


async def _fetched(wire: Wire, command: str, *, offset: int = 0) -> bytes:
    port = int((await wire.ask("EPSV")).split(b"|")[3])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if offset:
        assert (await wire.ask(f"REST {offset}")).startswith(b"350")
    assert (await wire.ask(command)).startswith(b"150")
    async with asyncio.timeout(5):
        data = await reader.read()
    writer.transport.abort()
    assert (await wire.line()).startswith(b"226")
    return data


async def test_a_script_may_want_data_protected_and_their_session_resumed(
    tls: ssl.SSLContext,
) -> None:
    script = FtpScript(tls=tls, clear_data=b"521 protect\r\n", not_resumed=b"425 resume\r\n")
    async with serving(ftp(script)) as endpoint, connected(endpoint) as wire:
        await wire.line()
        await wire.ask("AUTH TLS")
        await wire.start_tls()
        assert await wire.ask("LIST") == b"521 protect\r\n"
        await wire.ask("PROT P")
        port = int((await wire.ask("EPSV")).split(b"|")[3])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await wire.ask("LIST")).startswith(b"150")
        await writer.start_tls(_trusting())
        assert await wire.line() == b"425 resume\r\n"
        writer.transport.abort()
        assert reader.at_eof() or not await reader.read()
