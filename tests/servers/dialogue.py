"""A blocking FTP client of a few lines, independent of the scanner, to cross-check servers."""

from __future__ import annotations

import re
import socket
import ssl
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.servers.handle import Server

_SECONDS: Final = 8.0


class Reply(NamedTuple):
    """One reply of RFC 959 section 4.2; ``lines`` are whole, without their ends."""

    code: int
    lines: tuple[str, ...]


class Transfer(NamedTuple):
    """What a command with a data connection led to. ``final`` is the last reply."""

    final: Reply
    data: bytes


def permissive_context() -> ssl.SSLContext:
    """Return a client context that checks nothing and speaks everything this OpenSSL can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


class Dialogue:
    """A control connection. Passive transfers only, one at a time."""

    def __init__(self, server: Server, context: ssl.SSLContext | None = None) -> None:
        self._context = context or permissive_context()
        self._socket: socket.socket = socket.create_connection(
            (server.host, server.port), timeout=_SECONDS
        )
        self._protected = False
        if server.protocol == "ftps":
            self._secure()
        self._lines = self._socket.makefile("rb")
        self.greeting = self._reply()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()

    @property
    def tls(self) -> ssl.SSLSocket:
        """The control connection once TLS protects it."""
        assert isinstance(self._socket, ssl.SSLSocket)
        return self._socket

    def ask(self, command: str) -> Reply:
        """Send one command and return its reply; an answer of 1xx is returned as it is."""
        self._socket.sendall(command.encode("utf-8", "surrogateescape") + b"\r\n")
        return self._reply()

    def codes(self, *commands: str) -> list[int]:
        """Send the commands one after the other and return the code of each reply."""
        return [self.ask(command).code for command in commands]

    def upgrade(self) -> Reply:
        """Send AUTH TLS and, where it is accepted, do the handshake (RFC 4217 section 4)."""
        reply = self.ask("AUTH TLS")
        if reply.code == 234:
            self._lines.close()
            self._secure()
            self._lines = self._socket.makefile("rb")
        return reply

    def protect(self) -> list[int]:
        """Send PBSZ 0 and PROT P; transfers are encrypted afterwards."""
        self._protected = True
        return self.codes("PBSZ 0", "PROT P")

    def log_in(self, user: str = "anonymous", password: str = "guest@example.invalid") -> int:
        """Send USER and, where it is asked for, PASS; return the last code."""
        code = self.ask(f"USER {user}").code
        return self.ask(f"PASS {password}").code if code == 331 else code

    def transfer(self, command: str, *, reuse: bool = True) -> Transfer:
        """Run a command that sends data to us; ``reuse`` resumes the control TLS session."""
        with socket.create_connection(self._passive(), timeout=_SECONDS) as data:
            first = self.ask(command)
            if first.code >= 200:
                return Transfer(first, b"")
            received = self._receive(data, reuse=reuse)
        return Transfer(self._reply(), received)

    def upload(self, command: str, data: bytes) -> Reply:
        """Run a command that takes data from us, in clear, and return its last reply."""
        with socket.create_connection(self._passive(), timeout=_SECONDS) as connection:
            first = self.ask(command)
            if first.code >= 200:
                return first
            connection.sendall(data)
        return self._reply()

    def _receive(self, data: socket.socket, *, reuse: bool) -> bytes:
        if not self._protected:
            return _read_all(data.recv)
        session = self.tls.session if reuse else None
        try:
            with self._context.wrap_socket(data, session=session) as protected:
                return _read_all(protected.recv)
        except (ssl.SSLError, ConnectionError):
            return b""  # how a server drops a session that it wanted to see again

    def _passive(self) -> tuple[str, int]:
        match = re.search(r"\(\|\|\|(\d+)\|\)", self.ask("EPSV").lines[0])
        assert match is not None
        return str(self._socket.getpeername()[0]), int(match[1])

    def _secure(self) -> None:
        self._socket = self._context.wrap_socket(self._socket, server_hostname="localhost")

    def _reply(self) -> Reply:
        lines = [self._line()]
        ending = f"{lines[0][:3]} "
        while lines[0][3:4] == "-" and not lines[-1].startswith(ending):
            lines.append(self._line())
        return Reply(int(lines[0][:3]), tuple(lines))

    def _line(self) -> str:
        line = self._lines.readline(65536)
        if not line.endswith(b"\n"):
            raise EOFError("the server closed the control connection")
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _read_all(receive: Callable[[int], bytes]) -> bytes:
    received = b""
    while block := receive(65536):
        received += block
    return received
