"""Asks an SSH server who it is and what it offers, without any cryptography."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from scanner.clients.deadlines import within
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.stream import Stream
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import KexInit
from scanner.wire.ssh import (
    OWN_IDENTIFICATION,
    Disconnect,
    Identification,
    IdentificationReader,
    KexInitReader,
    SshSyntaxError,
)

_OWN_LINE = f"SSH-2.0-{OWN_IDENTIFICATION}\r\n".encode()


@dataclass(frozen=True, slots=True)
class SshHello:
    """What a server says before any key is exchanged."""

    identification: Identification
    kexinit: Reading[KexInit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A connection on which both sides have said who they are.

    ``line`` and ``kexinit`` are the server's identification and KEXINIT payload as they were
    sent; ``rest`` came behind them. ``packets`` counts the server's packets so far.
    """

    stream: Stream
    hello: SshHello
    line: bytes
    kexinit: bytes = b""
    rest: bytes = b""
    packets: int = 0


async def read_hello(
    dialer: Dialer, *, seconds: float, pause_seconds: float = 0.0
) -> Reading[SshHello]:
    """Read the identification line and the KEXINIT, as ``meet`` does, and leave."""
    meeting = await meet(dialer, seconds=seconds, pause_seconds=pause_seconds)
    if isinstance(meeting, Unobserved):
        return meeting
    meeting.value.stream.abort()
    return Observed(meeting.value.hello)


async def meet(
    dialer: Dialer, *, seconds: float, pause_seconds: float = 0.0, tries: int = 3
) -> Reading[Meeting]:
    """Read the identification line and the KEXINIT over one connection, ``seconds`` at most.

    The caller drops the stream. A server that closes without a word is asked ``tries`` times,
    ``pause_seconds`` apart, and is then ``Unobserved`` as throttled. Raises ``Fault``: whatever
    the dialer raises, another service, a timeout, a lost connection, or what is no SSH.
    """
    for attempt in range(tries):
        if attempt:
            await asyncio.sleep(pause_seconds)
        meeting = await _one_meeting(dialer, seconds)
        if meeting is not None:
            return meeting
    times = "" if tries == 1 else f", {tries} times"
    return Unobserved(Reason.THROTTLED, f"closed before its identification{times}")


async def _one_meeting(dialer: Dialer, seconds: float) -> Reading[Meeting] | None:
    stream = await dialer.connect()
    meeting: Reading[Meeting] | None = None
    try:
        meeting = await _met(_Conversation(stream), seconds)
    finally:
        if not isinstance(meeting, Observed):
            stream.abort()
    return meeting


async def _met(conversation: _Conversation, seconds: float) -> Reading[Meeting] | None:
    try:
        async with within(seconds):
            return await conversation.meeting()
    except Fault as fault:
        if fault.reason is Reason.OTHER_SERVICE:
            raise
        if fault.reason is Reason.TIMEOUT:
            return conversation.timed_out()
        return conversation.cut_off(fault)
    except SshSyntaxError as error:
        conversation.raise_if_foreign()
        raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error


class _Conversation:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = IdentificationReader()
        self._identification: Identification | None = None
        self._offers = KexInitReader()

    async def meeting(self) -> Reading[Meeting] | None:
        # Both sides may speak first (RFC 4253 section 4.2); it makes silent services answer.
        with suppress(Fault):  # who has gone already may have said why
            self._stream.write(_OWN_LINE)
        while self._identification is None:
            data = await self._stream.read()
            if not data:
                return self.cut_off(Fault(Reason.CONNECTION_LOST, "closed by the server"))
            self._identification = self._reader.feed(data)
            self.raise_if_foreign()
        return self._met(await self._kexinit())

    def _met(self, kexinit: Reading[KexInit]) -> Reading[Meeting]:
        assert self._identification is not None
        return Observed(
            Meeting(
                stream=self._stream,
                hello=SshHello(self._identification, kexinit),
                line=self._reader.line,
                kexinit=self._offers.payload,
                rest=self._offers.rest(),
                packets=self._offers.packets,
            )
        )

    async def _kexinit(self) -> Reading[KexInit]:
        assert self._identification is not None
        if not self._identification.speaks_version_2:
            return Unobserved(Reason.NOT_OFFERED, "SSH 2 is not spoken")
        try:
            heard = self._offers.feed(self._reader.rest())
            while heard is None:
                data = await self._stream.read()
                if not data:
                    return Unobserved(Reason.CONNECTION_LOST, "closed before its KEXINIT")
                heard = self._offers.feed(data)
        except SshSyntaxError as error:
            return Unobserved(Reason.PROTOCOL_ERROR, str(error))
        except Fault as fault:
            return fault.reading
        if isinstance(heard, Disconnect):
            return Unobserved(Reason.CONNECTION_LOST, f"disconnected: {heard.text}")
        return Observed(heard)

    def raise_if_foreign(self) -> None:
        """Raise ``Fault`` when the bytes so far belong to another protocol."""
        service = self._reader.foreign_service() if self._identification is None else ""
        if service:
            raise Fault(Reason.OTHER_SERVICE, f"{service} answers, not SSH")

    def timed_out(self) -> Reading[Meeting]:
        """Say what a server means that lets us wait. Raises ``Fault`` where it is no SSH."""
        late = Fault(Reason.TIMEOUT, "no SSH identification in time")
        mute = self._identification is None and self._reader.empty
        said = None if mute else self.cut_off(late)
        if said is None:
            raise late
        return said

    def cut_off(self, fault: Fault) -> Reading[Meeting] | None:
        """Say what a connection that ended early means; ``None``: nothing was said at all."""
        if self._identification is not None:
            return self._met(fault.reading)
        self.raise_if_foreign()
        line = self._reader.throttled()
        if line:
            return Unobserved(Reason.THROTTLED, line)
        if self._reader.empty:
            return None
        raise fault
