from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import NotFtp
from scanner.model.address import Admitted
from scanner.model.reading import Reason
from scanner.model.target import Protocol
from scanner.probes.detect import detect
from tests.hostile import (
    Behaviour,
    close_at_once,
    drip,
    endless_line,
    endless_reply,
    garbage,
    http,
    impatient_http,
    recorder,
    says,
    server_context,
    serving,
    silent,
)
from tests.servers import make_certificate
from tests.servers.fixtures import StartServer


async def detected(port: int, seconds: float = 0.4) -> Protocol:
    admitted = Admitted(ip_address("127.0.0.1"), port, "localhost")
    return await detect(Dialer(admitted, EffortMeter()), seconds)


@pytest.mark.parametrize(
    ("posture", "protocol"),
    [
        ("vsftpd-plain", Protocol.FTP),
        ("proftpd-tls-on", Protocol.FTP),
        ("pureftpd-tls-2", Protocol.FTP),
        ("vsftpd-implicit", Protocol.FTPS),
        ("proftpd-implicit", Protocol.FTPS),
        ("openssh-password", Protocol.SFTP),
        ("dropbear-keys", Protocol.SFTP),
        ("proftpd-sftp", Protocol.SFTP),
    ],
)
async def test_real_servers_are_recognised(
    start_server: StartServer, posture: str, protocol: Protocol
) -> None:
    assert await detected(start_server(posture).port, seconds=2.0) is protocol


@pytest.mark.parametrize(
    ("greeting", "protocol"),
    [
        (b"220-late\r\n220 ready\r\n", Protocol.FTP),
        (b"120 wait\r\n", Protocol.FTP),
        (b"421 too many connections\r\n", Protocol.FTP),
        (b"SSH-1.99-old\n", Protocol.SFTP),
    ],
)
async def test_a_greeting_tells(greeting: bytes, protocol: Protocol) -> None:
    async with serving(says(greeting)) as endpoint:
        assert await detected(endpoint.port) is protocol


async def test_silence_is_offered_tls(tmp_path: Path) -> None:
    context = server_context(make_certificate(tmp_path))
    async with serving(recorder(), context=context) as endpoint:
        assert await detected(endpoint.port) is Protocol.FTPS


@pytest.mark.parametrize(
    ("behaviour", "seen"),
    [
        (impatient_http(), "http"),
        (http(), "http"),
        (says(b"220 mail ESMTP\r\n"), "smtp"),
        (says(b"* OK IMAP4\r\n"), "unknown"),
        (garbage(), "unknown"),
    ],
    ids=["impatient http", "http", "smtp", "imap", "garbage"],
)
async def test_another_service_is_named(behaviour: Behaviour, seen: str) -> None:
    async with serving(behaviour) as endpoint:
        with pytest.raises(NotFtp) as caught:
            await detected(endpoint.port)
    assert caught.value.seen == seen


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (silent(), Reason.TIMEOUT),
        (close_at_once(), Reason.CONNECTION_LOST),
        (close_at_once(reset=True), Reason.CONNECTION_LOST),
    ],
    ids=["silent", "closes", "resets"],
)
async def test_nothing_said_is_a_fault(behaviour: Behaviour, reason: Reason) -> None:
    async with serving(behaviour) as endpoint:
        with pytest.raises(Fault) as caught:
            await detected(endpoint.port)
    assert caught.value.reason is reason


@pytest.mark.parametrize("behaviour", [drip(), endless_reply(), endless_line()])
async def test_endless_greetings_are_bounded(behaviour: Behaviour) -> None:
    async with serving(behaviour) as endpoint:
        assert await detected(endpoint.port) is Protocol.FTP
