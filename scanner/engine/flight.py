"""What a run over a broker has under way: assets, the vantages they wait for, and batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scanner.model.ledger import SentBatch
from scanner.model.observation import Observations
from scanner.model.target import Target


@dataclass(slots=True)
class Waiting:
    """One asset: what was seen of it so far, and from where it was not yet. ``handed_over``: all of
    that was, though whoever keeps it may not have come to its end.
    """

    target: Target
    missing: set[str]
    looks: dict[str, Observations] = field(default_factory=dict)
    handed_over: bool = False

    def seen(self) -> tuple[Observations, ...]:
        """Return what was seen, in the order in which the target lists its vantages."""
        return tuple(self.looks[each] for each in self.target.vantages if each in self.looks)


@dataclass(slots=True)
class Flight:
    """Assets under way, and which batch each waits for at each vantage."""

    assets: dict[str, Waiting] = field(default_factory=dict)
    batches: dict[str, SentBatch] = field(default_factory=dict)
    _batch_of: dict[tuple[str, str], str] = field(default_factory=dict)
    _lost: dict[tuple[str, str], SentBatch] = field(default_factory=dict)

    def lose(self, batch: SentBatch) -> None:
        """Note that a batch is gone: its assets are to be sent anew."""
        self._lost.update({(batch.vantage, asset): batch for asset in batch.assets})

    def lost(self, vantage: str, asset: str) -> SentBatch | None:
        """Return the batch with which an asset was lost, if it was."""
        return self._lost.get((vantage, asset))

    def add(self, batch: SentBatch) -> None:
        """Note a batch that was sent, or once more with its number."""
        self.batches[batch.name] = batch
        for asset in batch.assets:
            self._batch_of[batch.vantage, asset] = batch.name
            self._lost.pop((batch.vantage, asset), None)

    def remove(self, batch: SentBatch) -> None:
        """Forget a batch."""
        self.batches.pop(batch.name, None)
        for asset in batch.assets:
            if self._batch_of.get((batch.vantage, asset)) == batch.name:
                del self._batch_of[batch.vantage, asset]

    def is_sent(self, vantage: str, asset: str) -> bool:
        """Whether an asset is in a batch of this vantage."""
        return (vantage, asset) in self._batch_of

    def batch_with(self, vantage: str, asset: str) -> SentBatch | None:
        """Return the batch in which an asset is."""
        name = self._batch_of.get((vantage, asset))
        return None if name is None else self.batches.get(name)

    def waits(self, vantage: str, asset: str) -> Waiting | None:
        """Return an asset that nobody told of from this vantage yet."""
        waiting = self.assets.get(asset)
        return waiting if waiting is not None and vantage in waiting.missing else None

    def left(self, batch: SentBatch) -> tuple[str, ...]:
        """Return the assets of a batch that nobody told of yet."""
        return tuple(asset for asset in batch.assets if self.waits(batch.vantage, asset))

    def by_sequence(self, sequence: int) -> SentBatch | None:
        """Return the batch of a number."""
        return next((each for each in self.batches.values() if each.sequence == sequence), None)

    def unmet(self, vantage: str) -> list[Waiting]:
        """Return the assets that wait for a vantage."""
        return [each for each in self.assets.values() if vantage in each.missing]


def halves(assets: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """Return the two halves of several assets."""
    middle = (len(assets) + 1) // 2
    return (assets[:middle], assets[middle:])
