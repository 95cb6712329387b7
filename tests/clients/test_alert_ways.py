"""Alerts by file, datagram and page, and events on their way out."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scanner.clients import alert_ways
from scanner.clients.alert_ways import Trouble, listening
from scanner.clients.event_sender import send_event
from scanner.clients.faults import Fault
from scanner.model.drill import (
    AlertWay,
    FileIntake,
    HttpIntake,
    PolledPage,
    SyslogAlerts,
    SyslogIntake,
    WatchedFile,
    Webhook,
)
from scanner.model.reading import Reason
from scanner.wire.drill_event import DrillEvent
from tests.drill.cases import until
from tests.servers.certificates import CertificateKind, make_certificate
from tests.servers.process import HOST, free_port

EVENT = DrillEvent(
    user="drill-0011223344556677",
    asset="files",
    host="ftp.example.org",
    rule="SOC-118",
    reference="CHG-1",
    contact="",
    at="2026-11-26T03:00:00Z",
)


@contextmanager
def aborted(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Drop the connection at the end, whatever that is."""
    try:
        yield
    finally:
        writer.transport.abort()


class Heard:
    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.trouble: Trouble = lambda: None

    async def until(self, text: bytes) -> None:
        await until(lambda: any(text in message for message in self.messages))


@asynccontextmanager
async def ears(way: AlertWay, token: str = "") -> AsyncIterator[Heard]:
    heard = Heard()
    async with listening(way, heard.messages.append, token=token) as trouble:
        heard.trouble = trouble
        yield heard


async def trouble_of(heard: Heard) -> Reason:
    await until(lambda: heard.trouble() is not None)
    trouble = heard.trouble()
    assert trouble is not None
    return trouble.reason


# Files


async def test_what_is_added_to_a_file_is_heard_and_what_was_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "alerts"
    path.write_text("an old alert\n")
    async with ears(WatchedFile(path=path)) as heard:
        with path.open("a") as file:
            file.write("a new al")
            file.flush()
            await heard.until(b"a new al")
            file.write("ert\n")
            file.flush()
            await heard.until(b"a new alert")
    assert not any(b"old" in message for message in heard.messages)


async def test_a_file_that_another_replaces_or_that_is_cut_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "alerts"
    path.write_text("x" * 100)
    async with ears(WatchedFile(path=path)) as heard:
        path.rename(tmp_path / "alerts.1")
        assert await trouble_of(heard) is Reason.UNREADABLE
        path.write_text("first of the new file\n")
        await heard.until(b"first of the new")
        assert heard.trouble() is None
        path.write_text("cut\n")
        await heard.until(b"cut")


async def test_a_long_file_is_heard_in_bounded_pieces_that_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_ways, "_CHUNK", 1000)
    path = tmp_path / "alerts"
    path.touch()
    async with ears(WatchedFile(path=path)) as heard:
        path.write_bytes(b"x" * 995 + b"drill-0011223344556677" + b"x" * 5000)
        await heard.until(b"drill-0011223344556677")
    assert max(map(len, heard.messages)) <= 1256


@pytest.mark.parametrize("kind", ["missing", "pipe", "folder"])
async def test_what_is_no_file_is_neither_watched_nor_written_to(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "alerts"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(Fault) as fault:
        async with ears(WatchedFile(path=path)):
            pass
    assert fault.value.reason is Reason.UNREADABLE
    with pytest.raises(Fault):
        await send_event(FileIntake(path=path), EVENT, token="", seconds=1)
    assert path.exists() is (kind != "missing")


async def test_an_event_is_one_line_at_the_end_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text("before\n")
    await send_event(FileIntake(path=path), EVENT, token="", seconds=1)
    assert path.read_bytes() == b"before\n" + EVENT.as_line()


async def test_a_listener_that_breaks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alerts"
    path.touch()

    def gone(_: object) -> bool:
        raise OSError("stale")

    async with ears(WatchedFile(path=path)) as heard:
        assert heard.trouble() is None
        monkeypatch.setattr(alert_ways._Tail, "_read_on", gone)
        assert await trouble_of(heard) is Reason.CONNECTION_LOST


# Datagrams


async def test_datagrams_are_sent_and_heard_over_udp() -> None:
    address = (HOST, free_port())
    async with ears(SyslogAlerts(listen=address)) as heard:
        await send_event(SyslogIntake(to=address), EVENT, token="", seconds=5)
        await heard.until(EVENT.user.encode())
    assert heard.messages == [EVENT.as_syslog()]


async def test_datagrams_are_sent_and_heard_over_a_socket_that_is_removed_afterwards() -> None:
    with TemporaryDirectory() as folder:  # short enough for a socket's name
        path = Path(folder) / "log"
        async with ears(SyslogAlerts(listen=path)) as heard:
            await send_event(SyslogIntake(to=path), EVENT, token="", seconds=5)
            await heard.until(EVENT.user.encode())
            with pytest.raises(Fault):
                async with ears(SyslogAlerts(listen=path)):
                    pass
            assert path.exists()  # the one that could not listen removed nothing
        assert not path.exists()


async def test_nobody_at_a_socket_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault):
        await send_event(SyslogIntake(to=Path("/nowhere/log")), EVENT, token="", seconds=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        with pytest.raises(Fault):
            async with ears(SyslogAlerts(listen=taken.getsockname())):
                pass


# Pages


class Site(ThreadingHTTPServer):
    """A page and an intake in one; what is asked of it is kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.status = 200
        self.page = b"no alerts"
        site = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                site.asked.append((self.path, self.headers.get("Authorization", ""), body))
                self.send_response(site.status)
                self.send_header("Content-Length", str(len(site.page)))
                self.end_headers()
                self.wfile.write(site.page)

            do_GET = do_POST = _answer  # noqa: N815 - as the library calls them

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
                """Say nothing."""

        super().__init__((HOST, 0), Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/alerts?state=open"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running, _served(running):
        yield running


@contextmanager
def _served(running: Site) -> Iterator[None]:
    thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        running.shutdown()
        thread.join()


async def test_a_page_is_asked_again_with_its_token(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_ways, "_POLL_SECONDS", 0.05)
    async with ears(PolledPage(url=site.url), token="t0ken") as heard:
        site.page = b"an alert"
        await heard.until(b"an alert")
        site.status = 500
        assert await trouble_of(heard) is Reason.PROTOCOL_ERROR
        site.status = 200
        await until(lambda: heard.trouble() is None)
    assert {asked[:2] for asked in site.asked} == {("/alerts?state=open", "Bearer t0ken")}


async def test_a_page_that_never_answers_well_cannot_be_listened_to(site: Site) -> None:
    site.status = 403
    with pytest.raises(Fault, match="HTTP status 403"):
        async with ears(PolledPage(url=site.url)):
            pass


async def test_an_event_is_posted_and_a_refusal_is_a_fault(site: Site) -> None:
    intake = HttpIntake(url=site.url)
    await send_event(intake, EVENT, token="t0ken", seconds=5)
    assert site.asked == [("/alerts?state=open", "Bearer t0ken", EVENT.as_json())]
    site.status = 302
    with pytest.raises(Fault, match="HTTP status 302"):
        await send_event(intake, EVENT, token="", seconds=5)
    with pytest.raises(Fault):
        await send_event(intake, EVENT, token="line\r\nbreak", seconds=5)


async def test_an_answer_without_end_is_cut_and_one_that_never_comes_is_late() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        with suppress(ConnectionError), aborted(writer):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError), aborted(writer):
            await reader.read()

    for serve, late in ((flood, False), (mute, True)):
        async with await asyncio.start_server(serve, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            intake = HttpIntake(url=f"http://{HOST}:{port}/")
            if late:
                with pytest.raises(Fault) as fault:
                    await send_event(intake, EVENT, token="", seconds=0.2)
                assert fault.value.reason is Reason.TIMEOUT
            else:
                await send_event(intake, EVENT, token="", seconds=10)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("valid", None), ("self-signed", Reason.UNVERIFIED_PEER), ("wrong-name", Reason.UNVERIFIED_PEER)],
)  # fmt: skip
async def test_over_tls_a_token_goes_only_to_who_is_verified(
    tmp_path: Path, kind: CertificateKind, reason: Reason | None
) -> None:
    certificate = make_certificate(tmp_path, kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    seen = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), aborted(writer):  # hence without the end that TLS has for it
            seen.extend(await reader.read(65_536))
            writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
            await writer.drain()

    async with await asyncio.start_server(serve, HOST, 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        intake = HttpIntake(url=f"https://{HOST}:{port}/", ca=certificate.authority)
        if reason is None:
            await send_event(intake, EVENT, token="t0ken", seconds=10)
            assert b"Bearer t0ken" in seen
        else:
            with pytest.raises(Fault) as fault:
                await send_event(intake, EVENT, token="t0ken", seconds=10)
            assert fault.value.reason is reason
            assert seen == b""


def test_the_faster_loop_hears_alike(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    alerts = tmp_path / "alerts"
    alerts.touch()

    async def all_ways() -> None:
        with TemporaryDirectory() as folder:
            for way in (Path(folder) / "log", (HOST, free_port())):
                async with ears(SyslogAlerts(listen=way)) as heard:
                    await send_event(SyslogIntake(to=way), EVENT, token="", seconds=5)
                    await heard.until(EVENT.user.encode())
        hook = (HOST, free_port())
        async with ears(Webhook(listen=hook)) as heard:
            url = f"http://{HOST}:{hook[1]}/"
            await send_event(HttpIntake(url=url), EVENT, token="", seconds=5)
            await heard.until(EVENT.user.encode())
        async with ears(WatchedFile(path=alerts)) as heard:
            await send_event(FileIntake(path=alerts), EVENT, token="", seconds=5)
            await heard.until(EVENT.user.encode())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_ways())
