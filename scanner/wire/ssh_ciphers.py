"""How SSH packets are sealed and opened: ciphers and MACs (RFC 4253 section 6, RFC 4344, RFC 5647).

Each object works for one direction, from the moment its keys were taken into use.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

from scanner.model.frozen import dataclass
from scanner.wire.ssh import LARGEST_PACKET, SshSyntaxError

_LENGTH = 4
_TAG = 16
_CHACHA = "chacha20-poly1305@openssh.com"


class Sealing(Protocol):
    """One direction of a connection. A *body* is padding length, payload and padding.

    ``counted``: the length field is part of what is padded to a multiple of ``block``.
    """

    block: int
    counted: bool

    def seal(self, body: bytes, sequence: int) -> bytes:
        """Return the packet of ``body``."""
        ...

    def size(self, held: bytes, sequence: int) -> int | None:
        """Return the bytes of the whole packet that ``held`` begins; ``None``: more are needed.

        Raises ``SshSyntaxError`` where the length is out of bounds.
        """
        ...

    def open(self, packet: bytes, sequence: int) -> bytes:
        """Return the body of a whole packet. Raises ``SshSyntaxError`` if it was tampered with."""
        ...


class Clear:
    """No keys yet: packets as they are."""

    block = 8
    counted = True

    def seal(self, body: bytes, sequence: int) -> bytes:
        """Return the packet of ``body``."""
        del sequence
        return _uint32(len(body)) + body

    def size(self, held: bytes, sequence: int) -> int | None:
        """Return the size of the packet."""
        del sequence
        return None if len(held) < _LENGTH else _LENGTH + _length(held[:_LENGTH])

    def open(self, packet: bytes, sequence: int) -> bytes:
        """Return the body."""
        del sequence
        return packet[_LENGTH:]


@dataclass(frozen=True, slots=True)
class MacSpec:
    """A MAC: its hash, the bytes of its key, the bytes sent of it, and what it covers.

    ``outside``: it covers what was encrypted, and the length stays readable (``-etm``).
    """

    hash_name: str
    key: int
    sent: int
    outside: bool = False


def _mac_specs() -> dict[str, MacSpec]:
    plain = {
        "hmac-sha2-256": MacSpec("sha256", 32, 32),
        "hmac-sha2-512": MacSpec("sha512", 64, 64),
        "hmac-sha1": MacSpec("sha1", 20, 20),
        "hmac-sha1-96": MacSpec("sha1", 20, 12),
        "hmac-md5": MacSpec("md5", 16, 16),
        "hmac-md5-96": MacSpec("md5", 16, 12),
    }
    outside = {
        f"{name}-etm@openssh.com": MacSpec(spec.hash_name, spec.key, spec.sent, outside=True)
        for name, spec in plain.items()
    }
    return outside | plain


MACS = _mac_specs()
"""MACs that are spoken, the best first."""


@dataclass(frozen=True, slots=True)
class CipherSpec:
    """A cipher: bytes of its key, of its first vector, of its block. AEAD ones need no MAC."""

    key: int
    vector: int
    block: int
    aead: bool = False


CIPHERS = {
    "aes128-ctr": CipherSpec(16, 16, 16),
    "aes192-ctr": CipherSpec(24, 16, 16),
    "aes256-ctr": CipherSpec(32, 16, 16),
    "aes128-gcm@openssh.com": CipherSpec(16, 12, 16, aead=True),
    "aes256-gcm@openssh.com": CipherSpec(32, 12, 16, aead=True),
    _CHACHA: CipherSpec(64, 0, 8, aead=True),
    "aes128-cbc": CipherSpec(16, 16, 16),
    "aes192-cbc": CipherSpec(24, 16, 16),
    "aes256-cbc": CipherSpec(32, 16, 16),
    "3des-cbc": CipherSpec(24, 8, 8),
}
"""Ciphers that are spoken. Those that any server has and that cost least come first."""


def sealing(cipher: str, mac: str, derive: Callable[[str, int], bytes], *, out: bool) -> Sealing:
    """Return one direction's sealing. ``derive`` gives key bytes for a letter (RFC 4253 7.2).

    ``out`` is what goes from us to the server.
    """
    spec = CIPHERS[cipher]
    vector = derive("A" if out else "B", spec.vector)
    key = derive("C" if out else "D", spec.key)
    if cipher == _CHACHA:
        return _ChaCha(key)
    if spec.aead:
        return _Gcm(key, vector)
    context = _context(cipher, key, vector, out=out)
    mac_spec = MACS[mac]
    mac_key = derive("E" if out else "F", mac_spec.key)
    kind = _MacOutside if mac_spec.outside else _MacInside
    return kind(context, spec.block, mac_spec, mac_key)


def _context(cipher: str, key: bytes, vector: bytes, *, out: bool) -> CipherContext:
    algorithm = TripleDES(key) if cipher == "3des-cbc" else AES(key)
    mode = modes.CBC(vector) if cipher.endswith("cbc") else modes.CTR(vector)
    engine = Cipher(algorithm, mode)
    return engine.encryptor() if out else engine.decryptor()


class _WithMac:
    def __init__(self, context: CipherContext, block: int, spec: MacSpec, key: bytes) -> None:
        self.block = block
        self._context = context
        self._spec = spec
        self._key = key

    def _mac(self, sequence: int, data: bytes) -> bytes:
        whole = hmac.digest(self._key, _uint32(sequence) + data, self._spec.hash_name)
        return whole[: self._spec.sent]

    def _check(self, sequence: int, data: bytes, sent: bytes) -> None:
        if not hmac.compare_digest(self._mac(sequence, data), sent):
            raise SshSyntaxError("a packet has a wrong MAC")


class _MacInside(_WithMac):
    """Encrypt and MAC: the MAC covers what is inside (RFC 4253 section 6.4)."""

    counted = True

    def __init__(self, context: CipherContext, block: int, spec: MacSpec, key: bytes) -> None:
        super().__init__(context, block, spec, key)
        self._first = b""

    def seal(self, body: bytes, sequence: int) -> bytes:
        plain = _uint32(len(body)) + body
        return self._context.update(plain) + self._mac(sequence, plain)

    def size(self, held: bytes, sequence: int) -> int | None:
        del sequence
        if not self._first:
            if len(held) < self.block:
                return None
            self._first = self._context.update(held[: self.block])
        length = _length(self._first[:_LENGTH])
        if (length + _LENGTH) % self.block or length + _LENGTH < self.block:
            raise SshSyntaxError("the packet length is no multiple of the block")
        return _LENGTH + length + self._spec.sent

    def open(self, packet: bytes, sequence: int) -> bytes:
        sealed, sent = packet[: -self._spec.sent], packet[-self._spec.sent :]
        plain = self._first + self._context.update(sealed[self.block :])
        self._first = b""
        self._check(sequence, plain, sent)
        return plain[_LENGTH:]


class _MacOutside(_WithMac):
    """Encrypt, then MAC: the length is readable (PROTOCOL of OpenSSH, section 1.5)."""

    counted = False

    def seal(self, body: bytes, sequence: int) -> bytes:
        sealed = _uint32(len(body)) + self._context.update(body)
        return sealed + self._mac(sequence, sealed)

    def size(self, held: bytes, sequence: int) -> int | None:
        del sequence
        if len(held) < _LENGTH:
            return None
        length = _length(held[:_LENGTH])
        if length % self.block:
            raise SshSyntaxError("the packet length is no multiple of the block")
        return _LENGTH + length + self._spec.sent

    def open(self, packet: bytes, sequence: int) -> bytes:
        sealed, sent = packet[: -self._spec.sent], packet[-self._spec.sent :]
        self._check(sequence, sealed, sent)
        return self._context.update(sealed[_LENGTH:])


class _Gcm:
    """AES in GCM (RFC 5647): the last eight bytes of the vector count the packets."""

    block = 16
    counted = False

    def __init__(self, key: bytes, vector: bytes) -> None:
        self._engine = AESGCM(key)
        self._fixed = vector[:4]
        self._count = int.from_bytes(vector[4:], "big")

    def _vector(self) -> bytes:
        vector = self._fixed + self._count.to_bytes(8, "big")
        self._count = (self._count + 1) % 2**64
        return vector

    def seal(self, body: bytes, sequence: int) -> bytes:
        del sequence
        length = _uint32(len(body))
        return length + self._engine.encrypt(self._vector(), body, length)

    def size(self, held: bytes, sequence: int) -> int | None:
        del sequence
        return None if len(held) < _LENGTH else _LENGTH + _length(held[:_LENGTH]) + _TAG

    def open(self, packet: bytes, sequence: int) -> bytes:
        del sequence
        try:
            return self._engine.decrypt(self._vector(), packet[_LENGTH:], packet[:_LENGTH])
        except InvalidTag as error:
            raise SshSyntaxError("a packet has a wrong tag") from error


class _ChaCha:
    """ChaCha20 and Poly1305 with the length under a key of its own (PROTOCOL.chacha20poly1305)."""

    block = 8
    counted = False

    def __init__(self, key: bytes) -> None:
        self._body, self._head = key[:32], key[32:]

    @staticmethod
    def _run(key: bytes, sequence: int, counter: int, data: bytes) -> bytes:
        nonce = counter.to_bytes(8, "little") + sequence.to_bytes(8, "big")
        return Cipher(ChaCha20(key, nonce), None).encryptor().update(data)

    def _tag_key(self, sequence: int) -> bytes:
        return self._run(self._body, sequence, 0, bytes(32))

    def seal(self, body: bytes, sequence: int) -> bytes:
        sealed = self._run(self._head, sequence, 0, _uint32(len(body)))
        sealed += self._run(self._body, sequence, 1, body)
        return sealed + Poly1305.generate_tag(self._tag_key(sequence), sealed)

    def size(self, held: bytes, sequence: int) -> int | None:
        if len(held) < _LENGTH:
            return None
        return _LENGTH + _length(self._run(self._head, sequence, 0, held[:_LENGTH])) + _TAG

    def open(self, packet: bytes, sequence: int) -> bytes:
        sealed, tag = packet[:-_TAG], packet[-_TAG:]
        try:
            Poly1305.verify_tag(self._tag_key(sequence), sealed, tag)
        except InvalidSignature as error:
            raise SshSyntaxError("a packet has a wrong tag") from error
        return self._run(self._body, sequence, 1, sealed[_LENGTH:])


def _length(field: bytes) -> int:
    length = int.from_bytes(field, "big")
    if not 2 <= length <= LARGEST_PACKET:
        raise SshSyntaxError("the packet length is out of bounds")
    return length


def _uint32(number: int) -> bytes:
    return number.to_bytes(4, "big")
