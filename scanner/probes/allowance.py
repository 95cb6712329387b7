"""What may be read of the files of one host: one budget over all logins and ports of an address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from scanner.clients.faults import Fault
from scanner.model.frozen import dataclass
from scanner.model.listing import RemoteTree
from scanner.model.reading import Unobserved
from scanner.model.target import Limits


@dataclass(frozen=True, slots=True)
class Share:
    """What one login may read at most."""

    files: int
    bytes: int


class Allowance:
    """Files and bytes that are left, and the pace at which bytes may be asked for.

    ``looks`` is how many logins may still look, the one whose turn it is among them. While others
    wait, one gets a half of what is left and a fair part of the other half.
    """

    def __init__(self, limits: Limits) -> None:
        self.files = limits.files_sampled
        self.bytes = limits.bytes_per_host
        self.looks = 1
        self._rate = limits.bytes_per_second
        self._free_at = 0.0

    def share(self) -> Share:
        """Return what the login whose turn it is may read."""
        looks = max(1, self.looks)
        self.looks = looks - 1
        return Share(_part(self.files, looks), _part(self.bytes, looks))

    def spend(self, share: Share) -> None:
        """Book what was read."""
        self.files -= share.files
        self.bytes -= share.bytes

    async def pieces(
        self, tree: RemoteTree, path: bytes, offset: int, length: int, *, most: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield a range at the allowed pace, ``most`` bytes at once; fewer where the file ends.

        Raises ``Fault``. What comes is not booked: ``spend`` does that.
        """
        at, end = offset, offset + length
        while at < end:
            piece = min(most or length, end - at)
            if self._rate:  # at most the bytes of one second
                piece = min(piece, self._rate)
            await self._pace()
            reading = await tree.read_range(path, at, piece)
            if isinstance(reading, Unobserved):
                raise Fault(reading.reason, reading.detail)
            came = reading.value[:piece]
            self._came(len(came))
            at += len(came)
            yield came
            if len(came) < piece:
                return

    async def _pace(self) -> None:
        wait = self._free_at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)

    def _came(self, count: int) -> None:
        if self._rate:
            now = asyncio.get_running_loop().time()
            self._free_at = max(now, self._free_at) + count / self._rate


def _part(left: int, looks: int) -> int:
    return (left * (looks + 1) + 2 * looks - 1) // (2 * looks)
