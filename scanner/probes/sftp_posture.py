"""What an open SFTP session shows of the server beside the files: attributes, not content.

The paths that are asked for are our own short list, the home, and the folders beside it. Opened is
the login's own key file alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from scanner.clients.sftp import SftpTree
from scanner.clients.sftp_attributes import limits, look_at, read_only
from scanner.clients.sftp_faults import ForeignVersionFault
from scanner.model.listing import Entry, EntryKind
from scanner.model.login_keys import AuthorizedKeys
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import (
    Confinement,
    Neighbours,
    PathSeen,
    Presence,
    SftpFacts,
    Sibling,
)
from scanner.model.view import Zone
from scanner.probes.authorized_keys import read_authorized_keys
from scanner.probes.context import ProbeContext
from scanner.probes.people_keys import holders_of
from scanner.probes.places import Places, below, holds, normal_path, parent_of

MOST_SIBLINGS = 16
MOST_BESIDE = 256
"""Entries of the folder above the home that are looked at."""

MOST_COUNTED = 64
"""Names that are counted in one folder beside the home."""

KNOWN_PATHS = ("/etc/passwd", "/etc/hostname", "/bin", "/usr", "/var", "/home", "/proc")
"""What a whole Unix system has. Their attributes are asked for; they are never opened."""

_WHOLE_SYSTEM = ("/etc/passwd", "/usr", "/proc")
_NEVER_KEPT = ("/etc/passwd", "/bin", "/usr", "/proc")
_KEY_FILES = (".ssh", ".ssh/authorized_keys", ".ssh/authorized_keys2")
_NO_TIME = Unobserved(Reason.TIME_BUDGET, "no time was left to ask")

T = TypeVar("T")


async def observe_posture(tree: SftpTree, context: ProbeContext, *, seconds: float) -> SftpFacts:
    """Ask everything in turn, within ``seconds`` in all; what is cut is ``Unobserved``.

    Server behaviour never raises.
    """
    return await _Posture(tree, context, seconds).run()


def foreign_version(fault: ForeignVersionFault) -> SftpFacts:
    """Return the one fact that a server leaves which speaks another version alone."""
    said, why = fault.version, fault.reading
    return SftpFacts(
        version=said.number,
        extensions=said.extensions,
        dropped=said.dropped,
        limits=why,
        home=why,
        confinement=why,
        key_files=why,
        authorized_keys=why,
        neighbours=why,
        read_only=why,
    )


class _Posture:
    def __init__(self, tree: SftpTree, context: ProbeContext, seconds: float) -> None:
        self._tree = tree
        self._context = context
        self._home = normal_path(tree.home)
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._places = Places.declared(context.target.areas, context.target.migrations)

    async def run(self) -> SftpFacts:
        said = self._tree.version
        facts = SftpFacts(version=said.number, extensions=said.extensions, dropped=said.dropped)
        home = await self._within(self._look_home())
        facts = replace(facts, home=home, confinement=await self._within(self._confinement()))
        facts = replace(facts, key_files=await self._within(self._key_files()))
        facts = replace(facts, authorized_keys=await self._authorized_keys(facts))
        facts = replace(facts, neighbours=await self._neighbours())
        return replace(
            facts,
            read_only=await self._within(read_only(self._tree, self._home)),
            limits=await self._within(limits(self._tree)),
        )

    async def _within(self, step: Awaitable[Reading[T]]) -> Reading[T]:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await step
        except TimeoutError:
            return _NO_TIME

    async def _look_home(self) -> Reading[PathSeen]:
        shown = self._context.mask.directory(self._home)
        return _answered(await look_at(self._tree, self._home, shown=shown))

    async def _confinement(self) -> Reading[Confinement]:
        root = await look_at(self._tree, b"/", shown="/", follow=False)
        if isinstance(root.presence, Unobserved):
            return root.presence
        known = tuple(
            [
                await look_at(self._tree, path.encode(), shown=path, follow=False)
                for path in KNOWN_PATHS
            ]
        )
        return Observed(_judged(root, known, self._tree.home))

    async def _key_files(self) -> Reading[tuple[PathSeen, ...]]:
        seen = [
            await look_at(self._tree, below(self._home, name.encode()), shown=name)
            for name in _KEY_FILES
        ]
        first = _answered(seen[0])
        return first if isinstance(first, Unobserved) else Observed(tuple(seen))

    async def _authorized_keys(self, facts: SftpFacts) -> Reading[AuthorizedKeys]:
        if isinstance(facts.key_files, Unobserved):
            return facts.key_files
        there = [seen.path for seen in facts.key_files.value if _is_key_file(seen)]
        if not there:
            return Unobserved(Reason.NOT_OFFERED, "no key file lies in the home")
        mask = self._context.mask
        holders = holders_of(self._context.target.accounts, mask)
        paths = [below(self._home, path.encode()) for path in there]
        return await self._within(read_authorized_keys(self._tree, paths, holders, mask))

    async def _neighbours(self) -> Reading[Neighbours]:
        if self._home == b"/":
            return Unobserved(Reason.NOT_OFFERED, "the home is the root: nothing lies beside it")
        above = parent_of(self._home)
        reading = await self._within(self._tree.list_directory(above, most=MOST_BESIDE))
        if isinstance(reading, Unobserved):
            return reading
        own = self._home.rpartition(b"/")[2]
        folders = [
            entry
            for entry in reading.value.entries
            if entry.kind is EntryKind.DIRECTORY and entry.name != own
        ]
        seen = Neighbours(
            parent=self._context.mask.directory(above),
            outcome=reading.value.outcome,
            folders=len(folders),
            complete=reading.value.complete,
        )
        return Observed(replace(seen, siblings=await self._siblings(above, folders)))

    async def _siblings(self, above: bytes, folders: list[Entry]) -> tuple[Sibling, ...]:
        """Try some of the folders: what belongs to others, and what is declared, first."""
        worth = sorted(folders, key=lambda entry: self._worth(below(above, entry.name), entry))
        tried: list[Sibling] = []
        for entry in worth[:MOST_SIBLINGS]:
            path = below(above, entry.name)
            tried.append(await self._sibling(path, entry))
        return tuple(tried)

    def _worth(self, path: bytes, entry: Entry) -> tuple[bool, bool]:
        return (not self._foreign(path), entry.owner in {None, "0"})

    async def _sibling(self, path: bytes, entry: Entry) -> Sibling:
        """Count the first names: a handle that was granted alone may be a mere promise."""
        plain = Sibling(
            name=self._context.mask.directory(entry.name),
            outcome=_NO_TIME,
            mode=entry.mode,
            uid=int(entry.owner) if entry.owner is not None else None,
            foreign=self._foreign(path),
            public=self._places.zone(path) is Zone.PUBLIC,
        )
        try:
            # By itself: what was seen of the others must not be lost with this one's time.
            async with asyncio.timeout_at(self._deadline):
                reading = await self._tree.list_directory(path, most=MOST_COUNTED)
        except TimeoutError:
            return plain
        if isinstance(reading, Unobserved):
            return replace(plain, outcome=reading)
        shown = len(reading.value.entries)
        return replace(plain, outcome=Observed(reading.value.outcome), entries=shown)

    def _foreign(self, path: bytes) -> bool:
        """Whether a private area holds ``path`` and not the home."""
        return any(
            zone is Zone.PRIVATE and holds(area, path) and not holds(area, self._home)
            for _, area, zone in self._places.areas
        )


def _is_key_file(seen: PathSeen) -> bool:
    return seen.path != _KEY_FILES[0] and seen.presence == Observed(Presence.PRESENT)


def _answered(seen: PathSeen) -> Reading[PathSeen]:
    return seen.presence if isinstance(seen.presence, Unobserved) else Observed(seen)


def _judged(root: PathSeen, known: tuple[PathSeen, ...], home: bytes) -> Confinement:
    """Weigh the signs. Only agreement decides: a folder may well hold a ``/home`` or a ``/bin``
    of its own, and a server without them may be no Unix at all.
    """
    return Confinement(
        confined=_confined(known, home),
        signs=tuple(_signs(root, known, home)),
        root=root,
        known=known,
    )


def _confined(known: tuple[PathSeen, ...], home: bytes) -> bool | None:
    told = {seen.path: seen.presence for seen in known}
    if _names_a_drive(home):
        return None
    if all(told[path] == Observed(Presence.PRESENT) for path in _WHOLE_SYSTEM):
        return False
    if all(told[path] == Observed(Presence.MISSING) for path in _NEVER_KEPT):
        return True
    return None


def _signs(root: PathSeen, known: tuple[PathSeen, ...], home: bytes) -> list[str]:
    def named(presence: Presence) -> str:
        return " ".join(seen.path for seen in known if seen.presence == Observed(presence))

    signs = [f"{named(each)}: {each}" for each in Presence if named(each)]
    told = root.attributes
    if told is not None and told.uid is not None:
        signs.append("the root belongs to root" if told.uid == 0 else "the root belongs to a user")
    if told is not None and told.mode is not None and told.mode & 0o002:
        signs.append("anyone may write in the root")
    if normal_path(home) == b"/":
        signs.append("the home is the root")
    if _names_a_drive(home):
        signs.append("the home names a drive")
    return signs


def _names_a_drive(home: bytes) -> bool:
    """Whether a home is written as servers on Windows write it: ``/C:/Users/...``."""
    first = normal_path(home).split(b"/")[1]
    return len(first) == 2 and first[1:] == b":" and first[:1].isalpha()
