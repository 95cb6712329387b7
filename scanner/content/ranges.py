"""A file seen through byte ranges: questions are yielded, bytes are sent back."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from scanner.model.frozen import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A question: the ``length`` bytes at ``offset``. Fewer come back at the end of the file."""

    offset: int
    length: int


Asking: TypeAlias = Generator[ByteRange, bytes, T]
"""A computation that yields byte ranges, is sent their bytes, and returns its answer."""


class Budget:
    """How many bytes may still be asked for, over all views of one file; and those that came."""

    __slots__ = ("_pieces", "left", "received")

    def __init__(self, most: int) -> None:
        self.left = max(most, 0)
        self.received = 0
        self._pieces: list[tuple[int, bytes]] = []

    def keep(self, offset: int, data: bytes) -> None:
        """Book bytes that arrived and remember them: nothing is fetched twice."""
        self.left -= len(data)
        self.received += len(data)
        self._pieces.append((offset, data))

    def kept(self, offset: int, length: int) -> bytes:
        """Return the longest start of a range that lies in one earlier answer."""
        found = b""
        for start, data in self._pieces:
            if start <= offset < start + len(data):
                part = data[offset - start : offset - start + length]
                found = max(found, part, key=len)
        return found


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
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        kept = self.budget.kept(self._base + offset, length)
        offset, length = offset + len(kept), min(length - len(kept), self.budget.left)
        if length <= 0:
            return kept
        data = (yield ByteRange(self._base + offset, length))[:length]
        self.budget.keep(self._base + offset, data)
        return kept + data

    def beyond(self, skip: int) -> Source:
        """Return the rest of the file after ``skip`` bytes, on the same budget."""
        return Source(self.size - skip, self.budget, base=self._base + skip, complete=self.complete)

    def until(self, end: int | None) -> Source:
        """Return the file up to ``end`` at most, on the same budget; all of it for None."""
        size = self.size if end is None else min(end, self.size)
        return Source(size, self.budget, base=self._base, complete=self.complete)


def answer_from(data: bytes, asking: Asking[T]) -> T:
    """Run a computation to its end over bytes that are already here."""
    try:
        wanted = next(asking)
        while True:
            wanted = asking.send(data[wanted.offset : wanted.offset + wanted.length])
    except StopIteration as stop:
        answer: T = stop.value
        return answer


class Allowance:
    """How much may be unpacked from one file, over all containers within it."""

    __slots__ = ("members", "output")

    def __init__(self, *, members: int = 192, output: int = 4_194_304) -> None:
        self.members = members
        self.output = output

    def take(self, length: int) -> bool:
        """Book one member of ``length`` unpacked bytes; false when it is too much."""
        self.members -= 1
        self.output -= length
        return self.members >= 0 and self.output >= 0
