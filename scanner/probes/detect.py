"""Which protocol a port speaks, where nobody declared it."""

from __future__ import annotations

import os

from scanner.clients.deadlines import within
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import NotFtp, service_of
from scanner.clients.stream import Stream
from scanner.model.reading import Reason
from scanner.model.target import Protocol
from scanner.model.text import neutralise
from scanner.wire.tls_flight import FlightReader
from scanner.wire.tls_hello import TLS_1_2, Hello
from scanner.wire.tls_messages import HelloError

_MOST_PATIENCE = 5.0
"""Seconds that a server may take to greet; one that waits for TLS never does."""
_ANY_TLS = Hello(version=TLS_1_2, suites=(0xC02F, 0xC030, 0xC02B, 0xC02C, 0x009C, 0xC013, 0x002F))
"""ECDHE and RSA with AES. A server that wants none of them says so in TLS, which is enough."""
_MOST_GREETING = 4096


async def detect(dialer: Dialer, seconds: float) -> Protocol:
    """Return what the port speaks: the greeting tells; one that is silent is offered TLS.

    ``seconds`` bounds a step. Raises ``Fault`` where the port cannot be connected to or says
    nothing at all, ``NotFtp`` (reason ``other-service``) where it speaks something else. TLS is
    taken for FTPS; looking at it will tell.
    """
    stream = await dialer.connect()
    try:
        first = await _first_words(stream, min(seconds, _MOST_PATIENCE))
        if first is None:
            return await _offer_tls(stream, dialer.admitted.name, seconds)
        return _named(first)
    finally:
        stream.abort()


async def expect_tls(dialer: Dialer, seconds: float) -> None:
    """Offer TLS by hand to a port that did not greet, and read what it then says.

    Raises ``NotFtp`` where another service names itself; anything else tells nothing new.
    """
    stream = await dialer.connect()
    try:
        await _offer_tls(stream, dialer.admitted.name, seconds)
    except NotFtp as error:
        if error.seen != "unknown":
            raise
    except Fault:
        return
    finally:
        stream.abort()


async def _first_words(stream: Stream, seconds: float) -> bytes | None:
    seen = b""
    try:
        async with within(seconds):
            while b"\n" not in seen and len(seen) < _MOST_GREETING:
                data = await stream.read()
                if not data:
                    break
                seen += data
    except Fault as fault:
        if fault.reason is not Reason.TIMEOUT:
            raise
        return seen or None
    if not seen:
        raise Fault(Reason.CONNECTION_LOST, "closed by the server")
    return seen


def _named(first: bytes) -> Protocol:
    if first.startswith(b"SSH-"):
        return Protocol.SFTP
    text = first.upper()
    mail = b"SMTP" in text and b"FTP" not in text
    if first[:3].isdigit() and first[:1] in b"12345" and first[3:4] in {b" ", b"-", b"\r"}:
        if mail:
            raise NotFtp("smtp", neutralise(first, 60))
        return Protocol.FTP
    raise NotFtp(service_of(first), neutralise(first, 60))


async def _offer_tls(stream: Stream, name: str, seconds: float) -> Protocol:
    stream.write(_ANY_TLS.encode(server_name=name, random=os.urandom(32)))
    reader = FlightReader(_ANY_TLS)
    seen = b""
    try:
        async with within(seconds):
            while data := await stream.read():
                seen += data
                if reader.feed(data) is not None:
                    return Protocol.FTPS
    except HelloError as error:
        raise NotFtp(service_of(seen), neutralise(seen, 60)) from error
    raise Fault(Reason.CONNECTION_LOST, "closed by the server")
