from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.api import RunResult
from scanner.cli.summary import tell
from scanner.report.changes import with_changes
from scanner.report.document import encode, host_document
from scanner.report.page_survey import Survey
from scanner.report.run_table import RunTable
from tests.report import builders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def result(folder: Path, *, steps: int = 0, interrupted: bool = False) -> RunResult:
    host = with_changes(json.loads(encode(host_document(builders.bad_report()))), {})
    survey, table = Survey(), RunTable()
    survey.add(host)
    table.add(host)
    return RunResult(
        folder=folder,
        uid="scan-1",
        hosts=1,
        targeted=1,
        counts={"F": 1},
        exit_code=1,
        table=table,
        news=survey.news.counts,
        incomplete=tuple(f"asset: step {number}" for number in range(steps)),
        delta={"new": 2, "resolved": 0, "unchanged": 1},
        interrupted=interrupted,
    )


def test_a_run_is_told_as_table_changes_and_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(result(folder))
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "ftp-archive-01" in shown.out
    assert "\nFailing rows: 3 new, 0 changed, 0 resolved, 0 unchanged; 1 lead apart\n" in shown.out
    assert shown.out.endswith(f"Report: {folder / 'report.json'}\n")


def test_unfinished_steps_are_told_on_standard_error_and_bounded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(result(folder, steps=12))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "scan: incomplete: asset: step 0"
    assert lines[9:] == [
        "scan: incomplete: asset: step 9",
        "scan: incomplete: 2 more steps; see the report",
    ]


def test_an_interrupted_run_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(result(folder, steps=3, interrupted=True))
    assert capsys.readouterr().err == (
        "scan: interrupted: what was seen is written, the rest is unknown\n"
    )
