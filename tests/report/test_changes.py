from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import scanner.schemas
from scanner.model.finding import Verdict
from scanner.report.changes import with_changes
from scanner.report.document import SCHEMA_VERSION, encode, host_document, scan_document
from scanner.report.ocsf import host_events
from scanner.report.situation import situations
from tests.report import builders


def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(encode(host_document(builders.bad_report())))
    return read


def findings(host: dict[str, Any], verdict: Verdict) -> list[dict[str, Any]]:
    every = (each for row in host["failures"] for each in row["findings"])
    return [each for each in every if each["verdict"] == verdict]


def test_everything_that_fails_is_new_where_nothing_was_open() -> None:
    changes = with_changes(document(), {})["changes"]
    assert [each["failure"] for each in changes] == [
        "open-zone",
        "clear-storage",
        "plaintext-transport",
    ]
    assert {each["change"] for each in changes} == {"new"}
    assert all(each["opened"] and not each["closed"] for each in changes)


def test_what_was_open_and_still_fails_is_no_change() -> None:
    host = document()
    known = {each["uid"]: each["severity"] for each in findings(host, Verdict.FAIL)}
    assert with_changes(host, known)["changes"] == []


def test_what_was_open_and_passes_is_resolved() -> None:
    host = document()
    known = {each["uid"]: each["severity"] for each in findings(host, Verdict.FAIL)}
    passed = next(each for each in findings(host, Verdict.PASS) if each["facet"] == "drill")
    changes = with_changes(host, known | {passed["uid"]: "medium"})["changes"]
    assert [(each["failure"], each["change"]) for each in changes] == [
        ("missing-supervision", "resolved")
    ]
    assert changes[0]["closed"] == [passed["uid"]]


def test_a_second_fault_beside_an_open_one_changes_the_row() -> None:
    host = document()
    fails = findings(host, Verdict.FAIL)
    known = {each["uid"]: each["severity"] for each in fails if each["facet"] != "clear-data"}
    changes = with_changes(host, known)["changes"]
    assert [(each["failure"], each["change"]) for each in changes] == [
        ("plaintext-transport", "changed")
    ]


@pytest.mark.parametrize("open_before", [0, 1, 2, 3])
def test_the_events_of_the_same_scan_say_the_same(open_before: int) -> None:
    host = document()
    known = {each["uid"]: each["severity"] for each in findings(host, Verdict.FAIL)[:open_before]}
    told = [
        (event["metadata"]["event_code"], event["unmapped"]["ftpscan"]["change"])
        for event in host_events(builders.header(), host, situations(host, known))
    ]
    changes = with_changes(host, known)["changes"]
    assert [(each["failure"], each["change"]) for each in changes] == [
        each for each in told if each[1] != "unchanged"
    ]


def test_a_document_with_changes_keeps_to_the_published_schema() -> None:
    path = Path(scanner.schemas.__path__[0]) / f"report-{SCHEMA_VERSION}.json"
    host = with_changes(document(), {})
    whole = json.loads(json.dumps(scan_document(builders.header(), [host], [])))
    Draft202012Validator(json.loads(path.read_text("utf-8"))).validate(whole)
