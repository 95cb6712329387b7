"""One drill, step by step: the test event, the failed login, the alert, and what came after."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from scanner.clients.alert_ways import Trouble, listening
from scanner.clients.dialer import Dialer
from scanner.clients.event_sender import send_event
from scanner.clients.faults import Fault
from scanner.model.drill import (
    Alert,
    AlertWay,
    Course,
    DrillLogin,
    Intake,
    TestEcho,
    in_words,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.probes.context import utc_text
from scanner.probes.drill_login import GONE, aftermath
from scanner.wire.drill_event import USER_PREFIX, DrillEvent

_NOT_BEGUN = Unobserved(Reason.NOT_LOOKED_AT, "the step before it was not done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Where the test event goes and where alerts come back. Tokens are the secrets themselves."""

    test: Intake
    alert: AlertWay
    test_token: str = field(default="", repr=False)
    alert_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the login may be made. ``make`` makes it, with a nonce, and never raises for the
    server.
    """

    protocol: Protocol
    dialer: Dialer
    seconds: float
    make: Callable[[str, Protocol], Awaitable[Reading[DrillLogin]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one drill is to do. ``patience`` is the seconds that each alert may take.

    ``doors`` are tried in turn until one takes the login. ``event`` makes the test event of a
    user's name. ``awaited`` is what the alert has to name; empty where it is the login's nonce.
    """

    lines: Lines
    doors: Sequence[Door]
    event: Callable[[str], DrillEvent]
    patience: float
    clock: Callable[[], datetime]
    awaited: str = ""


def new_user() -> str:
    """Return a name that no server has, with 64 random bits in it."""
    return f"{USER_PREFIX}{secrets.token_hex(8)}"


async def drill(plan: Plan) -> Course:
    """Run one drill. Never raises for what server, pipeline or senders do.

    The server is not touched unless the test event's own alert has come back.
    """
    ears = _Ears(plan.awaited)
    lines = plan.lines
    try:
        async with listening(lines.alert, ears.hear, token=lines.alert_token) as trouble:
            ears.trouble = trouble
            return await _steps(plan, ears)
    except Fault as fault:
        told = f"alerts cannot be listened for: {fault.detail or fault.reason}"
        return Course(test=Unobserved(fault.reason, told), login=_NOT_BEGUN, alert=_NOT_BEGUN)


async def _steps(plan: Plan, ears: _Ears) -> Course:
    test = await _test(plan, ears)
    if isinstance(test, Unobserved):
        broken = test == _broken(plan.patience)
        return Course(test=test, login=_NOT_BEGUN, alert=_NOT_BEGUN, way_broken=broken)
    if ears.named:
        early = Unobserved(Reason.SUSPECTED, f"an alert named {plan.awaited} before it was touched")
        return Course(test=test, login=early, alert=_NOT_BEGUN)
    user = new_user()
    async with ears.awaiting(plan.awaited or user, whole=bool(plan.awaited)) as came:
        door, login = await _login(plan, user)
        if isinstance(login, Unobserved):
            return Course(test=test, login=login, alert=_NOT_BEGUN)
        alert = await _alert(came, plan, ears)
    reactions = await _reactions(door, login.value, own=bool(plan.awaited))
    return Course(test=test, login=login, alert=alert, reactions=reactions)


async def _test(plan: Plan, ears: _Ears) -> Reading[TestEcho]:
    """Prove the way: send an event of the agreed pattern, and wait for its alert."""
    user = new_user()
    at = utc_text(plan.clock())
    async with ears.awaiting(user) as came:
        try:
            await send_event(
                plan.lines.test,
                plan.event(user),
                token=plan.lines.test_token,
                seconds=min(plan.patience, 10.0),
            )
        except Fault as fault:
            told = f"the test event was not taken: {fault.detail or fault.reason}"
            return Unobserved(fault.reason, told)
        except OSError as error:
            told = f"the test event was not taken: {error.strerror or type(error).__name__}"
            return Unobserved(Reason.UNREACHABLE, told)
        waited = await came(plan.patience)
    if waited is not None:
        return Observed(TestEcho(user=user, sent_at=at, seconds=waited))
    return ears.trouble() or _broken(plan.patience)


def _broken(patience: float) -> Unobserved:
    told = f"the test event raised no alert in {in_words(patience)}: the way is broken"
    return Unobserved(Reason.TIMEOUT, told)


async def _login(plan: Plan, user: str) -> tuple[Door | None, Reading[DrillLogin]]:
    login: Reading[DrillLogin] = Unobserved(Reason.NOT_DECLARED, "there is no endpoint for it")
    for door in plan.doors:
        login = await door.make(user, door.protocol)
        if isinstance(login, Observed) or login.reason not in GONE:
            return door, login
    if isinstance(login, Unobserved):
        login = Unobserved(login.reason, f"no endpoint takes a login: {login.detail}")
    return None, login


async def _alert(came: Came, plan: Plan, ears: _Ears) -> Reading[Alert]:
    waited = await came(plan.patience)
    if waited is not None:
        return Observed(Alert(seconds=waited))
    named = f" that names {plan.awaited}" if plan.awaited else ""
    told = f"no alert{named} in {in_words(plan.patience)}"
    return ears.trouble() or Unobserved(Reason.TIMEOUT, told)


async def _reactions(door: Door | None, login: DrillLogin, *, own: bool) -> tuple[str, ...]:
    """Return what the server did about the login: how it ended it, and whether it bars us.

    ``own``: the account is one that exists, so that refusing it is a reaction.
    """
    found = []
    if login.answer.startswith("421") or not (login.refused or login.let_in):
        found.append(f"ended the connection: {login.answer}")
    elif login.refused and own:
        found.append(f"refused the account from here: {login.answer}")
    if door is not None:
        barred = await aftermath(door.dialer, login.protocol, door.seconds)
        found += [barred] if barred else []
    return tuple(found)


Came = Callable[[float], Awaitable[float | None]]
"""Waits so many seconds; returns how many it took from the beginning, ``None`` in vain."""


class _Ears:
    """Knows which names are waited for, and looks for them in whatever comes in.

    ``named``: something has named ``awaited`` already, so that a later alert may be another's.
    """

    def __init__(self, awaited: str = "") -> None:
        self._waiting: dict[re.Pattern[bytes], asyncio.Future[None]] = {}
        self._awaited = _pattern(awaited) if awaited else None
        self.named = False
        self.trouble: Trouble = lambda: None

    def hear(self, message: bytes) -> None:
        """Look for the names in a message, in whatever case; what else it says is not kept."""
        lowered = message.lower().replace(b"\\/", b"/")
        for name, future in self._waiting.items():
            if not future.done() and name.search(lowered):
                future.set_result(None)
        if self._awaited is not None and not self.named:
            self.named = self._awaited.search(lowered) is not None

    @asynccontextmanager
    async def awaiting(self, text: str, *, whole: bool = False) -> AsyncIterator[Came]:
        """Wait for a name while the block lasts; if ``whole``, not as a part of a longer one."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        begun = loop.time()

        async def came(seconds: float) -> float | None:
            await asyncio.wait([future], timeout=seconds)
            return loop.time() - begun if future.done() else None

        name = _pattern(text) if whole else re.compile(re.escape(text.lower().encode()))
        self._waiting[name] = future
        try:
            yield came
        finally:
            del self._waiting[name]


def _pattern(text: str) -> re.Pattern[bytes]:
    """Return what finds a name where it is not part of a longer one. It is searched in lower case.

    A path may stand behind another one: whoever is confined to a folder does not see all of it.
    """
    before = b"" if text.startswith("/") else rb"(?<![0-9a-z_.-])"
    return re.compile(before + re.escape(text.lower().encode()) + rb"(?![0-9a-z_-]|\.[0-9a-z])")
