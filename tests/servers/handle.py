"""What a test gets when a real server runs: where it is, who may enter, what it logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.servers.accounts import User
from tests.servers.certificates import Certificate
from tests.servers.process import Process
from tests.servers.ssh_keys import KeyPair
from tests.servers.tree import Tree

Protocol = Literal["ftp", "ftps", "sftp"]
Product = Literal[
    "vsftpd",
    "proftpd",
    "pureftpd",
    "inetutils",
    "pyftpdlib",
    "aioftp",
    "openssh",
    "dropbear",
    "asyncssh",
    "paramiko",
    "tinyssh",
]


def _no_keys(user: str, public_line: str) -> None:
    raise TypeError(f"an FTP server can't let {user!r} in by the key {public_line!r}")


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How one product's log tells of a received command and of a refused login."""

    command: re.Pattern[str]
    """Its groups are the verb and, where the product logs them, the arguments."""
    failed_login: re.Pattern[str]
    connection: re.Pattern[str] | None = None
    """A control connection that was accepted, whatever became of it; None where none is logged."""
    login: re.Pattern[str] | None = None
    """A login that was let in; None where none is logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server. Everything it refers to ends with the test."""

    product: Product
    protocol: Protocol
    process: Process
    tree: Tree
    logs: tuple[Path, ...]
    log_format: LogFormat
    users: tuple[User, ...] = ()
    certificate: Certificate | None = None
    host_keys: tuple[KeyPair, ...] = ()
    client_key: KeyPair | None = None
    authority: KeyPair | None = None
    """SSH only: who signed the certificates of host keys, or of users."""
    client_certificate: Path | None = None
    """SSH only: of ``client_key``, for the user ``transfer``."""
    authorise: Callable[[str, str], None] = _no_keys
    """SSH only: ``authorise(user name, public key line)`` lets a key in, effective at once."""

    flush: Callable[[], None] = lambda: None
    """Makes what the server has logged readable, for products that log through the test."""

    @property
    def host(self) -> str:
        return self.process.address

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def root(self) -> Path:
        """The served folder."""
        return self.tree.root

    def user(self, name: str) -> User:
        """Return the test user of this name, KeyError where the posture has none."""
        return {user.name: user for user in self.users}[name]

    def log_text(self) -> str:
        """Return all logs as they are now, one after the other; undecodable bytes escaped."""
        return "".join(
            log.read_text(encoding="utf-8", errors="surrogateescape")
            for log in self.logs
            if log.exists()
        )

    def commands(self) -> list[str]:
        """Return what clients sent (FTP commands, SFTP requests), as the server logged it.

        In order, with arguments where the product logs them; it masks passwords itself. Wait
        with ``settle`` first: some products log a command only after they answered it.
        """
        found = self.log_format.command.finditer(self.log_text())
        return [" ".join(filter(None, match.groups())) for match in found]

    def verbs(self) -> list[str]:
        """Return the first word of each of the ``commands``: upper case for FTP, lower for SFTP."""
        words = [command.split(maxsplit=1)[0] for command in self.commands() if command.strip()]
        return [word.lower() if self.protocol == "sftp" else word.upper() for word in words]

    def failed_logins(self) -> int:
        """Return how many refused authentications the server logged."""
        return len(self.log_format.failed_login.findall(self.log_text()))

    def accepted_connections(self) -> int:
        """Return how many control connections the server logged. TypeError where it logs none."""
        return self._count(self.log_format.connection)

    def accepted_logins(self) -> int:
        """Return how many logins the server logged as let in. TypeError where it logs none."""
        return self._count(self.log_format.login)

    def _count(self, pattern: re.Pattern[str] | None) -> int:
        if pattern is None:
            raise TypeError(f"the log of {self.product} does not tell")
        return len(pattern.findall(self.log_text()))

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until all clients' sessions have ended; TimeoutError where one has not."""
        self.process.settle(seconds)
        self.flush()
