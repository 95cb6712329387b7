"""ClientHellos of our own making, from SSL 3.0 to TLS 1.3 (RFC 6101, 2246, 4346, 5246, 8446).

The TLS library here speaks neither the oldest versions nor the broken suites, and lets nobody
choose the suites of TLS 1.3, so what is asked for is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from scanner.model.frozen import dataclass
from scanner.wire.tls_groups import USUAL

SSL_3_0: Final = 0x0300
TLS_1_0: Final = 0x0301
TLS_1_1: Final = 0x0302
TLS_1_2: Final = 0x0303
TLS_1_3: Final = 0x0304
VERSIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        SSL_3_0: "SSLv3",
        TLS_1_0: "TLSv1.0",
        TLS_1_1: "TLSv1.1",
        TLS_1_2: "TLSv1.2",
        TLS_1_3: "TLSv1.3",
    }
)
"""What a server may choose, oldest first."""

_X25519: Final = b"\x00\x1d"
NO_COMPRESSION: Final = 0
DEFLATE: Final = 1
HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_STATUS_REQUEST: Final = 5
_STATUS_WANTED: Final = bytes.fromhex("0100000000")
"""An OCSP response, of whatever responder (RFC 6066 section 8)."""
_EXTENDED_MASTER_SECRET: Final = 23
_SESSION_TICKET: Final = 35
FALLBACK: Final = 0x5600
"""Says that this is a second try, with an older version (RFC 7507). No suite."""
_SIGNALS_RENEGOTIATION: Final = 0x00FF
"""Stands for an empty renegotiation_info, also where extensions are not understood (RFC 5746)."""
_SCHEMES: Final = bytes.fromhex(
    "040105010601"  # RSA, PKCS 1 with SHA-2
    "080408050806"  # RSA, PSS
    "080908 0a080b"  # RSA, PSS with a key for that alone
    "040305030603"  # ECDSA
    "08070808"  # Ed25519, Ed448
    "03010303"  # SHA-224
    "0201020302020402"  # SHA-1, and DSA
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What one ClientHello offers. ``suites`` and ``groups`` are in order of preference.

    Up to TLS 1.2 ``version`` is the newest that may be chosen. In TLS 1.3 it is the only one,
    and no key share is sent, so that the server answers with the group that it wants (a
    HelloRetryRequest, RFC 8446 section 4.2.8). With ``share`` one for x25519 is sent after all;
    it is the hello's random, for nobody will ever derive a key from it.
    """

    version: int
    suites: tuple[int, ...]
    groups: tuple[int, ...] = USUAL
    compressions: tuple[int, ...] = (NO_COMPRESSION,)
    share: bool = False

    def encode(self, *, server_name: str, random: bytes) -> bytes:
        """Return one record holding the hello.

        ``random`` is 32 bytes. SSL 3.0 is asked without extensions; a name that is an address,
        or no name, is not sent (RFC 6066 section 3). Raises ``ValueError`` for another random.
        """
        if len(random) != 32:
            raise ValueError("the random of a hello has 32 bytes")
        listed = self.suites
        if self.version < TLS_1_3:
            listed = (*listed, _SIGNALS_RENEGOTIATION)
        suites = b"".join(suite.to_bytes(2, "big") for suite in listed)
        version = min(self.version, TLS_1_2).to_bytes(2, "big")
        body = version + random + b"\0" + _sized(suites, 2) + _sized(bytes(self.compressions), 1)
        if self.version > SSL_3_0:
            extensions = self._extensions(server_name, random)
            body += _sized(extensions + _padding(len(body) + len(extensions)), 2)
        # Records begin at the oldest version offered (RFC 5246 appendix E.1).
        layer = min(self.version, TLS_1_0).to_bytes(2, "big")
        message = bytes([_CLIENT_HELLO]) + _sized(body, 3)
        return bytes([HANDSHAKE]) + layer + _sized(message, 2)

    def _extensions(self, server_name: str, random: bytes) -> bytes:
        parts = [_server_name(server_name)]
        if self.groups:
            groups = b"".join(group.to_bytes(2, "big") for group in self.groups)
            parts.append(_extension(10, _sized(groups, 2)))
        if self.version < TLS_1_3:
            parts.append(_extension(11, _sized(b"\x00", 1)))  # uncompressed points
            parts.append(_extension(_STATUS_REQUEST, _STATUS_WANTED))
            parts.append(_extension(_EXTENDED_MASTER_SECRET, b""))
            parts.append(_extension(_SESSION_TICKET, b""))
        if self.version >= TLS_1_2:
            parts.append(_extension(13, _sized(_SCHEMES, 2)))
        if self.version == TLS_1_3:
            parts.append(_extension(43, _sized(TLS_1_3.to_bytes(2, "big"), 1)))
            share = _X25519 + _sized(random, 2) if self.share else b""
            parts.append(_extension(51, _sized(share, 2)))
        return b"".join(parts)


def _padding(size: int) -> bytes:
    """Return what makes a hello longer that would hang some servers (RFC 7685 section 4).

    They take 256 to 511 bytes for a hello of SSL 2.0. ``size`` leaves out the message's head
    and the length of the extensions.
    """
    missing = 512 - (size + 4 + 2)
    return _extension(21, bytes(max(0, missing - 4))) if 0 < missing <= 256 else b""


def _server_name(name: str) -> bytes:
    if _is_address(name):
        return b""
    try:
        label = name.rstrip(".").encode("idna")
    except UnicodeError:
        return b""
    if not 0 < len(label) < 256:
        return b""
    return _extension(0, _sized(b"\0" + _sized(label, 2), 2))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _extension(number: int, data: bytes) -> bytes:
    return number.to_bytes(2, "big") + _sized(data, 2)


def _sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data
