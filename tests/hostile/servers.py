"""Behaviours of servers that misbehave, each for one kind of trouble.

Use with ``serving``: ``async with serving(endless_reply()) as endpoint: ...``.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tests.hostile.endpoint import Behaviour, Session
from tests.hostile.ftp import DataSource, FtpScript, ftp
from tests.servers.certificates import Certificate

UNUSED_ADDRESS: Final = "127.66.66.66"
"""Loopback, so that a client that is led there still stays on the machine."""

ESCAPES: Final = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b31m \u202egnp.exe\u2066 \u200b\x00"
"""ANSI and OSC sequences in 7 and 8 bits, bidi overrides, a zero-width space, a NUL."""

HOSTILE_NAMES: Final = (
    b"caf\xe9 latin-1.txt",
    b"\xff\xfe\xfd bytes.bin",
    ESCAPES.encode(),
    b"two\rreturns\r.txt",
    b"line\nfeed.txt",
    b" leading and trailing ",
    b"-rw-r--r-- 1 forged forged 1 Jan 01 00:00 forged.txt",
    b"..",
    b"../../etc/passwd",
    b"a" * 4096,
    b"=cmd|' /C calc'!A0",
    b"<script>alert(1)</script>",
    b"",
)
"""Names that a listing must neither crash on nor pass on as they are."""


# --- before any protocol ---------------------------------------------------------------


def silent() -> Behaviour:
    """Accept and never say a word."""

    async def behave(session: Session) -> None:
        await session.absorb()

    return behave


def drip(text: bytes = b"220-hello ", *, seconds: float = 0.05) -> Behaviour:
    """Send ``text`` over and over, one byte at a time: each read succeeds, none is the last."""

    async def say(session: Session) -> None:
        for byte in itertools.cycle(text):
            await session.send(bytes([byte]))
            await asyncio.sleep(seconds)

    return _while_absorbing(say)


def endless_reply(code: int = 220) -> Behaviour:
    """Send a reply of ever more lines (RFC 959 section 4.2), as fast as they are read."""
    return _for_ever(lambda: f"{code}-and another line\r\n".encode("ascii") * 512)


def endless_line(start: bytes = b"220 ") -> Behaviour:
    """Begin a line and never end it, as fast as it is read."""
    blocks = itertools.chain([start], itertools.repeat(b"x" * 16384))
    return _for_ever(lambda: next(blocks))


def garbage(*, seed: int = 1, size: int = 1 << 16) -> Behaviour:
    """Send ``size`` random bytes, then nothing more."""

    async def say(session: Session) -> None:
        await session.send(random.Random(seed).randbytes(size))
        await asyncio.Event().wait()

    return _while_absorbing(say)


def close_at_once(*, reset: bool = False) -> Behaviour:
    """Accept and close, or reset, without a word."""

    async def behave(session: Session) -> None:
        if reset:
            session.reset()

    return behave


def says(text: bytes, *, then_close: bool = False) -> Behaviour:
    """Send ``text`` as a greeting; then stay silent, or close."""

    async def behave(session: Session) -> None:
        await session.send(text)
        if not then_close:
            await session.absorb()

    return behave


def http() -> Behaviour:
    """Be a web server: wait for a line, then complain about it."""

    async def behave(session: Session) -> None:
        await session.line()
        await session.send(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
            b"<html><body><h1>400 Bad Request</h1></body></html>\r\n"
        )

    return behave


def impatient_http() -> Behaviour:
    """Be a web server that has answered before it was asked."""
    return says(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", then_close=True)


# --- FTP -------------------------------------------------------------------------------


def recorder(tls: ssl.SSLContext | None = None) -> Behaviour:
    """Be polite and record: what came in clear and what came inside TLS are kept apart."""
    return ftp(FtpScript(tls=tls))


def closes_after(commands: int) -> Behaviour:
    """Answer this many commands politely and close in the middle of the conversation."""
    return ftp(FtpScript(close_after=commands))


def password_for_ever() -> Behaviour:
    """Answer 331 to USER and to every PASS."""
    return ftp(FtpScript(replies={"PASS": b"331 password please\r\n"}))


def passive_elsewhere(host: str = UNUSED_ADDRESS, port: int | None = None) -> Behaviour:
    """Announce another address for data connections, in PASV and in EPSV."""
    return ftp(FtpScript(passive_host=host, passive_port=port))


def stalls_after_auth() -> Behaviour:
    """Agree to TLS and never answer the handshake."""

    async def behave(session: Session) -> None:
        await session.send(b"220 ready\r\n")
        while not (await session.line()).upper().startswith(b"AUTH"):
            await session.send(b"530 first AUTH\r\n")
        await session.send(b"234 go ahead\r\n")
        await session.absorb()

    return behave


def injects_after_auth(
    tls: ssl.SSLContext, injected: bytes = b"230 logged in\r\n230 logged in\r\n"
) -> Behaviour:
    """Send clear replies in the segment of the 234, to be taken for protected ones later."""
    return ftp(FtpScript(tls=tls, injected=injected))


def lists(data: bytes | DataSource, *, tls: ssl.SSLContext | None = None) -> Behaviour:
    """Be polite, and send ``data`` for every listing."""
    source = data if callable(data) else (lambda: (data,))
    return ftp(FtpScript(listing=source, tls=tls))


def unix_listing(names: Iterable[bytes] = HOSTILE_NAMES) -> bytes:
    """Return the names as lines of ``ls -l``."""
    return b"".join(b"-rw-r--r-- 1 ftp ftp 12 Jan 01 2024 " + name + b"\r\n" for name in names)


def machine_listing(names: Iterable[bytes] = HOSTILE_NAMES) -> bytes:
    """Return the names as lines of MLSD (RFC 3659 section 7)."""
    facts = b"type=file;size=12;modify=20240101000000; "
    return b"".join(facts + name + b"\r\n" for name in names)


def endless_listing() -> Iterator[bytes]:
    """Yield ever more well-formed lines of MLSD, each with a name of its own."""
    for number in itertools.count():
        names = (f"file-{number}-{line}.csv".encode("ascii") for line in range(256))
        yield machine_listing(names)


def endless_listing_line() -> Iterator[bytes]:
    """Yield one line of MLSD that never ends."""
    yield b"type=file;size=12; "
    yield from itertools.repeat(b"y" * 16384)


# --- SSH -------------------------------------------------------------------------------

IDENTIFICATION: Final = b"SSH-2.0-Hostile_1.0\r\n"


def ssh_endless_preamble() -> Behaviour:
    """Send other lines before the identification (RFC 4253 section 4.2) and never get to it."""
    return _for_ever(lambda: b"please wait for the identification\r\n" * 512)


def ssh_huge_packet(length: int = 0xFFFFFFFF) -> Behaviour:
    """Identify, then announce a packet of ``length`` bytes and begin to send it."""

    async def say(session: Session) -> None:
        await session.send(IDENTIFICATION + struct.pack(">I", length))
        while True:
            await session.send(b"\x04" * 16384)

    return _while_absorbing(say)


def ssh_closes_after_identification() -> Behaviour:
    """Identify and close."""
    return says(IDENTIFICATION, then_close=True)


def ssh_says(identification: bytes) -> Behaviour:
    """Send this identification, whatever it is, and nothing more."""
    return says(identification)


def ssh_lying_name_list() -> Behaviour:
    """Send a KEXINIT whose first name-list claims more bytes than the packet holds."""
    payload = b"\x14" + bytes(16) + struct.pack(">I", 0x7FFFFFFF) + b"curve25519-sha256"
    padding = 8 - (len(payload) + 5) % 8 + 8
    packet = struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)
    return says(IDENTIFICATION + packet)


# --- shared ----------------------------------------------------------------------------


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """Return a server's TLS context that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def _for_ever(block: Callable[[], bytes]) -> Behaviour:
    async def say(session: Session) -> None:
        while True:
            await session.send(block())
            await asyncio.sleep(0)  # a client in the same event loop has to get its turn

    return _while_absorbing(say)


def _while_absorbing(say: Behaviour) -> Behaviour:
    """Record what the client sends while ``say`` talks; stop talking when the client closes."""

    async def behave(session: Session) -> None:
        talking = asyncio.ensure_future(say(session))
        hearing = asyncio.ensure_future(session.absorb())
        both = {talking, hearing}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            task.result()

    return behave
