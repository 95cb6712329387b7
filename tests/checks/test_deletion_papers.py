"""What the operator hands over on deletion: signs, none of which passes the row by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.model.dossier import Dossier, Paper
from scanner.model.failure import FailureId
from scanner.model.finding import Source, Verdict
from scanner.model.reading import Observed
from scanner.model.recall import CertificateMatch, Recall
from tests.checks.cases import account, case, enforced_ftp, finding, result, view, walk
from tests.checks.test_papers import NO_FILE, PROCEDURE

ROW = FailureId.OVERDUE_DELETION
JOB = replace(PROCEDURE, kind="retention-rule", exercised=date(2026, 11, 20))
CERTIFICATE = replace(PROCEDURE, kind="deletion-certificate", title="C", sha256=None)
MATCH = CertificateMatch(title="C", sha256="aa", listed=3, matched=2, present=0)


@pytest.mark.parametrize(
    ("changes", "verdict", "told"),
    [
        ({}, Verdict.PASS, "last succeeded on 2026-11-20"),
        ({"exercised": date(2026, 11, 14)}, Verdict.PASS, ""),
        ({"exercised": date(2026, 11, 13)}, Verdict.UNKNOWN, "last succeeded on 2026-11-13"),
        ({"exercised": date(2026, 11, 23)}, Verdict.UNKNOWN, "no day is told"),
        ({"exercised": None}, Verdict.UNKNOWN, "no day is told"),
        ({"owner": ""}, Verdict.UNKNOWN, "no owner"),
    ],
)
def test_a_job_that_succeeded_this_week_is_a_sign(
    changes: dict[str, Any], verdict: Verdict, told: str
) -> None:
    dossier = Dossier(papers=(Paper(replace(JOB, **changes), NO_FILE),))
    row = result(ROW, case(enforced_ftp(), dossier=dossier))
    sign = finding(row, "retention-job")
    assert (row.verdict, sign.verdict) == (Verdict.UNKNOWN, verdict)
    assert told in sign.summary
    if verdict is Verdict.PASS:
        assert sign.source is Source.OPERATOR


def judged(
    match: CertificateMatch | None, *, digest: str = "aa", changes: Any = None, **walked: Any
) -> Any:
    facts = enforced_ftp(accounts=(account(view(walk=walk(**walked))),))
    paper = Paper(replace(CERTIFICATE, **(changes or {})), Observed(digest))
    recall = Recall(certificates=(match,) if match else ())
    row = result(ROW, case(facts, dossier=Dossier(papers=(paper,)), recall=recall))
    assert row.verdict is Verdict.UNKNOWN
    return finding(row, "deletion-certificate")


def test_files_that_were_seen_are_listed_and_are_gone_show_the_deletion() -> None:
    told = judged(MATCH)
    assert (told.verdict, told.source, told.required) == (Verdict.PASS, Source.OPERATOR, False)
    assert "2 of 3 files" in told.summary


def test_a_file_that_is_said_to_be_deleted_and_lies_there_is_suspected() -> None:
    told = judged(replace(MATCH, present=1))
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "suspected")
    assert "1 of 3 files that “C” calls deleted lie there" in told.summary


@pytest.mark.parametrize(
    ("match", "more", "told"),
    [
        (None, {}, "lists no files that could be compared"),
        (MATCH, {"digest": "bb"}, "lists no files that could be compared"),
        (replace(MATCH, matched=0), {}, "was ever seen"),
        (MATCH, {"stopped": ("entries",)}, "cut by entries"),
        (MATCH, {"dropped": 4}, "not all files"),
        (MATCH, {"changes": {"owner": ""}}, "no owner"),
        (MATCH, {"changes": {"expires": date(2026, 1, 1)}}, "has expired"),
    ],
)
def test_a_certificate_that_shows_nothing_is_unknown(
    match: CertificateMatch | None, more: dict[str, Any], told: str
) -> None:
    found = judged(match, **more)
    assert found.verdict is Verdict.UNKNOWN
    assert told in found.summary
