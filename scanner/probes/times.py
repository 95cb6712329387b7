"""Asks when files were changed of which a listing tells no exact moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeGuard

from scanner.model.listing import Entry, Precision
from scanner.model.reading import Reading, Reason
from scanner.model.view import Zone
from scanner.probes.asking import ask_each
from scanner.probes.sampling import FoundFile

MOST_ASKED: Final = 32
"""Files of one walk whose time is asked for; the others keep what their listing told."""

_AT_ONCE: Final = timedelta(minutes=15)
"""What every offset of a time zone is a multiple of."""
_SECOND: Final = Precision.SECOND
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class TimedTree(Protocol):
    """A tree that is asked when a file was changed, as its listings do not tell exactly."""

    async def modified_at(self, path: bytes) -> Reading[datetime]:
        """Return the time of last change, UTC; a refusal is ``Unobserved``."""
        ...


def tells_times(tree: object) -> TypeGuard[TimedTree]:
    """Whether a tree can be asked; a protocol that is asked itself takes twenty times as long."""
    return hasattr(tree, "modified_at")


async def tell_times(
    files: Sequence[FoundFile], tree: TimedTree, *, seconds: float
) -> tuple[FoundFile, ...]:
    """Return the files, of at most ``MOST_ASKED`` with the time that the server tells on request.

    Those of declared migrations are asked for first, then the oldest; none of a public area. Ends
    at the third fault in a row, or where the server does not know the question. Never raises for
    what the server does.
    """
    paths = [file.path for file in _worth_asking(files)]
    if not paths:
        return tuple(files)
    told = await ask_each(paths, tree.modified_at, seconds=seconds, final={Reason.NOT_OFFERED})
    return tuple(
        replace(file, entry=timed(file.entry, told[file.path])) if file.path in told else file
        for file in files
    )


def timed(entry: Entry, told: datetime) -> Entry:
    """Return ``entry`` with the time that MDTM told for it.

    RFC 3659 has UTC there, but a server may answer in its local time as it does in listings
    (vsftpd's ``use_localtime``). Only where the two differ by whole quarters of an hour is it
    known which is which.
    """
    listed = entry.modified
    apart = listed is not None and entry.precision is Precision.MINUTE
    off = abs(told.replace(second=0) - listed) if apart and listed else timedelta()
    known = entry.zone_known or (off > timedelta() and off % _AT_ONCE == timedelta())
    return replace(entry, modified=told, precision=Precision.SECOND, zone_known=known)


def _worth_asking(files: Sequence[FoundFile]) -> list[FoundFile]:
    coarse = [file for file in files if _is_coarse(file.entry) and file.zone is not Zone.PUBLIC]
    coarse.sort(key=lambda file: (not file.orders, file.entry.modified or _NEVER))
    return coarse[:MOST_ASKED]


def _is_coarse(entry: Entry) -> bool:
    return entry.precision is not _SECOND or not entry.zone_known
