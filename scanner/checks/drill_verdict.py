"""What a drill's course means: the one table of its verdicts."""

from __future__ import annotations

from scanner.model.drill import Course, DrillVerdict, in_words
from scanner.model.reading import Observed, Reason, Unobserved

Told = tuple[DrillVerdict, str]


def told_of(course: Course) -> Told:
    """Return the verdict of a drill, and why in one clause.

    The alert came: pass. It did not, though the test event's own had shown that the way is in
    order and the server had answered the login: fail. Everything else: unknown.
    """
    for step in (course.test, course.login):
        if isinstance(step, Unobserved):
            return DrillVerdict.UNKNOWN, step.detail or str(step.reason)
    alert = course.alert
    if isinstance(alert, Observed):
        return DrillVerdict.PASS, f"the alert came after {in_words(alert.value.seconds)}"
    if alert.reason is not Reason.TIMEOUT:
        return DrillVerdict.UNKNOWN, alert.detail or str(alert.reason)
    assert isinstance(course.login, Observed)
    login = course.login.value
    if not (login.refused or login.let_in):
        told = f"no alert, but the login may not have arrived: {login.answer}"
        return DrillVerdict.UNKNOWN, told
    if not login.logged:
        told = "no alert, but this server does not log the names of unknown users"
        return DrillVerdict.UNKNOWN, told
    return DrillVerdict.FAIL, alert.detail
