"""Messages of a TLS handshake that a server sends in clear: bytes in, facts out."""

from __future__ import annotations

from typing import Final

from scanner.model.frozen import dataclass
from scanner.model.tls_survey import (
    TlsGroup,
)
from scanner.wire.tls_flaws import Exchange, exchange, hints
from scanner.wire.tls_groups import group_of

_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""
_RENEGOTIATION_INFO: Final = 0xFF01
_EXTENDED_MASTER_SECRET: Final = 23
_SESSION_TICKET: Final = 35
_SUPPORTED_VERSIONS: Final = 43
_KEY_SHARE: Final = 51
_NAMED_CURVE: Final = 3
_EXPLICIT_PRIME: Final = 1


class HelloError(Exception):
    """The answer is no TLS that follows from what was offered."""


class Cursor:
    """Takes bytes from the front. Raises ``HelloError`` where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """Take so many bytes."""
        if size > self.left:
            raise HelloError("a message that ends too early")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, width: int) -> int:
        """Take an unsigned number of so many bytes."""
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """Take a length of so many bytes, then that many bytes."""
        return self.take(self.number(width))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenHello:
    """A ServerHello or a HelloRetryRequest (``retry``), read but not yet believed."""

    version: int
    suite: int
    compression: int
    session: bytes
    secure_renegotiation: bool
    retry: bool
    group_number: int | None
    extended_master_secret: bool = False
    session_ticket: bool = False

    @property
    def group(self) -> TlsGroup | None:
        """The group of TLS 1.3 that was chosen."""
        return None if self.group_number is None else group_of(self.group_number)


def server_hello(body: bytes) -> ChosenHello:
    """Read the body of a ServerHello. Raises ``HelloError``."""
    cursor = Cursor(body)
    version = cursor.number(2)
    random = cursor.take(32)
    session = cursor.vector(1)
    if len(session) > 32:
        raise HelloError("a ServerHello of impossible shape")
    suite, compression = cursor.number(2), cursor.number(1)
    extensions = _extensions(cursor.vector(2)) if cursor.left else {}
    if _SUPPORTED_VERSIONS in extensions:
        version = Cursor(extensions[_SUPPORTED_VERSIONS]).number(2)
    share = extensions.get(_KEY_SHARE)
    return ChosenHello(
        version=version,
        suite=suite,
        compression=compression,
        session=session,
        secure_renegotiation=_RENEGOTIATION_INFO in extensions,
        retry=random == _RETRY,
        group_number=None if share is None else Cursor(share).number(2),
        extended_master_secret=_EXTENDED_MASTER_SECRET in extensions,
        session_ticket=_SESSION_TICKET in extensions,
    )


def _extensions(block: bytes) -> dict[int, bytes]:
    cursor = Cursor(block)
    found: dict[int, bytes] = {}
    while cursor.left:
        number = cursor.number(2)
        found[number] = cursor.vector(2)
    return found


def listed_certificates(body: bytes) -> tuple[bytes, ...]:
    """Return the certificates that the message lists, the leaf first (RFC 5246 section 7.4.2)."""
    cursor = Cursor(Cursor(body).vector(3))
    found: list[bytes] = []
    while cursor.left:
        found.append(cursor.vector(3))
    return tuple(found)


def key_exchange_group(suite: int, body: bytes) -> tuple[int | None, TlsGroup | None]:
    """Return the group of a ServerKeyExchange, with its number where it has one.

    A curve by name or by its prime (RFC 8422 section 5.4), a Diffie-Hellman prime (RFC 5246
    section 7.4.3), or the temporary RSA key of an export suite (RFC 2246 section 7.4.3).
    """
    cursor = Cursor(body)
    if hints(suite):
        cursor.vector(2)
    match exchange(suite):
        case Exchange.ECDHE:
            return _curve(cursor)
        case Exchange.DHE:
            return None, TlsGroup(name="dh", bits=_bits(cursor.vector(2)))
        case Exchange.EXPORT_RSA:
            return None, TlsGroup(name="rsa", bits=_bits(cursor.vector(2)))
        case _:
            return None, None


def _curve(cursor: Cursor) -> tuple[int | None, TlsGroup]:
    kind = cursor.number(1)
    if kind == _NAMED_CURVE:
        number = cursor.number(2)
        return number, group_of(number)
    if kind == _EXPLICIT_PRIME:
        return None, TlsGroup(name="explicit prime", bits=_bits(cursor.vector(1)))
    return None, TlsGroup(name="explicit binary", bits=cursor.number(2))


def _bits(number: bytes) -> int:
    return int.from_bytes(number, "big").bit_length()
