"""Many targets in little memory: most of a large file differ in nothing but their names."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Callable, Sequence
from operator import eq
from typing import overload

from scanner.model.frozen import replace
from scanner.model.target import Target

_BETWEEN = "\n"
"""Stands between host and asset where these differ. Neither holds a control character."""


class _Targets(Sequence[Target]):
    """Targets are equal to others that are the same in the same order, however they are held."""

    def __eq__(self, other: object) -> bool:
        """Tell whether ``other`` is a sequence of equal targets."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    @overload
    def __getitem__(self, place: int) -> Target: ...
    @overload
    def __getitem__(self, place: slice) -> Chosen: ...
    def __getitem__(self, place: int | slice) -> Target | Chosen:
        """Return one target, or several."""
        found = range(len(self))[place]
        return Chosen(self, found) if isinstance(found, range) else self._target(found)

    @abstractmethod
    def _target(self, at: int) -> Target:
        """Return the target at a place, counted from the first."""


class TargetList(_Targets):
    """Targets that are made when they are asked for, each from its names and what it shares with
    others. Add them in order, then read.
    """

    def __init__(self) -> None:
        self._kinds: list[Target] = []
        self._kind_of = array("I")
        self._names = bytearray()
        self._ends = array("I", [0])

    def kind(self, example: Target) -> int:
        """Take in what some targets have in common: all of this one but its names."""
        self._kinds.append(example)
        return len(self._kinds) - 1

    def add(self, kind: int, host: str, asset: str) -> None:
        """Take in one more target."""
        names = host if host == asset else f"{host}{_BETWEEN}{asset}"
        self._names += names.encode()
        self._ends.append(len(self._names))
        self._kind_of.append(kind)

    def __len__(self) -> int:
        """Return how many targets there are."""
        return len(self._kind_of)

    def _target(self, at: int) -> Target:
        """Return a target, made anew where it is not the only one of its kind."""
        names = self._names[self._ends[at] : self._ends[at + 1]].decode()
        host, _, asset = names.partition(_BETWEEN)
        return _called(self._kinds[self._kind_of[at]], host, asset or host)


def _called(kind: Target, host: str, asset: str) -> Target:
    if (kind.host, kind.asset) == (host, asset):
        return kind
    return replace(kind, host=host, asset=asset)


class Chosen(_Targets):
    """Some of several targets, by their places."""

    def __init__(self, of: Sequence[Target], places: Sequence[int]) -> None:
        self._of = of
        self._places = places

    def __len__(self) -> int:
        """Return how many targets were chosen."""
        return len(self._places)

    def _target(self, at: int) -> Target:
        return self._of[self._places[at]]


def chosen(targets: Sequence[Target], wanted: Callable[[Target], bool]) -> Chosen:
    """Return those of ``targets`` that are wanted, in their order."""
    return Chosen(targets, array("I", (at for at, one in enumerate(targets) if wanted(one))))
