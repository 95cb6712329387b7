from __future__ import annotations

from dataclasses import replace

from scanner.model.drill import (
    Alert,
    Course,
    DrillLogin,
    DrillVariant,
    DrillVerdict,
    TestEcho,
)
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.report.drill import DrillReport, drill_document, drill_lines

REFUSED = "password: the server refused the credential"
COURSE = Course(
    test=Observed(TestEcho(user="drill-aa", sent_at="2026-11-26T03:00:00Z", seconds=0.44)),
    login=Observed(
        DrillLogin(
            user="drill-bb",
            at="2026-11-26T03:00:01Z",
            address="198.51.100.7",
            port=22,
            protocol="sftp",
            answer=REFUSED,
        )
    ),
    alert=Observed(Alert(seconds=42.2)),
    reactions=("answers no more (closed)",),
)


def report(course: Course, verdict: DrillVerdict, *, kept: bool = True) -> DrillReport:
    return DrillReport(
        asset="files",
        host="ftp.example.org",
        agreed_rule="SOC-118\x1b[2J",
        started="2026-11-26T03:00:00Z",
        finished="2026-11-26T03:01:00Z",
        verdict=verdict,
        detail="why",
        course=course,
        kept=kept,
    )


def test_a_drill_is_told_step_by_step_with_nothing_that_a_terminal_obeys() -> None:
    assert list(drill_lines(report(COURSE, DrillVerdict.PASS))) == [
        "files (ftp.example.org): pass, why",
        "  rule        SOC-118\\x1b[2J",
        "  test event  sent 2026-11-26T03:00:00Z as drill-aa; its alert came after 0.4 seconds",
        f"  login       2026-11-26T03:00:01Z as drill-bb on sftp 198.51.100.7 port 22: {REFUSED}",
        "  reaction    the server answers no more (closed)",
        "  result      holds for 90 days",
    ]


def test_a_variant_is_named_and_so_is_what_was_read() -> None:
    assert isinstance(COURSE.login, Observed)
    read = replace(COURSE.login.value, refused=False, let_in=True, opened="/exports/canary.csv")
    course = replace(COURSE, login=Observed(read))
    one = replace(report(course, DrillVerdict.FAIL), variant=DrillVariant.CANARY)
    lines = list(drill_lines(one))
    assert lines[0] == "files (ftp.example.org): canary fail, why"
    assert "  canary      one byte of /exports/canary.csv was read, and dropped" in lines
    (drill,) = drill_document([one], tool_version="1.2.3")["drills"]
    assert (drill["variant"], drill["login"]["opened"]) == ("canary", "/exports/canary.csv")


def test_what_was_not_done_has_no_line_and_its_reason_in_the_document() -> None:
    why = Unobserved(Reason.TIMEOUT, "the way is broken")
    one = report(Course(test=why, login=why, alert=why), DrillVerdict.UNKNOWN, kept=False)
    assert [line.split()[0] for line in drill_lines(one)] == ["files", "rule", "result"]
    assert list(drill_lines(one))[-1].endswith("decides nothing; what was on record before stays")
    (drill,) = drill_document([one], tool_version="1.2.3")["drills"]
    missing = {"reason": "timeout", "detail": "the way is broken"}
    assert [drill[step] for step in ("test", "login", "alert")] == [missing] * 3
