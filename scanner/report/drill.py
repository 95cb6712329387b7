"""Drills as a document and as text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.model.drill import Course, DrillVariant, DrillVerdict, in_words
from scanner.model.reading import Observed, Unobserved
from scanner.model.text import neutralise


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """One drill of one asset. ``kept`` says whether its result went into the history."""

    asset: str
    host: str
    agreed_rule: str
    started: str
    finished: str
    verdict: DrillVerdict
    detail: str
    course: Course
    kept: bool
    variant: DrillVariant = DrillVariant.FAILED_LOGIN


def drill_document(drills: Sequence[DrillReport], *, tool_version: str) -> dict[str, Any]:
    """Return the JSON document of some drills (schema ``drill``)."""
    return {
        "schema_version": "1.0.0",
        "tool": {"name": "transfer-exposure-scanner", "version": tool_version},
        "drills": [_drill(each) for each in drills],
    }


def _drill(one: DrillReport) -> dict[str, Any]:
    course = one.course
    return {
        "asset": one.asset,
        "host": one.host,
        "variant": str(one.variant),
        "agreed_rule": neutralise(one.agreed_rule, 1000),
        "started": one.started,
        "finished": one.finished,
        "verdict": str(one.verdict),
        "detail": one.detail,
        "kept": one.kept,
        "test": _test(course),
        "login": _login(course),
        "alert": _alert(course),
        "reactions": list(course.reactions),
    }


def _test(course: Course) -> dict[str, Any]:
    test = course.test
    if isinstance(test, Unobserved):
        return _missing(test)
    came = test.value
    return {"user": came.user, "sent_at": came.sent_at, "seconds": round(came.seconds, 3)}


def _login(course: Course) -> dict[str, Any]:
    login = course.login
    if isinstance(login, Unobserved):
        return _missing(login)
    made = login.value
    return {
        "user": made.user,
        "at": made.at,
        "address": made.address,
        "port": made.port,
        "protocol": made.protocol,
        "answer": made.answer,
        "refused": made.refused,
        "logged": made.logged,
        "let_in": made.let_in,
        "opened": made.opened,
        "label": made.label,
    }


def _alert(course: Course) -> dict[str, Any]:
    alert = course.alert
    if isinstance(alert, Unobserved):
        return _missing(alert)
    return {"seconds": round(alert.value.seconds, 3)}


def _missing(why: Unobserved) -> dict[str, Any]:
    return {"reason": str(why.reason), "detail": why.detail}


def drill_lines(one: DrillReport) -> Iterator[str]:
    """Yield the lines of one drill."""
    rule = neutralise(one.agreed_rule, 200) or "none agreed"
    named = "" if one.variant is DrillVariant.FAILED_LOGIN else f" {one.variant}"
    yield f"{one.asset} ({one.host}):{named} {one.verdict}, {one.detail}"
    yield f"  rule        {rule}"
    test, login = one.course.test, one.course.login
    if isinstance(test, Observed):
        told = f"sent {test.value.sent_at} as {test.value.user}"
        yield f"  test event  {told}; its alert came after {in_words(test.value.seconds)}"
    if isinstance(login, Observed):
        made = login.value
        where = f"{made.protocol} {made.address} port {made.port}"
        yield f"  login       {made.at} as {made.user} on {where}: {made.answer}"
        if made.opened:
            yield f"  canary      one byte of {made.opened} was read, and dropped"
    for reaction in one.course.reactions:
        yield f"  reaction    the server {reaction}"
    holds = "holds for 90 days" if one.verdict is not DrillVerdict.UNKNOWN else "decides nothing"
    yield f"  result      {holds}{'' if one.kept else '; what was on record before stays'}"
