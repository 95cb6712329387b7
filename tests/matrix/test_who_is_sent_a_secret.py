"""A server in doubt is sent no password, key, certificate or answer, nor told whose they are.

The servers here record every request to authenticate, and let everybody in: whatever leaves,
arrives. That the recorder hears is shown with hosts whose key is proven.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncssh
import dns.flags
import dns.message
import dns.rrset
import pytest

from scanner.api import scan_host
from scanner.model.reading import Reason
from scanner.model.view import AccountView, CredentialStatus
from tests.clients.ssh_lab import PASSWORD, Heard, Porter
from tests.clients.test_sshfp import resolver
from tests.matrix import lab

USER: Final = "transfer"
NAME: Final = "127.0.0.1"
FILES: Final = "files.example.invalid"


@dataclass
class Recorder(Porter):
    """Records certificates too, and lets in whoever shows anything."""

    certified: list[bytes] = field(default_factory=list)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        super().validate_public_key(username, key)
        return True

    def validate_ca_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        del username
        self.certified.append(bytes(key.public_data))
        return True


@dataclass
class Peer:
    """A server that runs: its port, its key, and what it heard."""

    port: int
    key: asyncssh.SSHKey
    heard: Heard
    certified: list[bytes]

    @property
    def line(self) -> str:
        return self.key.export_public_key().decode("ascii").strip()

    def users(self) -> set[str]:
        """Return who tried to log in, the decoy apart."""
        return {user for user in self.heard.users if not user.startswith("zz-")}

    def secrets(self) -> list[object]:
        """Return everything that was sent to log in with."""
        told = self.heard
        return [*told.passwords, *told.keys, *told.responses, *self.certified]


Signed = Callable[[asyncssh.SSHKey], asyncssh.SSHCertificate | None]


def _unsigned(_key: asyncssh.SSHKey) -> None:
    return None


@asynccontextmanager
async def recording(method: str, signed: Signed = _unsigned) -> AsyncIterator[Peer]:
    """Serve a recorder that offers one method, and shows what ``signed`` makes of its key."""
    heard, certified = Heard(), list[bytes]()
    key = asyncssh.generate_private_key("ssh-ed25519")
    certificate = signed(key)
    wire = "publickey" if method in {"key", "certificate"} else method
    prompts = [[("Password: ", False)]]
    server = await asyncssh.listen(
        NAME,
        0,
        server_factory=lambda: Recorder(
            heard, methods=(wire,), prompts=prompts, certified=certified
        ),
        server_host_keys=[key if certificate is None else (key, certificate)],
        encoding=None,
        config=None,
        gss_host=None,
    )
    try:
        yield Peer(server.get_port(), key, heard, certified)
    finally:
        server.close()
        for connection in heard.connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()


class Team:
    """What the team supplies: one account, and what it says of the host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = asyncssh.generate_private_key("ssh-ed25519")
        self.other = asyncssh.generate_private_key("ssh-ed25519")
        self.user = asyncssh.generate_private_key("ssh-ed25519")
        self.user_authority = asyncssh.generate_private_key("ssh-ed25519")

    def certificate(self, **terms: Any) -> Signed:
        """Return what signs a host's key; by the team's authority unless told."""
        authority: asyncssh.SSHKey = terms.pop("authority", self.authority)
        now = datetime.now(UTC)
        terms = {
            "principals": [NAME],
            "valid_after": now - timedelta(hours=1),
            "valid_before": now + timedelta(hours=1),
            **terms,
        }
        return lambda key: authority.generate_host_certificate(key, "made up", **terms)

    def known(self, *lines: str) -> Callable[[Peer], Mapping[str, Any]]:
        """Return what writes known_hosts for a peer."""

        def write(peer: Peer) -> Mapping[str, Any]:
            words = {
                "host": f"[{NAME}]:{peer.port}",
                "key": peer.line,
                "other": _line(self.other),
                "ca": _line(self.authority),
            }
            path = self.folder / "known_hosts"
            path.write_text("".join(line.format(**words) + "\n" for line in lines))
            return {"known_hosts": str(path)}

        return write

    def account(self, method: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        if method in {"password", "keyboard-interactive"}:
            monkeypatch.setenv("SUPPLIED", PASSWORD)
            return {"username": USER, "password": "env:SUPPLIED"}
        key = self.folder / "user"
        key.touch(mode=0o600)
        self.user.write_private_key(str(key))
        account = {"username": USER, "private_key": f"file:{key}"}
        if method == "certificate":
            path = self.folder / "user-cert.pub"
            signed = self.user_authority.generate_user_certificate(
                self.user, "made up", principals=[USER]
            )
            signed.write_certificate(str(path))
            account["certificate"] = str(path)
        return account


def _line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode("ascii").strip()


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


async def _scan(team: Team, port: int, account: Mapping[str, str], **more: Any) -> AccountView:
    terms = {"accounts": [account], "timeout_seconds": 3, **more}
    document = await scan_host(
        NAME,
        targets=lab.write_targets(team.folder, lab.at(port, "sftp", **terms)),
        history=lab.history_in(team.folder / "state"),
    )
    (seen,) = lab.ssh_of(document).accounts
    return seen


Case = tuple[Callable[[Team], Signed], Callable[[Team, Peer], Mapping[str, Any]]]


def _plain(_team: Team) -> Signed:
    return _unsigned


def _pinned(peer: Peer) -> dict[str, Any]:
    return {"host_keys": [peer.key.get_fingerprint()]}


ANY_CA: Final = "@cert-authority * {ca}"

PROVEN: Final[dict[str, Case]] = {
    "pinned": (_plain, lambda _, peer: _pinned(peer)),
    "known": (_plain, lambda team, peer: team.known("{host} {key}")(peer)),
    "certified": (lambda team: team.certificate(), lambda team, peer: team.known(ANY_CA)(peer)),
    "certificate expired, key pinned": (
        lambda team: team.certificate(valid_before=datetime.now(UTC) - timedelta(minutes=1)),
        lambda team, peer: {**team.known(ANY_CA)(peer), **_pinned(peer)},
    ),
}

FIRST_USE: Final = {"allow": {"trust_on_first_use": True}}

DOUBTED: Final[dict[str, Case]] = {
    "unknown": (_plain, lambda _team, _peer: {}),
    "unknown, certified": (lambda team: team.certificate(), lambda _team, _peer: {}),
    "changed": (_plain, lambda team, peer: team.known("{host} {other}")(peer)),
    "changed, first use allowed": (
        _plain,
        lambda team, peer: {**team.known("{host} {other}")(peer), **FIRST_USE},
    ),
    "another pinned": (
        _plain,
        lambda team, _peer: {"host_keys": [team.other.get_fingerprint()], **FIRST_USE},
    ),
    "revoked": (_plain, lambda team, peer: team.known("{host} {key}", "@revoked * {key}")(peer)),
    "revoked, pinned": (
        _plain,
        lambda team, peer: {**team.known("@revoked {host} {key}")(peer), **_pinned(peer)},
    ),
    "certificate expired": (
        lambda team: team.certificate(valid_before=datetime.now(UTC) - timedelta(minutes=1)),
        lambda team, peer: {**team.known(ANY_CA)(peer), **FIRST_USE},
    ),
    "certificate not valid yet": (
        lambda team: team.certificate(valid_after=datetime.now(UTC) + timedelta(minutes=30)),
        lambda team, peer: {**team.known(ANY_CA)(peer), **FIRST_USE},
    ),
    "certificate of another authority": (
        lambda team: team.certificate(authority=team.other),
        lambda team, peer: {**team.known(ANY_CA)(peer), **FIRST_USE},
    ),
    "certificate of another host": (
        lambda team: team.certificate(principals=["elsewhere.example.invalid"]),
        lambda team, peer: {**team.known(ANY_CA)(peer), **FIRST_USE},
    ),
    "certificate of nobody": (
        lambda team: team.certificate(principals=[]),
        lambda team, peer: {**team.known(ANY_CA)(peer), **FIRST_USE},
    ),
    "authority pinned": (
        lambda team: team.certificate(),
        lambda team, _peer: {"host_keys": [team.authority.get_fingerprint()], **FIRST_USE},
    ),
    "authority revoked": (
        lambda team: team.certificate(),
        lambda team, peer: team.known(ANY_CA, "@revoked * {ca}")(peer),
    ),
    "authority revoked, key pinned": (
        lambda team: team.certificate(),
        lambda team, peer: {**team.known(ANY_CA, "@revoked * {ca}")(peer), **_pinned(peer)},
    ),
    "key revoked, certified": (
        lambda team: team.certificate(),
        lambda team, peer: team.known(ANY_CA, "@revoked * {key}")(peer),
    ),
    "authority for other hosts": (
        lambda team: team.certificate(),
        lambda team, peer: team.known("@cert-authority 192.0.2.* {ca}")(peer),
    ),
}

METHODS: Final = ("password", "key", "certificate", "keyboard-interactive")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", PROVEN)
async def test_a_secret_reaches_a_host_whose_key_is_proven(
    case: str, method: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, told = PROVEN[case]
    account = team.account(method, monkeypatch)
    async with recording(method, signed(team)) as peer:
        seen = await _scan(team, peer.port, account, **told(team, peer))
    assert seen.status is CredentialStatus.ACCEPTED
    assert peer.users() == {USER}
    expected: dict[str, object] = {
        "password": PASSWORD,
        "keyboard-interactive": [PASSWORD],
        "key": bytes(team.user.public_data),
        "certificate": bytes(team.user_authority.public_data),
    }
    assert expected[method] in peer.secrets()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", DOUBTED)
async def test_no_secret_reaches_a_host_in_doubt(
    case: str, method: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, told = DOUBTED[case]
    account = team.account(method, monkeypatch)
    async with recording(method, signed(team)) as peer:
        seen = await _scan(team, peer.port, account, **told(team, peer))
    assert peer.secrets() == []
    assert peer.users() == set()
    assert peer.heard.users  # the decoy was heard: the recorder listens
    assert (seen.status, lab.seen(seen.view)) == (
        CredentialStatus.NOT_SENT,
        Reason.UNVERIFIED_PEER,
    )


# --- a server that is another one a moment later ------------------------------------------


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def _switched(first: Peer, then: Peer, after: int) -> AsyncIterator[int]:
    """Lead the first ``after`` connections to one server and the others to another."""
    count = 0
    tasks: set[asyncio.Task[Any]] = set()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        inner, outer = await asyncio.open_connection(
            NAME, first.port if count <= after else then.port
        )
        try:
            await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        finally:
            for end in (outer, writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    server = await asyncio.start_server(lead, NAME, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait(tasks, timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("after", range(5))
async def test_no_secret_reaches_another_server_that_takes_over(
    after: int, method: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = team.account(method, monkeypatch)
    signed = team.certificate()
    async with (
        recording(method, signed) as own,
        recording(method) as other,
        _switched(own, other, after) as port,
    ):
        await _scan(team, port, account, **team.known(ANY_CA)(own), **_pinned(own))
    assert other.secrets() == []
    assert other.users() == set()


# --- what DNS publishes -------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
async def test_a_key_that_dns_vouches_for_is_sent_nothing(
    method: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = team.account(method, monkeypatch)
    async with recording(method) as peer:
        record = f"4 2 {_hexadecimal(peer.key.get_fingerprint())}"

        def vouch(question: bytes) -> list[bytes]:
            query = dns.message.from_wire(question)
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.AD
            name = query.question[0].name
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "SSHFP", record))
            return [answer.to_wire()]

        async with resolver(vouch) as (port, _served):
            told = {"accounts": [account], "resolver": f"{NAME}:{port}", "host": FILES}
            entry = lab.at(peer.port, "sftp", **told)
            path = lab.write_targets(team.folder, entry, scope=lab.LOOPBACK)
            names = lab.Names(files=[NAME])
            result = await asyncio.to_thread(
                lab.run_listed, path, team.folder / "state", resolver=names
            )
    (host,) = lab.report_in(result)["hosts"]
    (endpoint,) = host["endpoints"]
    assert endpoint["sshfp"]["authenticated"]
    assert [each["matches"] for each in endpoint["sshfp"]["records"]] == [True]
    assert peer.secrets() == []
    assert peer.users() == set()


def _hexadecimal(fingerprint: str) -> str:
    return base64.b64decode(fingerprint.removeprefix("SHA256:") + "=").hex()
