"""Embedded SFTP servers, read-only: a hardened one and a sloppy one."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncssh


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithms:
    """What a server offers (RFC 4253 section 7.1), best first."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


MODERN: Final = Algorithms(
    kex=("mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org"),
    ciphers=("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"),
    macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
)
OUTDATED: Final = Algorithms(
    # One modern choice first, as such servers often have: what is bad is what they still take.
    kex=("curve25519-sha256", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"),
    ciphers=("aes128-ctr", "aes128-cbc", "3des-cbc", "arcfour"),
    macs=("hmac-sha1", "hmac-md5"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshLogins:
    """Who may enter: by password, by key (OpenSSH public key lines), or anybody at all.

    ``failed`` is told the name of each login that was refused.
    """

    passwords: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    anybody: bool = False
    failed: Callable[[str], None] = lambda _: None


class _Door(asyncssh.SSHServer):
    def __init__(self, logins: SshLogins, guests: set[asyncssh.SSHServerConnection]) -> None:
        self._logins = logins
        self._guests = guests
        self._guest: asyncssh.SSHServerConnection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._guests.add(conn)
        self._guest = conn

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the library's signature
        self._guests.discard(self._guest)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the library's signature
        """Say whether a login is needed: "no" is the ``none`` method of RFC 4252 accepted."""
        return not self._logins.anybody

    def password_auth_supported(self) -> bool:
        return bool(self._logins.passwords)

    def validate_password(self, username: str, password: str) -> bool:
        expected = self._logins.passwords.get(username, "")
        right = bool(expected) and hmac.compare_digest(expected.encode(), password.encode())
        return self._told(username, right=right)

    def public_key_auth_supported(self) -> bool:
        return bool(self._logins.keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        line = self._logins.keys.get(username)
        right = line is not None and asyncssh.import_public_key(line) == key
        return self._told(username, right=right)

    def _told(self, username: str, *, right: bool) -> bool:
        if not right:
            self._logins.failed(username)
        return right


def _refuse(*_: Any) -> Any:
    raise asyncssh.SFTPPermissionDenied("read-only")


# Typed loosely on purpose: one function stands in for methods of many signatures.
_refused: Any = _refuse


class _ReadOnlyFiles(asyncssh.SFTPServer):
    """Serves one folder. Every request that would change something is refused."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & ~asyncssh.FXF_READ:
            _refuse()
        return super().open(path, pflags, attrs)

    open56 = write = setstat = lsetstat = fsetstat = remove = mkdir = rmdir = rename = _refused
    symlink = link = posix_rename = _refused


@asynccontextmanager
async def sftp_server(
    address: str,
    root: Path,
    *,
    logins: SshLogins,
    host_keys: Sequence[asyncssh.SSHKey],
    algorithms: Algorithms = MODERN,
) -> AsyncIterator[int]:
    """Serve ``root`` on a free port of ``address`` and yield the port. No shell, no forwarding."""
    guests: set[asyncssh.SSHServerConnection] = set()
    acceptor = await asyncssh.listen(
        address,
        0,
        server_factory=lambda: _Door(logins, guests),
        server_host_keys=list(host_keys),
        sftp_factory=lambda channel: _ReadOnlyFiles(channel, chroot=str(root).encode()),
        allow_scp=False,
        kex_algs=list(algorithms.kex),
        encryption_algs=list(algorithms.ciphers),
        mac_algs=list(algorithms.macs),
        compression_algs=["none"],
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        agent_forwarding=False,
        server_version="demonstration",
        login_timeout=30,
    )
    try:
        yield acceptor.get_port()
    finally:
        acceptor.close()
        staying = tuple(guests)
        for guest in staying:
            guest.abort()
        await asyncio.gather(*(guest.wait_closed() for guest in staying))
        await acceptor.wait_closed()
