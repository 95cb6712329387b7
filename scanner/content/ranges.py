"""A file seen through byte ranges: questions are yielded, bytes are sent back."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A question: the ``length`` bytes at ``offset``. Fewer come back at the end of the file."""

    offset: int
    length: int


Asking: TypeAlias = Generator[ByteRange, bytes, T]
"""A computation that yields byte ranges, is sent their bytes, and returns its answer."""


class Budget:
    """How many bytes may still be asked for, over all views of one file."""

    __slots__ = ("left", "received")

    def __init__(self, most: int) -> None:
        self.left = max(most, 0)
        self.received = 0

    def spend(self, count: int) -> None:
        """Book ``count`` bytes that arrived."""
        self.left -= count
        self.received += count


class Source:
    """A file, or the rest of one. Never asks beyond its end nor beyond its budget.

    ``complete`` is false when the bytes are a cut of something longer.
    """

    __slots__ = ("_base", "budget", "complete", "size")

    def __init__(self, size: int, budget: Budget, *, base: int = 0, complete: bool = True) -> None:
        self.size = max(size, 0)
        self.budget = budget
        self.complete = complete
        self._base = base

    def read(self, offset: int, length: int) -> Asking[bytes]:
        """Ask for a range, clipped to the file and the budget; empty when nothing is left."""
        length = min(length, self.size - offset, self.budget.left)
        if offset < 0 or length <= 0:
            return b""
        data = (yield ByteRange(self._base + offset, length))[:length]
        self.budget.spend(len(data))
        return data

    def beyond(self, skip: int) -> Source:
        """Return the rest of the file after ``skip`` bytes, on the same budget."""
        return Source(
            self.size - skip, self.budget, base=self._base + skip, complete=self.complete
        )


def answer_from(data: bytes, asking: Asking[T]) -> T:
    """Run a computation to its end over bytes that are already here."""
    try:
        wanted = next(asking)
        while True:
            wanted = asking.send(data[wanted.offset : wanted.offset + wanted.length])
    except StopIteration as stop:
        answer: T = stop.value
        return answer
