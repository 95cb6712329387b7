"""Our own SSH connection, from the key exchange to the first answer about a login.

It sends no credential, and is left before any session begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator

from scanner.clients.faults import Fault, fault_of
from scanner.clients.ssh import Meeting
from scanner.model.reading import Reason
from scanner.model.ssh import AuthMethods, Prompt, SshExtension
from scanner.model.text import neutralise
from scanner.wire.ssh import (
    OWN_IDENTIFICATION,
    THROTTLED,
    SshSyntaxError,
    read_disconnect,
)
from scanner.wire.ssh_ciphers import sealing
from scanner.wire.ssh_kex import Agreed, Exchange, Transcript, deriver
from scanner.wire.ssh_negotiation import Agreement
from scanner.wire.ssh_packets import Message, Packets
from scanner.wire.ssh_signatures import verify
from scanner.wire.ssh_userauth import (
    key_query,
    none_request,
    prompts_request,
    read_banner,
    read_extensions,
    read_failure,
    read_key_accepted,
    read_prompts,
    service_request,
)

Derive = Callable[[str, int], bytes]

_MOST_STRAY = 64
_MOST_BANNER = 2_000
_PASSED_OVER = frozenset({Message.IGNORE, Message.DEBUG, Message.UNIMPLEMENTED})


class SshTransport:
    """Goes on where a ``Meeting`` ended. Every wait takes ``seconds`` at most.

    All methods raise ``Fault``. ``extensions`` and ``banner`` hold what came on the way.
    """

    def __init__(self, meeting: Meeting, *, seconds: float) -> None:
        self.extensions: tuple[SshExtension, ...] = ()
        self.banner = ""
        self._meeting = meeting
        self._seconds = seconds
        self._stray = 0
        self._packets = Packets(os.urandom, packets_in=meeting.packets)
        self._packets.feed(meeting.rest)

    async def exchange(
        self, agreement: Agreement, kex: Exchange, *, skip: bool, finish: bool
    ) -> bytes:
        """Exchange keys and return the host key's blob, once its signature has verified.

        ``skip``: the server's guess was wrong, and the packet of it is passed over. Without
        ``finish`` no key is taken into use, and the connection is good for nothing more.
        """
        kexinit = agreement.kexinit(os.urandom)
        self._send(kexinit, kex.first())
        if skip:
            await self._next()
        agreed = await self._agreed(kex)
        own_line = f"SSH-2.0-{OWN_IDENTIFICATION}".encode()
        transcript = Transcript(own_line, self._meeting.line, kexinit, self._meeting.kexinit)
        hashed = transcript.hash(agreed, kex.hash_name)
        with _syntax():
            verify(agreement.host_key, agreed.host_key, agreed.signature, hashed)
        if finish:
            await self._take_into_use(agreement, deriver(agreed.shared, hashed, kex.hash_name))
        return agreed.host_key

    async def begin_authentication(self) -> None:
        """Ask for the authentication service; extensions come before its answer."""
        self._send(service_request())
        await self._expect(Message.SERVICE_ACCEPT)

    async def methods(self, username: str) -> AuthMethods:
        """Send one ``none`` request and return the answer."""
        self._send(none_request(username))
        payload = await self._expect(Message.USERAUTH_FAILURE, Message.USERAUTH_SUCCESS)
        let_in = payload[0] == Message.USERAUTH_SUCCESS
        with _syntax():
            named = () if let_in else read_failure(payload)
        return AuthMethods(none_accepted=let_in, methods=named, banner=self.banner)

    async def prompts(self, username: str) -> tuple[Prompt, ...]:
        """Begin keyboard-interactive and return its prompts; nobody answers them."""
        self._send(prompts_request(username))
        payload = await self._expect(
            Message.USERAUTH_INFO_REQUEST, Message.USERAUTH_FAILURE, Message.USERAUTH_SUCCESS
        )
        if payload[0] != Message.USERAUTH_INFO_REQUEST:
            return ()
        with _syntax():
            return read_prompts(payload)

    async def would_accept(self, username: str, algorithm: str, blob: bytes) -> bool:
        """Ask whether a public key would be accepted, without a signature (RFC 4252 section 7)."""
        self._send(key_query(username, algorithm, blob))
        payload = await self._expect(
            Message.USERAUTH_FAILURE, Message.USERAUTH_PK_OK, Message.USERAUTH_SUCCESS
        )
        if payload[0] == Message.USERAUTH_SUCCESS:
            raise Fault(Reason.PROTOCOL_ERROR, "let in by a public key without a signature")
        with _syntax():
            if payload[0] == Message.USERAUTH_FAILURE:
                read_failure(payload)
                return False
            named = read_key_accepted(payload)
        if named != (algorithm.encode("ascii"), blob):
            raise Fault(Reason.PROTOCOL_ERROR, "the answer names another key")
        return True

    def leave(self) -> None:
        """Close the connection."""
        self._meeting.stream.abort()

    async def _agreed(self, kex: Exchange) -> Agreed:
        for _ in range(2):
            payload = await self._next()
            with _syntax():
                answer = kex.answered(payload)
            if isinstance(answer, Agreed):
                return answer
            self._send(answer)
        raise Fault(Reason.PROTOCOL_ERROR, "the key exchange does not end")

    async def _take_into_use(self, agreement: Agreement, derive: Derive) -> None:
        self._send(bytes([Message.NEWKEYS]))
        out = sealing(agreement.cipher_in, agreement.mac_in, derive, out=True)
        self._packets.seal_out(out, strict=agreement.strict)
        await self._expect(Message.NEWKEYS)
        back = sealing(agreement.cipher_out, agreement.mac_out, derive, out=False)
        self._packets.seal_in(back, strict=agreement.strict)

    async def _expect(self, *wanted: Message) -> bytes:
        payload = await self._next()
        if payload[0] not in wanted:
            detail = f"message {payload[0]} comes where {wanted[0].name} is due"
            raise Fault(Reason.PROTOCOL_ERROR, detail)
        return payload

    async def _next(self) -> bytes:
        """Return the next message that is not one of those that may come at any time."""
        while True:
            payload = await self._payload()
            if not self._passed_over(payload):
                return payload
            self._stray += 1
            if self._stray > _MOST_STRAY:
                raise Fault(Reason.PROTOCOL_ERROR, "the server only chatters")

    def _passed_over(self, payload: bytes) -> bool:
        with _syntax():
            match payload[0]:
                case Message.DISCONNECT:
                    raise _parting(payload)
                case Message.EXT_INFO:
                    self.extensions = read_extensions(payload)
                case Message.USERAUTH_BANNER:
                    room = _MOST_BANNER - len(self.banner)
                    self.banner += neutralise(read_banner(payload), max(0, room))
                case number:
                    return number in _PASSED_OVER
        return True

    async def _payload(self) -> bytes:
        """Return the next message. What has come already needs neither clock nor loop."""
        payload = self._whole()
        if payload is not None:
            return payload
        try:
            async with asyncio.timeout(self._seconds):
                while payload is None:
                    await self._receive()
                    payload = self._whole()
        except (TimeoutError, OSError) as error:
            raise fault_of(error) from error
        return payload

    def _whole(self) -> bytes | None:
        try:
            return self._packets.next()
        except SshSyntaxError as error:
            raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error

    async def _receive(self) -> None:
        data = await self._meeting.stream.read()
        if not data:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        self._packets.feed(data)

    def _send(self, *payloads: bytes) -> None:
        with contextlib.suppress(Fault):  # the end is met by reading, behind the last words
            self._meeting.stream.write(b"".join(map(self._packets.pack, payloads)))


@contextlib.contextmanager
def _syntax() -> Iterator[None]:
    try:
        yield
    except SshSyntaxError as error:
        raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error


def _parting(payload: bytes) -> Fault:
    """Return what a DISCONNECT means: some servers say in it that they have had enough."""
    said = read_disconnect(payload)
    busy = any(words in said.text.lower() for words in THROTTLED)
    reason = Reason.THROTTLED if busy else Reason.CONNECTION_LOST
    return Fault(reason, f"disconnected: {said.text}")
