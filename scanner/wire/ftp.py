"""FTP on bytes: replies in, commands out (RFC 959, 2389, 2428). No I/O."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from scanner.model.frozen import dataclass
from scanner.model.observation import Reply
from scanner.model.text import neutralise

MOST_LINE = 4096
"""Bytes of one line that are kept; the rest of a longer line is dropped."""
MOST_REPLY = 65_536
"""Bytes of one reply."""
MOST_LINES = 512
"""Lines of one reply."""
SHOWN_LINES = 8
SHOWN_CHARACTERS = 200
MOST_FEATURES = 128

_FIRST_LINE = re.compile(rb"([1-6][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_BEGINNING = re.compile(rb"[\r\n]*(?:$|[1-6](?:$|[0-9](?:$|[0-9](?:$|[ \r\n-]))))")
_PASV_ADDRESS = re.compile(rb"(?<![0-9])([0-9]{1,3}(?:[ ]?,[ ]?[0-9]{1,3}){5})(?![0-9])")
_EPSV_PORT = re.compile(
    rb"\(([\x21-\x2f\x3a-\x7e])(?:[0-9]{0,3})\1([0-9A-Fa-f:.]{0,45})\1([0-9]{1,5})\1\)"
)
_VERB = re.compile(r"[A-Z]{3,4}")
_FORBIDDEN = re.compile(rb"[\r\n\0]")


class ReplyError(Exception):
    """The server's bytes are no usable FTP reply."""


class MalformedReply(ReplyError):  # noqa: N818 - says what came
    """The bytes are not what RFC 959 section 4.2 or the command's own rules allow.

    ``seen`` is where they begin to be something else, at most 256 bytes of it.
    """

    def __init__(self, message: str, seen: bytes = b"") -> None:
        super().__init__(message)
        self.seen = seen[:256]


class ReplyTooLong(ReplyError):  # noqa: N818 - says what came
    """A reply that outgrew ``MOST_REPLY`` bytes or ``MOST_LINES`` lines."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A whole reply: its code and the bytes of its lines, the code cut off where it stood."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def shown(self) -> Reply:
        """The same, neutralised and bounded: of many lines the first ones and the last."""
        lines = self.lines
        if len(lines) > SHOWN_LINES:
            lines = (*lines[: SHOWN_LINES - 1], lines[-1])
        return Reply(self.code, tuple(neutralise(line, SHOWN_CHARACTERS) for line in lines))

    @property
    def text(self) -> bytes:
        """All lines as one, for a parser that looks for an address or a path."""
        return b"\n".join(self.lines)


class ReplyReader:
    """Takes bytes as they come, gives replies one at a time.

    Lines end with LF, with or without a CR before it. A reply of several lines ends with the
    first line that begins with its own code and a space, or that is its own code alone.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._code = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def buffered(self) -> bytes:
        """Bytes received and not yet part of a reply that was given out."""
        return b"".join(line + b"\n" for line in self._lines) + bytes(self._buffer)

    @property
    def is_empty(self) -> bool:
        """Whether every byte was given out."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> None:
        """Take bytes of the control connection."""
        self._buffer += data

    def next_reply(self) -> RawReply | None:
        """Return the next whole reply, or ``None`` while it is incomplete.

        Raises ``MalformedReply`` or ``ReplyTooLong``; the connection is then of no more use.
        """
        while self._buffer and (line := self._next_line()) is not None:
            reply = self._take(line)
            if reply is not None:
                return reply
        if self._buffer and not self._lines and not _BEGINNING.match(self._buffer):
            raise _no_reply(bytes(self._buffer))
        return None

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._shorten()
            return None
        line = bytes(self._buffer[: min(end, MOST_LINE)])
        self._count(end + 1)
        del self._buffer[: end + 1]
        self._scanned = 0
        return line.removesuffix(b"\r")

    def _shorten(self) -> None:
        surplus = len(self._buffer) - MOST_LINE
        if surplus > 0:
            self._count(surplus)
            del self._buffer[MOST_LINE:]
        self._scanned = len(self._buffer)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > MOST_REPLY:
            raise ReplyTooLong(f"more than {MOST_REPLY} bytes in one reply")

    def _take(self, line: bytes) -> RawReply | None:
        if not self._lines:
            return self._begin(line)
        if len(self._lines) >= MOST_LINES:
            raise ReplyTooLong(f"more than {MOST_LINES} lines in one reply")
        if line == self._code or line.startswith(self._code + b" "):
            self._lines.append(line[4:])
            return self._finish()
        self._lines.append(line[4:] if line.startswith(self._code + b"-") else line)
        return None

    def _begin(self, line: bytes) -> RawReply | None:
        if not line:
            return None  # an empty line between replies says nothing
        found = _FIRST_LINE.fullmatch(line)
        if found is None:
            raise _no_reply(line)
        self._code = found[1]
        self._lines.append(found[3] or b"")
        return None if found[2] == b"-" else self._finish()

    def _finish(self) -> RawReply:
        reply = RawReply(int(self._code), tuple(self._lines))
        self._code = b""
        self._lines = []
        self._size = 0
        return reply


def _no_reply(seen: bytes) -> MalformedReply:
    return MalformedReply(f"not a reply: {neutralise(seen[:60], 60)}", seen)


def encode_command(verb: str, argument: bytes = b"", *, double_iac: bool = False) -> bytes:
    """Return one command line with its CRLF.

    ``double_iac`` sends 0xFF twice, as servers that read Telnet (RFC 854) want it. Raises
    ``ValueError`` for a verb that is none, or an argument holding CR, LF or NUL.
    """
    if not _VERB.fullmatch(verb):
        raise ValueError(f"not an FTP verb: {verb!r}")
    if _FORBIDDEN.search(argument):
        raise ValueError("an FTP argument holds no CR, LF or NUL")
    if double_iac:
        argument = argument.replace(b"\xff", b"\xff\xff")
    return verb.encode("ascii") + (b" " + argument if argument else b"") + b"\r\n"


def parse_features(reply: RawReply) -> tuple[str, ...]:
    """Return the features of a 211 reply to FEAT (RFC 2389 section 3.2), neutralised.

    Without a feature line the result is empty; at most ``MOST_FEATURES`` are kept.
    """
    inner = reply.lines[1:-1]
    shown = (neutralise(line.strip(), SHOWN_CHARACTERS) for line in inner[:MOST_FEATURES])
    return tuple(feature for feature in shown if feature)


def has_feature(features: tuple[str, ...], name: str) -> bool:
    """Whether FEAT named ``name`` (``MLST``, ``AUTH``), in whatever case."""
    return any(feature.split(maxsplit=1)[0].upper() == name for feature in features)


def announces_tls(features: tuple[str, ...]) -> bool:
    """Whether FEAT told of AUTH TLS or SSL (RFC 4217 section 6)."""
    for feature in features:
        words = re.split(r"[ ;,/-]+", feature.upper())
        if words[0] == "AUTH" and {"TLS", "SSL"} & set(words[1:]):
            return True
    return False


def parse_directory(reply: RawReply) -> bytes:
    """Return the quoted path of a 257 reply (RFC 959, appendix II), doubled quotes undone.

    Raises ``MalformedReply`` where there is no absolute path without CR, LF and NUL.
    """
    text = reply.lines[0]
    found = re.match(rb'[^"]*"((?:[^"]|"")*)"', text)
    path = found[1].replace(b'""', b'"') if found else b""
    if not path.startswith(b"/") or _FORBIDDEN.search(path):
        raise MalformedReply(f"no path in {neutralise(text, 60)}")
    return path


def parse_passive(reply: RawReply) -> tuple[IPv4Address, int]:
    """Return address and port of a 227 reply (RFC 959 section 4.1.2), whatever is around them.

    Raises ``MalformedReply`` where there are none, or the port is 0.
    """
    found = _PASV_ADDRESS.search(reply.text)
    numbers = [int(part) for part in found[1].split(b",")] if found else []
    if len(numbers) != 6 or max(numbers) > 255:
        raise MalformedReply(f"no address in {neutralise(reply.text, 60)}")
    port = numbers[4] * 256 + numbers[5]
    if port == 0:
        raise MalformedReply("port 0 announced")
    return IPv4Address(bytes(numbers[:4])), port


def parse_extended_passive(reply: RawReply) -> tuple[str, int]:
    """Return address and port of a 229 reply (RFC 2428 section 3).

    The address is to be empty, for it is the peer's; where a server names one, it is returned
    as it stands. Raises ``MalformedReply`` where there is no port between 1 and 65535.
    """
    found = _EPSV_PORT.search(reply.text)
    port = int(found[3]) if found else 0
    if found is None or not 0 < port < 65_536:
        raise MalformedReply(f"no port in {neutralise(reply.text, 60)}")
    return found[2].decode("ascii"), port
