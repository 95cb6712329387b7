"""The opt-in write test: may an anonymous login leave a file behind? Off unless a target asks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from scanner.clients.faults import Fault
from scanner.clients.ftp import FtpTree
from scanner.clients.ftp_verbs import own_file_name
from scanner.clients.ftp_write import write_and_remove
from scanner.model.listing import Entry, EntryKind, Listing
from scanner.model.observation import Reply, WriteTest
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.probes.ftp_visit import Visit
from scanner.probes.places import below

MOST_DIRECTORIES = 5
_INVITING = (b"incoming", b"upload", b"dropbox", b"inbound", b"inbox")
_OTHERS_WRITE = 0o002


class Candidates:
    """Directories where a write may succeed, as listings tell of them: raw paths, in memory."""

    def __init__(self, home: bytes) -> None:
        self._home = home
        self._claimed: dict[bytes, None] = {}

    def meet(self, directory: bytes, listing: Listing) -> None:
        """Take note of a listing."""
        for entry in listing.entries:
            if len(self._claimed) < MOST_DIRECTORIES and _invites(entry):
                self._claimed[below(directory, entry.name)] = None

    def paths(self) -> Iterable[bytes]:
        """Return what to try, the home first, at most ``MOST_DIRECTORIES``."""
        return list(dict.fromkeys((self._home, *self._claimed)))[:MOST_DIRECTORIES]


def _invites(entry: Entry) -> bool:
    if entry.kind is not EntryKind.DIRECTORY:
        return False
    named = any(word in entry.name.lower() for word in _INVITING)
    return named or bool(entry.writable) or bool((entry.mode or 0) & _OTHERS_WRITE)


async def ask_write(visit: Visit, tree: FtpTree, paths: Iterable[bytes]) -> Reading[WriteTest]:
    """Write and remove an empty file of our own in each directory, until one takes it.

    A connection that is lost before the server said that it took the file leaves it unknown; one
    lost after that is told as a file that was left.
    """
    tried, written, left = 0, 0, 0
    names: list[str] = []
    replies: list[Reply] = []
    evidence: list[str] = []
    for path in paths:
        name = own_file_name(secrets.token_bytes(8))
        try:
            await tree.revive()
            done = await write_and_remove(tree, path, name)
        except Fault as fault:
            # Not even a server that takes a file and falls silent may leave one unnamed.
            told = f"{fault.detail}; {name.decode('ascii')} may have been left"
            return Unobserved(fault.reason, told, tuple(evidence))
        tried += 1
        written += done.taken
        left += done.left
        names += [name.decode("ascii")] if done.left else []
        replies += [reply.shown for _, reply in done.replies]
        evidence += [visit.note(command, reply) for command, reply in done.replies]
        if done.taken or done.left:
            break
    return Observed(
        WriteTest(
            tried=tried, written=written, left=left, names=tuple(names), replies=tuple(replies)
        ),
        tuple(evidence),
    )
