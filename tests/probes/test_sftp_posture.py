from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import pytest

from scanner.clients.sftp import SftpTree
from scanner.model.listing import Outcome
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import (
    ForwardingAnswer,
    Presence,
    SftpFacts,
    ShellAnswer,
)
from scanner.model.target import Allow, Areas, Target
from scanner.model.view import AccountView, Walk
from scanner.probes.sftp import observe_sftp
from scanner.probes.sftp_posture import observe_posture
from scanner.probes.walk import observe_view
from scanner.wire.ssh_keys import fingerprint
from tests.clients.ssh_lab import a_dialer, recording_server, tree_of
from tests.clients.test_sftp import (
    HOME,
    OPENS,
    SECRET,
    Answer,
    Liar,
    a_handle,
    a_name,
    framed,
    lying_tree,
    status,
    text,
    u32,
)
from tests.probes.test_sftp import LAB, TRANSFER, a_target, context_for, context_of, pins_of
from tests.servers import Openssh
from tests.servers.dropbear import Dropbear
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.tree import Tree

TRANSFER_UID, PARTNER_UID = 60001, 60002
ASKING = Allow(shell_test=True)
T = TypeVar("T")


def seen(reading: Reading[T]) -> T:
    assert isinstance(reading, Observed), reading
    return reading.value


async def account_of(server: Server, **changes: object) -> AccountView:
    target: Target = a_target(host_keys=pins_of(server), accounts=(TRANSFER,), **changes)
    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))
    server.settle()
    (account,) = facts.accounts
    return account


async def facts_of(server: Server, **changes: object) -> SftpFacts:
    return seen((await account_of(server, **changes)).sftp)


def walk_of(account: AccountView) -> Walk:
    return seen(account.view).walk


def reason_of(reading: Reading[object]) -> tuple[Reason, str]:
    assert isinstance(reading, Unobserved)
    return reading.reason, reading.detail


def homes(root: Path) -> Tree:
    """Three customers: ours, one that is open to all, one that is not."""
    for name, uid, mode in (
        ("transfer", TRANSFER_UID, 0o755),
        ("partner", PARTNER_UID, 0o755),
        ("closed", 60005, 0o700),
    ):
        home = root / name
        home.mkdir(mode=mode)
        (home / "export.csv").write_text("a,b\n1,2\n")
        os.chown(home, uid, uid)
    (root / os.fsdecode(b"caf\xe9")).mkdir(mode=0o755)
    return Tree(root)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_session_says_its_version_extensions_and_bounds(server: Server) -> None:
    facts = await facts_of(server)

    names = {extension.name: extension.value for extension in facts.extensions}
    assert facts.version == 3
    assert names["statvfs@openssh.com"] == "2"
    assert seen(facts.limits).packet == 262_144
    assert seen(facts.read_only) is False


@pytest.mark.parametrize(
    ("server", "confined"),
    [
        ("openssh-password", False),
        ("dropbear-password", False),
        ("openssh-chrooted", True),
        ("proftpd-sftp", True),
    ],
    indirect=["server"],
)
async def test_a_whole_system_is_told_from_a_folder(server: Server, *, confined: bool) -> None:
    seen_of_it = seen((await facts_of(server)).confinement)

    known = {path.path: seen(path.presence) for path in seen_of_it.known}
    assert seen_of_it.confined is confined
    assert known["/proc"] is (Presence.MISSING if confined else Presence.PRESENT)
    assert seen_of_it.root.attributes is not None
    assert seen_of_it.root.attributes.uid == 0
    assert not {"open", "read"} & {line.split()[0] for line in server.commands() if "/etc/" in line}


@pytest.mark.parametrize("server", ["proftpd-sftp"], indirect=True)
async def test_a_root_that_anyone_may_write_is_a_sign(server: Server) -> None:
    before = seen((await facts_of(server)).confinement)
    server.root.chmod(0o777)
    after = seen((await facts_of(server)).confinement)

    assert set(after.signs) - set(before.signs) == {"anyone may write in the root"}
    assert "the home is the root" in before.signs


async def test_key_files_are_seen_with_their_modes(
    start_server: StartServer,
) -> None:
    def with_keys(root: Path) -> Tree:
        (root / ".ssh").mkdir(mode=0o700)
        os.chown(root / ".ssh", TRANSFER_UID, TRANSFER_UID)
        keys = root / ".ssh/authorized_keys"
        keys.write_text("no key\n")
        os.chown(keys, TRANSFER_UID, TRANSFER_UID)
        keys.chmod(0o666)
        return Tree(root)

    server = start_server("openssh-password", contents=with_keys)
    folder, keys, second = seen((await facts_of(server)).key_files)

    assert folder.attributes is not None
    assert (folder.attributes.mode, folder.attributes.uid) == (0o700, TRANSFER_UID)
    assert keys.attributes is not None
    assert keys.attributes.mode == 0o666
    assert second.presence == Observed(Presence.MISSING)


async def test_the_folders_beside_a_home_are_tried_and_masked(start_server: StartServer) -> None:
    server = start_server(Openssh(home="transfer"), contents=homes)
    facts = await facts_of(server)

    beside = seen(facts.neighbours)
    by_uid = {sibling.uid: sibling for sibling in beside.siblings}
    assert (beside.outcome, beside.folders, beside.complete) == (Outcome.LISTED, 3, True)
    assert by_uid[PARTNER_UID].outcome == Observed(Outcome.LISTED)
    assert (by_uid[PARTNER_UID].entries, by_uid[PARTNER_UID].mode) == (1, 0o755)
    assert by_uid[60005].outcome == Observed(Outcome.DENIED)
    assert "closed" not in repr(beside)
    assert "caf" not in repr(beside)
    assert by_uid[0].name == "***"  # the name is not UTF-8, and lives on
    home = seen(facts.home)
    assert home.attributes is not None
    assert (home.attributes.mode, home.attributes.uid) == (0o755, TRANSFER_UID)


async def test_a_neighbour_in_a_declared_private_area_is_told(start_server: StartServer) -> None:
    server = start_server(Openssh(home="transfer", chrooted=True), contents=homes)
    areas = Areas(private=("/transfer", "/closed"), public=("/partner",))
    beside = seen((await facts_of(server, areas=areas)).neighbours)

    told = {sibling.uid: (sibling.foreign, sibling.public) for sibling in beside.siblings}
    assert (told[PARTNER_UID], told[60005]) == ((False, True), (True, False))


@pytest.mark.parametrize("server", ["openssh-chrooted"], indirect=True)
async def test_a_home_that_is_the_root_has_no_neighbours(server: Server) -> None:
    assert reason_of((await facts_of(server)).neighbours)[0] is Reason.NOT_OFFERED


def linked(root: Path) -> Tree:
    (root / "inside").mkdir()
    (root / "stays").symlink_to("inside")
    (root / "dangles").symlink_to("nowhere")
    (root / "out").symlink_to("/etc")
    (root / "inside" / "up").symlink_to("../../../../usr")
    return Tree(root)


@pytest.mark.parametrize("posture", ["openssh-password", "dropbear-password"])
async def test_links_that_lead_out_are_counted_and_not_followed(
    posture: str, start_server: StartServer
) -> None:
    server = start_server(posture, contents=linked)
    walk = walk_of(await account_of(server))

    assert (walk.links, walk.links_outside, walk.links_untold) == (4, 2, 0)
    assert not [line for line in server.commands() if line.startswith("opendir") and "out" in line]


@pytest.mark.parametrize("server", ["openssh-password", "proftpd-sftp"], indirect=True)
async def test_links_that_loop_stay_inside(server: Server) -> None:
    walk = walk_of(await account_of(server))

    assert (walk.links, walk.links_outside, walk.links_untold) == (3, 0, 0)


async def test_links_beyond_the_bound_stay_untold(start_server: StartServer) -> None:
    def many(root: Path) -> Tree:
        for number in range(70):
            (root / f"l{number}").symlink_to("/etc")
        return Tree(root)

    server = start_server("openssh-password", contents=many)
    walk = walk_of(await account_of(server))

    assert (walk.links, walk.links_outside, walk.links_untold) == (70, 64, 6)
    assert server.verbs().count("readlink") == 64


@pytest.mark.parametrize(
    ("options", "shell", "forwarding"),
    [
        (Openssh(), ShellAnswer.OPEN, ForwardingAnswer.FAILED),
        (
            Openssh(extra=("ForceCommand internal-sftp", "DisableForwarding yes")),
            ShellAnswer.ENDED,
            ForwardingAnswer.PROHIBITED,
        ),
        (Dropbear(), ShellAnswer.OPEN, ForwardingAnswer.FAILED),
        (Dropbear(extra=("-j",)), ShellAnswer.OPEN, ForwardingAnswer.PROHIBITED),
    ],
)
async def test_a_shell_and_forwarding_are_asked_for_where_the_target_allows_it(
    options: Openssh | Dropbear,
    shell: ShellAnswer,
    forwarding: ForwardingAnswer,
    start_server: StartServer,
) -> None:
    server = start_server(options)
    answers = seen((await account_of(server, allow=ASKING)).channels)

    assert (answers.shell, answers.forwarding) == (Observed(shell), Observed(forwarding))


@pytest.mark.parametrize("server", ["proftpd-sftp"], indirect=True)
async def test_a_server_that_knows_files_alone_refuses_both(server: Server) -> None:
    answers = seen((await account_of(server, allow=ASKING)).channels)

    assert answers.shell == Observed(ShellAnswer.REFUSED)
    assert seen(answers.forwarding) in {ForwardingAnswer.PROHIBITED, ForwardingAnswer.UNSUPPORTED}


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_without_leave_neither_is_asked_for(server: Server) -> None:
    account = await account_of(server)

    assert reason_of(account.channels)[0] is Reason.NOT_DECLARED
    assert "direct-tcpip" not in server.log_text()
    assert "req shell" not in server.log_text()


async def test_a_server_without_sftp_says_so_and_is_still_asked_for_a_shell(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(subsystem=False))
    account = await account_of(server, allow=ASKING)

    told = (Reason.NOT_OFFERED, "there is no SFTP subsystem; SCP or a shell may be there")
    assert (reason_of(account.sftp), reason_of(account.view)) == (told, told)
    assert seen(account.channels).shell == Observed(ShellAnswer.OPEN)


# --- servers that lie -------------------------------------------------------------------


async def posture_against(
    answers: dict[int, Answer], *, seconds: float = 2.0, each: float = 0.3
) -> tuple[SftpFacts, SftpTree]:
    async with lying_tree({**HOME, **answers}, seconds=each) as tree:
        return await observe_posture(tree, context_for(a_target()), seconds=seconds), tree


def attrs(identity: int, body: bytes) -> bytes:
    return framed(b"\x69" + u32(identity) + body)


NONSENSE: dict[str, Answer] = {
    "a wrong id": lambda _n, _: attrs(99_999, u32(0)),
    "a name": lambda n, _: a_name(n, b"x"),
    "cut short": lambda n, _: attrs(n, u32(0xF)),
    "endless extended": lambda n, _: attrs(n, u32(0x80000000) + u32(0xFFFFFFFF)),
    "silence": lambda _n, _: b"",
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_attributes_that_are_none_leave_nothing_known(name: str) -> None:
    facts, _ = await posture_against({7: NONSENSE[name], 17: NONSENSE[name]})

    for reading in (facts.home, facts.confinement, facts.key_files):
        assert reason_of(reading)[0] in {
            Reason.PROTOCOL_ERROR,
            Reason.CONNECTION_LOST,
            Reason.TIMEOUT,
            Reason.TIME_BUDGET,
        }


async def test_attributes_without_a_mode_decide_nothing_and_a_silent_server_costs_its_budget() -> (
    None
):
    bare: Answer = lambda n, _: attrs(n, u32(0))  # noqa: E731 - an answer among others
    facts, _ = await posture_against({7: bare, 17: bare})
    home = seen(facts.home)
    assert home.presence == Observed(Presence.PRESENT)
    assert home.attributes is not None
    assert (home.attributes.mode, home.attributes.uid) == (None, None)
    assert seen(facts.confinement).confined is False  # all of it is there, so the server says

    silent: Answer = lambda _n, _: b""  # noqa: E731
    facts, _ = await posture_against({7: silent, 17: silent, 11: silent}, seconds=0.2, each=5.0)
    assert reason_of(facts.home)[0] is Reason.TIME_BUDGET
    assert reason_of(facts.neighbours)[0] is Reason.TIME_BUDGET


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda n, _: a_name(n, b"/" * 5_000), Reason.PROTOCOL_ERROR),
        (lambda n, _: a_name(n, b"a" * 1_048_576), Reason.PROTOCOL_ERROR),
        (lambda n, _: a_name(n, b"a\0b"), Reason.PROTOCOL_ERROR),
        (lambda n, _: a_name(n, b""), Reason.PROTOCOL_ERROR),
        (lambda n, _: framed(b"\x68" + u32(n) + u32(0)), Reason.PROTOCOL_ERROR),
        (lambda n, _: framed(b"\x68" + u32(n) + u32(0xFFFFFFF)), Reason.PROTOCOL_ERROR),
        (lambda _n, _: a_name(99_999, b"x"), Reason.PROTOCOL_ERROR),
        (lambda n, _: a_handle(n), Reason.PROTOCOL_ERROR),
        (lambda _n, _: b"", Reason.TIMEOUT),
    ],
)
async def test_a_target_that_is_no_path_is_not_taken_for_one(
    answer: Answer, reason: Reason
) -> None:
    async with lying_tree({**HOME, 19: answer}) as tree:
        assert reason_of(await tree.read_link(b"/home/link"))[0] is reason


async def test_a_target_full_of_climbing_is_counted_as_outside_and_stored_nowhere() -> None:
    climbing = b"../" * 1_300 + b"etc/shadow"
    link = a_name_of_kind(b"link", 0o120777)
    served = iter([link, b""])
    answers: dict[int, Answer] = {
        **OPENS,
        12: lambda n, _: with_id(next(served), n) or status(n, 1),
        19: lambda n, _: a_name(n, climbing),
    }
    async with lying_tree(answers) as tree:
        view = seen(
            await observe_view(
                tree, username="lab", encrypted=True, context=context_for(a_target())
            )
        )

    assert (view.walk.links, view.walk.links_outside, view.walk.links_untold) == (1, 1, 0)
    assert "shadow" not in repr(view)


def a_name_of_kind(name: bytes, mode: int) -> bytes:
    return u32(1) + text(name) + text(b"") + u32(4) + u32(mode)


def with_id(body: bytes, identity: int) -> bytes:
    return framed(b"\x68" + u32(identity) + body) if body else b""


async def test_extensions_are_bounded_and_made_safe() -> None:
    pairs = b"".join(text(b"\x1b[31m%d" % n) + text(b"v" * 500) for n in range(100))
    version = framed(b"\x02" + u32(3) + pairs + u32(77))
    async with (
        recording_server(session=lambda: Liar(HOME, version)) as (port, _, _),
        tree_of(port, SECRET, seconds=1.0) as tree,
    ):
        said = tree.version

    assert (len(said.extensions), said.dropped) == (64, 37)  # the last of them is cut short
    assert max(len(each.value) for each in said.extensions) == 64
    assert "\x1b" not in repr([each.name for each in said.extensions]).replace("\\\\", "")


async def test_another_version_stays_as_a_fact() -> None:
    version = framed(b"\x02" + u32(6) + text(b"vendor-id") + text(b"x"))
    async with recording_server(session=lambda: Liar({}, version)) as (port, _, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        facts = await observe_sftp(a_dialer(port), context_for(target))

    (account,) = facts.accounts
    said = seen(account.sftp)
    assert (said.version, said.extensions[0].name) == (6, "vendor-id")
    assert reason_of(account.view) == (
        Reason.NOT_OFFERED,
        "SFTP version 6 is spoken, not 3",
    )
    assert reason_of(said.confinement)[0] is Reason.NOT_OFFERED


async def test_a_windows_server_is_not_taken_for_a_confined_login() -> None:
    def there(n: int, packet: bytes) -> bytes:
        return attrs(n, u32(4) + u32(0o040755)) if packet[9:] == b"/" else status(n, 2)

    home: Answer = lambda n, _: a_name(n, b"/C:/Users/lab")  # noqa: E731
    async with lying_tree({16: home, 7: there, 17: there}) as tree:
        facts = await observe_posture(tree, context_for(a_target()), seconds=2.0)
    assert seen(facts.confinement).confined is None
    async with lying_tree({**HOME, 7: there, 17: there}) as tree:
        facts = await observe_posture(tree, context_for(a_target()), seconds=2.0)
    assert seen(facts.confinement).confined is True
