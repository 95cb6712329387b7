"""Handshake messages of a TLS server, written byte by byte: what no server here can be made to say."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.wire.tls_hello import SSL_3_0, TLS_1_2, TLS_1_3

RANDOM = bytes(range(32))
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
REFUSAL = b"\x15\x03\x03\x00\x02\x02\x28"
DONE = b"\x0e\x00\x00\x00"


def sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def record(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + sized(body, 2)


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + sized(body, 3)


def extension(number: int, data: bytes) -> bytes:
    return number.to_bytes(2, "big") + sized(data, 2)


RENEGOTIATION = extension(0xFF01, b"\x00")


def server_hello(
    version: int,
    suite: int,
    *,
    session: bytes = b"",
    compression: int = 0,
    extensions: bytes | None = None,
    random: bytes = RANDOM,
) -> bytes:
    body = version.to_bytes(2, "big") + random + sized(session, 1)
    body += suite.to_bytes(2, "big") + bytes([compression])
    return message(2, body if extensions is None else body + sized(extensions, 2))


def retry(suite: int, group: int) -> bytes:
    extensions = extension(43, TLS_1_3.to_bytes(2, "big"))
    extensions += extension(51, group.to_bytes(2, "big"))
    return server_hello(TLS_1_2, suite, extensions=extensions, random=RETRY)


def certificate(*ders: bytes) -> bytes:
    return message(11, sized(b"".join(sized(der, 3) for der in ders), 3))


def named_curve(group: int) -> bytes:
    return message(12, b"\x03" + group.to_bytes(2, "big") + sized(b"\x04" + bytes(64), 1))


def dh_prime(bits: int) -> bytes:
    prime = (1 << (bits - 1) | 1).to_bytes((bits + 7) // 8, "big")
    return message(12, sized(prime, 2) + sized(b"\x02", 2) + sized(prime, 2))


def certificate_request() -> bytes:
    return message(13, b"\x01\x01" + sized(b"\x04\x01", 2) + sized(b"", 2))


@dataclass(frozen=True, slots=True)
class Offered:
    """What a ClientHello offers, read independently of what wrote it."""

    version: int
    suites: tuple[int, ...]
    compressions: bytes
    extensions: dict[int, bytes] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        listed = self.extensions.get(43, b"")
        return TLS_1_3 if TLS_1_3.to_bytes(2, "big") in listed else self.version

    @property
    def groups(self) -> tuple[int, ...]:
        return pairs(self.extensions.get(10, b"\0\0")[2:])


def pairs(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


def read_hello(data: bytes) -> Offered:
    """Read one record with a ClientHello; asserts that every length in it agrees."""
    assert data[0] == 22
    assert int.from_bytes(data[3:5], "big") == len(data) - 5
    assert data[5] == 1
    assert int.from_bytes(data[6:9], "big") == len(data) - 9
    body = data[9:]
    version, at = int.from_bytes(body[:2], "big"), 34
    at += 1 + body[at]
    size = int.from_bytes(body[at : at + 2], "big")
    suites, at = pairs(body[at + 2 : at + 2 + size]), at + 2 + size
    compressions, at = body[at + 1 : at + 1 + body[at]], at + 1 + body[at]
    extensions: dict[int, bytes] = {}
    if at < len(body):
        assert int.from_bytes(body[at : at + 2], "big") == len(body) - at - 2
        at += 2
    while at < len(body):
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        extensions[int.from_bytes(body[at : at + 2], "big")] = body[at + 4 : at + 4 + size]
        at += 4 + size
    assert at == len(body)
    return Offered(version, suites, compressions, extensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedTls:
    """A TLS server as far as its first flight. ``suites`` by version, ``own_order`` or not."""

    suites: dict[int, tuple[int, ...]]
    groups: tuple[int, ...] = (0x001D, 0x0017)
    prime: int = 2048
    own_order: bool = True

    def answer(self, hello: bytes) -> bytes:
        offered = read_hello(hello)
        spoken = [each for each in self.suites if each <= offered.newest]
        if offered.newest == TLS_1_3 and TLS_1_3 not in self.suites:
            spoken = []
        for version in sorted(spoken, reverse=True)[:1]:
            ours, theirs = self.suites[version], offered.suites
            first, second = (ours, theirs) if self.own_order else (theirs, ours)
            for suite in first:
                if suite in second:
                    return self._flight(version, suite, offered)
        return REFUSAL

    def _flight(self, version: int, suite: int, offered: Offered) -> bytes:
        group = next((each for each in self.groups if each in offered.groups), None)
        if version == TLS_1_3:
            return REFUSAL if group is None else record(22, retry(suite, group))
        named = suite in ECDHE
        if named and group is None:
            return REFUSAL
        messages = server_hello(version, suite) + certificate(b"leaf")
        if named and group is not None:
            messages += named_curve(group)
        elif suite in DHE:
            messages += dh_prime(self.prime)
        layer = b"\x03" + bytes([max(version, SSL_3_0) - SSL_3_0])
        return record(22, messages + DONE, layer)


ECDHE = frozenset({0xC007, 0xC011, 0xC013, 0xC014, 0xC02B, 0xC02F, 0xC030, 0xCCA8, 0xC018})
DHE = frozenset({0x0015, 0x0016, 0x0033, 0x0039, 0x009E, 0x009F, 0x0018, 0x0034})
