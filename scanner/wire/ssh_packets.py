"""The packets of one SSH connection, both ways (RFC 4253 section 6)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_ciphers import Clear, Sealing

_LEAST_PADDING = 4
_SEQUENCES = 2**32


class Message(IntEnum):
    """Message numbers (RFC 4250 section 4.1.2, RFC 8308, RFC 4256)."""

    DISCONNECT = 1
    IGNORE = 2
    UNIMPLEMENTED = 3
    DEBUG = 4
    SERVICE_REQUEST = 5
    SERVICE_ACCEPT = 6
    EXT_INFO = 7
    KEXINIT = 20
    NEWKEYS = 21
    KEX_INIT = 30
    KEX_REPLY = 31
    GEX_INIT = 32
    GEX_REPLY = 33
    GEX_REQUEST = 34
    USERAUTH_REQUEST = 50
    USERAUTH_FAILURE = 51
    USERAUTH_SUCCESS = 52
    USERAUTH_BANNER = 53
    USERAUTH_INFO_REQUEST = 60
    USERAUTH_PK_OK = 60  # one number, two methods (RFC 4252 section 6)


class Packets:
    """Turns payloads into bytes and bytes into payloads. ``random`` gives so many random bytes.

    ``packets_in`` have come before, in clear.
    """

    def __init__(self, random: Callable[[int], bytes], *, packets_in: int = 0) -> None:
        self._random = random
        self._held = bytearray()
        self._in: Sealing = Clear()
        self._out: Sealing = Clear()
        self._in_sequence = packets_in
        self._out_sequence = 0

    def feed(self, data: bytes) -> None:
        """Take what came from the server."""
        self._held += data

    def next(self) -> bytes | None:
        """Return the next payload, or ``None`` until it is whole.

        Raises ``SshSyntaxError`` where a length is out of bounds or a packet was tampered with.
        """
        size = self._in.size(bytes(self._held[:16]), self._in_sequence)
        if size is None or len(self._held) < size:
            return None
        body = self._in.open(bytes(self._held[:size]), self._in_sequence)
        del self._held[:size]
        self._in_sequence = (self._in_sequence + 1) % _SEQUENCES
        padding = body[0]
        if padding > len(body) - 2:
            raise SshSyntaxError("the padding is longer than its packet")
        return body[1 : len(body) - padding]

    def pack(self, payload: bytes) -> bytes:
        """Return the packet of ``payload``."""
        taken = len(payload) + 1 + (4 if self._out.counted else 0)
        padding = -taken % self._out.block
        if padding < _LEAST_PADDING:
            padding += self._out.block
        body = bytes([padding]) + payload + self._random(padding)
        packet = self._out.seal(body, self._out_sequence)
        self._out_sequence = (self._out_sequence + 1) % _SEQUENCES
        return packet

    def seal_out(self, sealing: Sealing, *, strict: bool) -> None:
        """Take new keys into use for what goes out: right behind our NEWKEYS.

        ``strict`` begins to count anew (strict key exchange of OpenSSH).
        """
        self._out = sealing
        self._out_sequence = 0 if strict else self._out_sequence

    def seal_in(self, sealing: Sealing, *, strict: bool) -> None:
        """Take new keys into use for what comes in: right behind the server's NEWKEYS."""
        self._in = sealing
        self._in_sequence = 0 if strict else self._in_sequence
