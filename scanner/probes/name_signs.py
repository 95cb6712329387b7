"""Counts what the names of a walk tell, before they are masked."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.listing import EntryKind, Listing
from scanner.model.view import NameSigns
from scanner.probes.places import Places
from scanner.wire.telling_names import (
    looks_left_over,
    looks_like_a_customer,
    looks_like_a_draft,
)

_FILE, _DIRECTORY = EntryKind.FILE, EntryKind.DIRECTORY


def name_signs(listings: Mapping[bytes, Listing], places: Places, home: bytes) -> NameSigns:
    """Return what names say: nothing of it decides anything.

    A folder is at the top where it lies in the root, in the login's home, or where a declared
    area or order begins. ``listings`` are by normal path.
    """
    controllers = {order.migration.controller for order in places.orders}
    top = {b"/", *places.starts(home)}
    drafts = leftovers = 0
    customers: set[bytes] = set()
    for folder, listing in listings.items():
        named = {
            entry.name
            for entry in listing.entries
            if entry.kind is _DIRECTORY and looks_like_a_customer(entry.name, controllers)
        }
        if folder in top:
            customers.update(folder.rstrip(b"/") + b"/" + name for name in named)
        files = [entry.name for entry in listing.entries if entry.kind is _FILE]
        drafts += sum(map(looks_like_a_draft, files))
        if named:
            others = (entry.name for entry in listing.entries if entry.name not in named)
            leftovers += sum(map(looks_left_over, others))
    return NameSigns(drafts=drafts, leftovers=leftovers, customers=len(customers))
