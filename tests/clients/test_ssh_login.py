from __future__ import annotations

import contextlib
import os
from pathlib import Path

import asyncssh
import pytest

from scanner.clients.faults import Fault
from scanner.clients.ssh_factors import FirstFactor, remaining_factors
from scanner.clients.ssh_login import SshCredential
from scanner.clients.ssh_offers import ask_methods, fetch_host_key
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.view import CredentialStatus
from tests.clients.ssh_lab import (
    ALGORITHMS,
    PASSWORD,
    a_dialer,
    credential_of,
    recording_server,
    terms,
    trap,
    try_login,
)
from tests.hostile import (
    ssh_closes_after_identification,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
)
from tests.hostile.endpoint import serving
from tests.servers import Openssh
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server

SECRET = SshCredential(username="lab", password=PASSWORD)
WRONG = SshCredential(username="lab", password="wrong")


@pytest.mark.parametrize(
    "server",
    [
        "openssh-password",
        "openssh-keyboard-interactive",
        "openssh-legacy",
        "dropbear-password",
        "proftpd-sftp",
    ],
    indirect=True,
)
async def test_a_right_password_is_accepted(server: Server) -> None:
    result = await try_login(server.port, credential_of(server))

    assert (result.status, result.sent) == (CredentialStatus.ACCEPTED, ("password",))
    server.settle()
    assert server.failed_logins() == 0


@pytest.mark.parametrize("server", ["openssh-keys", "dropbear-keys", "proftpd-sftp"], indirect=True)
async def test_a_right_key_is_accepted(server: Server) -> None:
    result = await try_login(server.port, credential_of(server, password=False, key=True))

    assert (result.status, result.sent) == (CredentialStatus.ACCEPTED, ("publickey",))


@pytest.mark.parametrize(
    "server",
    ["openssh-password", "openssh-keyboard-interactive", "dropbear-password", "proftpd-sftp"],
    indirect=True,
)
async def test_a_wrong_password_is_guessed_exactly_once(server: Server) -> None:
    result = await try_login(server.port, SshCredential(username="transfer", password="wrong"))

    server.settle()
    assert (result.status, result.refused) == (CredentialStatus.REFUSED, ("password",))
    assert server.failed_logins() == 1


async def test_a_server_that_hangs_up_on_a_wrong_password_has_refused_it(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(max_auth_tries=1))

    result = await try_login(server.port, SshCredential(username="transfer", password="wrong"))

    assert result.status is CredentialStatus.REFUSED


@pytest.mark.parametrize("server", ["openssh-two-factors"], indirect=True)
async def test_two_supplied_factors_log_in_where_both_are_asked_for(server: Server) -> None:
    result = await try_login(server.port, credential_of(server, key=True))

    assert (result.status, result.sent) == (CredentialStatus.ACCEPTED, ("publickey", "password"))
    assert result.refused == ()


@pytest.mark.parametrize("server", ["openssh-two-factors"], indirect=True)
async def test_a_first_factor_alone_is_a_partial_success(server: Server) -> None:
    result = await try_login(server.port, credential_of(server, password=False, key=True))

    assert (result.status, result.remaining) == (CredentialStatus.PARTIAL, ("password",))
    assert result.refused == ()


@pytest.mark.parametrize("server", ["openssh-blank"], indirect=True)
async def test_an_account_that_needs_no_secret_is_let_in_and_told_so(server: Server) -> None:
    result = await try_login(server.port, SshCredential(username="blank", password="unused"))

    assert result.status is CredentialStatus.ACCEPTED
    assert (result.sent, result.detail) == ((), "let in without any authentication")


async def test_no_secret_leaves_before_the_host_key_is_accepted() -> None:
    seen: list[bytes] = []

    def refuse(blob: bytes) -> bool:
        seen.append(blob)
        return False

    async with recording_server() as (port, heard, key):
        result = await try_login(port, SECRET, terms(accept=refuse))

    assert (heard.users, heard.passwords) == ([], [])
    assert seen == [bytes(key.public_data)]
    assert result.status is CredentialStatus.NOT_SENT
    assert result.fault is not None
    assert result.fault.reason is Reason.UNVERIFIED_PEER


async def test_no_secret_leaves_without_a_reservation() -> None:
    async with recording_server(methods=("password", "keyboard-interactive", "publickey")) as (
        port,
        heard,
        _,
    ):
        result = await try_login(port, SECRET, terms(reserve=lambda _: False))

    assert heard.passwords == []
    assert (result.status, result.held_back) == (CredentialStatus.NOT_SENT, True)


async def test_a_password_is_not_sent_again_by_another_method() -> None:
    async with recording_server(
        methods=("password", "keyboard-interactive"), prompts=[[("Password: ", False)]]
    ) as (port, heard, _):
        result = await try_login(port, WRONG)

    assert (heard.passwords, heard.responses) == (["wrong"], [])
    assert result.status is CredentialStatus.REFUSED


async def test_a_password_answers_one_hidden_prompt() -> None:
    async with recording_server(
        methods=("keyboard-interactive",), prompts=[[("Password: ", False)]]
    ) as (port, heard, _):
        result = await try_login(port, SECRET)

    assert heard.responses == [[PASSWORD]]
    assert result.status is CredentialStatus.ACCEPTED


@pytest.mark.parametrize(
    "prompts",
    [
        [[("Password: ", False)], [("Code: ", False)]],
        [[("Password: ", False), ("Code: ", False)]],
        [[("Your name, please: ", True)]],
    ],
)
async def test_a_prompt_for_more_than_the_password_is_left_unanswered(
    prompts: list[list[tuple[str, bool]]],
) -> None:
    async with recording_server(methods=("keyboard-interactive",), prompts=prompts) as (
        port,
        heard,
        _,
    ):
        result = await try_login(port, SECRET)

    assert sum(PASSWORD in answers for answers in heard.responses) <= 1
    assert len(heard.responses) < len(prompts) + 1
    assert (result.status, result.remaining) == (
        CredentialStatus.PARTIAL,
        ("keyboard-interactive",),
    )
    assert not result.confirmable


async def test_the_same_prompt_again_means_that_the_password_was_wrong() -> None:
    prompts = [[("Password: ", False)]] * 3
    async with recording_server(methods=("keyboard-interactive",), prompts=prompts) as (
        port,
        heard,
        _,
    ):
        result = await try_login(port, WRONG)

    assert heard.responses == [["wrong"]]
    assert (result.status, result.refused) == (CredentialStatus.REFUSED, ("password",))


async def test_endless_empty_challenges_are_cut() -> None:
    async with recording_server(methods=("keyboard-interactive",), prompts=[[]] * 1_000) as (
        port,
        heard,
        _,
    ):
        result = await try_login(port, SECRET)

    assert len(heard.responses) <= 3
    assert result.status in {CredentialStatus.REFUSED, CredentialStatus.PARTIAL}


async def test_a_credential_without_a_method_for_it_is_not_sent() -> None:
    async with recording_server(methods=("publickey",)) as (port, heard, _):
        result = await try_login(port, SECRET)

    assert (heard.passwords, heard.keys) == ([], [])
    assert result.status is CredentialStatus.NOT_SENT
    assert result.fault is not None
    assert result.fault.reason is Reason.NOT_OFFERED


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (ssh_huge_packet(), None),
        (ssh_lying_name_list(), None),
        (ssh_closes_after_identification(), Reason.CONNECTION_LOST),
        (ssh_says(b"SSH-2.0-caf\xe9\r\n"), None),
        (ssh_says(b"SSH-2.0-x\r\n"), Reason.TIMEOUT),
        (ssh_says(b"SSH-1.5-x\r\n"), None),
        (ssh_says(b"\x00" * 100_000), None),
        (ssh_says(b"SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14" + b"\x00" * 10), None),
    ],
)
async def test_hostile_servers_end_in_a_fault(behaviour: object, reason: Reason | None) -> None:
    async with serving(behaviour) as endpoint:  # type: ignore[arg-type]
        with pytest.raises(Fault) as fetched:
            await fetch_host_key(a_dialer(endpoint.port), ALGORITHMS, seconds=0.3)
        with pytest.raises(Fault):
            await ask_methods(a_dialer(endpoint.port), "zz", ALGORITHMS, seconds=0.3)
        result = await try_login(endpoint.port, SECRET, terms(seconds=0.3))

    assert result.status is CredentialStatus.NOT_SENT
    assert reason in {None, fetched.value.reason}


@pytest.mark.parametrize(
    ("server", "kinds"),
    [
        ("openssh-password", ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256")),
        ("openssh-legacy", ("ssh-rsa", "ssh-dss")),
    ],
    indirect=["server"],
)
async def test_each_host_key_can_be_asked_for_by_its_algorithm(
    server: Server, kinds: tuple[str, ...]
) -> None:
    blobs = {await fetch_host_key(a_dialer(server.port), [kind], seconds=5) for kind in kinds}

    assert blobs == {key.blob for key in server.host_keys}


async def test_a_none_request_tells_methods_and_banner() -> None:
    async with recording_server(methods=("publickey", "password"), greeting="Welcome\x1b[2J\n") as (
        port,
        heard,
        _,
    ):
        methods = await ask_methods(a_dialer(port), "zz-1", ALGORITHMS, seconds=5)

    assert (methods.none_accepted, methods.methods) == (False, ("publickey", "password"))
    assert methods.banner == "Welcome\\x1b[2J\\x0a"
    assert (heard.users, heard.passwords, heard.keys) == (["zz-1"], [], [])


async def test_a_none_request_that_is_accepted_is_told() -> None:
    async with recording_server(without_authentication=True) as (port, _, _):
        methods = await ask_methods(a_dialer(port), "zz-1", ALGORITHMS, seconds=5)

    assert (methods.none_accepted, methods.methods) == (True, ())


@pytest.mark.parametrize("server", ["openssh-two-factors"], indirect=True)
async def test_the_factors_that_remain_are_told_for_a_key(server: Server) -> None:
    credential = credential_of(server, password=False, key=True)
    factor = FirstFactor(
        username="transfer", key_type=credential.key_type, key_pem=credential.key_pem
    )

    reading = await remaining_factors(
        a_dialer(server.port), factor, algorithms=ALGORITHMS, accept=lambda _: True, seconds=5
    )

    assert reading == Observed(("password",))


async def test_a_first_factor_goes_to_no_host_key_that_was_not_accepted() -> None:
    async with recording_server() as (port, heard, _):
        reading = await remaining_factors(
            a_dialer(port),
            FirstFactor(username="lab", password=PASSWORD),
            algorithms=ALGORITHMS,
            accept=lambda _: False,
            seconds=5,
        )

    assert isinstance(reading, Unobserved)
    assert (reading.reason, heard.passwords) == (Reason.UNVERIFIED_PEER, [])


async def test_a_first_factor_that_is_refused_is_told() -> None:
    async with recording_server() as (port, _, _):
        reading = await remaining_factors(
            a_dialer(port),
            FirstFactor(username="lab", password="wrong"),
            algorithms=ALGORITHMS,
            accept=lambda _: True,
            seconds=5,
        )

    assert isinstance(reading, Unobserved)
    assert reading.reason is Reason.CREDENTIAL_REFUSED


@pytest.mark.parametrize(
    "behaviour",
    [
        ssh_says(b"SSH-2.0-x\r\n"),
        ssh_huge_packet(),
        ssh_lying_name_list(),
        ssh_closes_after_identification(),
    ],
)
async def test_asking_for_factors_ends_in_time_whatever_the_server_does(
    behaviour: object, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(behaviour) as endpoint:  # type: ignore[arg-type]
        reading = await remaining_factors(
            a_dialer(endpoint.port),
            FirstFactor(username="lab", password=PASSWORD),
            algorithms=ALGORITHMS,
            accept=lambda _: True,
            seconds=0.3,
        )

    assert isinstance(reading, Unobserved)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_an_account_without_a_name_can_scan(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("pwd.getpwuid", nobody)

    assert (await try_login(server.port, credential_of(server))).status is CredentialStatus.ACCEPTED


def test_a_private_key_that_cannot_be_read_is_a_fault_without_the_secret() -> None:
    private = asyncssh.generate_private_key("ssh-ed25519")
    key = private.export_private_key(passphrase="right", rounds=1, ignore_few_rounds=True)

    assert SshCredential.read("lab", private_key=key, passphrase=b"right").key_type == "ssh-ed25519"
    for data, phrase in ((key, b"wrong-phrase"), (key, None), (b"no key at all", None)):
        with pytest.raises(Fault) as caught:
            SshCredential.read("lab", private_key=data, passphrase=phrase)
        assert "wrong-phrase" not in str(caught.value)


def test_a_password_that_is_no_text_is_a_fault_without_the_secret() -> None:
    with pytest.raises(Fault) as caught:
        SshCredential.read("lab", password=b"\xff\xfesecret")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(SshCredential.read("lab", password=b"secret"))


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_nothing_of_the_operators_own_is_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.client_key is not None  # which the server would let in
    async with trap(tmp_path, server.client_key.private, monkeypatch) as sprung:
        await fetch_host_key(a_dialer(server.port), ALGORITHMS, seconds=5)
        await ask_methods(a_dialer(server.port), "transfer", ALGORITHMS, seconds=5)
        refused = await try_login(server.port, SshCredential(username="transfer", password="x"))
        await remaining_factors(
            a_dialer(server.port),
            FirstFactor(username="transfer", password="x"),
            algorithms=ALGORITHMS,
            accept=lambda _: True,
            seconds=5,
        )

    server.settle()
    assert refused.status is CredentialStatus.REFUSED
    assert sprung == []
    assert server.client_key.fingerprint not in server.log_text()
    assert "operator" not in server.log_text()


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_the_trap_springs_where_the_librarys_defaults_are_left_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.client_key is not None
    async with trap(tmp_path, server.client_key.private, monkeypatch) as sprung:
        sock = await a_dialer(server.port).open()
        with contextlib.suppress(OSError, asyncssh.Error):
            await asyncssh.connect(sock=sock, username="transfer", known_hosts=None)

    assert {"match", "agent"} <= set(sprung)
    assert os.environ["HOME"] == str(tmp_path)
