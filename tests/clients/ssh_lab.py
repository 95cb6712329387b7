# ruff: noqa: ARG002 - a server takes the arguments that its library hands it

"""What SSH tests share: a dialer, a login to a real server, and a server that records or lies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import asyncssh
import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.sftp import SftpTree
from scanner.clients.ssh_login import LoginResult, LoginTerms, SshCredential, close, log_in
from scanner.model.address import Admitted
from tests.servers.handle import Server

ALGORITHMS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256", "ssh-rsa", "ssh-dss")
PASSWORD = "correct horse"


def a_dialer(port: int, **bounds: float) -> Dialer:
    admitted = Admitted(ip_address("127.0.0.1"), port, "127.0.0.1")
    return Dialer(admitted, EffortMeter(), connect_seconds=bounds.get("connect_seconds", 5.0))


def terms(
    *,
    accept: Callable[[bytes], bool] = lambda _: True,
    reserve: Callable[[str], bool] = lambda _: True,
    seconds: float = 5.0,
) -> LoginTerms:
    return LoginTerms(algorithms=ALGORITHMS, accept=accept, reserve=reserve, seconds=seconds)


async def try_login(
    port: int, credential: SshCredential, how: LoginTerms | None = None
) -> LoginResult:
    """Log in, and close at once what was let in."""
    result = await log_in(a_dialer(port), credential, how or terms())
    if result.connection is not None:
        await close(result.connection)
    return result


@asynccontextmanager
async def tree_of(
    port: int, credential: SshCredential, *, seconds: float = 5.0
) -> AsyncIterator[SftpTree]:
    dialer = a_dialer(port)
    result = await log_in(dialer, credential, terms())
    assert result.connection is not None, result.detail
    try:
        tree = await SftpTree.over(result.connection, dialer.meter, seconds=seconds)
        yield tree
        tree.close()
    finally:
        await close(result.connection)


def credential_of(server: Server, *, password: bool = True, key: bool = False) -> SshCredential:
    assert server.client_key is not None
    return SshCredential.read(
        "transfer",
        password=server.user("transfer").password.encode() if password else None,
        private_key=server.client_key.private.read_bytes() if key else None,
    )


def drop_sessions(server: Server) -> None:
    """End what the server has forked for its clients."""
    for pid in server.process.sessions():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


@dataclass
class Heard:
    """What clients sent to a recording server."""

    users: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    responses: list[list[str]] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)


@dataclass
class Porter(asyncssh.SSHServer):
    """Records credentials; lets in whoever knows the password, or answers as it is told."""

    heard: Heard
    methods: tuple[str, ...] = ("password",)
    prompts: list[list[tuple[str, bool]]] = field(default_factory=list)
    without_authentication: bool = False
    greeting: str = ""
    session: Callable[[], asyncssh.SSHServerSession[bytes]] | None = None
    connection: asyncssh.SSHServerConnection | None = None

    def session_requested(self) -> asyncssh.SSHServerSession[bytes] | bool:
        return False if self.session is None else self.session()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.heard.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self.heard.users.append(username)
        if self.greeting and self.connection is not None:
            self.connection.send_auth_banner(self.greeting)
        return not self.without_authentication

    def public_key_auth_supported(self) -> bool:
        return "publickey" in self.methods

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self.heard.keys.append(bytes(key.public_data))
        return False

    def password_auth_supported(self) -> bool:
        return "password" in self.methods

    def validate_password(self, username: str, password: str) -> bool:
        self.heard.passwords.append(password)
        return password == PASSWORD

    def kbdint_auth_supported(self) -> bool:
        return "keyboard-interactive" in self.methods

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", self.prompts[0]

    def validate_kbdint_response(
        self, username: str, responses: Sequence[str]
    ) -> bool | tuple[str, str, str, list[tuple[str, bool]]]:
        self.heard.responses.append(list(responses))
        step = len(self.heard.responses)
        if step < len(self.prompts):
            return "", "", "", self.prompts[step]
        return PASSWORD in responses


@asynccontextmanager
async def recording_server(
    *,
    host_key: str = "ssh-ed25519",
    place: tuple[str, int] = ("127.0.0.1", 0),
    **porter: object,
) -> AsyncIterator[tuple[int, Heard, asyncssh.SSHKey]]:
    """Yield the port, what was heard, and the host key of a server in this process."""
    heard = Heard()
    key = asyncssh.generate_private_key(host_key)
    server = await asyncssh.listen(
        *place,
        server_factory=lambda: Porter(heard, **porter),  # type: ignore[arg-type]
        server_host_keys=[key],
        encoding=None,
        config=None,
        gss_host=None,
    )
    try:
        yield server.get_port(), heard, key
    finally:
        server.close()
        for connection in heard.connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()


@asynccontextmanager
async def trap(
    home: Path, own_key: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    """Yield what sprang of: a configuration that runs commands, own keys, and an agent."""
    folder = home / ".ssh"
    folder.mkdir(parents=True)
    canaries = {name: home / name for name in ("match", "proxy", "known")}
    script = home / "spring"
    script.write_text('#!/bin/sh\ntouch "$1"\n')
    script.chmod(stat.S_IRWXU)
    (folder / "config").write_text(
        f'Match exec "{script} {canaries["match"]}"\n'
        "  User operator\n"
        "Host *\n"
        f"  ProxyCommand {script} {canaries['proxy']}\n"
        f"  KnownHostsCommand {script} {canaries['known']}\n"
    )
    shutil.copy(own_key, folder / "id_ed25519")
    sprung: list[str] = []

    def agent_asked(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sprung.append("agent")
        writer.close()

    agent = await asyncio.start_unix_server(agent_asked, home / "agent")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
    monkeypatch.setenv("SSH_ASKPASS", f"{script} {canaries['match']}")
    try:
        yield sprung
        sprung.extend(name for name, path in canaries.items() if path.exists())
    finally:
        agent.close()
        await agent.wait_closed()
