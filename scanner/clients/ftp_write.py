"""The opt-in write test: an empty file of our own, written and removed. Nothing else writes."""

from __future__ import annotations

from scanner.clients.faults import Fault
from scanner.clients.ftp import FtpTree
from scanner.clients.ftp_session import FtpSession
from scanner.model.frozen import dataclass
from scanner.wire.ftp import RawReply

_GONE = 550


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of writing one file. ``left``: it was taken and could not be removed."""

    taken: bool
    left: bool
    replies: tuple[tuple[str, RawReply], ...]


async def write_and_remove(tree: FtpTree, directory: bytes, name: bytes) -> Written:
    """Store an empty file ``name`` in ``directory`` and remove it at once.

    ``name`` comes from ``own_file_name``; another one is a ``ValueError`` and nothing is sent.
    Raises ``Fault`` where the directory cannot be entered or the connection is lost before the
    file was stored. From then on nothing is raised: what may be left is told.
    """
    session = tree.session
    entered = await session.command("CWD", directory)
    if entered.code // 100 != 2:
        return Written(taken=False, left=False, replies=(("CWD", entered),))
    session.writing = True
    try:
        stored = await tree.transfers.store_nothing(name)
        if stored.reply.code // 100 != 2 and not stored.opened:
            return Written(taken=False, left=False, replies=(("STOR", stored.reply),))
        return await _removed(session, name, stored.reply)
    finally:
        session.writing = False


async def _removed(session: FtpSession, name: bytes, stored: RawReply) -> Written:
    """Remove the file, also where storing it ended in an error: something may be there."""
    told = (("STOR", stored),)
    taken = stored.code // 100 == 2
    try:
        reply = await session.command("DELE", name)
    except Fault:
        return Written(taken=taken, left=taken, replies=told)
    gone = reply.code // 100 == 2 or (not taken and reply.code == _GONE)
    return Written(taken=taken, left=not gone, replies=(*told, ("DELE", reply)))
