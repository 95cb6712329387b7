"""Targets looked at by several processes of this machine, judged in this one.

A process is told the name of an asset and tells what it saw of it: a line of JSON each way. It has
the targets file, the history and the masking key itself. One that dies is replaced, and what it had
under way is looked at once more by another, without a login: who died may have spent it. Should
that one die as well, each gets a look alone, so that none is lost for its neighbour's sake. What a
process dies of then is unknown, by our own fault.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from scanner.engine.contract import Keep, Look, Seen
from scanner.engine.pace import Pace
from scanner.engine.record import observations_of, plain_of
from scanner.engine.scheduler import schedule
from scanner.engine.unseen import unseen
from scanner.errors import HistoryError, ScannerError
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target

LONGEST = 1 << 27
"""Bytes of one line at most."""
_LAST_WORDS = 10.0
"""Seconds that a process has to tell what it saw of looks that were cut short."""
_LOST = Unobserved(Reason.OWN_FAULT, "every process that looked at it died")
_CUT = Unobserved(Reason.INTERRUPTED, "the scan was interrupted before this asset was done")


@dataclass(frozen=True, slots=True)
class Link:
    """The way to a process, or from it to who started it: lines both ways."""

    source: asyncio.StreamReader
    sink: asyncio.StreamWriter

    async def tell(self, what: object) -> None:
        """Send one line. Raises ``OSError`` where nobody is there."""
        self.sink.write(json.dumps(what, separators=(",", ":")).encode() + b"\n")
        await self.sink.drain()


OpenLink = Callable[[], AbstractAsyncContextManager[Link]]
"""Starts a process for as long as the block lasts."""


class _GoneError(Exception):
    """A process has ended, or said what nobody understands."""


@dataclass(slots=True)
class _Hand:
    """One process at a time, replaced when it dies."""

    open: OpenLink
    group: AsyncExitStack
    _link: Link | None = None
    _asked: dict[str, asyncio.Future[Seen]] = field(default_factory=dict)
    _targets: dict[str, Target] = field(default_factory=dict)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, target: Target, *, again: bool) -> Seen:
        """Return what the process saw. Raises ``_GoneError`` where it died meanwhile."""
        async with self._starting:
            if self._link is None:
                self._link = await self._started()
            link = self._link
        told = self._asked[target.asset] = asyncio.get_running_loop().create_future()
        self._targets[target.asset] = target
        try:
            with suppress(OSError):  # its end is noticed by who listens
                await link.tell({"asset": target.asset, "again": again})
            return await asyncio.shield(told)
        except asyncio.CancelledError:
            if told.cancelled():
                raise
            self.stop()
            with suppress(TimeoutError, _GoneError):
                # It may lose a second cancellation to an answer: what was seen is worth more.
                return await asyncio.wait_for(told, _LAST_WORDS)
            nothing = unseen(target, target.vantages[0] if target.vantages else "", _CUT)
            return Seen(target=target, observations=(nothing,), whole=False)
        finally:
            self._asked.pop(target.asset, None)
            self._targets.pop(target.asset, None)

    async def _started(self) -> Link:
        link = await self.group.enter_async_context(self.open())
        listening = asyncio.create_task(self._listen(link))
        self.group.callback(listening.cancel)
        return link

    async def _listen(self, link: Link) -> None:
        why: Exception = _GoneError()
        try:
            while line := await link.source.readline():
                self._hear(json.loads(line))
        except ScannerError as error:
            why = error
        except (OSError, ValueError, LookupError, TypeError):
            pass  # what it says cannot be used: it is let go like one that died
        link.sink.close()
        if self._link is link:
            self._link = None
        for told in self._asked.values():
            if not told.done():
                told.set_exception(why)

    def _hear(self, said: dict[str, object]) -> None:
        if "stopped" in said:
            raise HistoryError(str(said["stopped"]))
        asset = str(said["asset"])
        seen = observations_of(said["seen"])
        if seen.asset != asset:
            raise ValueError("an observation of another asset")
        told = self._asked.get(asset)
        if told is not None and not told.done():
            whole = said["whole"] is True
            told.set_result(Seen(target=self._targets[asset], observations=(seen,), whole=whole))

    def stop(self) -> None:
        """Ask for nothing more: looks under way are cut short and told."""
        if self._link is not None and self._link.sink.can_write_eof():
            with suppress(OSError, RuntimeError):
                self._link.sink.write_eof()


@dataclass(frozen=True, slots=True)
class Processes:
    """Looks at up to ``most`` targets at once. See ``scanner.engine.contract.Engine``.

    What has to be done one after the other is done by one process: all targets with accounts, whose
    passwords are tried somewhere before they are tried everywhere, and all that have a name, which
    may lead to the address of another.
    """

    open: OpenLink
    count: int
    most: int
    vantage: str

    async def scan(self, targets: Iterable[Target], keep: Keep) -> None:
        """Look at every target and hand it over, in the slot in which it was looked at."""
        async with AsyncExitStack() as group:
            crew = _Crew(tuple(_Hand(self.open, group) for _ in range(self.count + 2)))

            async def work(target: Target) -> None:
                seen = await crew.look(target, place_of(target, self.count))
                if seen is None:
                    lost = unseen(target, self.vantage, _LOST)
                    seen = Seen(target=target, observations=(lost,))
                await keep(seen)

            await schedule(targets, work, most=self.most)


@dataclass(frozen=True, slots=True)
class _Crew:
    """The hands of a scan. The last but one looks again, the last one at one target at a time."""

    hands: tuple[_Hand, ...]
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, target: Target, place: int) -> Seen | None:
        """Return what one of the hands saw; nothing where each of them died."""
        with suppress(_GoneError):
            return await self.hands[place].look(target, again=False)
        with suppress(_GoneError):
            return await self.hands[-2].look(target, again=True)
        async with self._alone:
            with suppress(_GoneError):
                return await self.hands[-1].look(target, again=True)
        return None


def place_of(target: Target, count: int) -> int:
    """Return which of ``count`` processes looks at a target."""
    try:
        ip_address(target.host)
    except ValueError:
        return 0
    return 0 if target.accounts else zlib.crc32(target.host.encode()) % count


async def serve(link: Link, begin: Callable[[str, bool], Look]) -> None:
    """Look at what is asked until nothing more is; then cut short what is under way, and tell it.

    ``begin`` is given the name of an asset, and whether it may have been begun before.
    """
    pace = Pace()
    looking: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:
        while line := await link.source.readline():
            order = json.loads(line)
            look = begin(order["asset"], order["again"])
            task = group.create_task(_look(link, order["asset"], look, pace))
            looking.add(task)
            task.add_done_callback(looking.discard)
        for task in looking:
            task.cancel()


async def _look(link: Link, asset: str, look: Look, pace: Pace) -> None:
    whole = True
    try:
        await pace.turn()
        await look.look()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        whole = False
    except ScannerError as error:
        await link.tell({"stopped": str(error)})
        return
    seen = plain_of(look.observations())
    await link.tell({"asset": asset, "whole": whole, "seen": seen})
