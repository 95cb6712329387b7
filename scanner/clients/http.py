"""One request over HTTP to a service of the team's own, and its bounded answer."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from scanner import __version__
from scanner.clients.deadlines import within
from scanner.clients.faults import Fault
from scanner.model.reading import Reason
from scanner.model.text import neutralise
from scanner.wire.http import MOST_BODY, MOST_HEAD, body_of, status_of

_CHUNK = 16_384
_MOST_ANSWER = MOST_HEAD + MOST_BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where to ask. ``ca`` is a file of authorities; ``None``: those that this machine trusts."""

    url: str
    token: str = field(default="", repr=False)
    ca: Path | None = None
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of a long body, what was read of it."""

    status: int
    body: bytes


async def ask(service: Service, body: bytes | None = None) -> Answer:
    """GET the service, or POST JSON to it. Raises ``Fault``; redirections are not followed."""
    url = urlsplit(service.url)
    secure = url.scheme == "https"
    host, port = url.hostname or "", url.port or (443 if secure else 80)
    async with within(service.seconds):
        try:
            reader, writer = await asyncio.open_connection(
                host, port, ssl=_context(service.ca) if secure else None
            )
        except ssl.SSLCertVerificationError as error:
            told = neutralise(error.verify_message or "not verified", 120)
            raise Fault(Reason.UNVERIFIED_PEER, told) from None
        try:
            writer.write(_request(service, body))
            await writer.drain()
            return _answer(await _read(reader))
        finally:
            writer.transport.abort()


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError):
        raise Fault(Reason.UNREADABLE, "the declared CA file cannot be read") from None


def _request(service: Service, body: bytes | None) -> bytes:
    url = urlsplit(service.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    # Of HTTP/1.0, so that the answer ends with the connection and comes in no chunks.
    lines = [
        f"{'GET' if body is None else 'POST'} {target} HTTP/1.0",
        f"Host: {url.netloc}",
        f"User-Agent: transfer-exposure-scanner/{__version__}",
        "Accept: */*",
        "Connection: close",
    ]
    if service.token:
        lines.append(f"Authorization: Bearer {service.token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    try:
        head = "\r\n".join([*lines, "", ""]).encode("ascii")
    except UnicodeEncodeError:
        raise Fault(Reason.UNREADABLE, "address or token is not ASCII") from None
    if any(char in line for line in lines for char in "\r\n"):
        raise Fault(Reason.UNREADABLE, "address or token holds a line break")
    return head + (body or b"")


async def _read(reader: asyncio.StreamReader) -> bytes:
    seen = bytearray()
    try:
        while len(seen) < _MOST_ANSWER and (data := await reader.read(_CHUNK)):
            seen += data
    except OSError:  # reset, or TLS without its end: what came before it counts
        if not seen:
            raise
    return bytes(seen)


def _answer(seen: bytes) -> Answer:
    status = status_of(seen)
    if status is None:
        raise Fault(Reason.PROTOCOL_ERROR, "the answer is no HTTP")
    return Answer(status, body_of(seen))
