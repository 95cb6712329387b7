"""What every recogniser is given, and how a column may be named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TypeAlias

from scanner.content.lexicon import concept_of, folded
from scanner.content.ranges import Allowance, Asking, Source
from scanner.model.content import Column, ContentFacts, DateRange
from scanner.model.frozen import dataclass

Key: TypeAlias = Callable[..., str]
"""A keyed hash of byte strings (``scanner.model.mask.Mask``)."""


class Naming:
    """Names columns by order or lexicon; every other header is only told by its keyed hash."""

    def __init__(
        self, key: Key, ordered_fields: tuple[str, ...], dates: DateRange | None = None
    ) -> None:
        self._key = key
        self._ordered = {folded(field): field for field in ordered_fields}
        self._meant = {concept_of(field): field for field in reversed(ordered_fields)}
        self._date_fields = {folded(field) for field in dates.fields} if dates else set()
        self.dates = dates

    @property
    def has_order(self) -> bool:
        """Whether the file falls under an order: it is then read whole where it can be."""
        return bool(self._ordered)

    def is_known(self, header: str) -> bool:
        """Whether a header is an ordered field or a word of the lexicon."""
        return folded(header) in self._ordered or concept_of(header) is not None

    def is_ordered(self, header: str | None) -> bool:
        """Whether a header is an ordered field."""
        return header is not None and folded(header) in self._ordered

    def is_date_field(self, header: str) -> bool:
        """Whether a header is the field that tells the order's dates."""
        return folded(header) in self._date_fields

    @property
    def concepts(self) -> frozenset[str | None]:
        """What the ordered fields mean by the lexicon; None among them where it knows not all."""
        return frozenset(self._meant)

    def column(self, index: int, header: str | None, *, free_text: bool) -> Column:
        """Return a column fit to be stored. ``header`` is None where the table has none."""
        if header is None or not folded(header):
            return Column(index=index, free_text=free_text)
        plain = folded(header)
        concept = concept_of(header)
        name = self._ordered.get(plain) or concept
        key = None if name else self._key(b"column", plain.encode())
        like = self._meant.get(concept) if concept and plain not in self._ordered else None
        return Column(index=index, name=name, key=key, free_text=free_text, like=like)


@dataclass(frozen=True, slots=True)
class Scene:
    """One file (or the inside of one) under examination."""

    source: Source
    head: bytes
    naming: Naming
    inside: Callable[[bytes, bool], ContentFacts]
    """``inside(data, complete)`` judges bytes that were unpacked in memory."""
    beyond: Callable[[int], Asking[ContentFacts]]
    """``beyond(skip)`` judges the rest of this file after ``skip`` bytes."""
    allowance: Allowance = field(default_factory=Allowance)


Recogniser: TypeAlias = Callable[[Scene], Asking[ContentFacts | None]]
"""Returns facts when the bytes are of its format, else None."""
