from __future__ import annotations

import uuid
from typing import Any

from scanner.report.controls import control_words
from scanner.report.ocsf import event_uid


def row(**controls: list[str]) -> dict[str, Any]:
    return {"id": "open-zone", "controls": controls}


def test_controls_are_told_by_framework_and_empty_ones_are_left_out() -> None:
    words = control_words(row(nist=["AC-3", "AC-14"], cis=[], gdpr=["25(2)"]))
    assert words.standards == ("gdpr", "nist")
    assert words.requirements == ("gdpr 25(2)", "nist AC-3", "nist AC-14")
    assert words.line == "nist: AC-3, AC-14; gdpr: 25(2)"
    assert words.sentence == "NIST AC-3, AC-14; GDPR 25(2)"


def test_another_report_with_other_controls_of_the_same_failure_gets_its_own() -> None:
    one, other = row(nist=["AC-3"]), row(nist=["AC-4"])
    assert control_words(one) is control_words(row(nist=["AC-3"]))
    assert control_words(other).line == "nist: AC-4"
    assert control_words(one).line == "nist: AC-3"


def test_an_event_is_named_by_a_uuid_of_version_5() -> None:
    space = uuid.UUID("5f2a3f0e-9c0b-5d8e-8a9a-6f1d3f0c7b21")
    for what in map(str, range(50)):
        assert event_uid("scan-1", what) == str(uuid.uuid5(space, f"scan-1\x00{what}"))
