"""An SFTP server that answers each kind of request as a test wants (draft-ietf-secsh-filexfer-02).

It stands behind an SSH login of its own (RFC 4254), in which everything is granted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Behaviour, Session
from tests.hostile.ssh_peer import Peer, reach
from tests.hostile.ssh_wire import Reader, message, string, u32

INIT: Final = 1
OPEN: Final = 3
CLOSE: Final = 4
READ: Final = 5
OPENDIR: Final = 11
READDIR: Final = 12
REALPATH: Final = 16

Answer = Callable[[int, bytes], bytes]
"""Takes a request's id and the whole request, and returns what is sent, of whatever length."""

_WINDOW: Final = 2**31 - 1
_MOST: Final = 32_768


def framed(body: bytes) -> bytes:
    """Return an SFTP packet."""
    return u32(len(body)) + body


def version(number: int = 3, *extensions: tuple[bytes, bytes]) -> bytes:
    """Return SSH_FXP_VERSION."""
    pairs = b"".join(string(name) + string(value) for name, value in extensions)
    return framed(b"\x02" + u32(number) + pairs)


def status(identity: int, code: int, text: bytes = b"no") -> bytes:
    """Return SSH_FXP_STATUS."""
    return framed(b"\x65" + u32(identity) + u32(code) + string(text) + string(b""))


def handle(identity: int, value: bytes = b"handle") -> bytes:
    """Return SSH_FXP_HANDLE."""
    return framed(b"\x66" + u32(identity) + string(value))


def data(identity: int, content: bytes) -> bytes:
    """Return SSH_FXP_DATA."""
    return framed(b"\x67" + u32(identity) + string(content))


def names(identity: int, *found: bytes, mode: int = 0o100644) -> bytes:
    """Return SSH_FXP_NAME, each name a file of 12 bytes unless ``mode`` says otherwise."""
    attributes = u32(0x5) + (12).to_bytes(8, "big") + u32(mode)
    entries = b"".join(string(name) + string(b"") + attributes for name in found)
    return framed(b"\x68" + u32(identity) + u32(len(found)) + entries)


def once(*found: bytes, mode: int = 0o100644) -> Answer:
    """Answer the first READDIR of a session with these names, and the next with the end."""
    told: list[int] = []

    def answer(identity: int, _: bytes) -> bytes:
        told.append(identity)
        return names(identity, *found, mode=mode) if len(told) == 1 else status(identity, 1)

    return answer


GRANTED: Final[Mapping[int, Answer]] = {
    REALPATH: lambda identity, _: names(identity, b"/home"),
    OPEN: lambda identity, _: handle(identity),
    OPENDIR: lambda identity, _: handle(identity),
    CLOSE: lambda identity, _: status(identity, 0),
    READ: lambda identity, _: status(identity, 1),
    READDIR: lambda identity, _: status(identity, 1),
}
"""An empty home, and empty files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpScript:
    """``answers`` go before GRANTED. They are made anew for each session, as some count."""

    answers: Callable[[], Mapping[int, Answer]] = dict
    first: bytes = field(default_factory=version)
    """What INIT is answered."""
    unasked: bytes = b""
    """Sent behind that, though nobody asked."""
    prompt: bytes = b""
    """Sent before anything else, as a shell with a greeting does."""


def sftp(script: SftpScript | None = None) -> Behaviour:
    """Let everybody in by any password, and follow ``script``, by default politely."""
    chosen = script or SftpScript()

    async def behave(session: Session) -> None:
        peer = await reach(session, "success")
        await _Channel(peer, chosen).serve()

    return behave


class _Channel:
    """The one channel of a session."""

    def __init__(self, peer: Peer, script: SftpScript) -> None:
        self._peer = peer
        self._script = script
        self._answers = {**GRANTED, **script.answers()}
        self._theirs = 0
        self._window = 0
        self._held = b""
        self._closed = False

    async def serve(self) -> None:
        """Serve until the client closes the channel."""
        while not self._closed:
            await self._one()

    async def _one(self) -> None:
        payload = await self._peer.receive()
        asked = Reader(payload[1:])
        match payload[:1][0]:
            case wire.GLOBAL_REQUEST:
                asked.string()
                if asked.take(1) == b"\x01":
                    await self._peer.send(message(wire.REQUEST_FAILURE))
            case wire.CHANNEL_OPEN:
                await self._open(asked)
            case wire.CHANNEL_REQUEST:
                await self._request(asked)
            case wire.CHANNEL_ADJUST:
                asked.u32()
                self._window += asked.u32()
            case wire.CHANNEL_DATA:
                asked.u32()
                await self._hear(asked.string())
            case wire.CHANNEL_EOF | wire.CHANNEL_CLOSE:
                await self._peer.send(message(wire.CHANNEL_CLOSE, u32(self._theirs)))
                self._closed = True
            case _:
                pass

    async def _open(self, asked: Reader) -> None:
        asked.string()
        self._theirs, self._window = asked.u32(), asked.u32()
        told = (u32(self._theirs), u32(0), u32(_WINDOW), u32(_MOST))
        await self._peer.send(message(wire.CHANNEL_CONFIRMATION, *told))

    async def _request(self, asked: Reader) -> None:
        asked.u32()
        name = asked.string()
        if asked.take(1) == b"\x01":
            await self._peer.send(message(wire.CHANNEL_SUCCESS, u32(self._theirs)))
        if name == b"subsystem":
            await self._say(self._script.prompt)

    async def _hear(self, received: bytes) -> None:
        self._held += received
        while len(self._held) >= 4:
            end = 4 + int.from_bytes(self._held[:4], "big")
            if len(self._held) < end:
                return
            request, self._held = self._held[4:end], self._held[end:]
            await self._say(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        if request[0] == INIT:
            return self._script.first + self._script.unasked
        identity = int.from_bytes(request[1:5], "big")
        answer = self._answers.get(request[0])
        return status(identity, 8) if answer is None else answer(identity, request)

    async def _say(self, text: bytes) -> None:
        """Send on the channel as far as the client's window lets it."""
        while text and not self._closed:
            part = text[: min(self._window, _MOST)]
            if not part:
                await self._one()
                continue
            self._window -= len(part)
            text = text[len(part) :]
            await self._peer.send(message(wire.CHANNEL_DATA, u32(self._theirs), string(part)))
