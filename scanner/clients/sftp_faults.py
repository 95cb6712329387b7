"""Why an accepted login has no SFTP session that can be used here."""

from __future__ import annotations

import asyncssh
from asyncssh.constants import OPEN_REQUEST_SESSION_FAILED

from scanner.clients.faults import Fault
from scanner.clients.ssh_session import ssh_fault
from scanner.model.reading import Reason
from scanner.wire.sftp import VERSION, Version


class ForeignVersionFault(Fault):
    """The server speaks another version of SFTP alone. ``version`` is what it said."""

    def __init__(self, version: Version) -> None:
        super().__init__(
            Reason.NOT_OFFERED, f"SFTP version {version.number} is spoken, not {VERSION}"
        )
        self.version = version


def without_subsystem(error: asyncssh.ChannelOpenError) -> Fault:
    """Tell a session without SFTP in it from no session at all."""
    if error.code == OPEN_REQUEST_SESSION_FAILED:
        return Fault(Reason.NOT_OFFERED, "there is no SFTP subsystem; SCP or a shell may be there")
    return Fault(Reason.NOT_OFFERED, f"no session is opened: {ssh_fault(error).detail}")
