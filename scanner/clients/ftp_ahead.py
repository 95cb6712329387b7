"""Commands sent together, ahead of their turn, to a server that has shown that it takes them so.

RFC 959 (section 5.4) intends commands and replies to alternate. Most servers read what comes behind
a command all the same, and each command that waits for no reply saves a way there and back. Whoever
asks names what follows (``FtpSession.send_ahead``) and then asks as ever. Nothing leaves before a
transfer's end or behind AUTH. All replies are read before the first of them is believed: one too
many would make each the answer of the command before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from scanner.clients.faults import Fault
from scanner.model.reading import Reason
from scanner.wire.ftp import RawReply

Command = tuple[str, bytes]
"""A verb and its argument."""

MOST_TOGETHER: Final = 1_024
"""Bytes of arguments and verbs that leave together: less than any server reads at once."""
_CLOSING: Final = 421
_SUPERFLUOUS: Final = 202
_POSITIVE: Final = {
    "CWD": frozenset({200, 250}),
    "EPSV": frozenset({229}),
    "HELP": frozenset({200, 211, 214}),
    "PASV": frozenset({227}),
    "PBSZ": frozenset({200}),
    "PROT": frozenset({200}),
    "PWD": frozenset({257}),
    "SITE": frozenset({200, 211, 214}),
    "STAT": frozenset({211, 212, 213}),
    "SYST": frozenset({215}),
    "TYPE": frozenset({200}),
    "USER": frozenset({230, 232, 331, 332}),
}
"""What a command is answered that is not refused (RFC 959 section 5.4, 2428, 4217)."""


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

    def __init__(self, *, refused: bool = False) -> None:
        self.proved = False
        self.refused = refused


_NEVER: Final = Together(refused=True)
"""For sessions in which every command waits for its turn."""


class SentAhead:
    """The commands of one session that were sent before they were asked for, and what they were
    answered. ``out_of_step``: the session was lost to a surprise among them; each is worth asking
    again, on another session. ``fresh``: no command was sent after the last of them, so that the
    next reply still shows whether one came too many.
    """

    def __init__(self, together: Together | None) -> None:
        self._together = together or _NEVER
        self._unread: Sequence[Command] = ()
        self._answers: list[tuple[Command, RawReply]] = []  # a few: a deque takes 600 bytes
        self._loss: Fault | None = None
        self.out_of_step = False
        self.fresh = False

    def __bool__(self) -> bool:
        return bool(self._unread or self._answers or self._loss)

    @property
    def is_read(self) -> bool:
        """Whether answers are here that nobody has asked for yet."""
        return bool(self._answers)

    def is_allowed(self, *, trial: bool) -> bool:
        """Whether commands may leave together now. ``trial``: also where nothing is known yet."""
        if self._together.refused or self:
            return False
        return self._together.proved or trial

    def expect(self, commands: Sequence[Command]) -> None:
        """Remember what was sent."""
        self._unread = commands

    def forget(self) -> None:
        """Expect nothing more."""
        self._unread = ()
        self._answers.clear()
        self._loss = None

    async def answer(
        self, wanted: Command, next_reply: Callable[[], Awaitable[RawReply]]
    ) -> RawReply | None:
        """Return the answer to a command that was sent ahead, if it was; those before it, which
        nobody asks for any more, are dropped. Raises ``Fault`` where the session is lost.
        """
        if self._unread:
            await self._read(next_reply)
        while self._answers:
            command, reply = self._answers.pop(0)
            if command == wanted:
                return reply
        if self._loss is not None:
            raise self._loss
        return None

    async def _read(self, next_reply: Callable[[], Awaitable[RawReply]]) -> None:
        sent, self._unread = self._unread, ()
        answers: list[tuple[Command, RawReply]] = []
        for command in sent:
            verb = command[0]
            try:
                reply = await next_reply()
            except Fault as fault:
                self._give_up(_shown(answers), f"amid {verb}: {fault.detail}")
                return
            if not self._may_follow(verb, reply, last=len(answers) == len(sent) - 1):
                self._give_up(_shown(answers), f"{verb} answered {reply.shown}")
                return
            answers.append((command, reply))
        self._judge(answers)

    def _judge(self, answers: Sequence[tuple[Command, RawReply]]) -> None:
        """Keep what may be believed of answers of which none was a surprise."""
        self.fresh = True
        trial = not self._together.proved
        if answers[-1][1].code != _CLOSING:
            self._together.proved = True
        # At the trial the answer to QUIT, which comes next, shows the same.
        believed = answers if trial else answers[: _believed(answers)]
        if len(believed) < len(answers) and answers[0][0][0] == "CWD":
            # Whoever is refused a directory goes on with any command, and might meet a late reply.
            self._give_up((), "two refusals for a directory")
        else:
            self._answers.extend(believed)

    def _give_up(self, certain: Sequence[tuple[Command, RawReply]], detail: str) -> None:
        """Keep of what came before a surprise what is certain, and raise behind it."""
        loss = self.lost(detail)
        self._answers.extend(certain)
        self._loss = loss

    def _may_follow(self, verb: str, reply: RawReply, *, last: bool) -> bool:
        """Judge a reply. A positive one that is another command's shows that replies and commands
        no longer belong together, and a 421 that they came too fast; behind the others it may mean
        what it says, but at the first trial to a name alone.
        """
        if reply.code == _CLOSING:
            return last and (self._together.proved or verb == "USER")
        return is_in_step(verb, reply)

    def lost(self, detail: str) -> Fault:
        """Send nothing ahead any more during this visit, count this session for lost, and return
        what to raise.
        """
        self.forget()
        self.out_of_step = True
        self.distrust()
        return Fault(Reason.CONNECTION_LOST, detail)

    def distrust(self) -> None:
        """Send nothing ahead any more during this visit."""
        self._together.refused = True


def is_in_step(verb: str, reply: RawReply) -> bool:
    """Whether a reply may be this command's: a refusal may be any command's."""
    refused = reply.code // 100 in {4, 5}
    return refused or reply.code == _SUPERFLUOUS or reply.code in _POSITIVE.get(verb, {reply.code})


def _believed(answers: Sequence[tuple[Command, RawReply]]) -> int:
    """Return how many of the answers may be believed where one came for each command: behind those
    that are certain, a second refusal may be the first one's repetition.
    """
    sure = len(_shown(answers))
    refusals = (n for n, (_, reply) in enumerate(answers) if reply.code // 100 in {4, 5})
    return next((number + 1 for number in refusals if number >= sure), len(answers))


def _shown(answers: Sequence[tuple[Command, RawReply]]) -> Sequence[tuple[Command, RawReply]]:
    """Return the first of the answers that are certainly those of their commands: a positive one
    that none of the commands before could have had shows that none came too many until then.
    """
    sure, codes = 0, set[int]()
    for number, ((verb, _), reply) in enumerate(answers, start=1):
        if reply.code in _POSITIVE[verb] - codes:
            sure = number
        codes |= _POSITIVE[verb]
    return answers[:sure]
