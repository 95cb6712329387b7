"""TLS hellos on bytes: offers of old or broken parameters out, the server's choice in.

The TLS library here no longer speaks what is asked for, so one ClientHello is written by hand
and the first answer is read: RFC 6101 (SSL 3.0), 2246, 4346, 5246, and 6066 for the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from scanner.model.observation import TlsOffer

MOST_ANSWER: Final = 65_536
_ALERT: Final = 21
_HANDSHAKE: Final = 22
_SERVER_HELLO: Final = 2
_MOST_RECORD: Final = 16_384 + 2048
_EMPTY_RENEGOTIATION: Final = 0x00FF
_UNKNOWN_NAME: Final = b"\x01\x70"
"""The one warning after which a server goes on (RFC 6066 section 3)."""
_VERSIONS: Final = {
    0x0300: "SSLv3",
    0x0301: "TLSv1.0",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
}
_ALERTS: Final = {
    0: "close notify",
    10: "unexpected message",
    40: "handshake failure",
    47: "illegal parameter",
    50: "decode error",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    112: "unrecognised name",
}

_BROKEN: Final = {
    0x0000: "TLS_NULL_WITH_NULL_NULL",
    0x0001: "TLS_RSA_WITH_NULL_MD5",
    0x0002: "TLS_RSA_WITH_NULL_SHA",
    0x0003: "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x0006: "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x0008: "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0009: "TLS_RSA_WITH_DES_CBC_SHA",
    0x000B: "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA",
    0x000E: "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0011: "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
    0x0012: "TLS_DHE_DSS_WITH_DES_CBC_SHA",
    0x0014: "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0015: "TLS_DHE_RSA_WITH_DES_CBC_SHA",
    0x0017: "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5",
    0x0018: "TLS_DH_anon_WITH_RC4_128_MD5",
    0x0019: "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA",
    0x001A: "TLS_DH_anon_WITH_DES_CBC_SHA",
    0x001B: "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA",
    0x0034: "TLS_DH_anon_WITH_AES_128_CBC_SHA",
    0x003A: "TLS_DH_anon_WITH_AES_256_CBC_SHA",
    0x003B: "TLS_RSA_WITH_NULL_SHA256",
    0x006C: "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
    0x006D: "TLS_DH_anon_WITH_AES_256_CBC_SHA256",
    0x00A6: "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
    0x00A7: "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
    0xC001: "TLS_ECDH_ECDSA_WITH_NULL_SHA",
    0xC002: "TLS_ECDH_ECDSA_WITH_RC4_128_SHA",
    0xC006: "TLS_ECDHE_ECDSA_WITH_NULL_SHA",
    0xC007: "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    0xC00B: "TLS_ECDH_RSA_WITH_NULL_SHA",
    0xC00C: "TLS_ECDH_RSA_WITH_RC4_128_SHA",
    0xC010: "TLS_ECDHE_RSA_WITH_NULL_SHA",
    0xC011: "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    0xC015: "TLS_ECDH_anon_WITH_NULL_SHA",
    0xC016: "TLS_ECDH_anon_WITH_RC4_128_SHA",
    0xC017: "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA",
    0xC018: "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
    0xC019: "TLS_ECDH_anon_WITH_AES_256_CBC_SHA",
}
_TRIPLE_DES: Final = {
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x000D: "TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA",
    0x0010: "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0013: "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    0x0016: "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0xC003: "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0xC008: "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0xC00D: "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA",
    0xC012: "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
}
_OLD: Final = {
    0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    0x0038: "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
    0x0032: "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x0041: "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
    0x0084: "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
    **_TRIPLE_DES,
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
}


class HelloError(Exception):
    """The answer is no TLS that follows from what was offered."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One set of parameters to ask for. ``suites`` are in order of preference."""

    name: str
    version: int
    suites: tuple[int, ...]


OFFERS: Final = (
    Offer("sslv3", 0x0300, (*_OLD, 0x0009, 0x0015)),
    Offer("tls1.0-1.1", 0x0302, (*_OLD,)),
    Offer("broken-suites", 0x0303, tuple(suite for suite in _BROKEN if suite)),
    Offer("3des", 0x0303, (*_TRIPLE_DES,)),
)
"""What is asked for, in this order. None of them offers TLS 1.3."""


def suite_name(suite: int) -> str:
    """Return the registered name of a suite of ours, else its number."""
    return _BROKEN.get(suite) or _OLD.get(suite) or f"0x{suite:04X}"


def client_hello(offer: Offer, *, server_name: str, random: bytes) -> bytes:
    """Return one record holding a ClientHello (RFC 5246 section 7.4.1.2).

    ``random`` is 32 bytes. SSL 3.0 is asked without extensions; a name that is an address, or
    no name, is not sent (RFC 6066 section 3). Raises ``ValueError`` for a random that is not.
    """
    if len(random) != 32:
        raise ValueError("the random of a hello has 32 bytes")
    suites = b"".join(suite.to_bytes(2, "big") for suite in (*offer.suites, _EMPTY_RENEGOTIATION))
    body = offer.version.to_bytes(2, "big") + random + b"\0" + _sized(suites, 2) + b"\x01\x00"
    if offer.version > 0x0300:
        body += _sized(_extensions(offer, server_name), 2)
    # Records begin at the oldest version offered (RFC 5246 appendix E.1).
    layer = min(offer.version, 0x0301).to_bytes(2, "big")
    return bytes([_HANDSHAKE]) + layer + _sized(b"\x01" + _sized(body, 3), 2)


def _extensions(offer: Offer, server_name: str) -> bytes:
    parts = [_server_name(server_name)]
    # x25519, secp256r1, secp384r1, secp521r1; uncompressed points
    parts.append(_extension(10, _sized(bytes.fromhex("001d001700180019"), 2)))
    parts.append(_extension(11, _sized(b"\x00", 1)))
    if offer.version >= 0x0303:
        # RSA (PKCS 1, PSS), ECDSA and DSA with SHA-2, then SHA-1 for the old
        schemes = "0401050106010804080508060403050306030402020102030202"
        parts.append(_extension(13, _sized(bytes.fromhex(schemes), 2)))
    return b"".join(parts)


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


class HelloReader:
    """Reads the server's first answer to one offer, however it is cut into records."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._buffer = bytearray()
        self._handshake = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> TlsOffer | None:
        """Take bytes; return the answer once it is known.

        A refusal by alert is an answer. Raises ``HelloError`` for bytes that are no TLS, for a
        choice that was not offered, and for more than ``MOST_ANSWER`` bytes.
        """
        self._size += len(data)
        if self._size > MOST_ANSWER:
            raise HelloError("too long an answer to a hello")
        self._buffer += data
        while (record := self._next_record()) is not None:
            kind, body = record
            if body == _UNKNOWN_NAME:
                continue
            if kind == _ALERT:
                return self._refusal(body)
            self._handshake += body
            if (answer := self._choice()) is not None:
                return answer
        return None

    def _next_record(self) -> tuple[int, bytes] | None:
        head = self._buffer[:5]
        if head and head[0] not in {_ALERT, _HANDSHAKE}:
            raise HelloError("the answer is no TLS record")
        if len(head) > 1 and head[1] != 3:
            raise HelloError("the answer is of no known version")
        if len(head) < 5:
            return None
        length = int.from_bytes(head[3:5], "big")
        if not 0 < length <= _MOST_RECORD:
            raise HelloError("a record of forbidden length")
        if len(self._buffer) < 5 + length:
            return None
        body = bytes(self._buffer[5 : 5 + length])
        del self._buffer[: 5 + length]
        return head[0], body

    def _refusal(self, body: bytes) -> TlsOffer:
        number = body[1] if len(body) >= 2 else -1
        reason = _ALERTS.get(number, f"number {number}" if number >= 0 else "cut short")
        return TlsOffer(offer=self._offer.name, accepted=False, selected=f"alert: {reason}")

    def _choice(self) -> TlsOffer | None:
        message = self._handshake
        if message and message[0] != _SERVER_HELLO:
            raise HelloError("the answer begins with another message than ServerHello")
        # type, length, version, random, then a session id before the suite
        if len(message) < 39:
            return None
        if int.from_bytes(message[1:4], "big") < 38 or message[38] > 32:
            raise HelloError("a ServerHello of impossible shape")
        suite_at = 39 + message[38]
        if len(message) < suite_at + 2:
            return None
        version = int.from_bytes(message[4:6], "big")
        suite = int.from_bytes(message[suite_at : suite_at + 2], "big")
        return self._accepted(version, suite)

    def _accepted(self, version: int, suite: int) -> TlsOffer:
        if version > self._offer.version or version not in _VERSIONS:
            raise HelloError("the server chose a version that was not offered")
        if suite not in self._offer.suites:
            raise HelloError("the server chose a suite that was not offered")
        return TlsOffer(
            offer=self._offer.name,
            accepted=True,
            version=_VERSIONS[version],
            selected=suite_name(suite),
        )
