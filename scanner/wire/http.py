"""HTTP/1.1 messages as bytes come in (RFC 9112), bounded: what a drill needs of it, no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_HEAD = 16_384
MOST_BODY = 262_144

_END = b"\r\n\r\n"
_METHOD = re.compile(rb"[A-Z]{1,16}")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_LENGTH = re.compile(rb"[0-9]{1,12}")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_MOST_SIZE_LINE = 1_024


class HttpSyntaxError(ValueError):
    """What came is no request that is understood here. ``status`` is how to answer it."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. Names of ``headers`` are in lower case."""

    method: str
    target: bytes
    headers: Mapping[str, bytes]
    body: bytes


class RequestReader:
    """Reads one request. Holds at most a head and a body, whatever comes."""

    def __init__(self, *, most_body: int = MOST_BODY) -> None:
        self._most = most_body
        self._buffer = bytearray()
        self._head: tuple[str, bytes, Mapping[str, bytes]] | None = None
        self._length: int | None = None  # None: in chunks
        self._chunk: int | None = None
        self._body = bytearray()

    @property
    def waits_for_leave(self) -> bool:
        """Whether the sender waits to be told to go on (RFC 9110 section 10.1.1)."""
        if self._head is None or self._buffer or self._body:
            return False
        return self._head[2].get("expect", b"").lower() == b"100-continue"

    def feed(self, data: bytes) -> Request | None:
        """Take what came; return the request once it is whole.

        Raises ``HttpSyntaxError``, after which the reader is of no more use.
        """
        self._buffer += data
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        if self._length is not None:
            if len(self._buffer) < self._length:
                return None
            return Request(*self._head, bytes(self._buffer[: self._length]))
        return Request(*self._head, bytes(self._body)) if self._read_chunks() else None

    def _read_head(self) -> bool:
        end = self._buffer.find(_END, 0, MOST_HEAD)
        if end < 0:
            if len(self._buffer) >= MOST_HEAD:
                raise HttpSyntaxError(431, "the head is too long")
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + len(_END)]
        words = first.split(b" ")
        if len(words) != 3 or not _METHOD.fullmatch(words[0]) or words[2][:7] != b"HTTP/1.":
            raise HttpSyntaxError(400, "no request of HTTP/1")
        headers = _headers(lines)
        self._head = (words[0].decode("ascii"), words[1], headers)
        self._length = self._framing(headers)
        return True

    def _framing(self, headers: Mapping[str, bytes]) -> int | None:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise HttpSyntaxError(400, "a framing that is not understood")
            return None
        if length is None:
            return 0
        if not _LENGTH.fullmatch(length):
            raise HttpSyntaxError(400, "no length")
        if int(length) > self._most:
            raise HttpSyntaxError(413, "the body is too long")
        return int(length)

    def _read_chunks(self) -> bool:
        """Take whole chunks; return whether the last one came. Trailers are not waited for."""
        while True:
            if self._chunk is None and not self._read_size():
                return False
            if self._chunk == 0:
                return True
            assert self._chunk is not None
            if len(self._buffer) < self._chunk + 2:
                return False
            self._body += self._buffer[: self._chunk]
            if self._buffer[self._chunk : self._chunk + 2] != b"\r\n":
                raise HttpSyntaxError(400, "a chunk that does not end")
            del self._buffer[: self._chunk + 2]
            self._chunk = None

    def _read_size(self) -> bool:
        end = self._buffer.find(b"\r\n", 0, _MOST_SIZE_LINE)
        if end < 0:
            if len(self._buffer) >= _MOST_SIZE_LINE:
                raise HttpSyntaxError(400, "a chunk without a size")
            return False
        size = _SIZE.fullmatch(bytes(self._buffer[:end]))
        if size is None:
            raise HttpSyntaxError(400, "a chunk without a size")
        self._chunk = int(size[1], 16)
        if len(self._body) + self._chunk > self._most:
            raise HttpSyntaxError(413, "the body is too long")
        del self._buffer[: end + 2]
        return True


def _headers(lines: list[bytes]) -> dict[str, bytes]:
    """Return the fields of a head; of those that come twice, joined with a comma."""
    found: dict[str, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise HttpSyntaxError(400, "a header line that is none")
        key = name.decode("ascii").lower()
        value = value.strip(b" \t")
        found[key] = found[key] + b", " + value if key in found else value
    return found


def status_of(head: bytes) -> int | None:
    """Return the status code that an answer begins with; ``None`` where it is no answer."""
    match = _STATUS.fullmatch(head.partition(b"\r\n")[0])
    return int(match[1]) if match else None


def body_of(answer: bytes) -> bytes:
    """Return what follows the head of a whole answer of HTTP/1.0."""
    return answer.partition(_END)[2]
