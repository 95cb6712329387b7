"""What an SSH login reaches: its files, what lies beside them, a shell and forwarding."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.sftp import SftpTree
from scanner.clients.sftp_faults import ForeignVersionFault
from scanner.clients.ssh_channels import ask_forwarding, ask_shell
from scanner.clients.ssh_login import Connection, close
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import ChannelFacts, SftpFacts
from scanner.model.view import View
from scanner.probes.context import ProbeContext
from scanner.probes.sftp_posture import foreign_version, observe_posture
from scanner.probes.walk import observe_view

_SHARE_OF_WALK = 0.85
_MOST_SHOWN = 32


@dataclass(frozen=True, slots=True)
class Inside:
    """What one login brought home."""

    view: Reading[View]
    sftp: Reading[SftpFacts]
    channels: Reading[ChannelFacts]


class Look:
    """One look around with one login, whose evidence is ``login``."""

    def __init__(
        self, dialer: Dialer, context: ProbeContext, username: str, login: str, *, seconds: float
    ) -> None:
        self._dialer = dialer
        self._context = context
        self._username = username
        self._login = login
        self._seconds = seconds

    async def at(self, connection: Connection, seconds: float) -> Inside:
        """Look for ``seconds`` at most, and close the connection. Never raises for what the
        server does.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            view, sftp, over = await self._files(connection, seconds)
            channels = await self._channels(connection, deadline if over else 0.0)
        finally:
            await close(connection)
        return Inside(
            self._with_evidence(view), self._posture_shown(sftp), self._channels_shown(channels)
        )

    async def _files(
        self, connection: Connection, seconds: float
    ) -> tuple[Reading[View], Reading[SftpFacts], bool]:
        """Walk first: what lies beside the files gets what time the walk leaves, and some more.

        Returns, last, whether the session is over.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            tree = await SftpTree.over(connection, self._dialer.meter, seconds=self._seconds)
        except ForeignVersionFault as fault:
            return fault.reading, Observed(foreign_version(fault)), True
        except Fault as fault:
            return fault.reading, fault.reading, True
        try:
            view = await observe_view(
                tree,
                username=self._username,
                encrypted=True,
                context=self._context,
                seconds=seconds * _SHARE_OF_WALK,
            )
            left = deadline - asyncio.get_running_loop().time()
            sftp = await observe_posture(tree, self._context, seconds=left)
        finally:
            tree.close()
        over = not self._context.target.allow.shell_test or await tree.ended()
        return view, Observed(sftp), over

    async def _channels(self, connection: Connection, deadline: float) -> Reading[ChannelFacts]:
        if not self._context.target.allow.shell_test:
            return Unobserved(Reason.NOT_DECLARED, "allow.shell_test is off")
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return Unobserved(Reason.TIME_BUDGET, "no time was left to ask")
        seconds = min(self._seconds, left / 2)
        return Observed(
            ChannelFacts(
                shell=await ask_shell(connection, seconds=seconds),
                forwarding=await ask_forwarding(connection, seconds=seconds),
            )
        )

    def _posture_shown(self, seen: Reading[SftpFacts]) -> Reading[SftpFacts]:
        if isinstance(seen, Unobserved):
            return replace(seen, evidence=(self._login,))
        facts = seen.value
        confinement, beside = facts.confinement, facts.neighbours
        posture = self._context.evidence.add(
            "sftp-posture",
            {
                "username": self._username,
                "version": facts.version,
                "signs": confinement.value.signs if isinstance(confinement, Observed) else (),
                "beside": str(beside.value.outcome) if isinstance(beside, Observed) else "",
                "folders": beside.value.folders if isinstance(beside, Observed) else 0,
                "key_file": _fingerprints(facts),
            },
        )
        return Observed(facts, (self._login, posture))

    def _channels_shown(self, seen: Reading[ChannelFacts]) -> Reading[ChannelFacts]:
        if isinstance(seen, Unobserved):
            return replace(seen, evidence=(self._login,))
        shell, forwarding = seen.value.shell, seen.value.forwarding
        asked = self._context.evidence.add(
            "ssh-channels",
            {
                "username": self._username,
                "shell": str(shell.value) if isinstance(shell, Observed) else shell.detail,
                "direct-tcpip": str(forwarding.value)
                if isinstance(forwarding, Observed)
                else forwarding.detail,
            },
        )
        return Observed(seen.value, (self._login, asked))

    def _with_evidence(self, view: Reading[View]) -> Reading[View]:
        if isinstance(view, Unobserved):
            return replace(view, evidence=(*view.evidence, self._login))
        seen = view.value
        listing = self._context.evidence.add(
            "sftp-listing",
            {
                "username": self._username,
                "home": seen.home,
                "outcome": str(seen.root),
                "reply": seen.root_reply,
                "directories": seen.walk.directories,
                "entries": seen.walk.entries,
                "sampled": seen.walk.sampled,
                "stopped": seen.walk.stopped,
            },
        )
        return Observed(seen, (*view.evidence, self._login, listing))


def _fingerprints(facts: SftpFacts) -> tuple[str, ...]:
    """Return which keys lie in the login's key file, some of them."""
    found = facts.authorized_keys
    keys = found.value.keys if isinstance(found, Observed) else ()
    return tuple(key.fingerprint for key in keys[:_MOST_SHOWN])
