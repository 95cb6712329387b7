"""What an FTP server says of itself: SYST, HELP, SITE HELP and STAT (RFC 959 section 4.1.3)."""

from __future__ import annotations

from functools import partial

from scanner.clients.ftp_ahead import Command
from scanner.clients.ftp_session import FtpSession
from scanner.model.observation import Reply, Software
from scanner.model.product import Product
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.text import neutralise
from scanner.probes.ftp_visit import Visit
from scanner.wire.ftp import SHOWN_CHARACTERS
from scanner.wire.ftp_software import identify

BEFORE_LOGIN = ("SYST", "HELP")
AFTER_LOGIN = ("SYST", "HELP", "SITE HELP", "STAT")
_NOT_LOGGED_IN = 530
_MOST_LINES = 64
_NOBODY = Unobserved(Reason.NO_LOGIN, "it is answered after a login only")


class Words:
    """What was said, by command. Each command is put until it is answered, once a session."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._said: dict[str, Reading[Reply]] = {}
        self._lines: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, command: str) -> Reading[Reply]:
        """Return what the command was answered, or why it was not."""
        return self._said.get(command, self._visit.stopped or _NOBODY)

    def to_ask(self, commands: tuple[str, ...]) -> list[Command]:
        """Return those of ``commands`` that were not answered before, as they are sent."""
        unanswered = (each for each in commands if not isinstance(self._said.get(each), Observed))
        return [_sent(each) for each in unanswered]

    def forget(self, commands: list[Command]) -> None:
        """Take back what these commands were answered: it may be another's answer."""
        for command in [each for each in self._said if _sent(each) in commands]:
            del self._said[command]
            self._lines.pop(command, None)

    async def ask(self, session: FtpSession, commands: tuple[str, ...]) -> None:
        """Put those of ``commands`` that were not answered before."""
        for command in commands:
            if not isinstance(self._said.get(command), Observed) and session.is_usable:
                self._said[command] = await self._visit.ask(partial(self._ask, session, command))

    async def _ask(self, session: FtpSession, command: str) -> Reading[Reply]:
        reply = await session.command(*_sent(command))
        if reply.code == _NOT_LOGGED_IN:
            return _NOBODY
        # All lines are looked at here and now: a product's name stands in any of them.
        lines = (neutralise(line, SHOWN_CHARACTERS) for line in reply.lines[:_MOST_LINES])
        self._lines[command] = tuple(lines)
        return Observed(reply.shown)

    def software(self, greeting: Reading[Reply]) -> Reading[Software]:
        """Return the product that all this names; unknown is an answer, silence is not."""
        told = dict(self._lines)
        if isinstance(greeting, Observed):
            told = {"": greeting.value.text, **told}
        if not told:
            return greeting if isinstance(greeting, Unobserved) else _NOBODY
        found = identify(told.items())
        if found.product is Product.UNKNOWN and isinstance(self["STAT"], Unobserved):
            return Unobserved(Reason.NO_LOGIN, "the server does not say before a login")
        return Observed(found)


def _sent(command: str) -> Command:
    verb, _, argument = command.partition(" ")
    return verb, argument.encode("ascii")
