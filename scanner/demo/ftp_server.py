"""Embedded FTP and FTPS servers, read-only.

The underlying server knows TLS from the first byte (implicit) or not at all. It cannot upgrade
a clear connection: ``AUTH TLS`` (RFC 4217 section 4) is answered 502 here, ``CCC`` likewise, and
``PROT C`` is refused. Its data connections are encrypted exactly when its control connection is.
It does not check that a data connection resumes the control connection's TLS session. Servers
with explicit TLS are only met in the tests, from their own packages.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aioftp

_ANONYMOUS: Final = frozenset({"anonymous", "ftp"})
_WRITING: Final = ("appe", "dele", "mkd", "rmd", "rnfr", "rnto", "stor")
_FEATURES: Final = ["Features:", "EPSV", "MLST type*;size*;modify*;", "REST STREAM", "SIZE", "End"]


class _Logins(aioftp.AbstractUserManager):
    """Named accounts, and anonymous users where they are let in.

    Every name is asked for a password, so that no reply tells which accounts exist.
    """

    def __init__(
        self,
        root: Path,
        accounts: dict[str, str],
        *,
        anonymous: bool,
        failed: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._failed = failed
        self._root = root
        self._accounts = accounts
        self._anonymous = anonymous

    async def get_user(
        self, login: str
    ) -> tuple[aioftp.AbstractUserManager.GetUserResponse, aioftp.User, str]:
        user = aioftp.User(
            login,
            base_path=self._root,
            permissions=[aioftp.Permission("/", readable=True, writable=False)],
        )
        return self.GetUserResponse.PASSWORD_REQUIRED, user, "password, please"

    async def authenticate(self, user: aioftp.User, password: str) -> bool:
        login = user.login or ""
        if self._anonymous and login.lower() in _ANONYMOUS:
            return True
        expected = self._accounts.get(login, "")
        right = bool(expected) and hmac.compare_digest(expected.encode(), password.encode())
        if not right:
            self._failed(login)
        return right

    async def notify_logout(self, user: aioftp.User) -> None:
        """Nothing is counted."""


class _ReadOnlyServer(aioftp.Server):
    """Without any command that writes; with the few plain ones that clients expect."""

    def __init__(self, users: _Logins, context: ssl.SSLContext | None) -> None:
        super().__init__(
            users,
            ssl=context,
            path_io_factory=aioftp.AsyncPathIO,
            welcome_message="demonstration server, synthetic data",
            idle_timeout=120,
            socket_timeout=30,
        )
        for verb in _WRITING:
            self.commands_mapping[verb] = self._refuse
        self.commands_mapping.update({"noop": self._noop, "feat": self._feat, "size": self._size})

    async def _start_passive_server(self, connection: Any, handler_callback: Any) -> asyncio.Server:
        """Close data connections that are accepted after their session has ended."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if connection.command_connection in self.connections:
                await handler_callback(reader, writer)
            else:
                writer.close()

        return await super()._start_passive_server(connection, accept)

    async def _refuse(self, connection: Any, _rest: Any) -> bool:
        connection.response("550", "read-only")
        return True

    async def _noop(self, connection: Any, _rest: Any) -> bool:
        connection.response("200", "ok")
        return True

    async def _feat(self, connection: Any, _rest: Any) -> bool:
        connection.response("211", _FEATURES, True)  # noqa: FBT003 - the server's own call
        return True

    async def _size(self, connection: Any, rest: Any) -> bool:
        if not connection.future.logged.done():
            connection.response("530", "log in first")
            return True
        real, _ = self.get_paths(connection, rest)
        if await connection.path_io.is_file(real):
            connection.response("213", str((await connection.path_io.stat(real)).st_size))
        else:
            connection.response("550", "no such file")
        return True


@asynccontextmanager
async def ftp_server(  # noqa: PLR0913 - each is a property of one server
    address: str,
    root: Path,
    *,
    accounts: dict[str, str],
    anonymous: bool = False,
    context: ssl.SSLContext | None = None,
    failed: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[int]:
    """Serve ``root`` on a free port of ``address`` and yield the port.

    ``accounts`` maps names to passwords. With ``context`` the server speaks implicit TLS.
    ``failed`` is told the name of each login that was refused.
    """
    logins = _Logins(root, accounts, anonymous=anonymous, failed=failed)
    server = _ReadOnlyServer(logins, context)
    await server.start(address, 0)
    try:
        yield server.server_port
    finally:
        await server.close()
