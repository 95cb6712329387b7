"""The alarm drill: does a failed login reach anyone? Opt-in for each target, by hand."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scanner import __version__
from scanner import targets as targets_file
from scanner.api.audit import Deed, Trail, audited, beside_history
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, FileJob, authorised, utc_now
from scanner.checks.drill_verdict import told_of
from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.engine.scope import Resolver
from scanner.errors import InputError, SecretError
from scanner.history import History, default_path
from scanner.intake.problem import shown
from scanner.model.drill import Course, Drill, DrillVerdict
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult
from scanner.model.target import Endpoint, Target
from scanner.probes.context import utc_text
from scanner.probes.drill import Lines, Plan, drill
from scanner.probes.drill_login import LoginDesk
from scanner.report.audit import Dialled
from scanner.report.drill import DrillReport, drill_document
from scanner.secrets import FileSecrets
from scanner.wire.drill_event import DrillEvent

_EXIT = {DrillVerdict.PASS: 0, DrillVerdict.FAIL: 1, DrillVerdict.UNKNOWN: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRequest:
    """What a drill is asked to do.

    ``host`` is one target's host or asset; without it every target that allows a drill has one.
    ``patience`` are the seconds that an alert may take, instead of the target's minutes.
    """

    targets: Path
    host: str | None = None
    history: Path | None = None
    audit: Path | None = None
    patience: float | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRun:
    """The drills that were run, and the exit code they come to."""

    drills: tuple[DrillReport, ...]
    exit_code: int
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the document of these drills."""
        return drill_document(self.drills, tool_version=__version__)


async def run_drills(request: DrillRequest, told: Callable[[str], None]) -> DrillRun:
    """Run the drill of each target that allows one, one after the other, and keep its result.

    ``told`` is given a line about each as it begins. A cancellation ends the drill under way,
    of which nothing is kept. Raises ``InputError`` before anything is sent where what was handed
    in cannot be used.
    """
    job = authorised(request.targets, request.clock)
    wanted = _wanted(job, request.host)
    drills = [(target, _lines(job, target)) for target in wanted]
    done: list[DrillReport] = []
    interrupted = False
    deed = Deed(
        command="drill",
        uid=str(uuid.uuid4()),
        job=job,
        vantage=job.first_vantage,
        assets=len(wanted),
        about=request.host or "",
    )
    audit = request.audit or beside_history(request.history)
    with (
        History.open(request.history or default_path(), request.clock) as history,
        audited(audit, deed, request.clock) as trail,
    ):
        bench = _Bench(job, request, history, trail)
        try:
            for target, lines in drills:
                told(f"drill of {target.asset}, rule {_rule(target) or '(none agreed)'} ...")
                done.append(await bench.one(target, lines))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            interrupted = trail.interrupted = True
    codes = {_EXIT[each.verdict] for each in done}
    code = next((code for code in (1, 3) if code in codes), 0)
    return DrillRun(drills=tuple(done), exit_code=code, interrupted=interrupted)


def _wanted(job: FileJob, host: str | None) -> list[Target]:
    """Return the targets to drill. Raises ``InputError`` where none may be."""
    if host is None:
        found = [each for each in job.file.targets if each.allow.drill and each.drill is not None]
        if not found:
            told = "no target allows a drill; give one a 'drill' and set its 'allow.drill'"
            raise InputError(f"{job.file.path}: {told}")
        return found
    target = targets_file.find_target(job.file, host)
    if target is None:
        raise InputError(f"--host: {shown(host)} is no host or asset of {job.file.path}")
    place = f"targets[{job.file.targets.index(target)}]"
    if target.drill is None:
        raise InputError(f"{place}: 'drill' is missing; say how a drill is run there")
    if not target.allow.drill:
        raise InputError(f"{place}.allow.drill: is not set; set it to true to run a drill there")
    return [target]


def _lines(job: FileJob, target: Target) -> Lines | None:
    """Return the declared ways with their tokens; ``None`` where one is not declared.

    Raises ``InputError`` for a token that cannot be had.
    """
    plan = _declared(target)
    tokens: dict[str, str] = {}
    for place, reference in plan.tokens():
        at = f"targets[{job.file.targets.index(target)}].drill.{place}"
        try:
            tokens[place] = FileSecrets(job.base).resolve(reference).reveal().decode("ascii")
        except SecretError as error:
            raise InputError(f"{at}: {error}") from None
        except UnicodeDecodeError:
            raise InputError(f"{at}: is not ASCII; a token for HTTP has to be") from None
    if plan.test is None or plan.alert is None:
        return None
    return Lines(
        test=plan.test,
        alert=plan.alert,
        test_token=tokens.get("test.token", ""),
        alert_token=tokens.get("alert.token", ""),
    )


class _Bench:
    """Runs drills one after the other, and keeps what they came to."""

    def __init__(self, job: FileJob, request: DrillRequest, history: History, trail: Trail) -> None:
        self._trail = trail
        self._job = job
        self._request = request
        self._history = history
        self._clock: Callable[[], datetime] = request.clock

    async def one(self, target: Target, lines: Lines | None) -> DrillReport:
        started = utc_text(self._clock())
        course = await self._course(target, lines)
        verdict, detail = told_of(course)
        result = DrillResult(verdict=str(verdict), at=utc_text(self._clock()), detail=detail)
        kept = self._counts(target, course, verdict)
        if kept:
            self._history.record_drill(target.tenant, target.asset, result)
        return DrillReport(
            asset=target.asset,
            host=target.host,
            agreed_rule=_rule(target) or "",
            started=started,
            finished=result.at,
            verdict=verdict,
            detail=detail,
            course=course,
            kept=kept,
        )

    async def _course(self, target: Target, lines: Lines | None) -> Course:
        """Run the drill, unless something keeps it from being begun: then nothing is sent."""
        if not _rule(target):
            return _not_begun(Reason.NOT_DECLARED, "no agreed_rule is named; nothing was sent")
        if lines is None:
            told = "the drill names no 'test' or no 'alert'; nothing was sent"
            return _not_begun(Reason.NOT_DECLARED, told)
        if not is_open(target, self._clock()):
            told = f"nothing is sent outside {windows_of(target)}"
            return _not_begun(Reason.OUTSIDE_WINDOW, told)
        endpoints = _endpoints(target)
        ports = [endpoint.port for endpoint in endpoints]
        admission = await self._job.scope.admit(target.host, ports, self._request.resolver)
        if admission.failure is not None:
            return _not_begun(admission.failure.reason, admission.failure.detail)
        by_port = {endpoint.port: endpoint for endpoint in endpoints}
        seconds = target.limits.timeout_seconds
        desks = [
            LoginDesk(
                dialer=Dialer(admitted, EffortMeter(), connect_seconds=seconds),
                attempts=self._history,
                clock=self._clock,
                seconds=seconds,
            )
            for admitted in admission.admitted
        ]
        plan = Plan(
            lines=lines,
            doors=[(by_port[desk.dialer.admitted.port], desk) for desk in desks],
            event=lambda user: self._event(target, user),
            patience=self._request.patience or _declared(target).minutes * 60.0,
            clock=self._clock,
        )
        try:
            return await drill(plan)
        finally:
            self._trail.drill(target, [_dialled(desk, by_port) for desk in desks], "drill-*")

    def _event(self, target: Target, user: str) -> DrillEvent:
        return DrillEvent(
            user=user,
            asset=target.asset,
            host=target.host,
            rule=_rule(target) or "",
            reference=self._job.authorisation.reference,
            contact=self._job.authorisation.contact,
            at=utc_text(self._clock()),
        )

    def _counts(self, target: Target, course: Course, verdict: DrillVerdict) -> bool:
        """Whether the result replaces what is on record.

        One that decided nothing does not: but a way that is broken today ends an earlier pass.
        """
        if verdict is not DrillVerdict.UNKNOWN:
            return True
        if isinstance(course.test, Unobserved) and course.test.reason in _NOT_SENT:
            return False
        past = self._history.recall(target.tenant, target.asset).drill
        if not isinstance(past, Observed) or past.value.verdict == "unknown":
            return True
        return course.way_broken and past.value.verdict == "pass"


def _dialled(desk: LoginDesk, by_port: Mapping[int, Endpoint]) -> Dialled:
    door = desk.dialer.admitted
    return Dialled(
        address=str(door.ip),
        port=door.port,
        protocol=str(by_port[door.port].protocol),
        effort=desk.dialer.meter.facts(),
    )


_NOT_SENT = frozenset(
    {
        Reason.NOT_DECLARED,
        Reason.OUTSIDE_WINDOW,
        Reason.OUT_OF_SCOPE,
        Reason.EXCLUDED,
        Reason.NAME_NOT_RESOLVED,
    }
)
"""Why a drill was not begun: then it says nothing of the asset's supervision."""


def _declared(target: Target) -> Drill:
    return target.drill or Drill()


def _rule(target: Target) -> str | None:
    return _declared(target).agreed_rule


def _endpoints(target: Target) -> list[Endpoint]:
    port = _declared(target).port
    return [each for each in target.endpoints if port in {None, each.port}]


def _not_begun(reason: Reason, detail: str) -> Course:
    later = Unobserved(Reason.NOT_LOOKED_AT, "the drill was not begun")
    return Course(test=Unobserved(reason, detail), login=later, alert=later)
