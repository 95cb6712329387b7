from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.sftp import READ_ONLY_REQUESTS, SftpTree
from scanner.clients.stream import Stream
from scanner.model.attempts import AttemptKind
from scanner.model.listing import Listing, Outcome
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.ssh import HostKey, SshFacts
from scanner.model.target import Account, Allow, Limits, Migration, Target
from scanner.model.view import AccountView, CredentialStatus
from scanner.probes.context import EvidenceLog, ProbeContext
from scanner.probes.sftp import observe_sftp
from scanner.wire.ssh_keys import fingerprint
from tests.clients.ssh_lab import PASSWORD, a_dialer, drop_sessions, recording_server, trap
from tests.hostile import ssh_endless_preamble, ssh_huge_packet, ssh_lying_name_list, ssh_says
from tests.hostile.endpoint import serving
from tests.probes.memory_tree import NOW, MemoryLedger, MemorySecrets, a_context
from tests.servers import Openssh
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server

REFERENCE = SecretRef(SecretScheme.ENV, "PASSWORD")
KEY_REFERENCE = SecretRef(SecretScheme.ENV, "KEY")
LAB = Account(username="lab", password=REFERENCE)
TRANSFER = Account(username="transfer", password=REFERENCE)
QUICK = Limits(timeout_seconds=3.0)
SFTP_SERVERS = pytest.mark.parametrize(
    "server",
    ["openssh-password", "openssh-chrooted", "dropbear-password", "proftpd-sftp"],
    indirect=True,
)


def a_target(**changes: object) -> Target:
    return replace(Target(host="127.0.0.1", asset="lab", limits=QUICK), **changes)  # type: ignore[arg-type]


def context_for(target: Target, password: str = PASSWORD, **changes: Any) -> ProbeContext:
    log = EvidenceLog("t", "internal", lambda: NOW)
    secrets = MemorySecrets({"env:PASSWORD": password.encode()})
    return replace(a_context(target, secrets=secrets, evidence=log), **changes)


def pins_of(server: Server) -> tuple[str, ...]:
    return tuple(key.fingerprint for key in server.host_keys)


def context_of(server: Server, target: Target | None = None, **changes: Any) -> ProbeContext:
    """Return a context with everything that a real server's ``transfer`` user has."""
    assert server.client_key is not None
    known = {
        "env:PASSWORD": server.user("transfer").password.encode(),
        "env:KEY": server.client_key.private.read_bytes(),
    }
    target = target or a_target(host_keys=pins_of(server), accounts=(TRANSFER,))
    return context_for(target, secrets=MemorySecrets(known), **changes)


def host_keys(facts: SshFacts) -> tuple[HostKey, ...]:
    assert isinstance(facts.host_keys, Observed)
    return facts.host_keys.value


def only_account(facts: SshFacts) -> AccountView:
    (account,) = facts.accounts
    return account


def reason_of(reading: object) -> Reason:
    assert isinstance(reading, Unobserved)
    return reading.reason


@SFTP_SERVERS
async def test_a_real_server_is_observed_from_identification_to_walk(server: Server) -> None:
    context = context_of(server)

    facts = await observe_sftp(a_dialer(server.port), context)
    server.settle()

    assert isinstance(facts.identification, Observed)
    assert isinstance(facts.kexinit, Observed)
    assert {key.fingerprint for key in host_keys(facts)} == set(pins_of(server))
    assert {key.trust for key in host_keys(facts)} == {PeerTrust.PINNED}
    assert isinstance(facts.methods, Observed)
    assert "password" in facts.methods.value.methods
    account = only_account(facts)
    assert account.status is CredentialStatus.ACCEPTED
    assert isinstance(account.view, Observed)
    walk = account.view.value.walk
    assert account.view.value.root is Outcome.LISTED
    assert account.view.value.encrypted
    assert walk.complete
    assert walk.sampled == walk.eligible >= 5
    assert "csv" in {fact.extension for fact in walk.files}
    assert set(server.verbs()) <= {request.name.lower() for request in READ_ONLY_REQUESTS}


@SFTP_SERVERS
async def test_every_fact_points_at_its_evidence(server: Server) -> None:
    context = context_of(server)

    facts = await observe_sftp(a_dialer(server.port), context)

    kinds = {evidence.id: evidence.kind for evidence in context.evidence.all()}

    def shown(reading: Reading[object]) -> Sequence[str]:
        return [kinds[identity] for identity in reading.evidence]

    assert shown(facts.identification) == ["ssh-identification"]
    assert shown(facts.kexinit) == ["ssh-kexinit"]
    assert set(shown(facts.host_keys)) == {"ssh-host-key"}
    assert shown(facts.methods) == ["ssh-auth-methods"]
    assert shown(only_account(facts).view) == ["ssh-login", "sftp-listing"]
    password = server.user("transfer").password
    assert password not in repr(context.evidence.all())
    assert password not in repr(facts)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_what_a_scan_costs_is_counted(server: Server) -> None:
    ledger = MemoryLedger()
    dialer = a_dialer(server.port)

    await observe_sftp(dialer, context_of(server, attempts=ledger))
    server.settle()

    held, *asked = ledger.kinds
    assert (held, asked) == (AttemptKind.ACCOUNT, [AttemptKind.DECOY, AttemptKind.ACCOUNT])
    assert [attempt.kind for attempt in ledger.failed] == [AttemptKind.DECOY]
    assert ledger.open == []
    effort = dialer.meter.facts()
    # One for offers, a key, extensions and the decoy; one for each further key; one to log in.
    assert (effort.connections, effort.logins, effort.logins_failed) == (4, 2, 1)
    assert server.accepted_connections() == 4
    assert re.search(r"zz-[0-9a-f]{8}\b", server.log_text())


@pytest.mark.parametrize(("password", "decoy"), [(PASSWORD, "asked"), ("wrong", "left out")])
async def test_the_last_attempt_is_an_account_s_and_not_the_decoy_s(
    password: str, decoy: str
) -> None:
    async with recording_server() as (port, heard, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        context = context_for(target, password, attempts=MemoryLedger(most=1))
        facts = await observe_sftp(a_dialer(port), context)

    assert heard.passwords == [password]
    assert heard.users[0] == "lab"
    if decoy == "asked":
        assert isinstance(facts.methods, Observed)
    else:
        assert reason_of(facts.methods) is Reason.ATTEMPT_BUDGET


@pytest.mark.parametrize("server", ["openssh-legacy"], indirect=True)
async def test_weak_host_keys_of_an_old_server_are_seen(server: Server) -> None:
    facts = await observe_sftp(a_dialer(server.port), context_of(server))

    assert [(key.algorithm, key.bits) for key in host_keys(facts)] == [
        ("ssh-rsa", 1024),
        ("ssh-dss", 1024),
    ]
    assert only_account(facts).status is CredentialStatus.ACCEPTED


@pytest.mark.parametrize("server", ["openssh-two-factors"], indirect=True)
async def test_a_first_factor_alone_is_partial_with_what_remains(server: Server) -> None:
    ledger = MemoryLedger()
    account = Account(username="transfer", private_key=KEY_REFERENCE)
    target = a_target(host_keys=pins_of(server), accounts=(account,))

    facts = await observe_sftp(a_dialer(server.port), context_of(server, target, attempts=ledger))
    server.settle()

    seen = only_account(facts)
    assert (seen.status, seen.remaining) == (CredentialStatus.PARTIAL, ("password",))
    assert reason_of(seen.view) is Reason.NO_LOGIN
    assert (ledger.refused, server.failed_logins()) == (set(), 0)
    assert [attempt.kind for attempt in ledger.failed] == [AttemptKind.DECOY]


@pytest.mark.parametrize("server", ["openssh-two-factors"], indirect=True)
async def test_two_supplied_factors_see_the_tree(server: Server) -> None:
    account = Account(username="transfer", private_key=KEY_REFERENCE, password=REFERENCE)
    target = a_target(host_keys=pins_of(server), accounts=(account,))

    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))

    assert only_account(facts).status is CredentialStatus.ACCEPTED


async def test_a_password_never_goes_to_a_host_key_that_nobody_declared() -> None:
    async with recording_server() as (port, heard, _):
        facts = await observe_sftp(a_dialer(port), context_for(a_target(accounts=(LAB,))))

    assert heard.passwords == []
    assert all(user.startswith("zz-") for user in heard.users)
    account = only_account(facts)
    assert account.status is CredentialStatus.NOT_SENT
    assert reason_of(account.view) is Reason.UNVERIFIED_PEER
    assert host_keys(facts)[0].trust is PeerTrust.UNVERIFIED


def known_hosts(path: Path, port: int, blob: bytes, marker: str = "") -> Path:
    line = asyncssh.import_public_key(_public_line(blob)).export_public_key().decode()
    path.write_text(f"{marker} [127.0.0.1]:{port} {line}".strip() + "\n")
    return path


def _public_line(blob: bytes) -> bytes:
    size = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + size] + b" " + base64.b64encode(blob)


@pytest.mark.parametrize(
    ("whose", "marker", "trust", "sent"),
    [
        ("own", "", PeerTrust.VERIFIED, True),
        ("own", "@revoked", PeerTrust.REVOKED, False),
        ("other", "", PeerTrust.MISMATCHED, False),
        ("other", "@cert-authority", PeerTrust.UNVERIFIED, False),
    ],
)
async def test_known_hosts_decides_whether_a_password_goes_out(
    tmp_path: Path, whose: str, marker: str, trust: PeerTrust, *, sent: bool
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    async with recording_server() as (port, heard, key):
        blob = bytes((key if whose == "own" else other).public_data)
        file = known_hosts(tmp_path / "known_hosts", port, blob, marker)
        target = a_target(accounts=(LAB,), known_hosts=file, allow=Allow(trust_on_first_use=True))
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert host_keys(facts)[0].trust is trust
    assert heard.passwords == ([PASSWORD] if sent else [])


async def test_a_pin_of_another_key_holds_the_password_back() -> None:
    async with recording_server() as (port, heard, _):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(b"another"),))
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert host_keys(facts)[0].trust is PeerTrust.MISMATCHED
    assert heard.passwords == []


async def test_first_use_is_trusted_only_where_the_target_allows_it() -> None:
    async with recording_server() as (port, heard, _):
        target = a_target(accounts=(LAB,), allow=Allow(trust_on_first_use=True))
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert host_keys(facts)[0].trust is PeerTrust.FIRST_USE
    assert heard.passwords == [PASSWORD]


async def test_a_known_hosts_file_that_cannot_be_read_verifies_nothing(tmp_path: Path) -> None:
    async with recording_server() as (port, heard, _):
        target = a_target(accounts=(LAB,), known_hosts=tmp_path / "missing")
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert host_keys(facts)[0].trust is PeerTrust.UNVERIFIED
    assert heard.passwords == []


async def test_a_refused_password_is_remembered_and_never_sent_again() -> None:
    ledger = MemoryLedger()
    async with recording_server() as (port, heard, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        first = await observe_sftp(a_dialer(port), context_for(target, "wrong", attempts=ledger))
        ledger.failed.clear()
        second = await observe_sftp(a_dialer(port), context_for(target, "wrong", attempts=ledger))
        third = await observe_sftp(a_dialer(port), context_for(target, PASSWORD, attempts=ledger))

    assert heard.passwords == ["wrong", PASSWORD]
    assert only_account(first).status is CredentialStatus.REFUSED
    assert reason_of(only_account(first).view) is Reason.CREDENTIAL_REFUSED
    assert only_account(second).status is CredentialStatus.NOT_SENT
    assert reason_of(only_account(second).view) is Reason.CREDENTIAL_REFUSED
    assert only_account(third).status is CredentialStatus.ACCEPTED
    assert len(ledger.refused) == 1


async def test_a_refused_key_does_not_take_the_password_with_it() -> None:
    ledger = MemoryLedger()
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    secrets = MemorySecrets({"env:PASSWORD": PASSWORD.encode(), "env:KEY": private})
    account = replace(LAB, private_key=KEY_REFERENCE)
    async with recording_server(methods=("publickey", "password")) as (port, heard, key):
        target = a_target(accounts=(account,), host_keys=(fingerprint(bytes(key.public_data)),))
        facts = await observe_sftp(
            a_dialer(port), context_for(target, secrets=secrets, attempts=ledger)
        )

    assert (len(heard.keys), heard.passwords) == (1, [PASSWORD])
    assert only_account(facts).status is CredentialStatus.ACCEPTED
    assert (len(ledger.refused), len(ledger.failed)) == (1, 2)  # the key, and the decoy


async def test_without_attempts_nothing_is_sent_and_it_is_said() -> None:
    async with recording_server() as (port, heard, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        facts = await observe_sftp(
            a_dialer(port), context_for(target, attempts=MemoryLedger(most=0))
        )

    assert (heard.passwords, [user for user in heard.users if user != "lab"]) == ([], [])
    assert only_account(facts).status is CredentialStatus.NOT_SENT
    assert reason_of(only_account(facts).view) is Reason.ATTEMPT_BUDGET
    assert reason_of(facts.methods) is Reason.ATTEMPT_BUDGET


async def test_a_server_that_lets_anybody_in_is_told() -> None:
    ledger = MemoryLedger()
    async with recording_server(without_authentication=True) as (port, _, _):
        facts = await observe_sftp(a_dialer(port), context_for(a_target(), attempts=ledger))

    assert isinstance(facts.methods, Observed)
    assert facts.methods.value.none_accepted
    assert ledger.failed == []


@pytest.mark.parametrize("server", ["openssh-blank"], indirect=True)
async def test_an_account_without_a_password_is_let_in_and_told_so(server: Server) -> None:
    account = Account(username="blank", password=REFERENCE)
    target = a_target(host_keys=pins_of(server), accounts=(account,))

    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))

    assert only_account(facts).detail == "let in without any authentication"


async def test_a_scan_without_credentials_tries_none() -> None:
    async with recording_server() as (port, heard, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        facts = await observe_sftp(a_dialer(port), context_for(target, credentialed=False))

    assert (facts.accounts, heard.passwords) == ((), [])
    assert isinstance(facts.methods, Observed)


async def test_a_secret_that_is_not_there_is_told_and_the_rest_goes_on() -> None:
    async with recording_server() as (port, heard, key):
        missing = Account(username="gone", password=SecretRef(SecretScheme.ENV, "GONE"))
        pins = (fingerprint(bytes(key.public_data)),)
        target = a_target(accounts=(missing, LAB), host_keys=pins)
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert [account.status for account in facts.accounts] == [
        CredentialStatus.NOT_SENT,
        CredentialStatus.ACCEPTED,
    ]
    assert reason_of(facts.accounts[0].view) is Reason.CREDENTIAL_MISSING
    assert heard.passwords == [PASSWORD]


async def test_a_login_without_sftp_has_no_view() -> None:
    async with recording_server() as (port, _, key):
        target = a_target(accounts=(LAB,), host_keys=(fingerprint(bytes(key.public_data)),))
        facts = await observe_sftp(a_dialer(port), context_for(target))

    assert only_account(facts).status is CredentialStatus.ACCEPTED
    assert reason_of(only_account(facts).view) is Reason.NOT_OFFERED


@pytest.mark.parametrize("server", ["openssh-chrooted"], indirect=True)
async def test_declared_migrations_are_found_in_a_real_tree(server: Server) -> None:
    migration = Migration(order_id="MIG-7", paths=("/export/*",), fields=("member_id",))
    gone = Migration(order_id="MIG-8", paths=("/elsewhere/*",))
    target = a_target(host_keys=pins_of(server), accounts=(TRANSFER,), migrations=(migration, gone))

    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))

    view = only_account(facts).view
    assert isinstance(view, Observed)
    here, nowhere = view.value.walk.orders
    assert (here.found, here.complete, here.files) == (True, True, 1)
    assert (nowhere.found, nowhere.complete) == (False, False)
    assert view.value.walk.files[0].orders == ("MIG-7",)


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_connection_lost_on_the_way_leaves_a_partial_view(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = SftpTree.list_directory

    async def lose_after_home(tree: SftpTree, path: bytes, *, most: int) -> Reading[Listing]:
        if path != tree.home:
            drop_sessions(server)
        return await listing(tree, path, most=most)

    monkeypatch.setattr(SftpTree, "list_directory", lose_after_home)
    facts = await observe_sftp(a_dialer(server.port), context_of(server))

    view = only_account(facts).view
    assert isinstance(view, Observed)
    assert view.value.walk.stopped == ("connection-lost",)
    assert view.value.walk.directories == 1


async def test_a_server_of_version_1_is_identified_and_gets_no_secret() -> None:
    async with serving(ssh_says(b"SSH-1.5-Old\n")) as endpoint:
        facts = await observe_sftp(a_dialer(endpoint.port), context_for(a_target(accounts=(LAB,))))

    assert isinstance(facts.identification, Observed)
    assert reason_of(facts.kexinit) is Reason.NOT_OFFERED
    assert reason_of(facts.host_keys) is Reason.NOT_OFFERED
    assert only_account(facts).status is CredentialStatus.NOT_SENT


@pytest.mark.parametrize("behaviour", [ssh_huge_packet(), ssh_lying_name_list()])
async def test_a_kexinit_that_lies_leaves_everything_after_it_unobserved(behaviour: object) -> None:
    async with serving(behaviour) as endpoint:  # type: ignore[arg-type]
        facts = await observe_sftp(a_dialer(endpoint.port), context_for(a_target()))

    assert isinstance(facts.identification, Observed)
    assert reason_of(facts.methods) is Reason.PROTOCOL_ERROR


async def test_a_server_that_never_identifies_is_a_fault() -> None:
    async with serving(ssh_endless_preamble()) as endpoint:
        with pytest.raises(Fault) as caught:
            await observe_sftp(a_dialer(endpoint.port), context_for(a_target()))

    assert caught.value.reason is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("server", ["vsftpd-plain"], indirect=True)
async def test_a_real_ftp_server_is_another_service(server: Server) -> None:
    with pytest.raises(Fault) as caught:
        await observe_sftp(a_dialer(server.port), context_for(a_target()))

    assert caught.value.reason is Reason.OTHER_SERVICE


async def test_a_full_server_is_throttled(start_server: StartServer) -> None:
    server = start_server(Openssh(extra=("MaxStartups 1",)))
    _, writer = await asyncio.open_connection(server.host, server.port)
    try:
        facts = await observe_sftp(a_dialer(server.port), context_for(a_target()))
    finally:
        writer.close()
        await writer.wait_closed()

    assert reason_of(facts.identification) is Reason.THROTTLED


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_a_whole_scan_uses_nothing_of_the_operators_own(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.client_key is not None
    account = replace(TRANSFER, password=SecretRef(SecretScheme.ENV, "WRONG"))
    target = a_target(host_keys=pins_of(server), accounts=(account,))
    secrets = MemorySecrets({"env:WRONG": b"wrong"})
    async with trap(tmp_path, server.client_key.private, monkeypatch) as sprung:
        facts = await observe_sftp(a_dialer(server.port), context_for(target, secrets=secrets))

    server.settle()
    assert only_account(facts).status is CredentialStatus.REFUSED
    assert sprung == []
    assert server.client_key.fingerprint not in server.log_text()


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
async def test_connections_are_spaced_away_from_loopback(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere(Dialer):
        """Dials loopback for an address that is not."""

        def __init__(self) -> None:
            there = a_dialer(server.port)
            super().__init__(replace(there.admitted, ip=ip_address("192.0.2.1")), there.meter)
            self.open = there.open  # type: ignore[method-assign]
            self.connect = there.connect  # type: ignore[method-assign]

    pauses: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr("asyncio.sleep", record)
    for dialer in (a_dialer(server.port), Elsewhere()):
        await observe_sftp(dialer, context_of(server), pause_seconds=0.7)

    connections = 4
    assert pauses.count(0.7) == connections - 1


async def test_a_server_that_turns_away_half_way_is_asked_no_more() -> None:
    class Banned(Dialer):
        """Finds the port closed from the third connection on, as after a ban."""

        async def open(self, port: int | None = None) -> socket.socket:
            self._refuse_third()
            return await super().open(port)

        async def connect(self, port: int | None = None) -> Stream:
            self._refuse_third()
            return await super().connect(port)

        def _refuse_third(self) -> None:
            if self.meter.connections >= 2:
                self.meter.connections += 1
                raise Fault(Reason.CLOSED, "connection refused")

    ledger = MemoryLedger()
    async with recording_server() as (port, heard, key):
        pins = (fingerprint(bytes(key.public_data)),)
        target = a_target(accounts=(LAB, replace(LAB, username="other")), host_keys=pins)
        there = a_dialer(port)
        dialer = Banned(there.admitted, there.meter)
        facts = await observe_sftp(dialer, context_for(target, attempts=ledger))

    assert (dialer.meter.connections, [user[:3] for user in heard.users]) == (3, ["zz-"])
    assert {reason_of(account.view) for account in facts.accounts} == {Reason.CLOSED}
    assert {reason_of(each.methods) for each in facts.account_methods} == {Reason.CLOSED}
    assert isinstance(facts.methods, Observed)
    assert [attempt.kind for attempt in ledger.failed] == [AttemptKind.DECOY]
