"""What a receiver made of what it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Of a batch: lines to send ``again``, and lines ``refused`` for good; the rest was taken."""

    again: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    why: str = ""


TAKEN = Receipt()


class DeliveryFault(Exception):  # noqa: N818 - a word of this project's: what went wrong out there
    """Nothing of a batch is known to have been taken. One line, no secret in it.

    ``lasting``: trying again soon is of no use. ``after``: seconds that the receiver asked for.
    """

    def __init__(self, why: str, *, lasting: bool = False, after: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.lasting = lasting
        self.after = after


class Sink(Protocol):
    """A place that takes events. Lines are OCSF events of ours, without line feed."""

    @property
    def name(self) -> str:
        """How people call it: kind and place, no secret."""
        ...

    def send(self, lines: Sequence[str]) -> Receipt:
        """Hand over a batch; return once it is safe there. Raises ``DeliveryFault``."""
        ...

    def close(self) -> None:
        """Let go of what is open. Never raises."""
        ...
