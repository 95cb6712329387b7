"""SSH servers that misbehave before anything is encrypted: in words, packets and key exchange."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Behaviour, Session
from tests.hostile.servers import ESCAPES
from tests.hostile.ssh_peer import HOST_KEY_BLOB, Peer, Sign, reach, sign
from tests.hostile.ssh_wire import Offers, Reader, message, mpint, packet, string, u32

OWNED: Final = f"{ESCAPES}\nopen-zone               PASS  owned\r\n".encode()
"""Text that a terminal would obey, and that pretends to be a line of a report."""

PRIME: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""The prime of group 14 (RFC 3526)."""

_EXPONENT: Final = 0x5EED5EED5EED5EED5EED5EED5EED5EED
"""The server's own, in every exchange that it does honestly."""

Step = Callable[[Peer], Awaitable[None]]


def after(stage: str, then: Step) -> Behaviour:
    """Be polite up to ``stage`` (STAGES of the peer), and then do ``then``."""

    async def behave(session: Session) -> None:
        await then(await reach(session, stage))

    return behave


# --- what is done at any stage ---------------------------------------------------------


async def says_nothing(peer: Peer) -> None:
    """Read on and say nothing more."""
    await peer.absorb()


async def hangs_up(_peer: Peer) -> None:
    """Close without a word."""


async def disconnects(peer: Peer) -> None:
    """Disconnect with hostile text."""
    await peer.send(wire.disconnect(OWNED))


def repeats(payload: bytes) -> Step:
    """Send this message for ever, as fast as it is read."""

    async def flood(peer: Peer) -> None:
        while True:
            await peer.session.send(b"".join(peer.sealed(payload) for _ in range(64)))
            await asyncio.sleep(0)  # a client in the same event loop has to get its turn

    return flood


def tells(*payloads: bytes) -> Step:
    """Send these messages, and then nothing more."""

    async def tell(peer: Peer) -> None:
        for payload in payloads:
            await peer.send(payload)
        await peer.absorb()

    return tell


async def goes_on(peer: Peer) -> None:
    """Let the client finish what it should have given up: encrypt, and let it in."""
    await peer.protect()
    await peer.serve()
    await peer.let_in()
    await peer.absorb()


# --- words and packets -----------------------------------------------------------------


def endless_identification() -> Behaviour:
    """Begin an identification line and never end it."""

    async def behave(session: Session) -> None:
        await session.send(b"SSH-2.0-")
        while True:
            await session.send(b"x" * 16_384)
            await asyncio.sleep(0)

    return behave


def sends(data: bytes, *, pieces: int = 0, seconds: float = 0.05) -> Behaviour:
    """Identify and send ``data``, in ``pieces`` bytes at a time, then nothing more."""

    async def behave(session: Session) -> None:
        await session.send(wire.IDENTIFICATION + b"\r\n")
        if not pieces:
            await session.send(data)
        for start in range(0, len(data) if pieces else 0, pieces or 1):
            await session.send(data[start : start + pieces])
            await asyncio.sleep(seconds)
        await session.absorb()

    return behave


def raw_packet(length: int, padding: int, body: bytes) -> bytes:
    """Return a packet whose lengths need not be true."""
    return u32(length) + bytes([padding]) + body


def offers(what: Offers) -> Behaviour:
    """Offer this, and be silent behind it."""
    return sends(packet(what.payload))


def kexinit_of(first: bytes) -> Behaviour:
    """Send a KEXINIT whose first name-list is ``first``."""
    return offers(Offers(kex=first))


def turns_away(line: bytes) -> Behaviour:
    """Say one line instead of an identification, and close."""

    async def behave(session: Session) -> None:
        await session.send(line)
        session.writer.write_eof()
        await session.absorb()

    return behave


def wrong_guess() -> Behaviour:
    """Guess the key exchange wrongly (RFC 4253 section 7), send that packet, and go on well."""

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        guessed = Offers(kex=b"guess@example.invalid," + Offers().kex, guesses=True)
        await peer.offer(guessed.payload)
        await peer.send(message(wire.KEX_REPLY, b"a guess that nobody shares"))
        await peer.agree()
        await goes_on(peer)

    return behave


def early_newkeys() -> Behaviour:
    """Send NEWKEYS before any key was agreed on."""
    return after("kexinit", tells(message(wire.NEWKEYS), message(wire.SERVICE_ACCEPT)))


# --- host keys and signatures ----------------------------------------------------------


def _point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


_OTHER: Final = ec.derive_private_key(7, ec.SECP256R1())
OTHER_BLOB: Final = string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(_point_of(_OTHER))
"""A well-formed host key of a type that was not agreed on."""


def shows(shown: bytes = HOST_KEY_BLOB, *, signed: Sign = sign) -> Behaviour:
    """Agree on a key with this host key and signature, and go on as if all were well."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "kexinit")
        await peer.agree(shown=shown, signed=signed)
        await goes_on(peer)

    return behave


def huge_rsa() -> Behaviour:
    """Show an RSA key of 128,000 bits in modulus and exponent: whoever verifies with it hangs."""
    number = int.from_bytes(b"\xff" * 16_000, "big")
    blob = string(b"ssh-rsa") + mpint(number - 2) + mpint(number)

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        await peer.offer(Offers(host_key=b"rsa-sha2-256").payload)
        signature = string(b"rsa-sha2-256") + string(b"\x7f" * 16_000)
        await peer.agree(shown=blob, signed=lambda _: signature)
        await goes_on(peer)

    return behave


# --- public values ---------------------------------------------------------------------


def public_value(number: int | None) -> Behaviour:
    """Answer group 14 with this public value, an honest one where there is none.

    The signature is right wherever the secret is known.
    """

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        await peer.offer(Offers(kex=b"diffie-hellman-group14-sha256").payload)
        theirs = Reader((await peer.expect(wire.KEX_INIT))[1:]).string()
        if number is None:
            own, secret = pow(2, _EXPONENT, PRIME), pow(_number(theirs), _EXPONENT, PRIME)
        else:
            own, secret = number, 0 if number % PRIME == 0 else 1
        hashed = peer.hashed(HOST_KEY_BLOB, string(theirs) + mpint(own), secret)
        reply = (string(HOST_KEY_BLOB), mpint(own), string(sign(hashed)))
        await peer.send(message(wire.KEX_REPLY, *reply))
        await goes_on(peer)

    return behave


def point(public: bytes | None, kex: bytes = Offers().kex) -> Behaviour:
    """Answer an elliptic exchange with this public value, and zero for a secret.

    Where there is none, answer honestly on nistp256.
    """

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        await peer.offer(Offers(kex=kex).payload)
        theirs = Reader((await peer.expect(wire.KEX_INIT))[1:]).string()
        own, secret = (public, 0) if public is not None else _on_curve(theirs)
        hashed = peer.hashed(HOST_KEY_BLOB, string(theirs) + string(own), secret)
        reply = (string(HOST_KEY_BLOB), string(own), string(sign(hashed)))
        await peer.send(message(wire.KEX_REPLY, *reply))
        await goes_on(peer)

    return behave


def _on_curve(theirs: bytes) -> tuple[bytes, int]:
    """Return our point and the shared secret."""
    client = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    return _point_of(_OTHER), int.from_bytes(_OTHER.exchange(ec.ECDH(), client), "big")


def _number(theirs: bytes) -> int:
    return int.from_bytes(theirs, "big")


OFF_CURVE: Final = b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01"
"""No point of nistp256."""


def group(prime: int, generator: int = 2) -> Behaviour:
    """Name this group (RFC 4419), and finish the exchange in it where a client takes it."""

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        await peer.offer(Offers(kex=b"diffie-hellman-group-exchange-sha256").payload)
        asked = (await peer.expect(wire.GROUP_REQUEST))[1:]
        named = mpint(prime) + mpint(generator)
        await peer.send(message(wire.GROUP, named))
        theirs = Reader((await peer.expect(wire.GROUP_INIT))[1:]).string()
        own = pow(generator, _EXPONENT, prime) if prime > 1 else 1
        secret = pow(_number(theirs), _EXPONENT, prime) if prime > 1 else 1
        public = asked + named + string(theirs) + mpint(own)
        hashed = peer.hashed(HOST_KEY_BLOB, public, secret)
        reply = (string(HOST_KEY_BLOB), mpint(own), string(sign(hashed)))
        await peer.send(message(wire.GROUP_REPLY, *reply))
        await goes_on(peer)

    return behave


@functools.cache
def large_prime() -> int:
    """Return the prime of group 18 (RFC 3526), of 8,192 bits, as it is defined there."""
    bits = 8062
    pi = (16 * _arctan(5, bits) - 4 * _arctan(239, bits)) >> 64
    return 2**8192 - 2**8128 - 1 + 2**64 * (pi + 4743158)


def _arctan(inverse: int, bits: int) -> int:
    """Return the arc tangent of one part of ``inverse``, times two to the ``bits`` and 64."""
    power = total = (1 << bits + 64) // inverse
    for step in range(1, bits // 4):
        power //= -inverse * inverse
        total += power // (2 * step + 1)
    return total


def slow_group() -> Behaviour:
    """Name a safe prime of 8,192 bits with a generator that nobody knows it by.

    Whoever asks OpenSSL whether that is a group waits for a minute (DH_check(3)).
    """
    return group(large_prime(), 5)


def announced_group(length: int) -> Behaviour:
    """Announce a prime of ``length`` bytes, in a packet of that size, and begin to send it."""

    async def behave(session: Session) -> None:
        peer = Peer(session)
        await peer.identify()
        await peer.offer(Offers(kex=b"diffie-hellman-group-exchange-sha256").payload)
        await peer.expect(wire.GROUP_REQUEST)
        head = message(wire.GROUP, u32(length))
        await session.send(u32(length + 64) + b"\x04" + head)
        while True:
            await session.send(os.urandom(16_384))
            await asyncio.sleep(0)

    return behave
