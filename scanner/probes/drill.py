"""One drill, step by step: the test event, the failed login, the alert, and what came after."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from scanner.clients.alert_ways import Trouble, listening
from scanner.clients.event_sender import send_event
from scanner.clients.faults import Fault
from scanner.model.drill import (
    Alert,
    AlertWay,
    Course,
    FailedLogin,
    Intake,
    TestEcho,
    in_words,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Endpoint
from scanner.probes.context import utc_text
from scanner.probes.drill_login import GONE, LoginDesk, aftermath
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
class Plan:
    """What one drill is to do. ``patience`` is the seconds that each alert may take.

    ``doors`` are tried in turn until one takes the login. ``event`` makes the test event of a
    user's name.
    """

    lines: Lines
    doors: Sequence[tuple[Endpoint, LoginDesk]]
    event: Callable[[str], DrillEvent]
    patience: float
    clock: Callable[[], datetime]


def new_user() -> str:
    """Return a name that no server has, with 64 random bits in it."""
    return f"{USER_PREFIX}{secrets.token_hex(8)}"


async def drill(plan: Plan) -> Course:
    """Run one drill. Never raises for what server, pipeline or senders do.

    The server is not touched unless the test event's own alert has come back.
    """
    ears = _Ears()
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
    user = new_user()
    async with ears.awaiting(user) as came:
        door, login = await _login(plan, user)
        if isinstance(login, Unobserved):
            return Course(test=test, login=login, alert=_NOT_BEGUN)
        alert = await _alert(came, plan.patience, ears)
    return Course(
        test=test, login=login, alert=alert, reactions=await _reactions(door, login.value)
    )


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


async def _login(plan: Plan, user: str) -> tuple[LoginDesk | None, Reading[FailedLogin]]:
    login: Reading[FailedLogin] = Unobserved(Reason.NOT_DECLARED, "there is no endpoint for it")
    for endpoint, desk in plan.doors:
        login = await desk.fail(user, endpoint.protocol)
        if isinstance(login, Observed) or login.reason not in GONE:
            return desk, login
    if isinstance(login, Unobserved):
        login = Unobserved(login.reason, f"no endpoint takes a login: {login.detail}")
    return None, login


async def _alert(came: Came, patience: float, ears: _Ears) -> Reading[Alert]:
    waited = await came(patience)
    if waited is not None:
        return Observed(Alert(seconds=waited))
    told = f"no alert in {in_words(patience)}"
    return ears.trouble() or Unobserved(Reason.TIMEOUT, told)


async def _reactions(desk: LoginDesk | None, login: FailedLogin) -> tuple[str, ...]:
    """Return what the server did about the login: how it ended it, and whether it bars us."""
    found = []
    if login.answer.startswith("421") or not login.refused:
        found.append(f"ended the connection: {login.answer}")
    if desk is not None:
        barred = await aftermath(desk.dialer, login.protocol, desk.seconds)
        found += [barred] if barred else []
    return tuple(found)


Came = Callable[[float], Awaitable[float | None]]
"""Waits so many seconds; returns how many it took from the beginning, ``None`` in vain."""


class _Ears:
    """Knows which names are waited for, and looks for them in whatever comes in."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self.trouble: Trouble = lambda: None

    def hear(self, message: bytes) -> None:
        """Look for the names in a message, in whatever case; what else it says is not kept."""
        lowered = message.lower()
        for name, future in self._waiting.items():
            if name in lowered and not future.done():
                future.set_result(None)

    @asynccontextmanager
    async def awaiting(self, user: str) -> AsyncIterator[Came]:
        """Wait for a user's name while the block lasts."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        begun = loop.time()

        async def came(seconds: float) -> float | None:
            await asyncio.wait([future], timeout=seconds)
            return loop.time() - begun if future.done() else None

        name = user.encode("ascii")
        self._waiting[name] = future
        try:
            yield came
        finally:
            del self._waiting[name]
