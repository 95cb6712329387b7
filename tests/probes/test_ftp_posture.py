"""What a session can be made to do, on real servers and on scripted ones that misbehave."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scanner.clients.ftp_verbs import READ_ONLY_VERBS, WRITE_TEST_VERBS
from scanner.model.observation import ClearLogin
from scanner.model.product import Product
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Allow, Limits, Target
from tests.hostile import FtpScript, ftp, recorder, server_context, serving
from tests.probes.test_ftp import LAB, look, look_at, reason, seen
from tests.servers import Proftpd, Pureftpd, Vsftpd, make_certificate
from tests.servers.fixtures import StartServer
from tests.servers.postures import Options
from tests.servers.tls import MODERN

WRITING = {"target": {"allow": Allow(write_test=True)}}
OWN_FILE = re.compile(r"transfer-exposure-scanner-[0-9a-f]{16}\.tmp")


def files(root: Path) -> set[Path]:
    """Return every path below the served folder."""
    return set(root.rglob("*"))


# What servers say of themselves.


@pytest.mark.parametrize(
    ("posture", "product"),
    [
        ("vsftpd-plain", Product.VSFTPD),
        ("vsftpd-no-anonymous", Product.VSFTPD),
        ("vsftpd-implicit", Product.VSFTPD),
        ("proftpd-plain", Product.PROFTPD),
        ("proftpd-tls-on", Product.PROFTPD),
        ("pureftpd-plain", Product.PUREFTPD),
        ("pureftpd-tls-2", Product.PUREFTPD),
    ],
)
async def test_the_product_is_told_by_what_it_says(
    start_server: StartServer, posture: str, product: Product
) -> None:
    facts = (await look_at(start_server(posture))).facts
    software = seen(facts.software)
    assert software.product is product
    assert software.version == ("3.0.3" if product is Product.VSFTPD else "")
    if posture != "vsftpd-no-anonymous":  # which says it to nobody
        assert seen(facts.system).code == 215


async def test_status_and_site_help_are_asked_once_somebody_is_in(
    start_server: StartServer,
) -> None:
    facts = (await look_at(start_server("proftpd-plain"))).facts
    assert seen(facts.status).code == 211
    assert seen(facts.site_help).code == 214
    assert "CHMOD" in " ".join(seen(facts.site_help).text)


async def test_where_nobody_gets_in_what_is_told_after_a_login_stays_unknown(
    start_server: StartServer,
) -> None:
    server = start_server("vsftpd-no-anonymous")
    facts = (await look(server.port)).facts
    for reading in (facts.system, facts.status, facts.site_help, facts.bounce):
        assert reason(reading) is Reason.NO_LOGIN


async def test_a_hidden_banner_is_betrayed_by_the_status(start_server: StartServer) -> None:
    server = start_server(Vsftpd(extra=("ftpd_banner=ready",)))
    software = seen((await look_at(server)).facts.software)
    assert (software.product, software.version) == (Product.VSFTPD, "3.0.3")
    assert software.signs == ("STAT",)


async def test_a_banner_that_names_nobody_is_unknown_not_guessed() -> None:
    script = FtpScript(replies={"STAT": b"211 fine\r\n", "SYST": b"215 UNIX Type: L8\r\n"})
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port, LAB)).facts
    assert seen(facts.software).product is Product.UNKNOWN


# Bounce.


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"])
async def test_servers_refuse_to_be_pointed_at_others(
    start_server: StartServer, posture: str
) -> None:
    facts = (await look_at(start_server(posture))).facts
    bounce = seen(facts.bounce)
    assert not bounce.accepted
    assert {reply.code for reply in bounce.replies} == {500}
    assert len(bounce.replies) == 2


async def test_a_server_that_may_be_pointed_anywhere_is_seen_and_never_used(
    start_server: StartServer,
) -> None:
    server = start_server(Vsftpd(extra=("port_promiscuous=YES",)))
    facts = (await look_at(server)).facts
    assert seen(facts.bounce).accepted
    server.settle()
    verbs = server.verbs()
    after = verbs[verbs.index("PORT") :]
    assert not {"LIST", "MLSD", "RETR", "NLST"} & set(after)


# Commands injected before TLS.


@pytest.mark.parametrize("posture", ["vsftpd-tls-optional", "proftpd-tls-off", "pureftpd-tls-1"])
async def test_servers_of_today_drop_what_came_before_tls(
    start_server: StartServer, posture: str
) -> None:
    facts = (await look_at(start_server(posture))).facts
    assert seen(facts.injectable) is False


async def test_a_server_that_keeps_clear_text_across_auth_is_seen(tmp_path: Path) -> None:
    tls = server_context(make_certificate(tmp_path))
    async with serving(ftp(FtpScript(tls=tls, keeps_clear_text=True))) as endpoint:
        facts = (await look(endpoint.port, LAB)).facts
    assert seen(facts.injectable) is True


async def test_pyftpdlib_keeps_clear_text_across_auth(start_server: StartServer) -> None:
    facts = (await look_at(start_server("pyftpdlib-tls-optional"))).facts
    assert seen(facts.injectable) is True


async def test_an_odd_goodbye_is_no_injection(tmp_path: Path) -> None:
    tls = server_context(make_certificate(tmp_path))
    script = FtpScript(tls=tls, replies={"QUIT": b"250 bye\r\n"})
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port, LAB)).facts
    assert isinstance(facts.injectable, Unobserved)


async def test_without_auth_there_is_nothing_to_inject_before(start_server: StartServer) -> None:
    for posture in ("vsftpd-plain", "vsftpd-implicit"):
        facts = (await look_at(start_server(posture))).facts
        assert reason(facts.injectable) is Reason.NOT_OFFERED


# Data connections that need not belong to the client.


@pytest.mark.parametrize(
    ("options", "required"),
    [
        (Vsftpd(tls=MODERN), True),
        (Vsftpd(tls=MODERN, require_session_reuse=False), False),
        (Proftpd(tls=MODERN, tls_required="on"), True),
        (Pureftpd(tls_level=2), False),
    ],
    ids=["vsftpd", "vsftpd-no-reuse", "proftpd", "pureftpd"],
)
async def test_whether_session_reuse_is_demanded_is_seen(
    start_server: StartServer, options: Options, *, required: bool
) -> None:
    facts = (await look_at(start_server(options))).facts
    assert seen(facts.reuse_required) is required
    # What is asked behind it is not lost with a session that the refusal ended.
    assert isinstance(facts.data, Observed)
    assert isinstance(facts.ccc, Observed)
    assert isinstance(facts.bounce, Observed)


# Implicit TLS.


@asynccontextmanager
async def either_way(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Serve the polite script inside TLS to a ClientHello, and in clear to anything else."""
    loop = asyncio.get_running_loop()
    async with serving(recorder(), context=context) as inside, serving(recorder()) as clear:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            relays: set[asyncio.Task[None]] = set()

            async def accept() -> None:
                while True:
                    client, _ = await loop.sock_accept(listener)
                    relays.add(asyncio.create_task(relay(client)))

            async def relay(client: socket.socket) -> None:
                with client, socket.socket() as server:
                    first = await loop.sock_recv(client, 1)
                    server.setblocking(False)
                    port = inside.port if first == b"\x16" else clear.port
                    await loop.sock_connect(server, ("127.0.0.1", port))
                    await loop.sock_sendall(server, first)
                    await asyncio.gather(pump(client, server), pump(server, client))

            async def pump(source: socket.socket, sink: socket.socket) -> None:
                while data := await loop.sock_recv(source, 65536):
                    await loop.sock_sendall(sink, data)
                sink.shutdown(socket.SHUT_WR)

            accepting = asyncio.create_task(accept())
            yield listener.getsockname()[1]
            for task in (accepting, *relays):
                task.cancel()
            await asyncio.gather(accepting, *relays, return_exceptions=True)


async def test_a_port_of_implicit_tls_that_answers_in_clear_is_seen(tmp_path: Path) -> None:
    async with either_way(server_context(make_certificate(tmp_path))) as port:
        facts = (await look(port, LAB, implicit=True)).facts
    assert seen(facts.auth_tls).mechanism == "implicit"
    answer = seen(facts.clear_on_implicit)
    assert (answer.answers, answer.login) == (True, ClearLogin.ASKED)


@pytest.mark.parametrize("posture", ["vsftpd-implicit", "proftpd-implicit"])
async def test_ports_of_implicit_tls_answer_nothing_in_clear(
    start_server: StartServer, posture: str
) -> None:
    facts = (await look_at(start_server(posture))).facts
    assert seen(facts.clear_on_implicit).answers is False


# Data ports that cannot be reached.


async def test_a_data_port_that_refuses_is_told_from_one_that_is_silent(
    closed_port: int, silent_port: int
) -> None:
    told = []
    for port in (closed_port, silent_port):
        limits = Limits(timeout_seconds=0.5, asset_seconds=20.0)
        target = Target(host="localhost", asset="lab", limits=limits)
        async with serving(ftp(FtpScript(passive_port=port))) as endpoint:
            facts = (await look(endpoint.port, target)).facts
        assert seen(facts.anonymous).accepted
        view = facts.anonymous_view
        assert isinstance(view, Unobserved)
        told.append((view.reason, view.detail.partition(":")[0]))
    assert told == [(Reason.CLOSED, "data port"), (Reason.FILTERED, "data port")]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
        assert isinstance(port, int)
        return port


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """Yield a port whose queue of connections is full: it answers nothing any more."""
    listener = socket.socket()
    waiting: list[socket.socket] = []
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            waiting.append(filler)
        yield listener.getsockname()[1]
    finally:
        for each in (*waiting, listener):
            each.close()


# The write test.


@pytest.mark.parametrize("options", [Vsftpd(writable=True), Proftpd(writable=True)], ids=str)
async def test_an_opt_in_write_test_shows_the_write_and_leaves_nothing(
    start_server: StartServer, options: Options
) -> None:
    server = start_server(options)
    before = files(server.root)
    visit = await look_at(server, **WRITING)
    test = seen(visit.facts.write_test)
    assert (test.written, test.left, test.names) == (1, 0, ())
    assert files(server.root) == before
    server.settle()
    assert set(server.verbs()) <= READ_ONLY_VERBS | WRITE_TEST_VERBS
    assert {"STOR", "DELE"} <= set(server.verbs())


async def test_a_file_that_cannot_be_removed_is_named(start_server: StartServer) -> None:
    server = start_server("pureftpd-uploads")
    visit = await look_at(server, **WRITING)
    test = seen(visit.facts.write_test)
    assert (test.written, test.left) == (1, 1)
    (name,) = test.names
    assert OWN_FILE.fullmatch(name)
    (left,) = [path for path in files(server.root) if path.name == name]
    assert left.stat().st_size == 0


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"])
async def test_a_server_that_takes_no_write_is_seen_to_refuse_it(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    before = files(server.root)
    test = seen((await look_at(server, **WRITING)).facts.write_test)
    assert test.tried >= 1
    assert (test.written, test.left) == (0, 0)
    assert files(server.root) == before


@pytest.mark.parametrize("posture", ["vsftpd-writable", "pureftpd-uploads"])
async def test_nothing_is_written_unless_the_target_asks(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    facts = (await look_at(server)).facts
    server.settle()
    assert not WRITE_TEST_VERBS & set(server.verbs())
    assert isinstance(facts.write_test, Unobserved)


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        # It took the file and says nothing more: what may be left is told, by its name.
        ({"STOR": b"150 go on\r\n226 done\r\n", "DELE": b""}, (1, 1)),
        ({"STOR": b"150 go on\r\n226 done\r\n", "DELE": b"550 no\r\n"}, (1, 1)),
        ({"STOR": b"150 go on\r\n226 done\r\n", "DELE": b"250 gone\r\n"}, (1, 0)),
        # The upload failed behind the 150: the file is looked for all the same.
        ({"STOR": b"150 go on\r\n452 full\r\n", "DELE": b"250 gone\r\n"}, (0, 0)),
        ({"STOR": b"150 go on\r\n452 full\r\n", "DELE": b"550 none\r\n"}, (0, 0)),
        ({"STOR": b"553 no\r\n"}, (0, 0)),
    ],
)
async def test_what_a_write_test_leaves_is_told(
    replies: dict[str, bytes], told: tuple[int, int]
) -> None:
    limits = Limits(timeout_seconds=1.0, asset_seconds=20.0)
    target = Target(host="localhost", asset="lab", limits=limits, allow=Allow(write_test=True))
    async with serving(ftp(FtpScript(replies=replies))) as endpoint:
        test = seen((await look(endpoint.port, target)).facts.write_test)
    assert (test.written, test.left) == told
    assert len(test.names) == test.left


async def test_a_session_lost_before_a_write_leaves_it_unknown() -> None:
    limits = Limits(timeout_seconds=1.0, asset_seconds=20.0)
    target = Target(host="localhost", asset="lab", limits=limits, allow=Allow(write_test=True))
    async with serving(ftp(FtpScript(replies={"STOR": b""}))) as endpoint:
        facts = (await look(endpoint.port, target)).facts
    assert reason(facts.write_test) is Reason.TIMEOUT
    assert isinstance(facts.write_test, Unobserved)
    assert OWN_FILE.search(facts.write_test.detail)


async def test_an_account_never_writes(start_server: StartServer) -> None:
    server = start_server(Vsftpd(tls=MODERN, anonymous=False, local_users=True))
    visit = await look_at(server, **WRITING)
    assert visit.facts.accounts[0].status == "accepted"
    server.settle()
    assert not WRITE_TEST_VERBS & set(server.verbs())


async def test_a_write_inside_tls_works_as_well(start_server: StartServer) -> None:
    server = start_server(Vsftpd(tls=MODERN, tls_required="everybody", writable=True))
    before = files(server.root)
    facts = (await look_at(server, **WRITING)).facts
    assert seen(facts.write_test).written == 1
    assert files(server.root) == before
