from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from scanner.report.document import encode, host_document
from scanner.report.table import COLUMNS, findings_csv
from tests.report import builders


def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(encode(host_document(builders.bad_report())))
    return read


def read(*hosts: dict[str, Any]) -> list[dict[str, str]]:
    text = "".join(findings_csv(hosts))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_finding_is_a_line_and_a_row_without_findings_is_one() -> None:
    host = document()
    lines = read(host)
    assert len(lines) == sum(len(row["findings"]) or 1 for row in host["failures"])
    assert {line["failure"] for line in lines} == {row["id"] for row in host["failures"]}


def test_a_run_without_hosts_is_a_head() -> None:
    assert "".join(findings_csv([])) == ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n@x", "\uff1d1"]
)
def test_text_that_a_spreadsheet_would_compute_is_inert(text: str) -> None:
    host = document()
    host["host"] = text
    shown = read(host)[0]["host"]
    assert shown[0] in "'\\"
    assert shown.isprintable()


def test_quotes_commas_and_bidi_characters_stay_in_their_cell() -> None:
    host = document()
    host["asset"] = 'a",\u202e"=cmd'
    assert read(host)[0]["asset"] == 'a",\\u202e"=cmd'
