"""A read-only SFTP session: what a login reaches, over an authenticated SSH connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import asyncssh

from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.sftp_faults import ForeignVersionFault, without_subsystem
from scanner.clients.ssh_session import FOREIGN_ERRORS, ssh_fault
from scanner.model.listing import Entry, Listing, Outcome
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.wire.sftp import (
    VERSION,
    Attrs,
    Data,
    Extended,
    Extension,
    Handle,
    Names,
    PacketReader,
    Question,
    Request,
    Response,
    Status,
    StatusCode,
    Version,
    decode_response,
    decode_version,
    encode_init,
    encode_open,
    encode_path,
    encode_read,
    link_target,
)
from scanner.wire.ssh import SshSyntaxError

READ_ONLY_REQUESTS: frozenset[Question] = frozenset(
    {
        Request.INIT,
        Request.OPEN,  # encoded for reading only
        Request.CLOSE,
        Request.READ,
        Request.OPENDIR,
        Request.READDIR,
        Request.REALPATH,
        Request.LSTAT,
        Request.STAT,
        Request.READLINK,
        Extension.STATVFS,
        Extension.LIMITS,
    }
)
"""The only requests that ever reach a server. None of them changes anything."""

_CHUNK = 32_768
_MOST_AT_ONCE = 16

T = TypeVar("T")
R = TypeVar("R", Status, Handle, Data, Names, Attrs, Extended)


class _Exchange(asyncssh.SSHClientSession[bytes]):
    """Sends requests and hands each response to whoever waits for it."""

    def __init__(self, meter: EffortMeter) -> None:
        self._meter = meter
        self._reader = PacketReader()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._waiting: dict[int, asyncio.Future[Response]] = {}
        self._version: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        self._next = 1
        self._fault: Fault | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._meter.bytes_received += len(data)
        if datatype is not None or self._fault is not None:
            return  # what the server writes to standard error
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except SshSyntaxError as error:
            self._fail(Fault(Reason.PROTOCOL_ERROR, str(error)))

    def eof_received(self) -> bool:
        self._end("the SFTP session was closed by the server")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._end("closed by the server")
        else:
            self._fail(Fault(Reason.CONNECTION_LOST, "closed by the server"))

    def _end(self, detail: str) -> None:
        """The channel ended and the connection may well stand."""
        if self._version.done():
            self._fail(Fault(Reason.CONNECTION_LOST, detail))
        else:
            self._fail(Fault(Reason.NOT_OFFERED, "the SFTP subsystem ended without a word"))

    async def start(self) -> Version:
        """Exchange versions. Raises ``Fault``."""
        self._send(Request.INIT, encode_init())
        version = await self._version
        if version.number != VERSION:
            raise ForeignVersionFault(version)
        return version

    def post(self, kind: Question, encode: Callable[[int], bytes]) -> asyncio.Future[Response]:
        """Send one request and return its response to come. Raises ``Fault``."""
        identity, self._next = self._next, self._next + 1
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        future.add_done_callback(lambda _: self._waiting.pop(identity, None))
        self._send(kind, encode(identity))
        return future

    def close(self) -> None:
        """End the session."""
        self._fail(Fault(Reason.CONNECTION_LOST, "the session is over"))

    async def ended(self) -> None:
        """Wait until the server has ended its side, too."""
        if self._channel is not None:
            await self._channel.wait_closed()

    def _send(self, kind: Question, packet: bytes) -> None:
        if kind not in READ_ONLY_REQUESTS:
            message = f"{kind!r} is not read-only"
            raise ValueError(message)
        if self._fault is not None:
            raise self._fault
        assert self._channel is not None
        self._meter.verbs[kind.name.lower()] += 1
        self._channel.write(packet)

    def _take(self, packet: bytes) -> None:
        if not self._version.done():
            self._version.set_result(decode_version(packet))
            return
        identity, response = decode_response(packet)
        future = self._waiting.get(identity)
        if future is not None and not future.done():
            future.set_result(response)
        elif not 0 < identity < self._next:
            raise SshSyntaxError("the server sends responses that nobody asked for")

    def _fail(self, fault: Fault) -> None:
        if self._fault is None:
            self._fault = fault
            if self._channel is not None:
                self._channel.close()
        futures: list[asyncio.Future[Any]] = [self._version, *self._waiting.values()]
        for future in futures:
            if not future.done():
                future.set_exception(self._fault)
                future.exception()  # read, so that nobody complains when none waits


class SftpTree:
    """A ``RemoteTree`` over SFTP version 3. One request after the other, each of ``seconds``.

    A call that is cancelled leaves the session in order.
    """

    def __init__(self, exchange: _Exchange, version: Version, *, seconds: float) -> None:
        self.version = version
        self._exchange = exchange
        self._seconds = seconds
        self._open: tuple[bytes, bytes] | None = None
        self.home = b"/"

    @classmethod
    async def over(
        cls, connection: asyncssh.SSHClientConnection, meter: EffortMeter, *, seconds: float
    ) -> Self:
        """Start the SFTP subsystem and ask where the login has landed.

        Raises ``Fault``: ``NOT_OFFERED`` where there is no subsystem (``ForeignVersionFault``
        where it speaks another version).
        """
        try:
            async with asyncio.timeout(seconds):
                exchange = _Exchange(meter)
                await connection.create_session(lambda: exchange, subsystem="sftp", encoding=None)
                tree = cls(exchange, await exchange.start(), seconds=seconds)
                await tree._settle_home()
        except asyncssh.ChannelOpenError as error:
            raise without_subsystem(error) from error
        except FOREIGN_ERRORS as error:
            raise ssh_fault(error) from error
        return tree

    def close(self) -> None:
        """End the SFTP session; the connection stays."""
        self._exchange.close()

    async def ended(self) -> bool:
        """Close, and return whether the server ends its side: Dropbear refuses a second session."""
        self.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._exchange.ended()
            return True
        return False

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        """List ``path``; a refusal is ``denied`` or ``missing``."""
        return await _settled(self._list(path, most))

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        """Read ``length`` bytes at ``offset``; a refusal is ``Unobserved`` as unreadable."""
        return await _settled(self._range(path, offset, length))

    async def read_link(self, path: bytes) -> Reading[bytes]:
        """Ask where a link leads, and go nowhere; a refusal is ``Unobserved`` as unreadable."""
        return await _settled(self._link(path))

    async def _settle_home(self) -> None:
        kind = Request.REALPATH
        response = await self.ask(kind, lambda n: encode_path(kind, n, b"."))
        if isinstance(response, Names) and response.entries:
            self.home = response.entries[0].name

    async def _list(self, path: bytes, most: int) -> Reading[Listing]:
        opened = await self.ask(Request.OPENDIR, lambda n: encode_path(Request.OPENDIR, n, path))
        if isinstance(opened, Status):
            return _not_opened(opened)
        handle = expected(opened, Handle).value
        try:
            return await self._entries(handle, most)
        finally:
            self._close_handle(handle)

    async def _entries(self, handle: bytes, most: int) -> Reading[Listing]:
        entries: list[Entry] = []
        unparsed = 0
        # A server may hand out one name at a time, and none at all now and then.
        for _ in range(most + 64):
            response = await self.ask(
                Request.READDIR, lambda n: encode_path(Request.READDIR, n, handle)
            )
            if isinstance(response, Status):
                return _finished(entries, unparsed, response)
            names = expected(response, Names).entries
            sound = [entry for entry in names if not set(entry.name) & {0, 10, 13, 47}]
            unparsed += len(names) - len(sound)
            entries += [entry for entry in sound if entry.name not in {b".", b"..", b""}]
            if len(entries) > most:
                break
        return Observed(
            Listing(
                outcome=Outcome.LISTED,
                entries=tuple(entries[:most]),
                complete=False,
                unparsed=unparsed,
            )
        )

    async def _range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        handle = await self._handle_of(path)
        if isinstance(handle, Status):
            return Unobserved(Reason.UNREADABLE, said(handle))
        return Observed(await self._read(handle, offset, length))

    async def _link(self, path: bytes) -> Reading[bytes]:
        kind = Request.READLINK
        response = await self.ask(kind, lambda n: encode_path(kind, n, path))
        if isinstance(response, Status):
            return Unobserved(Reason.UNREADABLE, said(response))
        return Observed(link_target(expected(response, Names)))

    async def _handle_of(self, path: bytes) -> bytes | Status:
        """Return a handle for ``path``: the one that is open, or a new one in its place."""
        if self._open is not None:
            if self._open[0] == path:
                return self._open[1]
            self._close_handle(self._open[1])
            self._open = None
        opened = await self.ask(Request.OPEN, lambda n: encode_open(n, path))
        if isinstance(opened, Status):
            return opened
        self._open = (path, expected(opened, Handle).value)
        return self._open[1]

    async def _read(self, handle: bytes, offset: int, length: int) -> bytes:
        """Read by several requests at once; a short answer ends the file or is asked again."""
        data = bytearray()
        for _ in range(2 * (length // _CHUNK + 1) + 64):
            got = await self._read_round(handle, offset + len(data), length - len(data))
            data += got
            if not got or len(data) >= length:
                return bytes(data)
        raise Fault(Reason.PROTOCOL_ERROR, "the server hands out a file in crumbs")

    async def _read_round(self, handle: bytes, offset: int, length: int) -> bytes:
        spans = [
            (offset + at, min(_CHUNK, length - at))
            for at in range(0, min(length, _MOST_AT_ONCE * _CHUNK), _CHUNK)
        ]
        futures = [self._post_read(handle, *span) for span in spans]
        data = bytearray()
        try:
            for (_, wanted), future in zip(spans, futures, strict=True):
                async with asyncio.timeout(self._seconds):
                    response = await future
                if isinstance(response, Status):
                    return _at_end(bytes(data), response)
                piece = expected(response, Data).value[:wanted]
                data += piece
                if len(piece) < wanted:
                    break
        finally:
            for future in futures:
                future.cancel()
        return bytes(data)

    def _post_read(self, handle: bytes, offset: int, length: int) -> asyncio.Future[Response]:
        return self._exchange.post(Request.READ, lambda n: encode_read(n, handle, offset, length))

    def _close_handle(self, handle: bytes) -> None:
        """Give a handle back. Nobody waits for the answer, and a lost session needs none."""
        try:
            self._exchange.post(Request.CLOSE, lambda n: encode_path(Request.CLOSE, n, handle))
        except Fault:
            return

    async def ask(self, kind: Question, encode: Callable[[int], bytes]) -> Response:
        """Send one request and wait for its response. Raises ``Fault`` and ``TimeoutError``."""
        future = self._exchange.post(kind, encode)
        async with asyncio.timeout(self._seconds):
            return await future


async def _settled(answer: Awaitable[Reading[T]]) -> Reading[T]:
    """Return an answer; one that is malformed, late or cut off is ``Unobserved``."""
    try:
        return await answer
    except SshSyntaxError as error:
        return Unobserved(Reason.PROTOCOL_ERROR, str(error))
    except Fault as fault:
        return fault.reading
    except TimeoutError:
        return Unobserved(Reason.TIMEOUT, "no answer in time")


def expected(response: Response, kind: type[R]) -> R:
    """Return a response of the kind that was asked for. Raises ``Fault`` for any other."""
    if not isinstance(response, kind):
        raise Fault(Reason.PROTOCOL_ERROR, "the server sends the wrong kind of response")
    return response


def said(status: Status) -> str:
    """Return what a status says, its number where it has no words."""
    return status.text or f"status {status.code}"


def _not_opened(status: Status) -> Reading[Listing]:
    match status.code:
        case StatusCode.NO_SUCH_FILE:
            return Observed(Listing(outcome=Outcome.MISSING, reply=said(status)))
        case StatusCode.PERMISSION_DENIED:
            return Observed(Listing(outcome=Outcome.DENIED, reply=said(status)))
        case _:
            return Unobserved(Reason.UNREADABLE, said(status))


def _finished(entries: list[Entry], unparsed: int, status: Status) -> Reading[Listing]:
    if not entries and status.code == StatusCode.PERMISSION_DENIED:
        return Observed(Listing(outcome=Outcome.DENIED, reply=said(status)))
    return Observed(
        Listing(
            outcome=Outcome.LISTED,
            entries=tuple(entries),
            complete=status.code == StatusCode.EOF,
            unparsed=unparsed,
            reply="" if status.code == StatusCode.EOF else said(status),
        )
    )


def _at_end(data: bytes, status: Status) -> bytes:
    if status.code != StatusCode.EOF and not data:
        raise Fault(Reason.UNREADABLE, said(status))
    return data
