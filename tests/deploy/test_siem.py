"""What is shipped for receivers names nothing that our events do not hold, and fires as it says."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Severity
from scanner.report.document import host_document
from scanner.report.ecs import ecs_document
from scanner.report.heartbeat import Ending, EventLog
from tests.report import builders
from tests.report.test_events import FAILS, KNOWN, ORACLE, PASSES, leaves, row_with
from tests.sinks.runs import event_lines

SIEM = Path(__file__).parents[2] / "deploy" / "siem"
HEARTBEAT = SIEM / "ftpscan-heartbeat"
FLAT = re.compile(r"\b(?:[a-z_]+\.)+[a-z_]+\b")
Event = dict[str, Any]


def every_event() -> list[Event]:
    log = EventLog(header=builders.header(), tenant="default")
    lines = [log.started()]
    for report in (builders.bad_report(), builders.silent_report(), builders.decoy_report()):
        lines += log.host(host_document(report), {})
    lines += log.host(host_document(row_with(PASSES)), KNOWN)
    lines += [log.ended(log.header, how) for how in Ending]
    return [json.loads(line) for line in lines]


def scalars() -> dict[str, set[str]]:
    """The names of all scalars of OCSF events, with their values as text."""
    found: dict[str, set[str]] = {}
    for event in every_event():
        for name, value in leaves(event):
            if not isinstance(value, list):
                said = str(value).lower() if isinstance(value, bool) else str(value)
                found.setdefault(name, set()).add(said)
    return found


def mapped(properties: Event, name: str = "") -> Iterator[tuple[str, str]]:
    for key, rule in properties.items():
        here = f"{name}.{key}" if name else key
        if "properties" in rule:
            yield from mapped(rule["properties"], here)
        else:
            yield here, rule["type"]


def test_the_index_template_maps_each_field_of_our_documents_and_no_other() -> None:
    template = json.loads((SIEM / "elastic-index-template.json").read_text())
    fields = dict(mapped(template["template"]["mappings"]["properties"]))
    ours = {name for event in every_event() for name, _ in leaves(ecs_document(event))}
    assert fields.keys() == ours
    assert template["template"]["mappings"]["dynamic"] is False


def test_the_index_template_has_the_types_of_ecs() -> None:
    template = json.loads((SIEM / "elastic-index-template.json").read_text())
    known = json.loads((ORACLE / "ecs-9.4.0-fields.json").read_text())["fields"]
    fields = dict(mapped(template["template"]["mappings"]["properties"]))
    common = fields.keys() & known.keys()
    assert len(common) > 25
    assert {name: fields[name] for name in common} == {name: known[name]["type"] for name in common}
    assert {name for name in fields.keys() - common if not name.startswith("ftpscan.")} == set()


def test_the_rules_for_elastic_name_what_our_documents_hold() -> None:
    rules = [json.loads(line) for line in (SIEM / "elastic-rules.ndjson").read_text().splitlines()]
    assert len(rules) == 3
    held: dict[str, set[str]] = {}
    for event in every_event():
        for name, value in leaves(ecs_document(event)):
            held.setdefault(name, set()).add(str(value).lower())
    for rule in rules:
        query = re.sub(r"ftpscan-events\*", "", rule["query"])
        for name in set(FLAT.findall(re.sub(r'"[^"]*"', "", query))):
            assert name in held, name
        for name, value in re.findall(r'([a-z_.]+)\s*(?::|==)\s*"?([a-z.]+)"?', query):
            assert value in held[name], (name, value)


def wazuh() -> dict[str, ET.Element]:
    root = ET.fromstring((SIEM / "wazuh-rules.xml").read_text())
    return {rule.attrib["id"]: rule for rule in root.iter("rule")}


def fires(rules: dict[str, ET.Element], number: str, event: Event) -> bool:
    """Whether a rule of Wazuh matches an event: its own fields, and those of its parents."""
    rule = rules[number]
    flat = {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in leaves(event)}
    parent = rule.findtext("if_sid")
    if parent is not None and not fires(rules, parent, event):
        return False
    return all(
        re.search(field.text or "", flat.get(field.attrib["name"], ""))
        for field in rule.iter("field")
    )


def test_the_rules_for_wazuh_name_scalars_that_our_events_hold() -> None:
    held = scalars()
    for rule in wazuh().values():
        for field in rule.iter("field"):
            values = held[field.attrib["name"]]
            assert any(re.search(field.text or "", value) for value in values), field.text


def one(report_event: str, events: list[Event]) -> Event:
    (found,) = (e for e in events if e["metadata"]["event_code"] == report_event)
    return found


def test_the_rule_for_new_critical_findings_fires_for_those_alone() -> None:
    rules = wazuh()
    assert {e["severity_id"] for e in every_event() if fires(rules, "118203", e)} <= {5}

    def about(finding: Any, known: dict[str, str]) -> Event:
        log = EventLog(header=builders.header(), tenant="default")
        lines = list(log.host(host_document(row_with(finding)), known))
        return one(FailureId.OPEN_ZONE, [json.loads(line) for line in lines])

    assert fires(rules, "118203", about(FAILS, {}))
    assert not fires(rules, "118203", about(FAILS, KNOWN))
    assert not fires(rules, "118203", about(PASSES, KNOWN))
    assert not fires(rules, "118203", about(replace(FAILS, severity=Severity.HIGH), {}))
    assert fires(rules, "118204", about(PASSES, KNOWN))
    cancelled = [e for e in every_event() if e["activity_name"] in {"Cancelled", "Error"}]
    assert len(cancelled) == 2
    assert all(fires(rules, "118205", event) for event in cancelled)


def splunk(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys have capitals
    parser.read_string((SIEM / name).read_text())
    return parser


def test_splunk_finds_the_time_and_names_what_our_events_hold() -> None:
    props = splunk("splunk-props.conf")["ftpscan:ocsf"]
    held = scalars()
    for key, value in props.items():
        if key.startswith("FIELDALIAS-"):
            assert value.split(" AS ")[0] in held, value
    for line in event_lines(1):
        found = re.search(props["TIME_PREFIX"], line)
        assert found is not None
        told = line[found.end() : found.end() + int(props["MAX_TIMESTAMP_LOOKAHEAD"])]
        assert re.match(r"\d{13}", told)
        assert int(told[:13]) == json.loads(line)["time"]
        assert len(line) < int(props["TRUNCATE"])


def test_the_alerts_for_splunk_name_what_our_events_hold() -> None:
    searches = splunk("splunk-savedsearches.conf")
    assert len(searches.sections()) == 3
    held = scalars()
    for section in searches.sections():
        search = searches[section]["search"]
        assert 'sourcetype="ftpscan:ocsf"' in search
        for name in FLAT.findall(re.sub(r'"[^"]*"', "", search)):
            assert name in held, name
        for name, value in re.findall(r"\b([a-z_.]+)=+([a-z0-9]+)", search.split("|")[0]):
            assert value in held[name], (name, value)


def heartbeat(folder: Path, *beats: tuple[str, str, timedelta]) -> tuple[int, list[str]]:
    """Run the script on events of scans that began or ended so long ago."""
    path = folder / "events.ndjson"
    now = datetime.now(UTC)
    lines = []
    for scan, what, ago in beats:
        at = (now - ago).strftime("%Y-%m-%dT%H:%M:%SZ")

        header = replace(builders.header(), uid=scan, started=at, finished=at)
        log = EventLog(header=header, tenant="default")
        lines.append(log.started() if what == "began" else log.ended(header, Ending[what]))
    path.write_text("".join(f"{line}\n" for line in [*lines, '{"cut']))
    return told_by(path)


def told_by(path: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, HEARTBEAT, path], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_the_heartbeat_is_silent_while_all_is_well(tmp_path: Path) -> None:
    well = heartbeat(tmp_path, ("a", "began", hours(3)), ("a", "COMPLETED", hours(2)))
    assert well == (0, [])
    assert heartbeat(
        tmp_path,
        ("a", "began", hours(25)),
        ("a", "COMPLETED", hours(24)),
        ("b", "began", hours(1)),
    ) == (0, [])


def test_the_heartbeat_tells_that_no_scan_completed(tmp_path: Path) -> None:
    old = heartbeat(tmp_path, ("a", "began", hours(28)), ("a", "COMPLETED", hours(27)))
    assert old == (1, ["ftpscan-heartbeat: no scan completed for 27 hours"])
    assert told_by(tmp_path / "missing")[0] == 1
    assert heartbeat(tmp_path) == (1, ["ftpscan-heartbeat: no scan completed: none ever did"])


@pytest.mark.parametrize("after", [(), (("b", "CANCELLED", hours(13)),)])
def test_the_heartbeat_tells_of_a_scan_that_did_not_complete(
    after: tuple[tuple[str, str, timedelta], ...], tmp_path: Path
) -> None:
    beats = (("a", "COMPLETED", hours(20)), ("b", "began", hours(14)), *after)
    assert heartbeat(tmp_path, *beats) == (
        1,
        ["ftpscan-heartbeat: began and did not complete: scan b"],
    )


def test_wazuh_waits_for_the_very_words_of_the_heartbeat(tmp_path: Path) -> None:
    words = [
        rule.findtext("match") or "" for rule in wazuh().values() if rule.find("match") is not None
    ]
    beats = (("a", "COMPLETED", hours(30)), ("b", "began", hours(14)))
    _, lines = heartbeat(tmp_path, *beats)
    assert len(words) == len(lines) == 2
    assert all(any(word in line for line in lines) for word in words)
