from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator

import paramiko
import pytest

from scanner.clients.faults import Fault
from scanner.clients.ssh import SshHello, read_hello
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import KexInit
from tests.clients.ssh_lab import a_dialer
from tests.hostile import (
    ssh_closes_after_identification,
    ssh_endless_preamble,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
)
from tests.hostile.endpoint import Behaviour, Session, serving
from tests.servers import Openssh
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server


async def hello(port: int, *, seconds: float = 3.0) -> SshHello:
    reading = await read_hello(a_dialer(port), seconds=seconds)
    assert isinstance(reading, Observed)
    return reading.value


def says(data: bytes) -> Behaviour:
    """Say one thing and close in an orderly way, whatever the client sent."""

    async def behave(session: Session) -> None:
        await session.send(data)
        session.writer.write_eof()
        await session.absorb()

    return behave


async def fault_of_hello(port: int, *, seconds: float = 3.0) -> Fault:
    with pytest.raises(Fault) as caught:
        await read_hello(a_dialer(port), seconds=seconds)
    return caught.value


@pytest.mark.parametrize(
    "server", ["openssh-password", "dropbear-password", "proftpd-sftp"], indirect=True
)
async def test_real_servers_say_who_they_are_and_what_they_offer(server: Server) -> None:
    said = await hello(server.port)

    products = {"openssh": "OpenSSH", "dropbear": "dropbear", "proftpd": "mod_sftp"}
    assert products[server.product] in said.identification.line
    assert said.identification.protocol == "2.0"
    assert isinstance(said.kexinit, Observed)
    assert "ssh-ed25519" in said.kexinit.value.host_key
    assert said.kexinit.value.ciphers_in


@pytest.mark.parametrize("server", ["openssh-legacy"], indirect=True)
async def test_a_server_with_only_broken_algorithms_is_still_read(server: Server) -> None:
    said = await hello(server.port)

    assert isinstance(said.kexinit, Observed)
    assert "diffie-hellman-group1-sha1" in said.kexinit.value.kex
    assert said.kexinit.value.host_key == ("ssh-rsa", "ssh-dss")
    assert said.kexinit.value.ciphers_in == ("3des-cbc", "aes128-cbc")


async def test_our_identification_names_the_scanner_and_is_all_we_send() -> None:
    left = asyncio.Event()

    async def behave(session: Session) -> None:
        await session.send(b"SSH-1.5-x\r\n")
        await session.absorb()
        left.set()

    async with serving(behave) as endpoint:
        await hello(endpoint.port)
        await left.wait()
        assert endpoint.only.received == b"SSH-2.0-TransferExposureScanner\r\n"


@pytest.mark.parametrize(
    ("line", "protocol"), [(b"SSH-1.5-OldServer\n", "1.5"), (b"SSH-1.3-x\r\n", "1.3")]
)
async def test_a_server_of_version_1_is_identified_and_has_no_kexinit(
    line: bytes, protocol: str
) -> None:
    async with serving(ssh_says(line)) as endpoint:
        said = await hello(endpoint.port)

    assert said.identification.protocol == protocol
    assert said.kexinit == Unobserved(Reason.NOT_OFFERED, "SSH 2 is not spoken")


async def test_an_identification_outside_ascii_is_neutralised() -> None:
    async with serving(says(b"SSH-2.0-caf\xe9\x1b[2J\r\n")) as endpoint:
        said = await hello(endpoint.port)

    assert said.identification.line == "SSH-2.0-caf\\xe9\\x1b[2J"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (ssh_huge_packet, Reason.PROTOCOL_ERROR),
        (ssh_lying_name_list, Reason.PROTOCOL_ERROR),
        (ssh_closes_after_identification, Reason.CONNECTION_LOST),
    ],
)
async def test_a_kexinit_that_cannot_be_read_leaves_the_identification(
    behaviour: object, reason: Reason
) -> None:
    async with serving(behaviour()) as endpoint:  # type: ignore[operator]
        said = await hello(endpoint.port)

    assert said.identification.line == "SSH-2.0-Hostile_1.0"
    assert isinstance(said.kexinit, Unobserved)
    assert said.kexinit.reason is reason


async def test_an_endless_preamble_is_cut_at_once() -> None:
    async with serving(ssh_endless_preamble()) as endpoint:
        assert (await fault_of_hello(endpoint.port)).reason is Reason.PROTOCOL_ERROR


async def test_silence_is_a_timeout() -> None:
    async with serving(lambda session: session.absorb()) as endpoint:
        assert (await fault_of_hello(endpoint.port, seconds=0.1)).reason is Reason.TIMEOUT


async def test_a_closed_port_is_closed() -> None:
    async with serving(lambda session: session.absorb()) as endpoint:
        port = endpoint.port
    assert (await fault_of_hello(port)).reason is Reason.CLOSED


async def test_a_server_that_closes_without_a_word_is_asked_three_times() -> None:
    async with serving(says(b"")) as endpoint:
        reading = await read_hello(a_dialer(endpoint.port), seconds=3)
        asked = len(endpoint.connections)

    assert isinstance(reading, Unobserved)
    assert (reading.reason, asked) == (Reason.THROTTLED, 3)


@pytest.mark.parametrize("line", [b"Exceeded MaxStartups\r\n", b"Not allowed at this time\r\n"])
async def test_a_server_that_says_why_it_closes_is_asked_once(line: bytes) -> None:
    async with serving(says(line)) as endpoint:
        reading = await read_hello(a_dialer(endpoint.port), seconds=3)
        asked = len(endpoint.connections)

    assert reading == Unobserved(Reason.THROTTLED, line.decode().strip())
    assert asked == 1


async def test_an_openssh_that_is_full_is_throttled(start_server: StartServer) -> None:
    server = start_server(Openssh(extra=("MaxStartups 1",)))
    _, writer = await asyncio.open_connection(server.host, server.port)
    try:
        reading = await read_hello(a_dialer(server.port), seconds=3)
    finally:
        writer.close()
        await writer.wait_closed()

    assert isinstance(reading, Unobserved)
    assert reading.reason is Reason.THROTTLED


@pytest.mark.parametrize(
    "server", ["vsftpd-plain", "pureftpd-plain", "vsftpd-implicit"], indirect=True
)
async def test_a_real_ftp_server_is_another_service(server: Server) -> None:
    assert (await fault_of_hello(server.port)).reason is Reason.OTHER_SERVICE


@pytest.fixture
def web_port() -> Iterator[int]:
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(quiet, directory="/nonexistent")
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with contextlib.closing(server.socket):
        yield server.server_address[1]
        server.shutdown()
        thread.join()


async def test_a_real_web_server_is_another_service(web_port: int) -> None:
    fault = await fault_of_hello(web_port)

    assert (fault.reason, fault.detail) == (Reason.OTHER_SERVICE, "HTTP answers, not SSH")


async def test_bytes_and_connections_are_counted() -> None:
    async with serving(says(b"SSH-1.5-x\r\n")) as endpoint:
        dialer = a_dialer(endpoint.port)
        await read_hello(dialer, seconds=3)

    assert (dialer.meter.connections, dialer.meter.bytes_received) == (1, 11)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_kexinit_is_the_one_that_another_client_reads(server: Server) -> None:
    seen: list[list[list[str]]] = []

    class Reader(paramiko.Transport):
        def _really_parse_kex_init(self, m: object, *, ignore_first_byte: bool = False) -> object:
            parsed = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
            seen.append([parsed["server_key_algo_list"], parsed["server_encrypt_algo_list"]])
            return parsed

    def read() -> None:
        transport = Reader((server.host, server.port))
        with contextlib.closing(transport):
            transport.start_client(timeout=5)

    await asyncio.to_thread(read)
    said = await hello(server.port)

    assert isinstance(said.kexinit, Observed)
    ours: KexInit = said.kexinit.value
    assert [list(ours.host_key), list(ours.ciphers_out)] == seen[-1]
