"""What a port turned out to be, told apart; and what is then known of the asset.

Nothing but loopback is dialled. What loopback cannot be, unreachable, is a network namespace of
the test's own, which has no routes at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import ScanDocument, scan_host
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.observation import EndpointObservation, EndpointState
from scanner.model.reading import Reason
from scanner.model.target import Protocol
from tests.hostile import Behaviour, http, impatient_http, says, serving, silent
from tests.matrix import lab
from tests.servers import Server
from tests.servers.fixtures import StartServer
from tests.servers.process import free_port

PROTOCOLS: Final = (Protocol.FTP, Protocol.FTPS, Protocol.SFTP, Protocol.AUTO)
ALIAS: Final = "127.77.0.1"
"""Loopback, where nothing listens on the default ports unless the test does."""


async def _scan(tmp_path: Path, *targets: dict[str, Any]) -> ScanDocument:
    path = lab.write_targets(tmp_path, *targets, defaults={"timeout_seconds": 0.6})
    host = str(targets[0]["host"])
    return await scan_host(host, targets=path, history=lab.history_in(tmp_path / "state"))


def _rows(document: ScanDocument) -> dict[FailureId, tuple[Verdict, str]]:
    wanted = (FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT, FailureId.CLEAR_STORAGE)
    return {
        result.id: (result.verdict, result.reason)
        for result in lab.report_of(document).failures
        if result.id in wanted
    }


def _assert_nothing_is_known(document: ScanDocument, reason: Reason) -> None:
    rows = _rows(document)
    assert rows[FailureId.OPEN_ZONE] == (Verdict.UNKNOWN, reason)
    assert rows[FailureId.PLAINTEXT_TRANSPORT] == (Verdict.UNKNOWN, reason)
    assert rows[FailureId.CLEAR_STORAGE][0] is Verdict.UNKNOWN
    assessment = lab.report_of(document).assessment
    assert (assessment.score, assessment.best_case, str(assessment.grade)) == (0, 100, "U")
    assert document.header.coverage.unreachable == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_port_that_refuses_is_closed(protocol: Protocol, tmp_path: Path) -> None:
    document = await _scan(tmp_path, lab.at(free_port(), protocol))
    assert lab.endpoint_of(document).state is EndpointState.CLOSED
    _assert_nothing_is_known(document, Reason.CLOSED)
    assert document.exit_code == 3
    assert document.incomplete != ()


@contextmanager
def full_backlog(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Listen, accept nobody, and fill the queue: further requests are dropped in silence."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):
            client = held.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((address, port))
        yield port


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_port_that_stays_silent_is_filtered(protocol: Protocol, tmp_path: Path) -> None:
    with full_backlog() as port:
        document = await _scan(tmp_path, lab.at(port, protocol))
    assert lab.endpoint_of(document).state is EndpointState.FILTERED
    _assert_nothing_is_known(document, Reason.FILTERED)
    assert document.exit_code == 3


MAIL: Final = b"220 mx.example.invalid ESMTP ready\r\n"
ELSE: Final[list[tuple[str, Callable[[], Behaviour], Protocol]]] = [
    *(("impatient web server", impatient_http, protocol) for protocol in PROTOCOLS),
    *(("mail server", lambda: says(MAIL), protocol) for protocol in PROTOCOLS),
    *(("patient web server", http, protocol) for protocol in PROTOCOLS),
]


@pytest.mark.parametrize(
    ("behaviour", "protocol"),
    [(behaviour, protocol) for _, behaviour, protocol in ELSE],
    ids=[f"{name}-{protocol}" for name, _, protocol in ELSE],
)
async def test_a_port_that_speaks_something_else_is_another_service(
    behaviour: Callable[[], Behaviour], protocol: Protocol, tmp_path: Path
) -> None:
    async with serving(behaviour()) as endpoint:
        document = await _scan(tmp_path, lab.at(endpoint.port, protocol))
    assert lab.endpoint_of(document).state is EndpointState.OTHER_SERVICE
    _assert_nothing_is_known(document, Reason.OTHER_SERVICE)
    assert document.exit_code == 3
    assert all(b"PASS" not in connection.received for connection in endpoint.connections)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_port_that_is_open_and_says_nothing_leaves_all_unknown(
    protocol: Protocol, tmp_path: Path
) -> None:
    async with serving(silent()) as endpoint:
        document = await _scan(tmp_path, lab.at(endpoint.port, protocol))
    assert lab.endpoint_of(document).state is EndpointState.OPEN
    _assert_nothing_is_known(document, Reason.TIMEOUT)
    assert document.exit_code == 3


@pytest.mark.parametrize("protocol", [Protocol.FTP, Protocol.SFTP])
async def test_the_other_protocol_is_another_service_too(
    protocol: Protocol, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("openssh-keys" if protocol is Protocol.FTP else "vsftpd-plain")
    document = await _scan(tmp_path, lab.at(server.port, protocol))
    assert lab.endpoint_of(document).state is EndpointState.OTHER_SERVICE


SPOKEN: Final = {
    "vsftpd-plain": Protocol.FTP,
    "vsftpd-implicit": Protocol.FTPS,
    "proftpd-implicit": Protocol.FTPS,
    "pureftpd-plain": Protocol.FTP,
    "openssh-keys": Protocol.SFTP,
    "dropbear-keys": Protocol.SFTP,
    "proftpd-sftp": Protocol.SFTP,
}


@pytest.mark.parametrize(("name", "spoken"), SPOKEN.items(), ids=SPOKEN)
async def test_a_protocol_that_nobody_declared_is_found_out(
    name: str, spoken: Protocol, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(name)
    document = await _scan(tmp_path, lab.at(server.port, Protocol.AUTO))
    endpoint = lab.endpoint_of(document)
    assert (endpoint.state, endpoint.protocol) == (EndpointState.OPEN, spoken)
    assert endpoint.facts is not None


IN_NAMESPACE: Final = """
import asyncio, json, sys
from pathlib import Path
from scanner.api import scan_host
folder = Path(sys.argv[1])
document = asyncio.run(
    scan_host("127.0.0.1", port=int(sys.argv[2]), history=folder / "history.sqlite3")
)
print(json.dumps({"exit": document.exit_code, "document": document.as_dict()}))
"""


def test_an_address_without_a_route_is_unreachable(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("a network namespace of its own needs root", pytrace=False)
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    command = ["unshare", "--net", sys.executable, "-c", IN_NAMESPACE, str(folder), "2121"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    (host,) = answer["document"]["hosts"]
    (endpoint,) = host["endpoints"]
    assert (endpoint["state"], endpoint["reason"]) == ("unreachable", "unreachable")
    verdicts = {failure["id"]: failure["verdict"] for failure in host["failures"]}
    assert verdicts["open-zone"] == verdicts["plaintext-transport"] == "unknown"
    assert answer["exit"] == 3


@asynccontextmanager
async def relayed(server: Server, port: int) -> AsyncIterator[None]:
    """Make a server that listens elsewhere answer on a default port of the alias."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one side has gone; so does the other, below
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(server.host, server.port)
        await asyncio.gather(pour(reader, downstream), pour(upstream, writer))

    relay = await asyncio.start_server(connected, ALIAS, port)
    try:
        yield
    finally:
        relay.close()
        await relay.wait_closed()


async def test_undeclared_default_ports_do_not_count_where_another_answers(
    start_server: StartServer, tmp_path: Path
) -> None:
    async with relayed(start_server("openssh-keys"), 22):
        document = await _scan(tmp_path, {"host": ALIAS})
    states = {endpoint.port: endpoint.state for endpoint in _endpoints(document)}
    closed = EndpointState.CLOSED
    assert states == {21: closed, 990: closed, 22: EndpointState.OPEN}
    rows = _rows(document)
    assert rows[FailureId.OPEN_ZONE][0] is Verdict.PASS
    assert rows[FailureId.PLAINTEXT_TRANSPORT][0] is Verdict.PASS
    asked = {f.facet for f in lab.findings(document, *rows)}
    assert "anonymous-read" not in asked
    assert "ssh-none" in asked
    assert document.exit_code == 0


async def test_a_declared_port_that_is_closed_counts_although_another_answers(
    start_server: StartServer, tmp_path: Path
) -> None:
    endpoints = [{"port": 21, "protocol": "ftp"}, {"port": 22, "protocol": "sftp"}]
    async with relayed(start_server("openssh-keys"), 22):
        document = await _scan(tmp_path, {"host": ALIAS, "endpoints": endpoints})
    rows = _rows(document)
    assert rows[FailureId.OPEN_ZONE] == (Verdict.UNKNOWN, Reason.CLOSED)
    assert rows[FailureId.PLAINTEXT_TRANSPORT] == (Verdict.UNKNOWN, Reason.CLOSED)
    assert document.exit_code == 3


async def test_default_ports_that_are_all_closed_leave_everything_unknown(tmp_path: Path) -> None:
    document = await _scan(tmp_path, {"host": ALIAS})
    assert {endpoint.state for endpoint in _endpoints(document)} == {EndpointState.CLOSED}
    _assert_nothing_is_known(document, Reason.CLOSED)
    assert document.exit_code == 3


def _endpoints(document: ScanDocument) -> tuple[EndpointObservation, ...]:
    return lab.observations_of(document).endpoints
