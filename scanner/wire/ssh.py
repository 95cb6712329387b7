"""The first words of SSH: identification lines and KEXINIT, read from hostile bytes (RFC 4253)."""

from __future__ import annotations

import re
from functools import lru_cache

from scanner.model.frozen import dataclass
from scanner.model.late import late
from scanner.model.ssh import KexInit
from scanner.model.text import neutralise

OWN_IDENTIFICATION = "TransferExposureScanner"
"""Our software version, after ``SSH-2.0-``."""

LARGEST_PACKET = 35_000
"""Bytes of a packet that every implementation takes (RFC 4253 section 6.1)."""

_LONGEST_LINE = 4_096
_MOST_LINES_BEFORE = 64
_MOST_OTHER_PACKETS = 16
_MOST_NAMES = 512
_LONGEST_NAME = 80
_COOKIE_ENDS = 17
"""Behind a KEXINIT's number and 16 random bytes: all that differs between servers set up alike."""
_LONGEST_REMEMBERED = 4_096
"""Bytes of offers that are read once for all servers that send the same."""
_IDENTIFICATION = late(rb"SSH-([0-9]+\.[0-9]+)-(.*)", re.DOTALL)
THROTTLED = ("exceeded maxstartups", "not allowed at this time", "too many connections")
"""What servers say that turn connections away, in small letters."""

_FOREIGN = (
    (late(rb"HTTP/\d|<!doctype|<html", re.IGNORECASE), "HTTP"),
    (late(rb"\d{3}[ -].*(ftp|filezilla)", re.IGNORECASE), "FTP"),
    (late(rb"\d{3}[ -].*(smtp|mail)", re.IGNORECASE), "SMTP"),
    (late(rb"\d{3}[ -]"), "a service with numbered replies"),
    (late(rb"\+OK|\* OK"), "a mail service"),
    (late(rb"[\x15\x16]\x03[\x00-\x04]"), "TLS"),
)


class SshSyntaxError(ValueError):
    """The bytes are not what RFC 4251 to 4253 allow, or exceed a bound."""


@dataclass(frozen=True, slots=True)
class Identification:
    """An identification line (RFC 4253 section 4.2). All text is neutralised.

    ``before`` holds the lines that came ahead of it.
    """

    protocol: str
    line: str
    before: tuple[str, ...] = ()

    @property
    def speaks_version_2(self) -> bool:
        """Whether SSH 2 is spoken: 1.99 announces both versions (RFC 4253 section 5.1)."""
        return self.protocol in {"2.0", "1.99"}


class IdentificationReader:
    """Collects bytes until the identification line is there: ``line``, as it was sent."""

    def __init__(self) -> None:
        self.line = b""
        self._held = b""
        self._before: list[bytes] = []

    def feed(self, data: bytes) -> Identification | None:
        """Take bytes; return the identification once it is whole.

        Raises ``SshSyntaxError`` when lines are too long or too many come before it.
        """
        self._held += data
        while (end := self._held.find(b"\n")) >= 0:
            line, self._held = self._held[:end].removesuffix(b"\r"), self._held[end + 1 :]
            _bounded(len(line) <= _LONGEST_LINE, "a line is too long")
            if line.startswith(b"SSH-"):
                self.line = line
                return self._identified(line)
            self._before.append(line)
            _bounded(len(self._before) <= _MOST_LINES_BEFORE, "too many lines come first")
        _bounded(len(self._held) <= _LONGEST_LINE, "a line is too long")
        return None

    def rest(self) -> bytes:
        """Return the bytes that came after the identification."""
        return self._held

    @property
    def empty(self) -> bool:
        """Whether nothing at all was received."""
        return not self._held and not self._before

    def foreign_service(self) -> str:
        """Name the other protocol that the bytes so far belong to, or return an empty string."""
        for line in self._lines():
            for pattern, service in _FOREIGN:
                if pattern.match(line):
                    return service
        return ""

    def throttled(self) -> str:
        """Return the line that says that the server turns connections away, if any."""
        for line in self._lines():
            if any(words.encode() in line.lower() for words in THROTTLED):
                return neutralise(line, 120)
        return ""

    def _lines(self) -> list[bytes]:
        return [*self._before, self._held] if self._held else self._before

    def _identified(self, line: bytes) -> Identification:
        found = _IDENTIFICATION.fullmatch(line)
        if found is None:
            raise SshSyntaxError("the identification line names no version")
        before = tuple(neutralise(each, 120) for each in self._before)
        return Identification(neutralise(found[1], 20), neutralise(line, 255), before)


@dataclass(frozen=True, slots=True)
class Disconnect:
    """SSH_MSG_DISCONNECT (RFC 4253 section 11.1). The text is neutralised."""

    code: int
    text: str


class KexInitReader:
    """Collects bytes until the server's first KEXINIT, or its DISCONNECT, is there.

    ``payload`` is the KEXINIT as it was sent, ``packets`` counts what came, it included.
    """

    def __init__(self, held: bytes = b"") -> None:
        self.payload = b""
        self.packets = 0
        self._held = held
        self._others = 0

    def feed(self, data: bytes) -> KexInit | Disconnect | None:
        """Take bytes of unencrypted packets (RFC 4253 section 6).

        Raises ``SshSyntaxError``. IGNORE, DEBUG and UNIMPLEMENTED are passed over, a few times.
        """
        self._held += data
        while (payload := self._packet()) is not None:
            self.packets += 1
            if payload[:1] == b"\x14":
                self.payload = payload
                return read_kexinit(payload)
            if payload[:1] == b"\x01":
                return read_disconnect(payload)
            self._others += 1
            harmless = payload[:1] in {b"\x02", b"\x03", b"\x04"}
            _bounded(
                harmless and self._others <= _MOST_OTHER_PACKETS, "another message comes first"
            )
        return None

    def rest(self) -> bytes:
        """Return the bytes that came after the KEXINIT."""
        return self._held

    def _packet(self) -> bytes | None:
        if len(self._held) < 5:
            return None
        length, padding = int.from_bytes(self._held[:4], "big"), self._held[4]
        _bounded(2 <= length <= LARGEST_PACKET, "the packet length is out of bounds")
        _bounded(padding < length - 1, "the padding is longer than its packet")
        if len(self._held) < 4 + length:
            return None
        payload, self._held = self._held[5 : 4 + length - padding], self._held[4 + length :]
        return payload


def read_kexinit(payload: bytes) -> KexInit:
    """Parse the payload of SSH_MSG_KEXINIT (RFC 4253 section 7.1); names are neutralised.

    ``_in`` lists are for what goes into the server, ``_out`` for what comes out of it.
    Raises ``SshSyntaxError``.
    """
    _bounded(payload[:1] == b"\x14", "this is no KEXINIT")
    _bounded(len(payload) >= _COOKIE_ENDS, "the message is cut short")
    offers = payload[_COOKIE_ENDS:]
    return _known_offers(offers) if len(offers) <= _LONGEST_REMEMBERED else _offers(offers)


def _offers(lists: bytes) -> KexInit:
    fields = Fields(lists)
    kex, host_key, c_in, c_out, m_in, m_out, z_in, z_out, _, _ = (
        fields.name_list() for _ in range(10)
    )
    guesses = fields.take(1) != b"\0"
    fields.take(4)
    return KexInit(
        kex=kex,
        host_key=host_key,
        ciphers_in=c_in,
        ciphers_out=c_out,
        macs_in=m_in,
        macs_out=m_out,
        compression_in=z_in,
        compression_out=z_out,
        guesses=guesses,
    )


_known_offers = lru_cache(maxsize=64)(_offers)


def read_disconnect(payload: bytes) -> Disconnect:
    """Parse the payload of SSH_MSG_DISCONNECT. Raises ``SshSyntaxError``."""
    fields = Fields(payload[1:])
    return Disconnect(fields.uint32(), neutralise(fields.string(), 120))


class Fields:
    """Reads the data types of RFC 4251 section 5. Raises ``SshSyntaxError`` past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        start = self._at
        end = start + count
        if end > len(self._data):
            raise SshSyntaxError("the message is cut short")
        self._at = end
        return self._data[start:end]

    def uint32(self) -> int:
        """Return a 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def uint64(self) -> int:
        """Return a 64-bit number."""
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        """Return a string."""
        return self.take(self.uint32())

    def name_list(self) -> tuple[str, ...]:
        """Return a name-list, each name neutralised."""
        names = self.string().split(b",")
        _bounded(len(names) <= _MOST_NAMES, "a name-list is too long")
        return tuple(_name(name[: 4 * _LONGEST_NAME + 4]) for name in names if name)


@lru_cache(maxsize=1_024)
def _name(name: bytes) -> str:
    """Return a name, neutralised: a fleet has few of them, so each is made and kept once."""
    return neutralise(name, _LONGEST_NAME)


def _bounded(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a guard
    if not condition:
        raise SshSyntaxError(otherwise)
