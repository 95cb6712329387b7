"""Asks an SSH server who it is and what it offers, without any cryptography."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import KexInit
from scanner.wire.ssh import (
    OWN_IDENTIFICATION,
    Disconnect,
    Identification,
    IdentificationReader,
    KexInitReader,
    SshSyntaxError,
)

_CHUNK = 16_384
_MOST_EMPTY_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class SshHello:
    """What a server says before any key is exchanged."""

    identification: Identification
    kexinit: Reading[KexInit]


async def read_hello(
    dialer: Dialer, *, seconds: float, pause_seconds: float = 0.0
) -> Reading[SshHello]:
    """Read the identification line and the KEXINIT over one connection of ``seconds`` at most.

    A server that closes without a word is asked three times, ``pause_seconds`` apart, and is
    then ``Unobserved`` as throttled. Raises ``Fault``: whatever the dialer raises, another
    service, a timeout, a lost connection, or what is no SSH.
    """
    for attempt in range(_MOST_EMPTY_ANSWERS):
        if attempt:
            await asyncio.sleep(pause_seconds)
        hello = await _one_hello(dialer, seconds)
        if hello is not None:
            return hello
    return Unobserved(
        Reason.THROTTLED, f"closed before its identification, {_MOST_EMPTY_ANSWERS} times"
    )


async def _one_hello(dialer: Dialer, seconds: float) -> Reading[SshHello] | None:
    sock = await dialer.open()
    conversation = _Conversation(dialer, sock)
    try:
        async with asyncio.timeout(seconds):
            return await conversation.hello()
    except TimeoutError:
        conversation.raise_if_foreign()
        raise Fault(Reason.TIMEOUT, "no SSH identification in time") from None
    except OSError as error:
        return conversation.cut_off(fault_of(error))
    except SshSyntaxError as error:
        conversation.raise_if_foreign()
        raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error
    finally:
        sock.close()


class _Conversation:
    def __init__(self, dialer: Dialer, sock: socket.socket) -> None:
        self._dialer = dialer
        self._sock = sock
        self._reader = IdentificationReader()
        self._identification: Identification | None = None

    async def hello(self) -> Reading[SshHello] | None:
        # Both sides may speak first (RFC 4253 section 4.2); it makes silent services answer.
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._sock, f"SSH-2.0-{OWN_IDENTIFICATION}\r\n".encode())
        while self._identification is None:
            data = await self._receive()
            if not data:
                return self.cut_off(Fault(Reason.CONNECTION_LOST, "closed by the server"))
            self._identification = self._reader.feed(data)
            self.raise_if_foreign()
        return Observed(SshHello(self._identification, await self._kexinit()))

    async def _kexinit(self) -> Reading[KexInit]:
        assert self._identification is not None
        if not self._identification.speaks_version_2:
            return Unobserved(Reason.NOT_OFFERED, "SSH 2 is not spoken")
        reader = KexInitReader()
        try:
            heard = reader.feed(self._reader.rest())
            while heard is None:
                data = await self._receive()
                if not data:
                    return Unobserved(Reason.CONNECTION_LOST, "closed before its KEXINIT")
                heard = reader.feed(data)
        except SshSyntaxError as error:
            return Unobserved(Reason.PROTOCOL_ERROR, str(error))
        except OSError as error:
            return fault_of(error).reading
        if isinstance(heard, Disconnect):
            return Unobserved(Reason.CONNECTION_LOST, f"disconnected: {heard.text}")
        return Observed(heard)

    async def _receive(self) -> bytes:
        data = await asyncio.get_running_loop().sock_recv(self._sock, _CHUNK)
        self._dialer.meter.bytes_received += len(data)
        return data

    def raise_if_foreign(self) -> None:
        """Raise ``Fault`` when the bytes so far belong to another protocol."""
        service = self._reader.foreign_service() if self._identification is None else ""
        if service:
            raise Fault(Reason.OTHER_SERVICE, f"{service} answers, not SSH")

    def cut_off(self, fault: Fault) -> Reading[SshHello] | None:
        """Say what a connection that ended early means; ``None``: nothing was said at all."""
        if self._identification is not None:
            return Observed(SshHello(self._identification, fault.reading))
        self.raise_if_foreign()
        line = self._reader.throttled()
        if line:
            return Unobserved(Reason.THROTTLED, line)
        if self._reader.empty:
            return None
        raise fault
