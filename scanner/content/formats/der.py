"""ASN.1 in BER or DER (X.690): one element after another, never by recursion on content."""

from __future__ import annotations

from typing import Final

from scanner.model.frozen import dataclass

_MOST_ELEMENTS: Final = 20_000
_MOST_DEPTH: Final = 32


@dataclass(frozen=True, slots=True)
class Element:
    """An element's tag octet and content. ``end`` is None where its length is indefinite.

    ``end`` may lie beyond the bytes that are here.
    """

    tag: int
    start: int
    end: int | None


def read_element(data: bytes, at: int) -> Element | None:
    """Read the element at ``at``; None where there is none. High tag numbers are not read."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        return None
    first = data[at + 1]
    if first < 0x80:
        return Element(data[at], at + 2, at + 2 + first)
    if first == 0x80:
        return Element(data[at], at + 2, None) if data[at] & 0x20 else None
    width = first & 0x7F
    if width > 8 or at + 2 + width > len(data):
        return None
    length = int.from_bytes(data[at + 2 : at + 2 + width], "big")
    return Element(data[at], at + 2 + width, at + 2 + width + length)


def after(data: bytes, element: Element) -> int | None:
    """Return where the next element starts; None where that lies beyond the bytes here."""
    if element.end is not None:
        return element.end if element.end <= len(data) else None
    at, open_ends = element.start, 1
    for _ in range(_MOST_ELEMENTS):
        if data[at : at + 2] == b"\x00\x00":
            open_ends, at = open_ends - 1, at + 2
            if open_ends == 0:
                return at
            continue
        child = read_element(data, at)
        if child is None or open_ends > _MOST_DEPTH:
            return None
        if child.end is None:
            open_ends, at = open_ends + 1, child.start
        else:
            at = child.end
    return None


def children(data: bytes, element: Element, most: int = 16) -> list[Element]:
    """Return the elements directly within, as far as the bytes reach."""
    found: list[Element] = []
    at: int | None = element.start
    limit = len(data) if element.end is None else min(element.end, len(data))
    while at is not None and at < limit and len(found) < most:
        if element.end is None and data[at : at + 2] == b"\x00\x00":
            break
        child = read_element(data, at)
        if child is None:
            break
        found.append(child)
        at = after(data, child)
    return found
