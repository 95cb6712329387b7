"""Events, against the schemas of three OCSF releases and the fields of ECS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Finding, HostReport, Severity, Verdict
from scanner.model.observation import IdentityDifference
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Protocol
from scanner.report.document import host_document
from scanner.report.ecs import ecs_document
from scanner.report.fit import MOST_BYTES, fitted, line
from scanner.report.heartbeat import Ending, EventLog
from scanner.report.moments import milliseconds, written
from tests.report import builders

ORACLE = Path(__file__).parents[1] / "oracle"
VERSIONS = ("1.5.0", "1.6.0", "1.8.0")
NINE = len(FailureId)
MILLENNIUM = milliseconds("2000-01-01T00:00:00Z")
MOST_MILLISECONDS = milliseconds("2100-01-01T00:00:00Z")
Event = dict[str, Any]


@cache
def validator(version: str) -> Draft202012Validator:
    schema = json.loads((ORACLE / f"ocsf-{version}.schema.json").read_text())
    return Draft202012Validator(schema, format_checker=FormatChecker())


def faults(event: Event, version: str) -> list[str]:
    labelled = {**event, "metadata": {**event["metadata"], "version": version}}
    return [
        f"{each.json_path}: {each.message}" for each in validator(version).iter_errors(labelled)
    ]


def row_with(*findings: Finding, failure: FailureId = FailureId.OPEN_ZONE) -> HostReport:
    report = builders.bad_report()
    rows = tuple(
        builders.row(failure, *findings) if row.id is failure else row for row in report.failures
    )
    looks = tuple(look for look in report.observations if look.vantage == "internet")
    return replace(report, failures=rows, observations=looks, exceptions=(), decoy=None)


def events(report: HostReport, known: Mapping[str, str] | None = None) -> list[Event]:
    log = EventLog(header=builders.header(), tenant="default")
    lines = [log.started(), *log.host(host_document(report), known or {})]
    lines.append(log.ended(log.header, Ending.COMPLETED))
    return [json.loads(each) for each in lines]


def about(failure: FailureId, report: HostReport, known: Mapping[str, str] | None = None) -> Event:
    (found,) = (e for e in events(report, known) if e["metadata"]["event_code"] == failure)
    return found


def open_zone(finding: Finding, known: Mapping[str, str] | None = None) -> Event:
    return about(FailureId.OPEN_ZONE, row_with(finding), known)


def told(event: Event) -> tuple[str, str, str, str, str]:
    return (
        event["activity_name"],
        event["status"],
        event["compliance"]["status"],
        event["severity"],
        event["unmapped"]["ftpscan"]["change"],
    )


FAILS = builders.finding(FailureId.OPEN_ZONE, severity=Severity.CRITICAL, first_seen=builders.AT)
PASSES = replace(FAILS, verdict=Verdict.PASS, severity=Severity.INFO, first_seen=None)
UNTOLD = replace(PASSES, verdict=Verdict.UNKNOWN, reason="timeout")
KNOWN = {FAILS.uid: "critical"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_is_valid_in_three_releases(version: str) -> None:
    reports = (builders.bad_report(), row_with(FAILS), row_with(PASSES), row_with(UNTOLD))
    shown = [event for report in reports for event in events(report, KNOWN)]
    assert len(shown) > 4 * NINE
    assert [fault for event in shown for fault in faults(event, version)] == []


BROKEN = {
    "no uid of the finding": ("finding_info", {"title": "x"}),
    "a wrong activity": ("activity_id", 7),
    "an unknown attribute": ("ftpscan", True),
    "a type of another activity": ("type_uid", 200303),
    "text where a number belongs": ("severity_id", "5"),
    "an address that is none": ("device", {"ip": "here", "type_id": 1}),
    "no control": ("compliance", "open-zone"),
    "a time with no offset": ("time_dt", "2026-01-01T00:00:00"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("broken", BROKEN)
def test_the_validator_bites(broken: str, version: str) -> None:
    name, value = BROKEN[broken]
    event = open_zone(FAILS)
    assert faults(event, version) == []
    assert faults({**event, name: value}, version) != []


def moments(value: Any, name: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from moments(item, key)
    elif name == "time" or name.endswith("_time"):
        yield name, value


def test_times_are_milliseconds_and_told_twice_alike() -> None:
    for event in events(row_with(FAILS)):
        found = list(moments(event))
        assert found
        assert all(MILLENNIUM < at < MOST_MILLISECONDS for _, at in found)
        assert event["time_dt"] == written(event["time"])
    assert written(milliseconds("2026-07-01T02:13:00.123Z")) == "2026-07-01T02:13:00.123Z"


def test_a_caption_goes_with_its_number() -> None:
    schema = json.loads((ORACLE / "ocsf-1.6.0.schema.json").read_text())["$defs"]
    for event in events(builders.bad_report(), KNOWN):
        name = "class_compliance_finding" if event["class_uid"] == 2003 else "class_scan_activity"
        for key, rule in schema[name]["properties"].items():
            sibling = rule.get("x-ocsf-sibling")
            if key in event and sibling in event:
                assert rule["x-ocsf-captions"][str(event[key])] == event[sibling]


def test_a_fail_is_created_updated_and_closed() -> None:
    assert told(open_zone(FAILS)) == ("Create", "New", "Fail", "Critical", "new")
    assert told(open_zone(FAILS, KNOWN)) == ("Update", "New", "Fail", "Critical", "unchanged")
    assert told(open_zone(PASSES, KNOWN)) == (
        "Close",
        "Resolved",
        "Pass",
        "Informational",
        "resolved",
    )
    assert told(open_zone(PASSES)) == ("Update", "Resolved", "Pass", "Informational", "unchanged")


def test_what_cannot_be_told_tonight_closes_nothing() -> None:
    assert told(open_zone(UNTOLD, KNOWN)) == ("Update", "New", "Unknown", "Critical", "unchanged")
    assert told(open_zone(UNTOLD)) == ("Update", "Unknown", "Unknown", "Informational", "unchanged")


def test_a_second_defect_in_an_open_row_is_a_change() -> None:
    second = builders.finding(FailureId.OPEN_ZONE, "second")
    event = about(FailureId.OPEN_ZONE, row_with(FAILS, second), KNOWN)
    assert told(event) == ("Update", "New", "Fail", "Critical", "changed")


def test_a_defect_that_became_worse_is_a_change() -> None:
    milder = dict.fromkeys(KNOWN, "medium")
    assert told(open_zone(FAILS, milder)) == ("Update", "New", "Fail", "Critical", "changed")


def test_a_lead_that_ends_closes_nothing() -> None:
    lead = replace(FAILS, confidence=Confidence.WEAK)
    report = row_with(PASSES, replace(lead, uid="v1:lead", verdict=Verdict.PASS))
    assert told(about(FailureId.OPEN_ZONE, report))[0] == "Update"


def test_an_accepted_risk_is_suppressed_and_still_a_fail() -> None:
    event = open_zone(replace(FAILS, suppressed=True), KNOWN)
    assert told(event) == ("Update", "Suppressed", "Fail", "Critical", "unchanged")


def test_what_does_not_apply_is_neither_pass_nor_fail() -> None:
    report = row_with(PASSES)
    rows = tuple(
        replace(row, verdict=Verdict.NOT_APPLICABLE) if row.id is FailureId.OPEN_ZONE else row
        for row in report.failures
    )
    event = about(FailureId.OPEN_ZONE, replace(report, failures=rows))
    assert told(event)[1:4] == ("Resolved", "Other", "Informational")


def test_a_mixed_identity_closes_nothing() -> None:
    report = row_with(PASSES)
    mixed = IdentityDifference(
        port=21, protocol=Protocol.FTP, mark="greeting", seen={"192.0.2.1": ("a",)}
    )
    looks = tuple(replace(look, mixed_identity=(mixed,)) for look in report.observations)
    event = about(FailureId.OPEN_ZONE, replace(report, observations=looks), KNOWN)
    assert told(event)[:3] == ("Update", "New", "Unknown")


def test_a_fail_that_another_vantage_saw_is_unknown_here_and_never_a_pass() -> None:
    looks = builders.bad_report().observations
    report = replace(row_with(FAILS), observations=(*looks, replace(looks[0], vantage="internal")))
    seen = {
        e["unmapped"]["ftpscan"]["vantage"]: e["compliance"]["status"]
        for e in events(report)
        if e["metadata"]["event_code"] == FailureId.OPEN_ZONE
    }
    assert seen == {"internet": "Fail", "internal": "Unknown"}


def test_ids_are_the_same_whenever_a_scan_is_told_again_and_differ_between_events() -> None:
    first, again = events(row_with(FAILS)), events(row_with(PASSES))
    ids = [e["metadata"]["uid"] for e in first]
    assert ids == [e["metadata"]["uid"] for e in again]
    assert len(set(ids)) == len(ids) == NINE + 2
    assert [e["metadata"]["sequence"] for e in first] == list(range(1, NINE + 3))


def test_the_id_of_a_finding_outlives_address_port_words_and_severity() -> None:
    moved = replace(
        FAILS, ways_in=("sftp [2001:db8::1]:2222 as x",), summary="other", severity=Severity.HIGH
    )
    assert open_zone(FAILS)["finding_info"]["uid"] == open_zone(moved)["finding_info"]["uid"]
    assert open_zone(FAILS)["finding_info"]["uid"].startswith("ftpscan:v1:")
    assert open_zone(moved)["device"]["ip"] == "2001:db8::1"
    assert open_zone(moved)["unmapped"]["ftpscan"]["port"] == 2222


def test_the_last_event_tells_coverage_and_delta() -> None:
    *_, last = events(row_with(FAILS))
    ours = last["unmapped"]["ftpscan"]
    assert (last["class_uid"], last["activity_name"], last["total"]) == (6007, "Completed", 3)
    assert (last["num_network_items"], last["num_skipped_items"]) == (2, 1)
    assert last["status_code"] == "PARTIAL"
    coverage = ours["coverage"]
    assert coverage["checks_planned"] == 3 * NINE
    assert coverage["checks_conclusive"] + coverage["checks_inconclusive"] == 3 * NINE
    assert ours["events_in_run"] == last["metadata"]["sequence"]
    assert ours["delta"]["new"] == last["num_detections"] > 0
    assert ours["next_expected"] == "2026-07-02T02:00:00.000Z"


def test_a_host_that_an_interruption_left_unseen_has_no_events_yet() -> None:
    report = row_with(UNTOLD)
    looks = tuple(
        replace(look, unreached=Unobserved(Reason.INTERRUPTED, "not scanned"))
        for look in report.observations
    )
    assert len(events(replace(report, observations=looks))) == 2


def test_an_event_too_long_loses_evidence_first_and_says_so() -> None:
    event = open_zone(FAILS)
    event["evidences"] = [{"data": {"id": "x", "fingerprint": "a" * 8000}}]
    short = fitted(event)
    assert "evidences" not in short
    assert short["remediation"] == event["remediation"]
    assert short["metadata"]["is_truncated"] is True
    assert short["metadata"]["untruncated_size"] == len(line(event))
    assert faults(short, "1.6.0") == faults(short, "1.8.0") == []


def test_texts_of_any_length_and_letters_stay_under_the_cap() -> None:
    long = "\U0001f4a3" * 5000
    event = open_zone(
        replace(
            FAILS, summary=long, remedy=long, ways_in=tuple(f"ftp 192.0.2.1:{n}" for n in range(99))
        )
    )
    assert len(line(event)) <= MOST_BYTES
    assert event["metadata"]["is_truncated"] is True
    assert event["unmapped"]["ftpscan"]["verdict"] == "fail"
    assert faults(event, "1.6.0") == []


def test_what_a_server_said_is_inert_and_stays_out_of_evidence() -> None:
    piece = builders.evidence(data={"code": 230, "command": "USER anonymous", "text": ("PLANTED",)})
    report = row_with(replace(FAILS, summary="x\x1b[2J\u202e", evidence=(piece.id,)))
    looks = tuple(replace(look, evidence=(piece,)) for look in report.observations)
    event = about(FailureId.OPEN_ZONE, replace(report, observations=looks))
    (shown,) = event["evidences"]
    assert (shown["data"]["code"], shown["data"]["command"]) == (230, "USER")
    written_down = line(event)
    assert "PLANTED" not in written_down
    assert "\\u001b" not in written_down
    assert "\\u202e" not in written_down.replace("\\\\u202e", "")


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{name}.{key}" if name else key)
    else:
        yield name, value


def test_every_ecs_field_exists_and_takes_its_value() -> None:
    known = json.loads((ORACLE / "ecs-9.4.0-fields.json").read_text())["fields"]
    seen = 0
    for event in [*events(builders.bad_report(), KNOWN), *events(row_with(FAILS))]:
        for name, value in leaves(ecs_document(event)):
            if name.startswith("ftpscan."):
                continue
            assert name in known, name
            allowed = known[name].get("allowed")
            for one in value if isinstance(value, list) else [value]:
                assert allowed is None or one in allowed, (name, one)
            seen += 1
    assert seen > 20 * NINE


def test_an_ecs_document_has_the_id_of_its_event() -> None:
    event = open_zone(FAILS)
    document = ecs_document(event)
    assert document["event"]["id"] == event["metadata"]["uid"]
    assert document["event"]["outcome"] == "success"
    assert document["ftpscan"]["verdict"] == "fail"
