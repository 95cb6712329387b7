"""Commands sent together, ahead of their turn, to a server that has shown that it takes them so.

RFC 959 (section 5.4) intends commands and replies to alternate. Most servers read what comes behind
a command all the same, and each command that waits for no reply saves a way there and back. Whoever
asks names what follows (``FtpSession.send_ahead``) and then asks as ever. Nothing leaves before a
transfer's end or behind AUTH.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from scanner.wire.ftp import RawReply

Command = tuple[str, bytes]
"""A verb and its argument."""

MOST_TOGETHER: Final = 1_024
"""Bytes of arguments and verbs that leave together: less than any server reads at once."""
_CLOSING: Final = 421
_SUPERFLUOUS: Final = 202
_POSITIVE: Final = {
    "CWD": frozenset({200, 250}),
    "EPRT": frozenset({200}),
    "EPSV": frozenset({229}),
    "HELP": frozenset({200, 211, 214}),
    "MDTM": frozenset({213}),
    "PASV": frozenset({227}),
    "PBSZ": frozenset({200}),
    "PORT": frozenset({200}),
    "PROT": frozenset({200}),
    "PWD": frozenset({257}),
    "SITE": frozenset({200, 211, 214}),
    "STAT": frozenset({211, 212, 213}),
    "SYST": frozenset({215}),
    "TYPE": frozenset({200}),
    "USER": frozenset({230, 232, 331, 332}),
}
"""What a command is answered that is not refused (RFC 959 section 5.4, 2428, 3659, 4217)."""


def that_fit(commands: Sequence[Command]) -> list[Command]:
    """Return the first of the commands, as many as may leave together."""
    chosen, size = [], 0
    for verb, argument in commands:
        size += len(verb) + len(argument) + 3
        if size > MOST_TOGETHER:
            break
        chosen.append((verb, argument))
    return chosen


class Together:
    """Whether the server of one visit takes commands together: unknown until a first few were
    answered one by one, and never again after one surprise.
    """

    def __init__(self) -> None:
        self.proved = False
        self.refused = False


class SentAhead:
    """The commands of one session that were sent and not yet asked for, in the order of their
    replies. ``out_of_step``: the session was lost to a surprise among them; each is worth asking
    again, on another session.
    """

    def __init__(self, together: Together | None) -> None:
        self._together = together
        self._waiting: deque[Command] = deque()
        self.out_of_step = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def is_allowed(self, *, trial: bool) -> bool:
        """Whether commands may leave together now. ``trial``: also where nothing is known yet."""
        together = self._together
        if together is None or together.refused or self._waiting:
            return False
        return together.proved or trial

    def expect(self, commands: Iterable[Command]) -> None:
        """Remember what was sent."""
        self._waiting.extend(commands)

    def forget(self) -> None:
        """Expect nothing more."""
        self._waiting.clear()

    def take(self) -> Command:
        """Return the command whose reply comes next."""
        return self._waiting.popleft()

    def is_in_step(self, verb: str, reply: RawReply) -> bool:
        """Judge the reply to a command that was taken. A positive one that is another command's
        shows that replies and commands no longer belong together, and a 421 at the first trial
        that they came too fast; later it means what it says.
        """
        if reply.code == _CLOSING and not self._is_proved:
            self._refuse()
            return not self._waiting
        refused = reply.code // 100 in {4, 5}
        in_step = refused or reply.code == _SUPERFLUOUS or reply.code in _POSITIVE[verb]
        if in_step and not self._waiting and self._together is not None:
            self._together.proved = True
        return in_step

    @property
    def _is_proved(self) -> bool:
        return self._together is not None and self._together.proved

    def surprise(self) -> None:
        """Send nothing ahead any more during this visit, and count this session for lost."""
        self._waiting.clear()
        self.out_of_step = True
        self._refuse()

    def _refuse(self) -> None:
        if self._together is not None:
            self._together.refused = True
