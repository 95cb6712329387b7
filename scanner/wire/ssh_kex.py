"""Key exchange: one shared secret, and a host key that signed for it (RFC 4253 sections 7 and 8).

No secret of anybody's ever travels under what is agreed here, so old groups are spoken too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from scanner.model.frozen import dataclass
from scanner.wire.ssh import Fields, SshSyntaxError
from scanner.wire.ssh_fields import mpint, string, uint32
from scanner.wire.ssh_packets import Message
from scanner.wire.ssh_primes import prime

LARGEST_PRIME = 8_192
"""Bits: the largest that RFC 4419 lets a client ask for."""

GROUP_EXCHANGE = ("diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1")

_EXPONENT_BYTES = 32
_FLEETING_BYTES = 2
"""Of an exponent that protects nothing: the whole cost of a large group is in its length."""
_LEAST_BITS = 256


@dataclass(frozen=True, slots=True)
class Agreed:
    """The server's answer. ``shared`` and the two parts of the hash are encoded already."""

    host_key: bytes
    signature: bytes
    shared: bytes
    hashed: bytes


class Exchange(Protocol):
    """One key exchange from our side."""

    hash_name: str

    def first(self) -> bytes:
        """Return the message that begins it."""
        ...

    def answered(self, payload: bytes) -> bytes | Agreed:
        """Take the server's message; return ours, or what was agreed. Raises ``SshSyntaxError``."""
        ...


class _Curve25519:
    """RFC 8731."""

    def __init__(self) -> None:
        self.hash_name = "sha256"
        self._own = X25519PrivateKey.generate()
        self._public = self._own.public_key().public_bytes_raw()

    def first(self) -> bytes:
        return bytes([Message.KEX_INIT]) + string(self._public)

    def answered(self, payload: bytes) -> bytes | Agreed:
        key, theirs, signature = _reply(payload, Message.KEX_REPLY)
        try:
            shared = self._own.exchange(X25519PublicKey.from_public_bytes(theirs))
        except ValueError as error:
            raise SshSyntaxError("the server's point is out of bounds") from error
        hashed = string(self._public) + string(theirs)
        return Agreed(key, signature, mpint(int.from_bytes(shared, "big")), hashed)


class _EllipticCurve:
    """RFC 5656 section 4."""

    def __init__(self, curve: ec.EllipticCurve, hash_name: str) -> None:
        self.hash_name = hash_name
        self._curve = curve
        self._own = ec.generate_private_key(curve)
        self._public = _point(self._own.public_key())

    def first(self) -> bytes:
        return bytes([Message.KEX_INIT]) + string(self._public)

    def answered(self, payload: bytes) -> bytes | Agreed:
        key, theirs, signature = _reply(payload, Message.KEX_REPLY)
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, theirs)
            shared = self._own.exchange(ec.ECDH(), point)
        except ValueError as error:
            raise SshSyntaxError("the server's point is not on the curve") from error
        hashed = string(self._public) + string(theirs)
        return Agreed(key, signature, mpint(int.from_bytes(shared, "big")), hashed)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    # Loaded for the few servers without curve 25519: it brings every format of keys along.
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see above
        Encoding,
        PublicFormat,
    )

    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class _Group:
    """A fixed group (RFC 4253 section 8, RFC 8268)."""

    def __init__(self, modulus: int, hash_name: str, exponent: Callable[[int], int]) -> None:
        self.hash_name = hash_name
        self._numbers = _Numbers(modulus, 2, exponent)

    def first(self) -> bytes:
        return bytes([Message.KEX_INIT]) + mpint(self._numbers.public)

    def answered(self, payload: bytes) -> bytes | Agreed:
        key, theirs, signature = _reply(payload, Message.KEX_REPLY)
        shared = self._numbers.shared(theirs)
        hashed = mpint(self._numbers.public) + mpint(int.from_bytes(theirs, "big"))
        return Agreed(key, signature, mpint(shared), hashed)


class GroupExchangeRequest:
    """The server picks the group (RFC 4419). ``given`` is its size in bits, once it has."""

    def __init__(
        self, bounds: tuple[int, int, int], hash_name: str, exponent: Callable[[int], int]
    ) -> None:
        self.hash_name = hash_name
        self.bounds = bounds
        self.given: int | None = None
        self._exponent = exponent
        self._numbers: _Numbers | None = None

    def first(self) -> bytes:
        """Ask for a group."""
        return bytes([Message.GEX_REQUEST]) + self._bounds()

    def answered(self, payload: bytes) -> bytes | Agreed:
        """Take the group, then the reply."""
        if self._numbers is None:
            self._numbers = self._group(payload)
            return bytes([Message.GEX_INIT]) + mpint(self._numbers.public)
        key, theirs, signature = _reply(payload, Message.GEX_REPLY)
        own = self._numbers
        hashed = self._bounds() + mpint(own.modulus) + mpint(own.generator)
        hashed += mpint(own.public) + mpint(int.from_bytes(theirs, "big"))
        return Agreed(key, signature, mpint(own.shared(theirs)), hashed)

    def _bounds(self) -> bytes:
        return b"".join(map(uint32, self.bounds))

    def _group(self, payload: bytes) -> _Numbers:
        if payload[:1] != bytes([Message.KEX_REPLY]):  # GROUP has the same number
            raise SshSyntaxError("the server names no group")
        fields = Fields(payload[1:])
        modulus, generator = _positive(fields.string()), _positive(fields.string())
        self.given = modulus.bit_length()
        return _Numbers(modulus, generator, self._exponent)


class _Numbers:
    """Our half of Diffie-Hellman in one group. Raises ``SshSyntaxError`` for a silly one.

    ``exponent`` returns a secret one for a size in bits.
    """

    def __init__(self, modulus: int, generator: int, exponent: Callable[[int], int]) -> None:
        bits = modulus.bit_length()
        if not _LEAST_BITS <= bits <= LARGEST_PRIME or modulus % 2 == 0:
            raise SshSyntaxError("the prime is out of bounds")
        if not 1 < generator < modulus - 1:
            raise SshSyntaxError("the generator is out of bounds")
        self.modulus = modulus
        self.generator = generator
        self._secret = 2 + exponent(bits) % (modulus - 3)
        self.public = pow(generator, self._secret, modulus)

    def shared(self, theirs: bytes) -> int:
        value = _positive(theirs)
        if not 1 < value < self.modulus - 1:
            raise SshSyntaxError("the server's value is out of bounds (RFC 4253 section 8)")
        return pow(value, self._secret, self.modulus)


def _positive(data: bytes) -> int:
    if len(data) > LARGEST_PRIME // 8 + 1 or data[:1] >= b"\x80":
        raise SshSyntaxError("a number is out of bounds")
    return int.from_bytes(data, "big")


def _reply(payload: bytes, number: Message) -> tuple[bytes, bytes, bytes]:
    if payload[:1] != bytes([number]):
        raise SshSyntaxError(f"message {payload[0]} comes in the middle of a key exchange")
    fields = Fields(payload[1:])
    return fields.string(), fields.string(), fields.string()


_CURVES: dict[str, tuple[Callable[[], ec.EllipticCurve], str]] = {
    "ecdh-sha2-nistp256": (ec.SECP256R1, "sha256"),
    "ecdh-sha2-nistp384": (ec.SECP384R1, "sha384"),
    "ecdh-sha2-nistp521": (ec.SECP521R1, "sha512"),
}
_GROUPS = {
    "diffie-hellman-group14-sha256": (2048, "sha256"),
    "diffie-hellman-group16-sha512": (4096, "sha512"),
    "diffie-hellman-group18-sha512": (8192, "sha512"),
    "diffie-hellman-group14-sha1": (2048, "sha1"),
    "diffie-hellman-group1-sha1": (1024, "sha1"),
}
_X25519 = ("curve25519-sha256", "curve25519-sha256@libssh.org")

KEY_EXCHANGES = (*_X25519, *_CURVES, *GROUP_EXCHANGE, *_GROUPS)
"""Key exchanges that are spoken, the cheapest first."""

_WANTED = (2048, 3072, LARGEST_PRIME)


def begin(
    name: str,
    random: Callable[[int], bytes],
    bounds: tuple[int, int, int] | None = None,
    *,
    fleeting: bool = False,
) -> Exchange:
    """Return a key exchange of our side. ``bounds`` are what to ask of a group exchange, in bits:
    smallest, preferred, largest. ``fleeting``: nothing will be sent under what is agreed, and an
    exponent that could be guessed does.
    """
    if name in _X25519:
        return _Curve25519()
    if name in _CURVES:
        curve, hash_name = _CURVES[name]
        return _EllipticCurve(curve(), hash_name)

    def exponent(bits: int) -> int:
        size = min(_FLEETING_BYTES if fleeting else _EXPONENT_BYTES, bits // 8)
        # The highest bit is set: two to a power below the size of the prime would be told by sight.
        return int.from_bytes(random(size), "big") | 1 << 8 * size - 1

    if name in GROUP_EXCHANGE:
        return GroupExchangeRequest(bounds or _WANTED, name.rpartition("-")[2], exponent)
    bits, hash_name = _GROUPS[name]
    return _Group(prime(bits), hash_name, exponent)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What both sides said before: it goes into the exchange hash (RFC 4253 section 8)."""

    own_line: bytes
    their_line: bytes
    own_kexinit: bytes
    their_kexinit: bytes

    def hash(self, agreed: Agreed, hash_name: str) -> bytes:
        """Return the exchange hash, which the host key signs."""
        said = (self.own_line, self.their_line, self.own_kexinit, self.their_kexinit)
        whole = b"".join(map(string, (*said, agreed.host_key))) + agreed.hashed + agreed.shared
        return hashlib.new(hash_name, whole).digest()


def deriver(shared: bytes, exchange_hash: bytes, hash_name: str) -> Callable[[str, int], bytes]:
    """Return what makes keys of the secret (RFC 4253 section 7.2); the first exchange's hash is
    the session's name too, as there is one exchange per connection.
    """

    def derive(letter: str, size: int) -> bytes:
        key = b""
        while len(key) < size:
            tail = key or letter.encode("ascii") + exchange_hash
            key += hashlib.new(hash_name, shared + exchange_hash + tail).digest()
        return key[:size]

    return derive
