"""The server's half of SSH in a few lines, so that a behaviour can go wrong at any point of it.

It agrees on one set of algorithms alone: curve25519-sha256, an ed25519 host key, aes128-ctr and
hmac-sha2-256. It is for tests: it checks nothing of what the client sends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Session
from tests.hostile.ssh_wire import Reader, message, mpint, packet, string, u32

HOST_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"a key of a server on loopback   ")
HOST_KEY_BLOB: Final = string(b"ssh-ed25519") + string(HOST_KEY.public_key().public_bytes_raw())
FINGERPRINT: Final = "SHA256:" + base64.b64encode(hashlib.sha256(HOST_KEY_BLOB).digest()).decode(
    "ascii"
).rstrip("=")
"""What a target pins in order to trust the peer."""

_MOST_RECEIVED: Final = 262_144


def sign(exchange_hash: bytes) -> bytes:
    """Return the signature over the exchange hash (RFC 8709 section 6)."""
    return string(b"ssh-ed25519") + string(HOST_KEY.sign(exchange_hash))


Sign = Callable[[bytes], bytes]


@dataclass(slots=True)
class _Direction:
    """One direction of an encrypted connection (RFC 4253 section 6)."""

    cipher: CipherContext
    mac_key: bytes

    def mac(self, sequence: int, plain: bytes) -> bytes:
        return hmac.new(self.mac_key, u32(sequence) + plain, hashlib.sha256).digest()


class Peer:
    """One connection. Raises SessionOverError where the client goes away."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.client_version = b""
        self.client_kexinit = b""
        self.own_kexinit = wire.POLITE.payload
        self._secret = b""
        self._hash = b""
        self._session_id = b""
        self._sent = 0
        self._received = 0
        self._out: _Direction | None = None
        self._in: _Direction | None = None

    # --- packets ----------------------------------------------------------------------

    async def send(self, payload: bytes) -> None:
        """Send one packet."""
        await self.session.send(self.sealed(payload))

    def sealed(self, payload: bytes) -> bytes:
        """Return the packet of a payload, encrypted where that is due; it counts as sent."""
        sequence, self._sent = self._sent, self._sent + 1
        if self._out is None:
            return packet(payload)
        plain = packet(payload, 16)
        return self._out.cipher.update(plain) + self._out.mac(sequence & 0xFFFFFFFF, plain)

    async def receive(self) -> bytes:
        """Return the payload of the next packet."""
        self._received += 1
        if self._in is None:
            length = int.from_bytes(await self.session.exactly(4), "big")
            body = await self.session.exactly(min(length, _MOST_RECEIVED))
            return body[1 : len(body) - body[0]]
        first = self._in.cipher.update(await self.session.exactly(16))
        length = min(int.from_bytes(first[:4], "big"), _MOST_RECEIVED)
        rest = self._in.cipher.update(await self.session.exactly(length - 12))
        await self.session.exactly(32)  # the code of a client that is believed
        payload = (first[5:] + rest)[: length - 1 - first[4]]
        self.session.connection.protected += payload
        return payload

    async def expect(self, *numbers: int) -> bytes:
        """Return the next payload of one of these messages; others are passed over."""
        while True:
            payload = await self.receive()
            if payload[:1] and payload[0] in numbers:
                return payload

    # --- the conversation -------------------------------------------------------------

    async def identify(self, line: bytes = wire.IDENTIFICATION) -> None:
        """Exchange the identification lines."""
        await self.session.send(line + b"\r\n")
        self.client_version = await self.session.line()

    async def offer(self, kexinit: bytes = wire.POLITE.payload) -> None:
        """Exchange KEXINIT."""
        self.own_kexinit = kexinit
        await self.send(kexinit)
        self.client_kexinit = await self.expect(wire.KEXINIT)

    async def agree(self, *, shown: bytes = HOST_KEY_BLOB, signed: Sign = sign) -> None:
        """Answer the client's half of curve25519 (RFC 8731), showing this host key."""
        theirs = Reader((await self.expect(wire.KEX_INIT))[1:]).string()
        own = X25519PrivateKey.generate()
        public = own.public_key().public_bytes_raw()
        secret = int.from_bytes(own.exchange(X25519PublicKey.from_public_bytes(theirs)), "big")
        hashed = self.hashed(shown, string(theirs) + string(public), secret)
        await self.send(
            message(wire.KEX_REPLY, string(shown), string(public), string(signed(hashed)))
        )

    def hashed(self, host_key: bytes, public: bytes, secret: int) -> bytes:
        """Return the exchange hash (RFC 4253 section 8) and keep it with the secret.

        ``public`` is both public values, and what else of the exchange belongs before them.
        """
        versions = (self.client_version, wire.IDENTIFICATION)
        known = (*versions, self.client_kexinit, self.own_kexinit, host_key)
        self._secret = mpint(secret)
        text = b"".join(map(string, known)) + public + self._secret
        self._hash = hashlib.sha256(text).digest()
        self._session_id = self._session_id or self._hash
        return self._hash

    async def protect(self) -> None:
        """Exchange NEWKEYS, and encrypt from there on."""
        await self.send(message(wire.NEWKEYS))
        self._out = self._direction(b"B", b"D", b"F")
        await self.expect(wire.NEWKEYS)
        self._in = self._direction(b"A", b"C", b"E")

    def expose(self) -> None:
        """Send in clear again, against all rules."""
        self._out = None

    def _direction(self, iv: bytes, key: bytes, mac: bytes) -> _Direction:
        cipher = Cipher(AES(self._derived(key)[:16]), CTR(self._derived(iv)[:16]))
        return _Direction(cipher.encryptor(), self._derived(mac))

    def _derived(self, letter: bytes) -> bytes:
        """Return 32 bytes of key material (RFC 4253 section 7.2)."""
        return hashlib.sha256(self._secret + self._hash + letter + self._session_id).digest()

    async def serve(self) -> None:
        """Accept the service of authentication."""
        wanted = await self.expect(wire.SERVICE_REQUEST)
        await self.send(message(wire.SERVICE_ACCEPT, wanted[1:]))

    async def refuse(self, methods: bytes = b"password") -> None:
        """Refuse the next authentication request."""
        await self.expect(wire.USERAUTH_REQUEST)
        await self.send(message(wire.USERAUTH_FAILURE, string(methods), b"\0"))

    async def let_in(self) -> None:
        """Refuse ``none`` (RFC 4252 section 5.2), and let in whoever shows a password."""
        while True:
            asked = Reader((await self.expect(wire.USERAUTH_REQUEST))[1:])
            asked.string(), asked.string()
            if asked.string() == b"password":
                return await self.send(message(wire.USERAUTH_SUCCESS))
            await self.send(message(wire.USERAUTH_FAILURE, string(b"password"), b"\0"))

    async def absorb(self) -> None:
        """Read on, and say nothing, until the client closes."""
        while True:
            await self.receive()


STAGES: Final = ("identification", "kexinit", "reply", "newkeys", "service", "refusal", "success")
"""The points of a conversation at which a behaviour may go wrong, in their order."""


async def reach(session: Session, stage: str) -> Peer:
    """Be polite up to and with a stage of STAGES, and return the connection as it is then."""
    peer = Peer(session)
    each: tuple[Callable[[], Awaitable[None]], ...] = (
        peer.identify,
        peer.offer,
        peer.agree,
        peer.protect,
        peer.serve,
        peer.refuse,
        peer.let_in,
    )
    steps = dict(zip(STAGES, each, strict=True))
    wanted = list(STAGES[: STAGES.index(stage) + 1])
    if stage == "success":
        wanted.remove("refusal")
    for name in wanted:
        await steps[name]()
    return peer
