from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.checks.drill_verdict import told_of
from scanner.model.drill import Alert, Course, DrillLogin, DrillVerdict, TestEcho, in_words
from scanner.model.reading import Observed, Reason, Unobserved

ECHO = Observed(TestEcho(user="drill-aa", sent_at="2026-11-26T03:00:00Z", seconds=0.4))
LOGIN = DrillLogin(
    user="drill-bb",
    at="2026-11-26T03:00:01Z",
    address="198.51.100.7",
    port=22,
    protocol="sftp",
    answer="password: the server refused the credential",
)
CAME = Observed(Alert(seconds=42.2))
SILENCE = Unobserved(Reason.TIMEOUT, "no alert in 10 minutes")
BROKEN = Unobserved(Reason.TIMEOUT, "the test event raised no alert")
DEAF = Unobserved(Reason.PROTOCOL_ERROR, "answered with HTTP status 500")
CUT_OFF = replace(LOGIN, refused=False)
UNNAMED = replace(LOGIN, logged=False)
LET_IN = replace(LOGIN, refused=False, let_in=True)


@pytest.mark.parametrize(
    ("course", "verdict", "detail"),
    [
        (Course(test=ECHO, login=Observed(LOGIN), alert=CAME), "pass", "the alert came after 42"),
        (Course(test=ECHO, login=Observed(CUT_OFF), alert=CAME), "pass", "the alert came after 42"),
        (Course(test=ECHO, login=Observed(LOGIN), alert=SILENCE), "fail", "no alert in 10 minutes"),
        (Course(test=ECHO, login=Observed(CUT_OFF), alert=SILENCE), "unknown", "may not have"),
        (Course(test=ECHO, login=Observed(UNNAMED), alert=SILENCE), "unknown", "does not log"),
        (Course(test=ECHO, login=Observed(UNNAMED), alert=CAME), "pass", "the alert came"),
        (Course(test=ECHO, login=Observed(LET_IN), alert=CAME), "pass", "the alert came after 42"),
        (
            Course(test=ECHO, login=Observed(LET_IN), alert=SILENCE),
            "fail",
            "no alert in 10 minutes",
        ),
        (Course(test=ECHO, login=Observed(LOGIN), alert=DEAF), "unknown", "HTTP status 500"),
        (Course(test=BROKEN, login=Observed(LOGIN), alert=SILENCE), "unknown", "the test event"),
        (Course(test=BROKEN, login=Observed(LOGIN), alert=CAME), "unknown", "the test event"),
        (Course(test=ECHO, login=DEAF, alert=SILENCE), "unknown", "HTTP status 500"),
        (Course(test=ECHO, login=DEAF, alert=CAME), "unknown", "HTTP status 500"),
    ],
)
def test_the_table_of_verdicts(course: Course, verdict: str, detail: str) -> None:
    said, why = told_of(course)
    assert said == DrillVerdict(verdict)
    assert why.startswith(detail) or detail in why


@pytest.mark.parametrize("reason", [each for each in Reason if each is not Reason.TIMEOUT])
def test_an_alert_that_could_not_be_heard_never_fails_a_drill(reason: Reason) -> None:
    course = Course(test=ECHO, login=Observed(LOGIN), alert=Unobserved(reason))
    assert told_of(course) == (DrillVerdict.UNKNOWN, str(reason))


def test_times_are_told_as_people_say_them() -> None:
    told = [in_words(count) for count in (0.04, 9.96, 42.4, 119, 600)]
    assert told == ["0.0 seconds", "10.0 seconds", "42 seconds", "119 seconds", "10 minutes"]
