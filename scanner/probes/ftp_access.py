"""Questions about who gets in: a nonsense user in clear, and nobody in particular."""

from __future__ import annotations

import re

from scanner.clients.ftp_session import FtpSession
from scanner.model.attempts import AttemptKind, limit_key
from scanner.model.frozen import dataclass
from scanner.model.observation import (
    AnonymousAccess,
    AnonymousTry,
    ClearLadder,
    ClearLogin,
    Reply,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.probes.context import nonsense_name
from scanner.probes.ftp_visit import Visit, raise_if_throttled
from scanner.wire.ftp import RawReply

ANONYMOUS_NAMES = ("anonymous", "ftp")
"""In this order; the second is only tried where the first was not let in."""
LET_IN = frozenset({230, 232})
"""Logged in: straight after USER, or after PASS, where a superfluous 202 counts too."""
ASKS_PASSWORD = 331
NEEDS_ACCOUNT = 332
_SUPERFLUOUS = 202
_NOT_LOGGED_IN = 530
_ANSWERS_TO_A_NAME = LET_IN | {ASKS_PASSWORD, _NOT_LOGGED_IN}
"""What speaks of the name alone: 421 may be said of too many commands, 500 and 503 of those
before."""
_WANT_TLS_AT_USER = frozenset({421, 503, 522, 530, 534, 550})
_WANT_TLS_AT_PASS = frozenset({522, 534})
_FOR_WANT_OF_TLS = frozenset({503, 522, 534})
"""Refusals that mean a missing AUTH or protection (RFC 4217 section 9, FileZilla Server's 503)."""
_ANONYMOUS_ALONE = re.compile(rb"anonymous only|only anonymous", re.IGNORECASE)
_SPEAKS_OF_TLS = re.compile(rb"\b(?:tls|ssl|ftps)\b|encrypt|secure|clear ?text", re.IGNORECASE)


async def ask_named(visit: Visit) -> Reading[ClearLadder]:
    """Name a user that does not exist, in clear, and stop before PASS.

    A refusal counts where it is for want of TLS: where its words do not say so, the same is asked
    inside TLS. A server that refuses unknown names there too has shown nothing of known ones.
    """
    async with visit.in_clear() as session:
        reading = await name_nobody(visit, session)
    if isinstance(reading, Unobserved) or not visit.mechanism:
        return reading
    if reading.value.step is not ClearLogin.REFUSED or _says_why(reading.value.replies[-1]):
        return reading
    return await _compare_with_tls(visit, reading)


def _says_why(reply: Reply) -> bool:
    """Whether a refusal names its reason: TLS is missing, or nobody but anonymous is known."""
    words = " ".join(reply.text).encode("utf-8")
    told = _SPEAKS_OF_TLS.search(words) or _ANONYMOUS_ALONE.search(words)
    return bool(told) or reply.code in _FOR_WANT_OF_TLS


async def _compare_with_tls(visit: Visit, refused: Observed[ClearLadder]) -> Reading[ClearLadder]:
    session = await visit.connect_tls()
    try:
        inside = await name_nobody(visit, session)
    finally:
        await session.leave()
    if isinstance(inside, Unobserved):
        return inside
    evidence = (*refused.evidence, *inside.evidence)
    if inside.value.step is ClearLogin.REFUSED:
        told = (
            "names that do not exist are refused in TLS too; what known ones are asked is not seen"
        )
        return Unobserved(Reason.NO_LOGIN, told, evidence)
    return Observed(refused.value, evidence)


async def ask_named_in_passing(
    visit: Visit, session: FtpSession, name: str
) -> Reading[ClearLadder]:
    """Ask the same as the last question of a session in clear in which nobody logged in, where no
    TLS is to be had: a connection less than ``ask_named``.

    ``Unobserved`` where the answer may be owed to what was asked there before: then it counts for
    nothing, and ``ask_named`` is to be asked.
    """
    reply = await session.command("USER", name.encode("ascii"))
    if reply.code not in _ANSWERS_TO_A_NAME:
        return Unobserved(Reason.PROTOCOL_ERROR, f"USER answered {reply.shown}")
    raise_if_throttled(reply)
    return _ladder(visit, name, reply)


async def name_nobody(visit: Visit, session: FtpSession) -> Reading[ClearLadder]:
    """Name a user that does not exist, and stop before PASS."""
    name = nonsense_name()
    reply = await session.command("USER", name.encode("ascii"))
    raise_if_throttled(reply, closing=not visit.mechanism)
    return _ladder(visit, name, reply)


def _ladder(visit: Visit, name: str, reply: RawReply) -> Reading[ClearLadder]:
    identity = visit.note(f"USER {name}", reply)
    step = _step_of(reply)
    if step is None:
        return Unobserved(Reason.PROTOCOL_ERROR, f"USER answered {reply.shown}", (identity,))
    return Observed(ClearLadder(step=step, replies=(reply.shown,)), (identity,))


def _step_of(reply: RawReply) -> ClearLogin | None:
    """Return how far USER got; ``None`` where the code says neither yes nor no."""
    if reply.code in LET_IN:
        return ClearLogin.ACCEPTED
    if reply.code == ASKS_PASSWORD:
        return ClearLogin.ASKED
    return ClearLogin.REFUSED if is_refusal(reply) else None


def is_refusal(reply: RawReply) -> bool:
    """Whether the reply is a negative completion (RFC 959 section 4.2.1)."""
    return reply.code // 100 in {4, 5}


class Entrance:
    """How the anonymous tries went.

    ``username`` and ``encrypted`` are those of the last try that was let in; ``session`` is
    that try's, while it is still open.
    """

    def __init__(self) -> None:
        self.tries: list[AnonymousTry] = []
        self.evidence: list[str] = []
        self.clear: Reading[ClearLadder] | None = None
        self.undone: Unobserved | None = None
        self.session: FtpSession | None = None
        self.username = ""
        self.encrypted = False

    async def leave(self) -> None:
        """Leave the open session, if there is one."""
        session, self.session = self.session, None
        if session is not None:
            await session.leave()

    @property
    def clear_accepted(self) -> bool:
        """Whether a try in clear was let in."""
        return any(done.accepted and not done.encrypted for done in self.tries)

    @property
    def access(self) -> Reading[AnonymousAccess]:
        """All tries, unless one that could have been let in was left undone."""
        access = AnonymousAccess(tries=tuple(self.tries))
        if self.undone is not None and not access.accepted:
            return self.undone
        return Observed(access, tuple(self.evidence))


async def try_anonymous(visit: Visit) -> Entrance:
    """Try ``anonymous``, then ``ftp``, a fresh connection each, in clear first.

    TLS is tried where clear was refused for want of it, and where clear was let in and TLS is
    to be had, because a look around is better taken in TLS. Never raises ``Fault``.
    """
    entrance = Entrance()
    for name in ANONYMOUS_NAMES:
        await _try_name(visit, entrance, name)
        if entrance.username or entrance.undone is not None:
            break
    return entrance


async def _try_name(visit: Visit, entrance: Entrance, name: str) -> None:
    encrypt = bool(visit.mechanism)
    if visit.speaks_clear:
        door = await _knock(visit, entrance, name, secure=False)
        if door is None:
            return
        encrypt = encrypt and (door.accepted or door.wants_tls)
    if encrypt:
        await entrance.leave()  # one connection at a time
        await _knock(visit, entrance, name, secure=True)


@dataclass(frozen=True, slots=True)
class _Door:
    accepted: bool
    wants_tls: bool = False


async def _knock(visit: Visit, entrance: Entrance, name: str, *, secure: bool) -> _Door | None:
    """Make one try; ``None`` where it could not be finished."""
    reading = await visit.ask(lambda: _enter(visit, name, secure=secure))
    first_in_clear = not secure and entrance.clear is None
    if isinstance(reading, Unobserved):
        if first_in_clear:
            entrance.clear = reading
        entrance.undone = entrance.undone or reading
        return None
    entered = reading.value
    entrance.tries.append(entered.shown)
    entrance.evidence.extend(reading.evidence)
    if first_in_clear:
        ladder = ClearLadder(step=entered.step, replies=entered.shown.replies)
        entrance.clear = Observed(ladder, reading.evidence)
    if entered.session is not None:
        entrance.session = entered.session
        entrance.username = name
        entrance.encrypted = secure
    return _Door(entered.shown.accepted, entered.wants_tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entered:
    shown: AnonymousTry
    step: ClearLogin
    wants_tls: bool
    session: FtpSession | None


async def _enter(visit: Visit, name: str, *, secure: bool) -> Reading[_Entered]:
    session = await visit.connect(secure=secure)
    kept = False
    try:
        login = await log_in_anonymously(visit, session, name)
        if isinstance(login, Unobserved):
            return login
        kept = login.value.accepted
        shown = AnonymousTry(
            username=name,
            encrypted=secure,
            replies=tuple(reply.shown for reply in login.value.replies),
            accepted=kept,
        )
        entered = _Entered(
            shown=shown,
            step=login.value.step,
            wants_tls=login.value.wants_tls,
            session=session if kept else None,
        )
        return Observed(entered, login.evidence)
    finally:
        if not kept:
            await session.leave()


@dataclass(frozen=True, slots=True)
class Login:
    """The replies to USER and, where they were sent, PASS and ACCT."""

    replies: tuple[RawReply, ...]

    @property
    def accepted(self) -> bool:
        """Whether the login was let in, by codes alone."""
        last = self.replies[-1].code
        return last in LET_IN or (len(self.replies) > 1 and last == _SUPERFLUOUS)

    @property
    def step(self) -> ClearLogin:
        """How far it got."""
        if self.accepted:
            return ClearLogin.ACCEPTED
        asked = any(reply.code == ASKS_PASSWORD for reply in self.replies)
        return ClearLogin.ASKED if asked else ClearLogin.REFUSED

    @property
    def wants_tls(self) -> bool:
        """Whether the refusal may be for want of TLS. Words never decide more than a retry."""
        last = self.replies[-1]
        if self.accepted:
            return False
        codes = _WANT_TLS_AT_USER if len(self.replies) == 1 else _WANT_TLS_AT_PASS
        return last.code in codes or bool(_SPEAKS_OF_TLS.search(last.text))


async def log_in_anonymously(visit: Visit, session: FtpSession, name: str) -> Reading[Login]:
    """Send USER, PASS where it is asked for and the budget allows, and ACCT where that is.

    Raises ``Fault``, also where the server wants no more of us.
    """
    wary = session.tls is None and bool(visit.mechanism)
    user = await session.command("USER", name.encode("ascii"))
    raise_if_throttled(user, closing=not wary)
    evidence = visit.note(f"USER {name}", user)
    if user.code not in {ASKS_PASSWORD, NEEDS_ACCOUNT}:
        if user.code in LET_IN:
            visit.dialer.meter.logins += 1
        elif not is_refusal(user):
            return Unobserved(Reason.PROTOCOL_ERROR, f"USER answered {user.shown}", (evidence,))
        return Observed(Login((user,)), (evidence,))
    budget = visit.context.attempts
    attempt = budget.reserve(limit_key(visit.dialer.admitted), AttemptKind.ANONYMOUS)
    if attempt is None:
        return Unobserved(Reason.ATTEMPT_BUDGET, "no failing login is left to risk", (evidence,))
    told = await _identify(session, name, visit.context.contact, user.code)
    login = Login((user, *(reply for _, reply in told)))
    budget.settle(attempt, failed=not login.accepted)
    visit.dialer.meter.logins += 1
    visit.dialer.meter.logins_failed += not login.accepted
    proof = (evidence, *(visit.note(verb, reply) for verb, reply in told))
    if not login.accepted:
        verb, last = told[-1]
        raise_if_throttled(last, closing=not wary)
        if not is_refusal(last):
            return Unobserved(Reason.PROTOCOL_ERROR, f"{verb} answered {last.shown}", proof)
    return Observed(login, proof)


async def _identify(
    session: FtpSession, name: str, contact: str, code: int
) -> list[tuple[str, RawReply]]:
    """Go on after USER: PASS on 331, then ACCT on 332 (RFC 959 section 5.4), each once."""
    told: list[tuple[str, RawReply]] = []
    if code == ASKS_PASSWORD:
        reply = await session.command("PASS", contact.encode("utf-8"))
        told.append(("PASS", reply))
        code = reply.code
    if code == NEEDS_ACCOUNT:
        told.append(("ACCT", await session.command("ACCT", name.encode("ascii"))))
    return told
