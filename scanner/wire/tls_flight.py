"""The server's whole first flight, read across records: what it chose and what it showed.

Up to TLS 1.2 that is ServerHello to ServerHelloDone (RFC 5246 section 7.3); of TLS 1.3 it is the
ServerHello or the HelloRetryRequest, after which all is encrypted (RFC 8446 section 4.1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner.model.frozen import dataclass
from scanner.model.tls_survey import (
    TlsGroup,
)
from scanner.wire.tls_hello import HANDSHAKE, TLS_1_2, TLS_1_3, VERSIONS, Hello
from scanner.wire.tls_messages import (
    ChosenHello,
    HelloError,
    key_exchange_group,
    listed_certificates,
    server_hello,
)

MOST_ANSWER: Final = 65_536
_ALERT: Final = 21
_MOST_RECORD: Final = 16_384 + 2048
_UNKNOWN_NAME: Final = b"\x01\x70"
"""The one warning after which a server goes on (RFC 6066 section 3)."""
_SERVER_HELLO: Final = 2
_CERTIFICATE: Final = 11
_SERVER_KEY_EXCHANGE: Final = 12
_CERTIFICATE_REQUEST: Final = 13
_SERVER_HELLO_DONE: Final = 14
_CERTIFICATE_STATUS: Final = 22
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
    109: "missing extension",
    112: "unrecognised name",
}


INAPPROPRIATE_FALLBACK: Final = "alert: inappropriate fallback"
"""How a server refuses a second try with an older version (RFC 7507)."""
PROTOCOL_VERSION: Final = "alert: protocol version"
"""How a server refuses that knows the version of a hello and does not do it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server takes nothing of the hello; ``detail`` says how it told."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the server chose, and what else its flight has shown so far.

    ``retry`` marks a HelloRetryRequest. ``group`` is that of TLS 1.3's key share, or what
    ServerKeyExchange holds. ``whole`` once the last message of the flight was read.
    """

    version: int
    suite: int
    compression: int = 0
    session: bytes = b""
    secure_renegotiation: bool = False
    retry: bool = False
    group: TlsGroup | None = None
    group_number: int | None = None
    chain: tuple[bytes, ...] | None = None
    client_certificate: bool | None = None
    stapled: bool | None = None
    extended_master_secret: bool = False
    session_ticket: bool = False
    whole: bool = False

    @property
    def leaf(self) -> bytes:
        """The server's own certificate, empty where none was shown."""
        return self.chain[0] if self.chain else b""


Answer = Refused | Taken


class FlightReader:
    """Reads the answer to one hello, however it is cut into records.

    ``answer`` is there once the server has chosen or refused; it fills while more is fed, and
    nothing that follows a choice takes it back: a flight that goes wrong is not ``whole``.
    """

    def __init__(self, hello: Hello) -> None:
        self.answer: Answer | None = None
        self._over = False
        self._hello = hello
        self._buffer = bytearray()
        self._handshake = bytearray()
        self._size = 0

    def is_over(self) -> bool:
        """Whether nothing more can be learnt."""
        return self._over

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes; return the answer as far as it is known.

        A refusal by alert is an answer. Raises ``HelloError`` where no answer was known yet, for
        bytes that are no TLS, for a choice that was not offered, and for an answer without end.
        """
        if self.is_over():
            return self.answer
        self._size += len(data)
        self._buffer += data
        try:
            self._read()
            self._mind_the_size()
        except HelloError:
            self._over = True
            if self.answer is None:
                raise
        return self.answer

    def _mind_the_size(self) -> None:
        if not self.is_over() and self._size > MOST_ANSWER:
            raise HelloError("too long an answer to a hello")

    def closed(self) -> Answer:
        """Return the answer after the server has closed: without any it has refused."""
        self._over = True
        if self.answer is None:
            self.answer = Refused("closed without an alert")
        return self.answer

    def _read(self) -> None:
        while not self.is_over() and (record := self._next_record()) is not None:
            kind, body = record
            if kind == _ALERT:
                if body != _UNKNOWN_NAME:
                    self._alerted(body)
                continue
            self._handshake += body
            while not self.is_over() and (message := self._next_message()) is not None:
                self._take(*message)

    def _next_record(self) -> tuple[int, bytes] | None:
        head = self._buffer[:5]
        if head and head[0] not in {_ALERT, HANDSHAKE}:
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

    def _alerted(self, body: bytes) -> None:
        self._over = True
        if self.answer is None:
            number = body[1] if len(body) >= 2 else -1
            reason = _ALERTS.get(number, f"number {number}" if number >= 0 else "cut short")
            self.answer = Refused(f"alert: {reason}")

    def _next_message(self) -> tuple[int, bytes] | None:
        data = self._handshake
        if self.answer is None and data and data[0] != _SERVER_HELLO:
            raise HelloError("the answer begins with another message than ServerHello")
        if len(data) < 4:
            return None
        end = 4 + int.from_bytes(data[1:4], "big")
        if end > MOST_ANSWER:
            raise HelloError("a message of impossible length")
        if len(data) < end:
            return None
        kind, body = data[0], bytes(data[4:end])
        del data[:end]
        return kind, body

    def _take(self, kind: int, body: bytes) -> None:
        taken = self.answer
        if not isinstance(taken, Taken):
            self._chosen(server_hello(body))
        elif kind == _CERTIFICATE:
            self.answer = replace(taken, chain=listed_certificates(body))
        elif kind == _CERTIFICATE_STATUS:
            self.answer = replace(taken, stapled=True)
        elif kind == _SERVER_KEY_EXCHANGE:
            number, group = key_exchange_group(taken.suite, body)
            self.answer = replace(taken, group=group, group_number=number)
        elif kind == _CERTIFICATE_REQUEST:
            self.answer = replace(taken, client_certificate=True)
        elif kind == _SERVER_HELLO_DONE:
            asked, stapled = taken.client_certificate is True, taken.stapled is True
            self.answer = replace(taken, client_certificate=asked, stapled=stapled, whole=True)
            self._over = True

    def _chosen(self, chosen: ChosenHello) -> None:
        self._check(chosen)
        newest = chosen.version == TLS_1_3
        self.answer = Taken(
            version=chosen.version,
            suite=chosen.suite,
            compression=chosen.compression,
            session=chosen.session,
            secure_renegotiation=chosen.secure_renegotiation,
            retry=chosen.retry,
            group=chosen.group,
            group_number=chosen.group_number,
            extended_master_secret=chosen.extended_master_secret,
            session_ticket=chosen.session_ticket,
            whole=newest,
        )
        self._over = newest

    def _check(self, chosen: ChosenHello) -> None:
        hello = self._hello
        known = chosen.version in VERSIONS
        only_1_3 = hello.version == TLS_1_3 and chosen.version <= TLS_1_2
        if not known or chosen.version > hello.version or only_1_3:
            raise HelloError("the server chose a version that was not offered")
        if chosen.suite not in hello.suites:
            raise HelloError("the server chose a suite that was not offered")
        if chosen.compression not in hello.compressions:
            raise HelloError("the server chose a compression that was not offered")
        if chosen.group_number is not None and chosen.group_number not in hello.groups:
            raise HelloError("the server chose a group that was not offered")
