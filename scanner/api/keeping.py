"""Keeps what was seen of targets: on disk first, then judged, reported and remembered."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scanner.api.audit import Trail
from scanner.api.publish import HOSTS, RunOutput
from scanner.api.resume import cleaned, known_before
from scanner.api.saved import saved
from scanner.api.workshop import Workshop, docket_of
from scanner.engine.judge import Docket
from scanner.engine.pace import Desk
from scanner.engine.progress import Progress
from scanner.engine.record import Record, encode
from scanner.model.finding import HostReport
from scanner.model.logs import LogDigest
from scanner.model.observation import Observations
from scanner.model.reading import Reading
from scanner.model.recall import Recall
from scanner.model.target import Target
from scanner.model.target_list import Chosen
from scanner.sinks.run_folder import OBSERVATIONS

_TOGETHER = 8
"""Targets that are kept in one turn of the loop: they share a flush and a transaction."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of one target, one observation for each vantage, and what its logs tell."""

    target: Target
    looks: tuple[Observations, ...]
    logs: Reading[LogDigest]


class Keep:
    """Keeps targets: their records, their reports, their share of the tally, their place in memory.

    In this order, so that a history that cannot be written loses nothing that was seen.
    """

    def __init__(
        self,
        output: RunOutput,
        trail: Trail,
        shop: Workshop,
        progress: Callable[[Progress], None],
    ) -> None:
        self.output = output
        self._trail = trail
        self._shop = shop
        self._progress = progress
        self._done = 0
        self._taken_up = 0
        self._under_way: dict[str, Target] = {}
        self._before: dict[str, Recall] = {}

    def __call__(self, *several: Looked) -> None:
        """Keep some targets. All are on disk before the first is judged."""
        records = [self._record(one) for one in several]
        try:
            self._trail.assets(*(one.looks for one in several))
        finally:  # a log that cannot be written ends the run; what was seen is kept all the same
            for record in records:
                self.output.folder.append(OBSERVATIONS, encode(record))
        self._conclude(
            (docket_of(one.target, record, one.logs), record)
            for one, record in zip(several, records, strict=True)
        )

    def handed_out(self, wanted: Iterable[Target]) -> Iterator[Target]:
        """Pass targets on to whoever looks at them; each is held until it is kept."""
        for target in wanted:
            self._under_way[target.asset] = target
            yield target

    def owed(self) -> tuple[Target, ...]:
        """Return the targets that were handed out and not kept, in the order of handing out."""
        return tuple(self._under_way.values())

    def take_up(self, wanted: Sequence[Target]) -> Sequence[Target]:
        """Judge again what the run had kept before it ended: nothing of it is looked at twice.

        Returns what is left to look at.
        """
        places = {target.asset: place for place, target in enumerate(wanted)}
        folder = self.output.folder
        self._before = cleaned(folder, OBSERVATIONS)
        folder.remove(HOSTS)
        for record in saved(folder, OBSERVATIONS, "start a new run"):
            self._taken_up += 1
            target = wanted[places.pop(record.asset)]
            self._conclude([(docket_of(target, record), record)])
        return Chosen(wanted, array("I", places.values()))

    def _record(self, one: Looked) -> Record:
        record = self._shop.record(one.target, *one.looks)
        if (past := self._before.get(record.asset)) is not None:
            record = replace(record, recall=known_before(record.recall, past))
        return record

    def _conclude(self, several: Iterable[tuple[Docket, Record]]) -> None:
        reports: list[HostReport] = []
        steps: list[Progress] = []
        try:
            for docket, record in several:
                reports.append(self.output.add(docket, record))
                self._done += 1
                self._under_way.pop(record.asset, None)
                steps.append(self._step(record.asset))
        finally:  # what is in the report is remembered, whatever became of the next one
            self._shop.remember(*reports)
        for step in steps:
            self._progress(step)

    def _step(self, asset: str) -> Progress:
        return Progress(
            done=self._done,
            total=self.output.tally.targeted,
            failures=self.output.tally.failures,
            asset=asset,
            begun=self._taken_up,
        )


class KeepingDesk:
    """Keeps targets as they come, a few in each turn of the loop: see ``scanner.engine.pace``."""

    def __init__(self, keep: Callable[..., None]) -> None:
        self._keep = keep
        self._desk = Desk()
        self._waiting: deque[Looked] = deque()

    async def keep(self, one: Looked) -> None:
        """Return once ``one`` is kept. Raises what keeping it, or one beside it, raises."""
        self._waiting.append(one)
        try:
            await self._desk.turn()
        finally:  # what was seen is kept, even where those behind are cancelled before those ahead
            while any(each is one for each in self._waiting):
                self._keep(*self._next())

    def _next(self) -> list[Looked]:
        return [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
