from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

import scanner.schemas
from scanner.model.content import ContentState
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.observation import EndpointObservation, EndpointState
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Protocol
from scanner.report.document import SCHEMA_VERSION, encode, host_document, scan_document
from scanner.report.plain import plain
from scanner.report.views import MOST_FILES, view_document
from tests.report import builders

SCHEMA = Path(scanner.schemas.__path__[0]) / f"report-{SCHEMA_VERSION}.json"


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    loaded = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded, format_checker=FormatChecker())


def faults(schema: Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(document)]


REPORTS = {
    "bad": builders.bad_report,
    "silent": builders.silent_report,
    "good": builders.good_report,
    "decoy": builders.decoy_report,
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_kind_of_report_is_valid_against_the_published_schema(
    name: str, schema: Draft202012Validator
) -> None:
    document = scan_document(builders.header(), [host_document(REPORTS[name]())], [])
    assert faults(schema, json.loads(encode(document))) == []


def test_the_schema_names_its_full_version() -> None:
    loaded = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert loaded["$id"] == "urn:transfer-exposure-scanner:schema:report:1.0.0"
    assert loaded["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


def test_every_object_of_the_schema_is_closed_but_for_leads_across_assets() -> None:
    def open_objects(node: Any, place: str) -> list[str]:
        if isinstance(node, list):
            return [
                name for i, item in enumerate(node) for name in open_objects(item, f"{place}/{i}")
            ]
        if not isinstance(node, dict):
            return []
        found = [
            name for key, item in node.items() for name in open_objects(item, f"{place}/{key}")
        ]
        closed = "additionalProperties" in node
        return found if node.get("type") != "object" or closed else [*found, place]

    loaded = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert open_objects(loaded, "") == ["/$defs/fleet_lead"]


BREAKAGES: dict[str, Any] = {
    "an unknown member": lambda host: host.update(extra=1),
    "a missing row": lambda host: host["failures"].pop(),
    "rows out of order": lambda host: host["failures"].reverse(),
    "an unknown verdict": lambda host: host["failures"][0].update(verdict="ok"),
    "a score beyond 100": lambda host: host.update(score=100.1),
    "a local time": lambda host: host.update(judged_at="2026-07-01T02:13:00+02:00"),
    "a finding without uid": lambda host: host["failures"][0]["findings"][0].pop("uid"),
    "an invented reason": lambda host: host["endpoints"][0].update(reason="moon"),
    "a fact of another protocol": lambda host: host["endpoints"][0].update(identification="x"),
    "too many files": lambda host: host["endpoints"][0]["anonymous_view"].update(
        files=host["endpoints"][0]["anonymous_view"]["files"] * 26
    ),
    "nested evidence": lambda host: host["evidence"][0].update(data={"a": {"b": 1}}),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_the_schema_refuses(name: str, schema: Draft202012Validator) -> None:
    host = json.loads(encode(host_document(builders.bad_report())))
    BREAKAGES[name](host)
    assert faults(schema, scan_document(builders.header(), [host], [])) != []


def test_a_fact_that_was_not_observed_says_why() -> None:
    missing = Unobserved(Reason.TIMEOUT, "no answer in 10 s")
    assert plain(missing) == {"unobserved": "timeout", "detail": "no answer in 10 s"}


def test_foreign_types_are_refused() -> None:
    with pytest.raises(TypeError, match="no JSON form for object"):
        plain(object())


def test_the_nine_rows_are_always_there_in_order() -> None:
    report = builders.bad_report()
    shuffled = replace(report, failures=tuple(reversed(report.failures)))
    rows = host_document(shuffled)["failures"]
    assert [row["id"] for row in rows] == [failure.value for failure in FailureId]


def test_a_row_that_nobody_judged_is_an_error_and_never_a_pass() -> None:
    report = builders.bad_report()
    rows = host_document(replace(report, failures=report.failures[1:]))["failures"]
    assert rows[0]["id"] == "open-zone"
    assert rows[0]["verdict"] == "error"


def test_only_cited_evidence_is_kept_and_no_citation_dangles() -> None:
    report = builders.bad_report()
    first = report.failures[0]
    dangling = replace(first.findings[0], evidence=("internet/192.0.2.1:21#1", "gone#9"))
    rows = (replace(first, findings=(dangling,)), *report.failures[1:])
    document = host_document(replace(report, failures=rows))
    assert [piece["id"] for piece in document["evidence"]] == ["internet/192.0.2.1:21#1"]
    assert document["failures"][0]["findings"][0]["evidence"] == ["internet/192.0.2.1:21#1"]


def test_only_fails_that_decide_nothing_are_leads() -> None:
    rows = host_document(builders.bad_report())["failures"]
    leads = [found["facet"] for row in rows for found in row["findings"] if found["lead"]]
    assert leads == ["weak-macs"]


def test_the_same_facts_make_the_same_document_whatever_order_vantages_come_in() -> None:
    report = builders.bad_report()
    inside = builders.look("internal", endpoints=builders.endpoints()[::-1], evidence=())
    one = replace(report, observations=(report.observations[0], inside))
    other = replace(report, observations=(inside, report.observations[0]))
    assert encode(host_document(one)) == encode(host_document(other))
    places = [(e["vantage"], e["address"], e["port"]) for e in host_document(one)["endpoints"]]
    assert places == sorted(places)


def test_an_endpoint_tells_its_state_its_cost_and_its_facts_flat() -> None:
    ftp, ssh, closed = host_document(builders.bad_report())["endpoints"]
    assert (ftp["port"], ftp["state"], ftp["connections"], ftp["bytes"]) == (21, "open", 6, 70_000)
    assert ftp["logins_failed"] == 1
    assert ftp["verbs"] == {"AUTH": 2, "PASS": 2, "USER": 3}
    assert ftp["greeting"] == {"code": 220, "text": ["Example FTP"]}
    assert ftp["tls"]["trust"] == "untrusted"
    assert ftp["tls"]["certificate"]["key_bits"] == 2048
    assert ftp["anonymous"]["accepted"] is True
    assert ftp["anonymous"]["tries"][0]["replies"][1]["code"] == 230
    assert ssh["identification"] == "SSH-2.0-Example_1.0"
    assert ssh["kexinit"]["kex"] == ["curve25519-sha256"]
    assert (closed["state"], closed["reason"]) == ("closed", "closed")
    assert "greeting" not in closed


def test_a_fault_of_a_probe_is_told() -> None:
    broken = EndpointObservation(
        port=21,
        protocol=Protocol.FTP,
        address="192.0.2.1",
        declared=True,
        state=EndpointState.OPEN,
        fault="ValueError in wire.ftp",
    )
    report = replace(builders.bad_report(), observations=(builders.look(endpoints=(broken,)),))
    assert host_document(report)["endpoints"][0]["fault"] == "ValueError in wire.ftp"


def test_a_view_shows_a_bounded_sample_with_the_worst_first_and_counts_all() -> None:
    safe = [builders.file_fact(n, ContentState.ENCRYPTED) for n in range(60)]
    unread = [builders.file_fact(n, None) for n in range(60, 100)]
    bad = builders.file_fact(100, ContentState.CLEAR)
    document = view_document(builders.view(files=(*safe, *unread, bad)))
    assert len(document["files"]) == MOST_FILES
    assert document["files"][0]["key"] == bad.key
    assert document["aggregates"]["files"] == 101
    assert document["aggregates"]["shown"] == MOST_FILES
    assert document["aggregates"]["states"] == {"encrypted": 60, "not-read": 40, "clear": 1}
    assert document["aggregates"]["data_classes"] == {"health": 1}


def test_a_walk_tells_its_odd_lines_and_each_sign_of_writing() -> None:
    walk = view_document(builders.view())["walk"]
    assert (walk["unparsed"], walk["unparsed_shapes"]) == (3, ["aaaaaa aaaaaaa|9999-99-99"])
    assert (walk["links"], walk["links_outside"], walk["forged_possible"]) == (2, 1, 1)
    assert walk["writable"] == {
        "perm": 2,
        "perm_letters": "adf",
        "others": 1,
        "group": 3,
        "acl": 1,
    }


def test_encrypted_files_count_as_no_readable_data() -> None:
    document = view_document(builders.view(files=(builders.file_fact(1, ContentState.ENCRYPTED),)))
    assert document["aggregates"]["data_classes"] == {}


def test_permission_bits_are_octal_text() -> None:
    assert view_document(builders.view())["files"][0]["mode"] == "0644"


def test_encoded_documents_hold_nothing_that_a_terminal_obeys() -> None:
    report = replace(builders.bad_report(), owner="\x1b[31m\u202eabc\x7f\u2028é")
    line = encode(host_document(report))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["owner"] == report.owner


def test_aliases_are_the_other_names_of_the_asset() -> None:
    report = replace(
        builders.bad_report(),
        observations=(builders.look(), builders.look("internal", host="files.example.org")),
    )
    assert host_document(report)["aliases"] == ["files.example.org"]


def test_the_head_tells_the_scan() -> None:
    scan = scan_document(builders.header(), [], [])["scan"]
    assert scan["tool"] == {"name": "transfer-exposure-scanner", "version": "0.1.0"}
    assert scan["coverage"]["unreachable"] == 1
    assert scan["delta"] == {"new": 2, "changed": 0, "resolved": 0, "unchanged": 1}


def test_a_lead_across_assets_is_carried(schema: Draft202012Validator) -> None:
    lead = {
        "kind": "host-key",
        "summary": "one key on two assets",
        "assets": ["a", "b"],
        "key": "x",
    }
    document = scan_document(builders.header(), [], [lead])
    assert document["fleet"] == [lead]
    assert faults(schema, document) == []


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_place_in_the_schema(
    verdict: Verdict, schema: Draft202012Validator
) -> None:
    report = builders.good_report()
    rows = (replace(report.failures[0], verdict=verdict), *report.failures[1:])
    host = json.loads(encode(host_document(replace(report, failures=rows))))
    assert faults(schema, scan_document(builders.header(), [host], [])) == []
