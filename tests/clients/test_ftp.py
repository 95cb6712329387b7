from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import pytest
import uvloop

import scanner
from scanner.clients.faults import Fault
from scanner.clients.ftp import MOST_RECONNECTS
from scanner.clients.ftp_session import FtpSession, NotFtp
from scanner.clients.ftp_verbs import READ_ONLY_VERBS, check_permitted, own_file_name
from scanner.clients.tls import looking_context
from scanner.clients.tls_layer import TlsLayer
from scanner.model.listing import EntryKind, Outcome
from scanner.model.reading import Observed, Reason, Unobserved
from tests.clients.ftp_lab import a_tree, an_opening, enter, listing, names, tree_of
from tests.hostile import (
    UNUSED_ADDRESS,
    Behaviour,
    FtpScript,
    close_at_once,
    closes_after,
    drip,
    endless_line,
    endless_listing,
    endless_listing_line,
    endless_reply,
    ftp,
    garbage,
    impatient_http,
    injects_after_auth,
    lists,
    machine_listing,
    passive_elsewhere,
    says,
    server_context,
    serving,
    silent,
    stalls_after_auth,
)
from tests.servers import Proftpd, Pureftpd, Tls, Vsftpd, make_certificate
from tests.servers.fixtures import StartServer
from tests.servers.tree import CSV_TEXT, SPACED_NAME

DEFAULT_TLS = [
    "vsftpd-tls-1.2",
    "vsftpd-tls-1.3",
    "proftpd-tls-1.2",
    "proftpd-tls-1.3",
]
"""Servers that demand what most clients lack: a data channel that resumes the session."""
EVERY_KIND = [
    "vsftpd-plain",
    "proftpd-plain",
    "pureftpd-plain",
    *DEFAULT_TLS,
    "vsftpd-tls-1.0",
    "proftpd-tls-1.0",
    "vsftpd-tls-no-reuse",
    "vsftpd-implicit",
    "proftpd-implicit",
    "pureftpd-tls-1",
    "pureftpd-tls-3",
    "vsftpd-no-epsv",
    "vsftpd-nat",
    "proftpd-nat",
]
WRITING = {"STOR", "STOU", "APPE", "DELE", "RMD", "MKD", "RNFR", "RNTO"}


def big_file(root: Path, size: int = 20_000_000) -> bytes:
    """Plant a file that no server can send before a client has had enough."""
    block = bytes(range(256)) * 16
    with (root / "big.bin").open("wb") as file:
        for number in range(32):
            file.write(number.to_bytes(4, "big") + block[4:])
        file.truncate(size)
    return (root / "big.bin").read_bytes()[: 32 * 4096]


# Real servers.


@pytest.mark.parametrize("posture", EVERY_KIND)
async def test_every_server_is_listed_whole(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    async with tree_of(server) as tree:
        found = await names(tree, tree.home)
    # ProFTPD leaves dangling links out of MLSD.
    wanted = set(server.tree.visible | server.tree.hidden)
    assert found == wanted - ({b"dangling"} if server.product == "proftpd" else set())


@pytest.mark.parametrize("posture", DEFAULT_TLS)
async def test_data_channels_resume_the_session(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    async with tree_of(server) as tree:
        for path in (b"/", b"/export", b"/nested/one/two/three"):
            assert await names(tree, path)
            assert tree.session.session_reused is True
        tls = tree.session.tls
        assert tls is not None
        assert tls.version() == f"TLSv{posture[-3:]}"


async def test_a_whole_listing_is_also_had_on_uvloop(start_server: StartServer) -> None:
    server = start_server("proftpd-tls-1.3")

    async def look() -> set[bytes]:
        async with tree_of(server) as tree:
            await tree.read_range(b"/export/members.csv", 0, 10)
            return await names(tree, b"/")

    def run() -> set[bytes]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(look())

    assert b"export" in await asyncio.to_thread(run)


async def test_without_resumption_a_refused_listing_is_not_an_empty_one(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server("vsftpd-tls-1.3")
    async with tree_of(server) as tree:
        begin = TlsLayer.__init__
        monkeypatch.setattr(
            TlsLayer, "__init__", lambda self, context, name, _resumed: begin(self, context, name)
        )
        found = await listing(tree, b"/")
    assert (found.outcome, found.complete, found.entries) == (Outcome.DENIED, False, ())
    assert found.reply.startswith("522")


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-tls-1"])
async def test_missing_denied_and_empty_are_told_apart(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    (server.root / "locked").mkdir(mode=0o700)
    (server.root / "blind").mkdir(mode=0o711)
    async with tree_of(server) as tree:
        outcomes = {
            name: (await listing(tree, name)).outcome
            for name in (b"/empty", b"/nowhere", b"/nowhere/deeper", b"/locked", b"/blind")
        }
        assert (await listing(tree, b"/empty")).complete
    assert outcomes == {
        b"/empty": Outcome.LISTED,
        b"/nowhere": Outcome.MISSING,
        b"/nowhere/deeper": Outcome.MISSING,
        b"/locked": Outcome.DENIED,
        b"/blind": Outcome.DENIED,
    }


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"])
async def test_odd_names_can_be_entered_and_read(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    odd = [b" lead", b"trail ", b"-l", b"st*r", b"[a]", b'q"uote', b"caf\xe9", b"a\xffb"]
    odd += [b"\xc3\xa9", b"e\xcc\x81"]  # composed or not: a name is what the server has
    for name in odd:
        os.mkdir(os.path.join(os.fsencode(server.root), name))  # noqa: PTH102, PTH118 - bytes
        (server.root / os.fsdecode(name) / "inside").write_text("x", encoding="ascii")
    async with tree_of(server) as tree:
        assert set(odd) <= await names(tree, b"/")
        for name in odd:
            assert await names(tree, b"/" + name) == {b"inside"}, name
        assert await tree.read_range(b"/" + SPACED_NAME.encode(), 0, 3) == Observed(b"spa")


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-tls-1.3", "pureftpd-plain"])
async def test_entries_hold_what_the_server_tells(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    async with tree_of(server) as tree:
        (entry,) = (await listing(tree, b"/export")).entries
    assert (entry.name, entry.kind) == (b"members.csv", EntryKind.FILE)
    assert (entry.size, entry.mode) == (len(CSV_TEXT), 0o644)
    assert entry.modified is not None
    actual = (server.root / "export/members.csv").stat().st_mtime
    assert abs(entry.modified.timestamp() - actual) < 61


@pytest.mark.parametrize(
    "posture", ["vsftpd-plain", "proftpd-plain", *DEFAULT_TLS, "pureftpd-plain"]
)
async def test_partial_reads_leave_the_session_in_step(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    content = big_file(server.root)
    async with tree_of(server) as tree:
        session = tree.session
        for number in range(20):
            read = await tree.read_range(b"/big.bin", number * 4096, 4096)
            assert read == Observed(content[number * 4096 :][:4096])
        assert tree.session is session
        assert (await session.command("NOOP")).code == 200


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-tls-1.3", "pureftpd-plain"])
async def test_a_read_ends_with_the_file(start_server: StartServer, posture: str) -> None:
    async with tree_of(start_server(posture)) as tree:
        path = b"/export/members.csv"
        assert await tree.read_range(path, 0, 10_000) == Observed(CSV_TEXT.encode())
        assert await tree.read_range(path, 250, 10_000) == Observed(CSV_TEXT.encode()[250:])
        assert await tree.read_range(path, 10_000, 10) == Observed(b"")
        missing = await tree.read_range(b"/nothing", 0, 10)
        assert isinstance(missing, Unobserved)
        assert missing.reason is Reason.UNREADABLE


async def test_a_bound_on_entries_cuts_a_listing_and_keeps_the_session(
    start_server: StartServer,
) -> None:
    server = start_server("vsftpd-tls-1.3")
    for number in range(3000):
        (server.root / "empty" / f"file-{number}").touch()
    async with tree_of(server) as tree:
        found = await listing(tree, b"/empty", most=100)
        assert (len(found.entries), found.complete) == (100, False)
        assert found.outcome is Outcome.LISTED
        assert tree.session.is_usable
        assert await names(tree, b"/export") == {b"members.csv"}


async def test_a_lost_session_is_opened_again(start_server: StartServer) -> None:
    async with tree_of(start_server("proftpd-tls-1.3")) as tree:
        for _ in range(MOST_RECONNECTS):
            tree.session.abort()
            assert await names(tree, b"/export") == {b"members.csv"}
        tree.session.abort()
        lost = await tree.list_directory(b"/export", most=10)
    assert isinstance(lost, Unobserved)
    assert lost.reason is Reason.CONNECTION_LOST


async def test_a_foreign_passive_address_is_told_and_not_followed(
    start_server: StartServer,
) -> None:
    server = start_server(Vsftpd(passive_address="127.66.66.66", denied_commands=("EPSV",)))
    async with tree_of(server) as tree:
        assert b"export" in await names(tree, b"/")
        assert tree.transfers.port.is_foreign
        assert tree.transfers.port.announced == "127.66.66.66"


@pytest.mark.parametrize(
    "options", [Vsftpd(), Proftpd(), Pureftpd()], ids=lambda o: type(o).__name__
)
async def test_servers_see_nothing_but_reading_commands(
    start_server: StartServer, options: Vsftpd | Proftpd | Pureftpd
) -> None:
    server = start_server(options)
    async with tree_of(server) as tree:
        await names(tree, b"/")
        await tree.read_range(b"/export/members.csv", 5, 10)
        verbs = tree.session.opening.dialer.meter.verbs
    server.settle()
    assert set(server.verbs()) <= READ_ONLY_VERBS
    assert sorted(server.verbs()) == sorted(verbs.elements())


async def test_an_expired_certificate_fails_verification_and_says_so(
    start_server: StartServer,
) -> None:
    server = start_server(Vsftpd(tls=Tls(certificate="expired")))
    assert server.certificate is not None
    session = await FtpSession.connect(an_opening(server.port))
    await session.command("AUTH", b"TLS")
    context = looking_context()
    context.load_verify_locations(server.certificate.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        await session.shake_hands(context)
    assert not session.is_usable


# The allow-list.


def test_no_writing_command_is_allowed() -> None:
    assert not READ_ONLY_VERBS & WRITING


@pytest.mark.parametrize("verb", sorted(WRITING))
async def test_a_writing_command_never_leaves(verb: str) -> None:
    async with serving(ftp()) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        with pytest.raises(ValueError, match="read-only"):
            await session.command(verb, b"x")
        await session.leave()
    assert endpoint.only.verbs == ["QUIT"]


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("SITE", b"CHMOD 777 x"),
        ("SITE", b""),
        ("PORT", b"127,0,0,1,0,22"),
        ("EPRT", b"|1|127.0.0.1|22|"),
        ("STOR", b"transfer-exposure-scanner-0123456789abcdef.tmp"),
        ("DELE", b"transfer-exposure-scanner-0123456789abcdef.tmp"),
    ],
)
async def test_a_command_that_is_harmless_with_one_argument_leaves_with_no_other(
    verb: str, argument: bytes
) -> None:
    async with serving(ftp()) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        with pytest.raises(ValueError, match="read-only"):
            await session.command(verb, argument)
        await session.leave()
    assert endpoint.only.verbs == ["QUIT"]


@pytest.mark.parametrize("name", [b"members.csv", b"../x", b"transfer-exposure-scanner-1.tmp"])
@pytest.mark.parametrize("verb", ["STOR", "DELE"])
def test_the_write_test_names_its_own_files_alone(verb: str, name: bytes) -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_permitted(verb, name, writing=True)
    check_permitted(verb, own_file_name(bytes(8)), writing=True)


def test_no_time_is_ever_set() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_permitted("MDTM", b"20200101000000 /a", writing=False)
    check_permitted("MDTM", b"/20200101000000 a", writing=False)


def test_one_module_alone_may_begin_the_write_test() -> None:
    package = Path(scanner.__file__).parent
    begun = [path.name for path in package.rglob("*.py") if "writing = True" in path.read_text()]
    assert begun == ["ftp_write.py"]


async def test_an_argument_with_a_line_end_never_leaves() -> None:
    async with serving(ftp()) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            await session.command("CWD", b"a\r\nDELE b")
        await session.leave()
    assert endpoint.only.verbs == ["QUIT"]


# Hostile servers.


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (silent(), Reason.TIMEOUT),
        (drip(), Reason.TIMEOUT),
        (endless_reply(), Reason.PROTOCOL_ERROR),
        (endless_line(), Reason.PROTOCOL_ERROR),
        (close_at_once(), Reason.CONNECTION_LOST),
        (close_at_once(reset=True), Reason.CONNECTION_LOST),
        (garbage(), Reason.OTHER_SERVICE),
        (impatient_http(), Reason.OTHER_SERVICE),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.OTHER_SERVICE),
        (says(b"220 mail.example.org ESMTP\r\n"), Reason.OTHER_SERVICE),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else "",
)
async def test_a_greeting_that_is_none_ends_in_a_reason(
    behaviour: Behaviour, reason: Reason
) -> None:
    async with serving(behaviour) as endpoint, asyncio.timeout(5):
        with pytest.raises(Fault) as caught:
            await FtpSession.connect(an_opening(endpoint.port, seconds=0.3))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("greeting", "seen"),
    [
        (b"SSH-2.0-x\r\n", "ssh"),
        (b"HTTP/1.0 400\r\n", "http"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
        (b"* OK IMAP4\r\n", "unknown"),
    ],
)
async def test_another_service_is_named(greeting: bytes, seen: str) -> None:
    async with serving(says(greeting)) as endpoint:
        with pytest.raises(NotFtp) as caught:
            await FtpSession.connect(an_opening(endpoint.port, seconds=0.5))
    assert caught.value.seen == seen


async def test_a_delayed_greeting_is_waited_for() -> None:
    script = FtpScript(greeting=b"120 wait a minute\r\n220-now\r\n220 ready\r\n")
    async with serving(ftp(script)) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        assert session.greeting.lines == (b"now", b"ready")
        await session.leave()


async def test_replies_that_nobody_asked_for_answer_nothing() -> None:
    script = FtpScript(
        greeting=b"220 ready\r\n230 welcome\r\n230 welcome\r\n", replies={"USER": b"530 no\r\n"}
    )
    async with serving(ftp(script)) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        assert (await session.command("USER", b"zz")).code == 530
        assert session.unasked == 2
        await session.leave()


async def test_clear_replies_before_tls_are_dropped_and_told(tmp_path: Path) -> None:
    tls = server_context(make_certificate(tmp_path))
    async with serving(injects_after_auth(tls)) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        assert (await session.command("AUTH", b"TLS")).code == 234
        await session.shake_hands(looking_context())
        assert session.injected == len(b"230 logged in\r\n" * 2)
        assert (await session.command("PWD")).code == 257
        await session.leave()


async def test_a_handshake_that_stalls_is_bounded() -> None:
    async with serving(stalls_after_auth()) as endpoint, asyncio.timeout(5):
        session = await FtpSession.connect(an_opening(endpoint.port, seconds=0.3))
        await session.command("AUTH", b"TLS")
        with pytest.raises(Fault) as caught:
            await session.shake_hands(looking_context())
    assert caught.value.reason is Reason.TIMEOUT
    assert not session.is_usable


async def test_a_password_is_never_sent_twice() -> None:
    script = FtpScript(replies={"PASS": b"331 again\r\n"})
    async with serving(ftp(script)) as endpoint:
        with pytest.raises(Fault):
            await enter(an_opening(endpoint.port))
    assert endpoint.only.verbs.count("PASS") == 1


async def test_a_password_that_a_server_repeats_is_struck_out() -> None:
    script = FtpScript(replies={"PASS": b"530-sesame-42 is wrong\r\n530 sesame-42\r\n"})
    async with serving(ftp(script)) as endpoint:
        session = await FtpSession.connect(an_opening(endpoint.port))
        await session.command("USER", b"lab")
        reply = await session.command("PASS", b"sesame-42")
        await session.leave()
    assert reply.shown.text == ("*** is wrong", "***")
    assert b"PASS sesame-42" in endpoint.only.commands


async def test_an_option_that_is_taken_for_a_name_is_left_out() -> None:
    lines = (b"-rw-r--r-- 1 a b 1 Jan  1  2020 x\r\n",)
    answers = iter([(), lines, lines])
    script = FtpScript(replies={"FEAT": b"502 no\r\n"}, listing=lambda: next(answers))
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        assert await names(tree, b"/") == {b"x"}
        assert await names(tree, b"/") == {b"x"}
    lists_sent = [line for line in endpoint.only.commands if line.startswith(b"LIST")]
    assert lists_sent == [b"LIST -a", b"LIST", b"LIST"]


async def test_a_data_connection_that_stands_still_costs_a_few_steps_only() -> None:
    async with (
        serving(silent()) as mute,
        serving(passive_elsewhere("127.0.0.1", mute.port)) as endpoint,
        asyncio.timeout(4),
        a_tree(endpoint.port, seconds=0.3) as tree,
    ):
        found = await listing(tree, b"/")
    assert (found.outcome, found.complete) == (Outcome.DENIED, False)


@pytest.mark.parametrize("source", [endless_listing, endless_listing_line])
async def test_an_endless_listing_is_bounded(source: object) -> None:
    hostile = serving(lists(source))  # type: ignore[arg-type]
    async with hostile as endpoint, asyncio.timeout(20), a_tree(endpoint.port) as tree:
        found = await listing(tree, b"/", most=500)
        received = tree.session.opening.dialer.meter.bytes_received
    assert not found.complete
    assert len(found.entries) <= 500
    assert received < 8 * 1024 * 1024


async def test_hostile_names_become_no_entries() -> None:
    async with serving(lists(machine_listing())) as endpoint, a_tree(endpoint.port) as tree:
        found = await listing(tree, b"/")
    assert found.unparsed
    for entry in found.entries:
        assert entry.name not in {b"", b".", b".."}
        assert not set(entry.name) & set(b"/\r\n\0")


async def test_a_session_closed_before_a_listing_is_opened_again_for_it() -> None:
    async with serving(closes_after(6)) as endpoint, a_tree(endpoint.port) as tree:
        assert (await listing(tree, b"/a")).complete
    assert len(endpoint.connections) == 2


async def test_a_session_that_is_always_closed_too_soon_ends_in_a_reason() -> None:
    async with serving(closes_after(5)) as endpoint, a_tree(endpoint.port) as tree:
        reading = await tree.list_directory(b"/a", most=10)
        assert isinstance(reading, Unobserved)
        assert reading.reason in {Reason.CONNECTION_LOST, Reason.CLOSED}
    assert len(endpoint.connections) == 2


async def test_an_address_that_epsv_names_is_not_followed() -> None:
    async with serving(passive_elsewhere()) as endpoint, a_tree(endpoint.port) as tree:
        assert (await listing(tree, b"/")).outcome is Outcome.LISTED
        assert tree.transfers.port.announced == UNUSED_ADDRESS
    assert sum(connection.data_connections for connection in endpoint.connections) >= 1


async def test_an_address_of_zeros_points_nowhere_else() -> None:
    async with serving(passive_elsewhere("0.0.0.0")) as endpoint, a_tree(endpoint.port) as tree:
        await tree.transfers.port.ask_address()
        assert tree.transfers.port.announced == "0.0.0.0"
        assert not tree.transfers.port.is_foreign


async def test_a_data_port_that_is_closed_costs_one_step_only() -> None:
    async with serving(passive_elsewhere(port=9)) as endpoint, a_tree(endpoint.port) as tree:
        reading = await tree.list_directory(b"/", most=10)
        assert isinstance(reading, Unobserved)
        assert reading.reason is Reason.CLOSED
        assert tree.session.is_usable


async def test_a_transfer_that_says_it_failed_is_not_complete() -> None:
    line = b"type=file;size=1; x\r\n"
    script = FtpScript(listing=lambda: (line,), final=b"451 disk on fire\r\n")
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        found = await listing(tree, b"/")
        read = await tree.read_range(b"/x", 0, 5)
    assert (found.outcome, found.complete, len(found.entries)) == (Outcome.LISTED, False, 1)
    assert isinstance(read, Unobserved)
    assert read.reason is Reason.UNREADABLE


async def test_an_endless_file_is_read_to_the_length_asked_for() -> None:
    def content() -> object:
        while True:
            yield b"z" * 65_536

    script = FtpScript(content=content)  # type: ignore[arg-type]
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        assert await tree.read_range(b"/x", 0, 100_000) == Observed(b"z" * 100_000)
        assert await tree.read_range(b"/x", 0, 10) == Observed(b"z" * 10)


async def test_a_cancelled_transfer_leaves_no_session_behind() -> None:
    def content() -> object:
        while True:
            yield b"z" * 65_536

    script = FtpScript(listing=content)  # type: ignore[arg-type]
    async with serving(ftp(script)) as endpoint, a_tree(endpoint.port) as tree:
        session = tree.session
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await tree.list_directory(b"/", most=10**9)
        assert not session.is_usable


async def test_connections_are_bounded() -> None:
    async with serving(ftp()) as endpoint, a_tree(endpoint.port) as tree:
        tree.session.opening.dialer._most_data = 0
        reading = await tree.list_directory(b"/", most=10)
        assert isinstance(reading, Unobserved)
        assert reading.reason is Reason.CONNECTION_BUDGET
