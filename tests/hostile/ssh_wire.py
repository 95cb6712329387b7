"""SSH messages as a server writes them, right or wrong (RFC 4251 to 4254)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IDENTIFICATION: Final = b"SSH-2.0-Hostile_1.0"

DISCONNECT: Final = 1
IGNORE: Final = 2
DEBUG: Final = 4
SERVICE_REQUEST: Final = 5
SERVICE_ACCEPT: Final = 6
EXT_INFO: Final = 7
KEXINIT: Final = 20
NEWKEYS: Final = 21
KEX_INIT: Final = 30
KEX_REPLY: Final = 31
GROUP: Final = 31
GROUP_INIT: Final = 32
GROUP_REPLY: Final = 33
GROUP_REQUEST: Final = 34
USERAUTH_REQUEST: Final = 50
USERAUTH_FAILURE: Final = 51
USERAUTH_SUCCESS: Final = 52
USERAUTH_BANNER: Final = 53
USERAUTH_INFO_REQUEST: Final = 60
GLOBAL_REQUEST: Final = 80
REQUEST_FAILURE: Final = 82
CHANNEL_OPEN: Final = 90
CHANNEL_CONFIRMATION: Final = 91
CHANNEL_ADJUST: Final = 93
CHANNEL_DATA: Final = 94
CHANNEL_EOF: Final = 96
CHANNEL_CLOSE: Final = 97
CHANNEL_REQUEST: Final = 98
CHANNEL_SUCCESS: Final = 99


def u32(number: int) -> bytes:
    """Return a 32-bit number."""
    return number.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    """Return a string."""
    return u32(len(data)) + data


def mpint(number: int) -> bytes:
    """Return a number of any size and sign."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return string(number.to_bytes(size, "big", signed=True) if number else b"")


def message(number: int, *parts: bytes) -> bytes:
    """Return the payload of a message."""
    return bytes([number]) + b"".join(parts)


def packet(payload: bytes, block: int = 8) -> bytes:
    """Return an unencrypted packet (RFC 4253 section 6), padded to ``block``."""
    padding = block - (len(payload) + 5) % block
    padding += block if padding < 4 else 0
    return u32(len(payload) + padding + 1) + bytes([padding]) + payload + bytes(padding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The name-lists of a KEXINIT, one algorithm each (of two names) unless it is told."""

    kex: bytes = b"curve25519-sha256,curve25519-sha256@libssh.org"
    host_key: bytes = b"ssh-ed25519"
    cipher: bytes = b"aes128-ctr"
    mac: bytes = b"hmac-sha2-256"
    compression: bytes = b"none"
    guesses: bool = False

    @property
    def payload(self) -> bytes:
        """SSH_MSG_KEXINIT (RFC 4253 section 7.1)."""
        both = (self.cipher, self.mac, self.compression)
        lists = [self.kex, self.host_key, *(each for each in both for _ in range(2)), b"", b""]
        return message(KEXINIT, bytes(16), *map(string, lists), bytes([self.guesses]), bytes(4))


POLITE: Final = Offers()


def disconnect(text: bytes, code: int = 2) -> bytes:
    """Return SSH_MSG_DISCONNECT (RFC 4253 section 11.1)."""
    return message(DISCONNECT, u32(code), string(text), string(b""))


class Reader:
    """Reads what a client sent, which is taken to be in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def u32(self) -> int:
        """Return a 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return a string."""
        return self.take(self.u32())
