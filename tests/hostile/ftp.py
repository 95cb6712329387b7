"""An FTP server that follows a script: polite where nothing else is written."""

from __future__ import annotations

import asyncio
import posixpath
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from tests.hostile.endpoint import Behaviour, Session, SessionOverError

_DATA_SECONDS: Final = 5.0

POLITE: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "USER": b"331 password please\r\n",
        "PASS": b"230 welcome\r\n",
        "FEAT": b"211-Features:\r\n EPSV\r\n MLST type*;size*;modify*;\r\n SIZE\r\n211 End\r\n",
        "SYST": b"215 UNIX Type: L8\r\n",
        "HELP": b"214 none\r\n",
        "STAT": b"211 idle\r\n",
        "OPTS": b"200 noted\r\n",
        "TYPE": b"200 noted\r\n",
        "NOOP": b"200 fine\r\n",
        "PWD": b'257 "/" is where you are\r\n',
        "CWD": b"250 moved\r\n",
        "CDUP": b"250 moved\r\n",
        "REST": b"350 noted\r\n",
        "SIZE": b"213 4096\r\n",
        "PBSZ": b"200 PBSZ=0\r\n",
        "PROT": b"200 noted\r\n",
        "CCC": b"534 no\r\n",
        "ABOR": b"226 nothing to abort\r\n",
        "QUIT": b"221 goodbye\r\n",
    }
)

DataSource = Callable[[], Iterable[bytes]]
"""Blocks to send over a data connection, made anew for each transfer; it may never end."""


def _nothing() -> Iterable[bytes]:
    return ()


class Behind(Enum):
    """What becomes of commands that come before the one ahead of them is answered."""

    TAKEN = auto()
    DROPPED = auto()
    HUNG_UP_ON = auto()
    CLOSED_ON = auto()
    """The first is answered, and then 421."""
    MISREAD = auto()
    """What comes behind the first is taken for its argument, and all of it answered by one 501."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpScript:
    """What to say. Replies are sent as they stand here, line ends and all."""

    greeting: bytes = b"220 ready\r\n"
    replies: Mapping[str, bytes] = field(default_factory=dict)
    """By verb; whatever is missing here is answered as in POLITE, or by 502.

    A verb with its argument (``USER anonymous``) goes before the verb alone. PASS has the name of
    USER for its argument.
    """
    in_clear: Mapping[str, bytes] = field(default_factory=dict)
    """What goes before ``replies`` on a control connection without TLS."""
    in_tls: Mapping[str, bytes] = field(default_factory=dict)
    """What goes before ``replies`` inside TLS."""
    folders: Mapping[str, bytes] = field(default_factory=dict)
    """Listings by absolute path. With any of them CWD enters these alone, and LIST and MLSD send
    that of where one is."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Contents by absolute path. With any of them RETR sends these alone, from REST on."""
    missing: bytes = b"550 nothing of that name\r\n"
    """Said of a name that is in neither."""
    started: bytes = b"150 here it comes\r\n"
    listing: DataSource = _nothing
    """Sent for LIST, NLST and MLSD."""
    content: DataSource = _nothing
    """Sent for RETR."""
    final: bytes = b"226 done\r\n"
    tls: ssl.SSLContext | None = None
    """Makes AUTH TLS work; data connections are protected after PROT P."""
    keeps_clear_text: bool = False
    """Reads what came in clear behind AUTH as if it had come inside TLS."""
    authorised: bytes = b"234 go ahead\r\n"
    clear_data: bytes = b""
    """Said inside TLS instead of a transfer in clear; nothing lets it through."""
    not_resumed: bytes = b""
    """Said after a protected transfer that resumed no session; nothing lets it pass."""
    injected: bytes = b""
    """Sent in clear in the same segment as the 234 that starts TLS."""
    passive_host: str | None = None
    """Announced instead of our own address, with the real port."""
    passive_port: int | None = None
    """Announced instead of the real port."""
    behind: Behind = Behind.TAKEN
    close_after: int | None = None
    """How many commands are answered before the connection is closed without a word."""


@dataclass(slots=True)
class _State:
    script: FtpScript
    session: Session
    passive: _Passive
    protect_data: bool = False
    user: str = ""
    folder: str = "/"
    offset: int = 0


@dataclass(frozen=True, slots=True)
class _Passive:
    host: str
    port: int
    arrived: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]

    def forget(self) -> None:
        """Drop connections that no transfer has used: a new port was asked for."""
        while not self.arrived.empty():
            self.arrived.get_nowait()[1].transport.abort()


def ftp(script: FtpScript | None = None) -> Behaviour:
    """Return a behaviour that follows ``script``, by default politely."""
    chosen = script or FtpScript()

    async def behave(session: Session) -> None:
        async with _passive_listener(session) as passive:
            state = _State(chosen, session, passive)
            await session.send(chosen.greeting)
            answered = 0
            while chosen.close_after is None or answered < chosen.close_after:
                line = await session.line()
                impatient = await _looks_behind(chosen, session)
                if impatient and chosen.behind is Behind.HUNG_UP_ON:
                    return
                if impatient and chosen.behind is Behind.MISREAD:
                    await session.send(b"501 what\r\n")
                    continue
                if not await _answer(state, line.decode("latin-1")):
                    return
                if impatient and chosen.behind is Behind.CLOSED_ON:
                    await session.send(b"421 one at a time\r\n")
                    return
                answered += 1

    return behave


async def _looks_behind(script: FtpScript, session: Session) -> bool:
    """Drop what came behind a command, where the script minds that; tell whether there was any."""
    impatient = script.behind is not Behind.TAKEN and bool(await session.forget())
    session.connection.impatient += impatient
    return impatient


async def _answer(state: _State, line: str) -> bool:
    """Answer one command; False once the session is to end."""
    verb, _, argument = line.partition(" ")
    verb = verb.upper()
    scripted = _scripted(state, verb, argument)
    if verb == "PROT":
        state.protect_data = argument == "P" and (scripted or b"2").startswith(b"2")
    if scripted is not None:
        await state.session.send(scripted)
    elif verb == "AUTH":
        await _upgrade(state)
    elif verb in {"PASV", "EPSV"}:
        state.passive.forget()
        await state.session.send(_passive_reply(state, verb))
    elif verb in {"LIST", "NLST", "MLSD", "RETR"}:
        await _send_named(state, verb, argument)
    elif verb == "CWD" and state.script.folders:
        await _enter(state, argument)
    else:
        await state.session.send(POLITE.get(verb, b"502 not here\r\n"))
    state.offset = int(argument) if verb == "REST" and argument.isdigit() else 0
    return verb != "QUIT"


def _scripted(state: _State, verb: str, argument: str) -> bytes | None:
    if verb == "USER":
        state.user = argument
    script = state.script
    of_now = script.in_tls if state.session.protected else script.in_clear
    exact = f"{verb} {state.user if verb == 'PASS' else argument}"
    for replies in (of_now, script.replies):
        for key in (exact, verb):
            if key in replies:
                return replies[key]
    return None


async def _enter(state: _State, argument: str) -> None:
    path = _absolute(state, argument)
    if path not in state.script.folders:
        await state.session.send(state.script.missing)
        return
    state.folder = path
    await state.session.send(POLITE["CWD"])


def _absolute(state: _State, argument: str) -> str:
    return posixpath.normpath(posixpath.join(state.folder, argument))


async def _send_named(state: _State, verb: str, argument: str) -> None:
    """Send a listing or a file; of one that is not in the script say so."""
    script = state.script
    source = script.content if verb == "RETR" else script.listing
    known = script.files if verb == "RETR" else script.folders
    if known:
        path = _absolute(state, "" if argument.startswith("-") else argument)
        if path not in known:
            await state.session.send(script.missing)
            return
        found = known[path][state.offset :]
        source = lambda: (found,)  # noqa: E731 - a source is made anew for each transfer
    if script.clear_data and state.session.protected and not state.protect_data:
        await state.session.send(script.clear_data)
        return
    await _transfer(state, source)


async def _upgrade(state: _State) -> None:
    if state.script.tls is None:
        await state.session.send(b"502 no TLS here\r\n")
        return
    if not state.script.keeps_clear_text:
        await state.session.forget()
    await state.session.send(state.script.authorised + state.script.injected)
    await state.session.start_tls(state.script.tls)


def _passive_reply(state: _State, verb: str) -> bytes:
    port = state.script.passive_port or state.passive.port
    if verb == "EPSV":
        # RFC 2428 leaves the address empty; a server that fills it in points elsewhere.
        host = state.script.passive_host
        inside = f"|1|{host}|{port}|" if host else f"|||{port}|"
        return f"229 Entering Extended Passive Mode ({inside})\r\n".encode("ascii")
    host = state.script.passive_host or state.passive.host
    numbers = [*host.split("."), str(port // 256), str(port % 256)]
    return f"227 Entering Passive Mode ({','.join(numbers)})\r\n".encode("ascii")


async def _transfer(state: _State, source: DataSource) -> None:
    await state.session.send(state.script.started)
    try:
        async with asyncio.timeout(_DATA_SECONDS):
            _, writer = await state.passive.arrived.get()
    except TimeoutError:
        await state.session.send(b"425 nobody came\r\n")
        return
    try:
        if state.protect_data and state.script.tls is not None:
            await writer.start_tls(state.script.tls)
            if state.script.not_resumed and not _is_resumed(writer):
                await state.session.send(state.script.not_resumed)
                return
        await _send_all(state.session, writer, source())
        writer.close()
        async with asyncio.timeout(_DATA_SECONDS):
            await writer.wait_closed()
    except OSError:  # the client has had enough; TimeoutError and ssl.SSLError are OSErrors
        writer.transport.abort()
        await state.session.send(b"426 transfer aborted\r\n")
        return
    finally:
        writer.transport.abort()
    await state.session.send(state.script.final)


def _is_resumed(writer: asyncio.StreamWriter) -> bool:
    return bool(writer.get_extra_info("ssl_object").session_reused)


async def _send_all(
    session: Session, writer: asyncio.StreamWriter, blocks: Iterable[bytes]
) -> None:
    """Send over a data connection; what is sent counts towards the limit of the session."""
    for block in blocks:
        writer.write(block)
        await writer.drain()
        session.connection.sent += len(block)
        if session.connection.sent > 1024**3:
            raise SessionOverError("sent as much as a session may")
        await asyncio.sleep(0)  # an endless source must not starve the client beside it


@asynccontextmanager
async def _passive_listener(session: Session) -> AsyncIterator[_Passive]:
    arrived: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session.connection.data_connections += 1
        writers.append(writer)
        arrived.put_nowait((reader, writer))

    host = session.writer.get_extra_info("sockname")[0]
    server = await asyncio.start_server(connected, host, 0)
    try:
        yield _Passive(host, server.sockets[0].getsockname()[1], arrived)
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
