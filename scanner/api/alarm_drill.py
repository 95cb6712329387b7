"""The alarm drill: does a failed login reach anyone? Opt-in for each target, by hand."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scanner import __version__
from scanner.api.audit import Deed, Trail, audited, beside_history
from scanner.api.drill_doors import Doorkeeper, check_login, wanted_targets
from scanner.api.hours import is_open, windows_of
from scanner.api.job import Clock, FileJob, authorised, utc_now
from scanner.checks.drill_verdict import told_of
from scanner.engine.scope import Resolver
from scanner.errors import InputError, SecretError
from scanner.history import History, default_path
from scanner.model.drill import Course, Drill, DrillVariant, DrillVerdict
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult
from scanner.model.target import Endpoint, Target
from scanner.probes.context import utc_text
from scanner.probes.drill import Door, Lines, Plan, drill
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
    ``variant`` is what is done at the server; each has an opt-in of its own.
    """

    targets: Path
    host: str | None = None
    variant: DrillVariant = DrillVariant.FAILED_LOGIN
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
    wanted = wanted_targets(job, request.host, request.variant)
    drills = [(target, _lines(job, target)) for target in wanted]
    check_login(job, wanted, request.variant)
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
                rule = _rule(target, request.variant) or "(none agreed)"
                told(f"{_NAMES[request.variant]} of {target.asset}, rule {rule} ...")
                done.append(await bench.one(target, lines))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            interrupted = trail.interrupted = True
    codes = {_EXIT[each.verdict] for each in done}
    code = next((code for code in (1, 3) if code in codes), 0)
    return DrillRun(drills=tuple(done), exit_code=code, interrupted=interrupted)


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
        self._variant = request.variant

    async def one(self, target: Target, lines: Lines | None) -> DrillReport:
        started = utc_text(self._clock())
        course = await self._course(target, lines)
        verdict, detail = told_of(course)
        result = DrillResult(
            verdict=str(verdict),
            at=utc_text(self._clock()),
            detail=detail,
            variant=str(self._variant),
        )
        kept = self._counts(target, course, verdict)
        if kept:
            self._history.record_drill(target.tenant, target.asset, result)
        if course.way_broken:
            self._end_passes(target, result)
        return DrillReport(
            asset=target.asset,
            host=target.host,
            variant=self._variant,
            agreed_rule=_rule(target, self._variant) or "",
            started=started,
            finished=result.at,
            verdict=verdict,
            detail=detail,
            course=course,
            kept=kept,
        )

    def _end_passes(self, target: Target, result: DrillResult) -> None:
        """Let a way that is broken today end the other variants' passes: it is theirs as well."""
        for other in set(DrillVariant) - {self._variant}:
            past = self._history.last_drill(target.tenant, target.asset, str(other))
            if isinstance(past, Observed) and past.value.verdict == "pass":
                ended = replace(result, variant=str(other))
                self._history.record_drill(target.tenant, target.asset, ended)

    async def _course(self, target: Target, lines: Lines | None) -> Course:
        """Run the drill, unless something keeps it from being begun: then nothing is sent."""
        if not _rule(target, self._variant):
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
        doorkeeper = Doorkeeper(
            job=self._job,
            target=target,
            variant=self._variant,
            history=self._history,
            history_path=self._request.history or default_path(),
            clock=self._clock,
        )
        doors = doorkeeper.doors(admission.admitted, endpoints)
        plan = Plan(
            lines=lines,
            doors=doors,
            event=lambda user: self._event(target, user),
            patience=self._request.patience or _declared(target).minutes * 60.0,
            clock=self._clock,
            awaited=_declared(target).awaited(self._variant),
        )
        try:
            return await drill(plan)
        finally:
            self._trail.drill(target, map(_dialled, doors), doorkeeper.username)

    def _event(self, target: Target, user: str) -> DrillEvent:
        rule = _rule(target, self._variant) or ""
        return DrillEvent(
            user=user,
            asset=target.asset,
            host=target.host,
            rule=_without(rule, _declared(target).awaited(self._variant)),
            reference=self._job.authorisation.reference,
            contact=self._job.authorisation.contact,
            at=utc_text(self._clock()),
            what=_EVENTS[self._variant],
        )

    def _counts(self, target: Target, course: Course, verdict: DrillVerdict) -> bool:
        """Whether the result replaces what is on record.

        One that decided nothing does not: but a way that is broken today ends an earlier pass.
        """
        if verdict is not DrillVerdict.UNKNOWN:
            return True
        if isinstance(course.test, Unobserved) and course.test.reason in _NOT_SENT:
            return False
        past = self._history.last_drill(target.tenant, target.asset, str(self._variant))
        if not isinstance(past, Observed) or past.value.verdict == "unknown":
            return True
        return course.way_broken and past.value.verdict == "pass"


_NAMES = {
    DrillVariant.FAILED_LOGIN: "drill",
    DrillVariant.CANARY: "canary drill",
    DrillVariant.OFF_NETWORK: "off-network drill",
}
_EVENTS = {
    DrillVariant.FAILED_LOGIN: "failed login of",
    DrillVariant.CANARY: "read of a canary file, told as",
    DrillVariant.OFF_NETWORK: "login from outside the account's networks, told as",
}
"""What a test event says has happened, before the name with its nonce."""


def _dialled(door: Door) -> Dialled:
    admitted = door.dialer.admitted
    return Dialled(
        address=str(admitted.ip),
        port=admitted.port,
        protocol=str(door.protocol),
        effort=door.dialer.meter.facts(),
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


def _rule(target: Target, variant: DrillVariant) -> str | None:
    return _declared(target).rule(variant)


def _without(rule: str, name: str) -> str:
    """Leave out of a rule what an alert has to name: its test event must not."""
    return re.sub(re.escape(name), "(the canary)", rule, flags=re.IGNORECASE) if name else rule


def _endpoints(target: Target) -> list[Endpoint]:
    port = _declared(target).port
    return [each for each in target.endpoints if port in {None, each.port}]


def _not_begun(reason: Reason, detail: str) -> Course:
    later = Unobserved(Reason.NOT_LOOKED_AT, "the drill was not begun")
    return Course(test=Unobserved(reason, detail), login=later, alert=later)
