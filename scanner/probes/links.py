"""Asks where links lead of which a listing says nothing, and follows none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol, TypeGuard

from scanner.model.listing import Entry, EntryKind, Listing
from scanner.model.reading import Observed, Reading
from scanner.probes.asking import ask_each
from scanner.probes.crawl import Crawl
from scanner.probes.places import below

MOST_LINKS = 64
"""Links of one walk that are asked about; the others stay untold."""


_LINK = EntryKind.LINK


class LinkTree(Protocol):
    """A tree that is asked where a link leads, as its listings do not tell."""

    async def read_link(self, path: bytes) -> Reading[bytes]:
        """Return a link's target as it is written; a refusal is ``Unobserved``."""
        ...


def tells_links(tree: object) -> TypeGuard[LinkTree]:
    """Whether a tree can be asked; a protocol that is asked itself takes twenty times as long."""
    return hasattr(tree, "read_link")


async def tell_links(seen: Crawl, tree: LinkTree, *, seconds: float) -> None:
    """Write into ``seen`` where its links lead, of at most ``MOST_LINKS`` within ``seconds``.

    Ends at the third fault in a row. Never raises for what the server does.
    """
    untold = _untold(seen)[:MOST_LINKS]
    if not untold:
        return
    told = await ask_each(untold, tree.read_link, seconds=seconds)
    for directory, reading in seen.readings.items():
        if isinstance(reading, Observed):
            listing = _with_targets(directory, reading.value, told)
            seen.readings[directory] = replace(reading, value=listing)


def links_untold(listings: Mapping[bytes, Listing]) -> int:
    """Count the links whose target is not known."""
    return sum(map(_is_untold, _entries(listings.values())))


def _untold(seen: Crawl) -> list[bytes]:
    return [
        below(directory, entry.name)
        for directory, reading in seen.readings.items()
        if isinstance(reading, Observed)
        for entry in reading.value.entries
        if _is_untold(entry)
    ]


def _with_targets(directory: bytes, listing: Listing, told: Mapping[bytes, bytes]) -> Listing:
    entries = tuple(
        replace(entry, link_target=told[path])
        if _is_untold(entry) and (path := below(directory, entry.name)) in told
        else entry
        for entry in listing.entries
    )
    return replace(listing, entries=entries)


def _entries(listings: Iterable[Listing]) -> Iterable[Entry]:
    return (entry for listing in listings for entry in listing.entries)


def _is_untold(entry: Entry) -> bool:
    return entry.kind is _LINK and not entry.link_target
