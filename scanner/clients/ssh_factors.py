"""Asks through paramiko which factors remain after a first one, which asyncssh does not tell."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.text import neutralise
from scanner.wire.ssh import OWN_IDENTIFICATION

_FOREIGN_ERRORS = (paramiko.SSHException, OSError, EOFError, ValueError, LookupError)
_KEY_CLASSES = {
    "ssh-ed25519": paramiko.Ed25519Key,
    "ssh-rsa": paramiko.RSAKey,
    "ecdsa-sha2-nistp256": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp384": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp521": paramiko.ECDSAKey,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFactor:
    """One secret: a password, or a private key as PEM text of ``key_type``.

    ``certificate`` (``type base64``) is shown with the key where it is not empty.
    """

    username: str
    password: str | None = field(default=None, repr=False)
    key_type: str = ""
    key_pem: str = field(default="", repr=False)
    certificate: str = ""


async def remaining_factors(
    dialer: Dialer,
    factor: FirstFactor,
    *,
    algorithms: tuple[str, ...],
    accept: Callable[[bytes], bool],
    seconds: float,
) -> Reading[tuple[str, ...]]:
    """Send one factor and return the methods that remain; none remain where it let us in.

    The host key's blob is judged by ``accept`` first. ``Unobserved`` with
    ``credential-refused`` means that the factor itself was refused. Raises ``Fault`` when no
    connection can be had.
    """
    sock = await dialer.open()
    sock.setblocking(True)  # noqa: FBT003 - paramiko reads in its own thread
    sock.settimeout(seconds)
    question = _Question(sock, factor, algorithms, accept, seconds)
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(question.ask)
    except TimeoutError:
        return Unobserved(Reason.TIMEOUT, "no answer in time")
    finally:
        # Closing the socket is what ends a thread that waits for the server; paramiko's own
        # close waits for that thread.
        sock.close()
        await asyncio.to_thread(question.close)


@dataclass(slots=True)
class _Question:
    sock: socket.socket
    factor: FirstFactor
    algorithms: tuple[str, ...]
    accept: Callable[[bytes], bool]
    seconds: float
    transport: paramiko.Transport | None = None

    def ask(self) -> Reading[tuple[str, ...]]:
        try:
            return Observed(tuple(neutralise(name, 80) for name in self._remaining()[:32]))
        except Fault as fault:
            return fault.reading
        except paramiko.AuthenticationException:
            return Unobserved(Reason.CREDENTIAL_REFUSED, "the server refused the credential")
        except (OSError, EOFError) as error:
            return fault_of(error).reading
        except _FOREIGN_ERRORS as error:
            return Unobserved(Reason.PROTOCOL_ERROR, neutralise(str(error), 120))

    def _remaining(self) -> list[str]:
        transport = self.transport = paramiko.Transport(self.sock)
        transport.local_version = f"SSH-2.0-{OWN_IDENTIFICATION}"
        transport.set_log_channel(_silent_channel())
        transport.banner_timeout = transport.auth_timeout = self.seconds
        offered = transport.get_security_options()
        wanted = tuple(name for name in offered.key_types if name in self.algorithms)
        offered.key_types = wanted
        transport.start_client(timeout=self.seconds)
        # start_client returns without a word when its time is over.
        if not transport.initial_kex_done:
            raise Fault(Reason.TIMEOUT, "the key exchange did not end in time")
        if not self.accept(transport.get_remote_server_key().asbytes()):
            raise Fault(Reason.UNVERIFIED_PEER, "the host key is not one to trust")
        return self._send(transport)

    def _send(self, transport: paramiko.Transport) -> list[str]:
        factor = self.factor
        if factor.password is not None:
            return transport.auth_password(factor.username, factor.password, fallback=False)
        kind = _KEY_CLASSES.get(factor.key_type)
        if kind is None:
            raise Fault(Reason.NOT_LOOKED_AT, f"{factor.key_type} keys are not supported here")
        key = kind(file_obj=io.StringIO(factor.key_pem))
        if factor.certificate:
            key.load_certificate(factor.certificate)
        return transport.auth_publickey(factor.username, key)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _silent_channel() -> str:
    """Return a log channel that says nothing: tracebacks of its thread are a server's doing."""
    name = "scanner.clients.ssh_factors.paramiko"
    channel = logging.getLogger(name)
    channel.propagate = False
    if not channel.handlers:
        channel.addHandler(logging.NullHandler())
    return name
