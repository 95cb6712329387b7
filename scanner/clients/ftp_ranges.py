"""Ranges of files over FTP: each costs a transfer, so what came with one serves the next."""

from __future__ import annotations

from scanner.clients.faults import Fault
from scanner.clients.ftp_data import Transfer, Transfers
from scanner.model.reading import Reason, Unobserved

BLOCK = 65_536
"""Bytes that one transfer is asked for at least: a server that is stopped has sent them anyway."""
HEAD_ALONE = 262_144
"""Bytes of a file's beginning that are had from a server that takes no offset."""

NO_OFFSET = Unobserved(Reason.NOT_OFFERED, "the server takes no offset (REST)")
"""Why a range beyond ``HEAD_ALONE`` cannot be had."""

_CLOSING = 421
_PAST_THE_END = 554
_BAD_OFFSET = 501


class FtpRanges:
    """Reads ranges of one file after another, keeping the last transfer's bytes in memory.

    Where the server refuses REST only the first ``HEAD_ALONE`` bytes of a file can be had.
    """

    def __init__(self) -> None:
        self._path = b""
        self._start = 0
        self._data = b""
        self._ended = False
        self._takes_offsets = True
        self._opened = b""

    async def read(self, transfers: Transfers, path: bytes, offset: int, length: int) -> bytes:
        """Return ``length`` bytes at ``offset``; fewer at the end of the file.

        Raises ``Fault``: unreadable where the server says so, not offered where the range lies
        beyond what is had without REST.
        """
        kept = self._kept(path, offset, length)
        if kept is not None:
            return kept
        asked = self._takes_offsets or not offset
        if asked and await self._fetch(transfers, path, offset, length):
            return self._kept(path, offset, length) or b""
        if offset + length > HEAD_ALONE:
            raise Fault(NO_OFFSET.reason, NO_OFFSET.detail)
        await self._fetch(transfers, path, 0, offset + length)
        return self._kept(path, offset, length) or b""

    def _kept(self, path: bytes, offset: int, length: int) -> bytes | None:
        """Return what the last transfer brought of a range, if that is all there is of it."""
        begin = offset - self._start
        if path != self._path or begin < 0:
            return None
        if self._ended or begin + length <= len(self._data):
            return self._data[begin : begin + length]
        return None

    async def _fetch(self, transfers: Transfers, path: bytes, offset: int, length: int) -> bool:
        """Make one transfer; false where the server takes no offset."""
        self._path, self._data = b"", b""
        # One byte more, so that a transfer that reaches the end of the file ends by itself.
        transfer = await transfers.read(path, offset, max(length, BLOCK) + 1)
        reply = transfer.reply
        if transfers.restart_refused or self._refuses_offset(transfer, path, offset):
            # A bad offset is this file's own matter; every other refusal is the server's way.
            self._takes_offsets = self._takes_offsets and reply.code == _BAD_OFFSET
            return False
        if reply.code == _PAST_THE_END:
            self._path, self._start, self._ended = path, offset, True
            return True
        if reply.code == 421 and not transfer.whole:
            raise Fault(Reason.CONNECTION_LOST, str(reply.shown))
        if not transfer.whole and len(transfer.data) < length:
            raise Fault(Reason.UNREADABLE, str(reply.shown))
        self._path, self._start, self._data = path, offset, transfer.data
        self._ended, self._opened = transfer.ended, path
        return True

    def _refuses_offset(self, transfer: Transfer, path: bytes, offset: int) -> bool:
        """Whether a file that was just read from its beginning is refused from an offset on:
        some servers answer 350 to REST and refuse what follows.
        """
        again = path == self._opened and offset > 0 and not transfer.opened
        return again and transfer.reply.code not in {_CLOSING, _PAST_THE_END}
