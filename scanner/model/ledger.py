"""What a run that others carry out has asked for and been told, so that each target counts once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBatch:
    """A batch that was handed to the broker. ``sequence`` is its number there; 0: not yet known.

    ``origin`` is the first batch that its targets were in, ``again`` whether they may have been
    begun before, ``rounds`` how often they were sent before.
    """

    name: str
    origin: str
    vantage: str
    assets: tuple[str, ...]
    again: bool = False
    rounds: int = 0
    sequence: int = 0


class RunLedger(Protocol):
    """Remembers, over crashes, what was sent and what was seen. Every method is one transaction."""

    def send(self, batch: SentBatch) -> None:
        """Remember a batch before it is sent, and once more with its number."""
        ...

    def close(self, batch: str) -> None:
        """Forget a batch: each of its targets was seen, or is in another batch now."""
        ...

    def open_batches(self) -> Sequence[SentBatch]:
        """Return the batches that were not closed, in the order in which they were sent."""
        ...

    def see(self, vantage: str, asset: str, observations: str) -> bool:
        """Keep the first thing told of an asset from a vantage; false for any other."""
        ...

    def seen(self, asset: str) -> dict[str, str]:
        """Return what was told of an asset, by vantage."""
        ...

    def done(self, asset: str) -> None:
        """Drop what was told of an asset that was handed over: only that it was told is kept."""
        ...

    def again(self, asset: str) -> None:
        """Let an asset that was handed over be told of anew: it could not be kept."""
        ...

    def batches(self) -> int:
        """Return how many batches were ever sent."""
        ...


class BegunTargets(Protocol):
    """Remembers, at a worker, which targets were begun: no login is repeated on them."""

    def batch(self, run: str, origin: str, *, first: bool) -> bool:
        """Whether the first delivery of a batch came to whoever shares this memory.

        ``first`` says that this is it.
        """
        ...

    def begin(self, run: str, asset: str) -> bool:
        """Note that a target is begun; false where it had been before."""
        ...
