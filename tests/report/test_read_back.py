"""What a report document gives back to the history is what the report itself gave."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from scanner.history import History
from scanner.model.case import moment
from scanner.model.finding import HostReport
from scanner.model.observation import IdentityDifference
from scanner.model.past import PastAsset
from scanner.model.reading import Reason
from scanner.model.recall import Recall
from scanner.model.target import Protocol
from scanner.report.document import encode, host_document
from scanner.report.read_back import report_of
from tests.history.cases import Clock
from tests.report import builders


def mixed() -> HostReport:
    difference = IdentityDifference(
        port=21, protocol=Protocol.FTP, mark="greeting", seen={"192.0.2.1": ("a",)}
    )
    return replace(
        builders.bad_report(), observations=(builders.look(mixed_identity=(difference,)),)
    )


def cut() -> HostReport:
    endpoint = replace(builders.endpoints()[1], reason=Reason.INTERRUPTED)
    return replace(builders.bad_report(), observations=(builders.look(endpoints=(endpoint,)),))


REPORTS = (
    builders.bad_report,
    builders.good_report,
    builders.silent_report,
    builders.decoy_report,
    mixed,
    cut,
)


def kept(*reports: HostReport) -> tuple[Recall, tuple[PastAsset, ...]]:
    """Return what a history knows after the reports, but for what only observations tell."""
    with History.in_memory(Clock()) as memory:
        for each in reports:
            memory.remember(each, moment(each.judged_at))
        known = memory.recall(reports[0].tenant, reports[0].asset)
        plain = replace(known, sightings={}, orders={}, host_keys=(), visits=())
        return plain, memory.assets(reports[0].asset)


def read_back(report: HostReport) -> HostReport:
    return report_of(json.loads(encode(host_document(report))))


@pytest.mark.parametrize("make", REPORTS)
def test_a_document_keeps_what_its_report_keeps(make: Callable[[], HostReport]) -> None:
    report = make()
    first = replace(builders.bad_report(), asset=report.asset, judged_at="2026-06-30T02:13:00Z")
    assert kept(read_back(first), read_back(report)) == kept(first, report)


def test_saved_observations_go_before_those_of_the_document() -> None:
    report = builders.bad_report()
    document = json.loads(encode(host_document(report)))
    assert report_of(document, report.observations).observations == report.observations


@pytest.mark.parametrize("lost", ["failures", "caps", "trend", "vantages", "judged_at"])
def test_a_document_of_another_shape_is_refused(lost: str) -> None:
    document = host_document(builders.bad_report())
    del document[lost]
    with pytest.raises(KeyError):
        report_of(document)
