"""HTTP collectors that fail in every way: nothing is lost, nothing is there under two ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from scanner.api.deliver import Deliveries, deliver
from scanner.sinks import http
from scanner.sinks.flush import Delivery, Patience
from scanner.targets import load_targets
from tests.servers.certificates import Certificate, CertificateKind, make_certificate
from tests.servers.http_collector import Collector, collector
from tests.sinks.runs import by_id, event_lines, run_with, uid

HURRY = Patience(sleep=lambda _: None)
TOKEN = "TOKEN-0451"
FORMS = ("ocsf", "ocsf-array", "splunk-hec", "elastic-bulk", "ecs")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def targets(folder: Path, *deliveries: Mapping[str, object]) -> Path:
    path = folder / "targets.json"
    document = {
        "version": 1,
        "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
        "targets": [{"host": "127.0.0.1"}],
        "delivery": list(deliveries),
    }
    path.write_text(json.dumps(document))
    return path


def entry(to: Collector, trusted: Certificate, **more: object) -> dict[str, object]:
    return {"kind": "http", "url": to.url, "ca": str(trusted.authority), **more}


def sent(
    folder: Path, delivery: Mapping[str, object], lines: list[str], patience: Patience = HURRY
) -> Delivery:
    run = run_with(folder / "reports", lines)
    (only,) = deliver(targets(folder, delivery), folder / "reports", (run,), patience)
    return only


@pytest.mark.parametrize("form", FORMS)
def test_every_event_arrives_in_each_form(
    form: str, tmp_path: Path, certificate: Certificate
) -> None:
    lines = event_lines()
    with collector(certificate) as here:
        result = sent(tmp_path, entry(here, certificate, format=form), lines)
    assert result == Delivery(sink=f"http localhost:{here.port}", sent=len(lines))
    wanted = {uid(line) for line in lines}
    if form == "elastic-bulk":
        assert set(here.documents) == wanted
        assert all(doc["event"]["id"] == key for key, doc in here.documents.items())
    elif form == "ecs":
        assert {doc["event"]["id"] for doc in here.taken} == wanted
    else:
        events = [each["event"] for each in here.taken] if form == "splunk-hec" else here.taken
        assert events == [json.loads(line) for line in lines]
    if form == "splunk-hec":
        assert all(each["time"] == each["event"]["time"] / 1000 for each in here.taken)


@pytest.mark.parametrize(
    ("form", "scheme"),
    [("ocsf", "Bearer"), ("splunk-hec", "Splunk"), ("elastic-bulk", "ApiKey")],
)
def test_the_token_goes_by_reference_and_is_told_to_nobody_else(
    form: str,
    scheme: str,
    tmp_path: Path,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLLECTOR_TOKEN", TOKEN)
    with collector(certificate, ["401"]) as here:
        delivery = entry(here, certificate, format=form, token="env:COLLECTOR_TOKEN")
        result = sent(tmp_path, delivery, event_lines(1))
    assert here.requests[0].headers["Authorization"] == f"{scheme} {TOKEN}"
    assert result.faults == (f"localhost:{here.port}: answered 401; check url and token",)
    assert len(here.requests) == 1
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert not any(TOKEN.encode() in path.read_bytes() for path in kept)


TROUBLE = ["429", "500", "close", "cut", "503", "slow", "close"]


@pytest.mark.parametrize("form", ["ocsf", "splunk-hec", "ocsf-array"])
def test_a_collector_in_trouble_loses_nothing(
    form: str, tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_SECONDS", 0.7)
    lines = event_lines(60)
    patience = Patience(sleep=lambda _: None, tries=len(TROUBLE) + 1)
    with collector(certificate, ["ok", *TROUBLE]) as here:
        result = sent(tmp_path, entry(here, certificate, format=form), lines, patience)
    assert result.complete
    events = [each["event"] for each in here.taken] if form == "splunk-hec" else here.taken
    assert len(events) > len(lines)
    assert by_id(events) == by_id(json.loads(line) for line in lines)


def test_single_events_that_a_bulk_request_failed_are_sent_again_alone(
    tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_SECONDS", 0.7)
    lines = event_lines(60)
    steps = ["partial", "429", "close", "partial", "odd", "slow", "partial", "cut", "partial"]
    patience = Patience(sleep=lambda _: None, tries=20)
    with collector(certificate, steps) as here:
        result = sent(tmp_path, entry(here, certificate, format="elastic-bulk"), lines, patience)
    assert result.complete
    assert result.sent == len(lines)
    assert set(here.documents) == {uid(line) for line in lines}
    sizes = [len(each.body.splitlines()) // 2 for each in here.requests]
    assert sizes[0] == 200
    assert 0 < sizes[1] < 200


def test_what_is_refused_for_good_is_kept_apart_and_the_rest_arrives(
    tmp_path: Path, certificate: Certificate
) -> None:
    lines = event_lines(2)
    with collector(certificate, ["refuse"]) as here:
        result = sent(tmp_path, entry(here, certificate, format="elastic-bulk"), lines)
    assert (result.refused, result.left, result.complete) == (1, 0, False)
    assert set(here.documents) == {uid(line) for line in lines[1:]}
    (kept,) = (tmp_path / "reports" / ".delivery").glob("*.refused.ndjson")
    assert kept.read_text() == f"{lines[0]}\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in result.faults[0]


def test_a_batch_that_is_too_much_is_halved(tmp_path: Path, certificate: Certificate) -> None:
    lines = event_lines(1)
    with collector(certificate, ["413", "413"]) as here:
        result = sent(tmp_path, entry(here, certificate), lines)
    assert result.complete
    assert [uid(event) for event in here.taken] == [uid(line) for line in lines]


def test_what_is_left_is_told_kept_and_sent_the_next_time(
    tmp_path: Path, certificate: Certificate
) -> None:
    lines = event_lines(60)
    with collector(certificate, ["ok", *["500"] * 6]) as here:
        result = sent(tmp_path, entry(here, certificate), lines)
        assert (result.sent, result.left) == (200, len(lines) - 200)
        assert result.faults == (f"localhost:{here.port}: answered 500",)
        (again,) = deliver(tmp_path / "targets.json", tmp_path / "reports", (), HURRY)
    assert (again.sent, again.complete) == (len(lines) - 200, True)
    assert [uid(event) for event in here.taken] == [uid(line) for line in lines]


def test_pauses_grow_are_jittered_and_heed_the_collector() -> None:
    calm = Patience(first=1.0, most=20.0, jitter=lambda: 1.0)
    assert [calm.pause(n, 0.0) for n in (1, 2, 3, 9)] == [1.0, 2.0, 4.0, 20.0]
    assert Patience(first=1.0, jitter=lambda: 0.0).pause(1, 0.0) == 0.5
    assert calm.pause(1, 7.0) == 7.0
    assert calm.pause(1, 900.0) == 20.0


def test_retry_after_is_what_is_waited(tmp_path: Path, certificate: Certificate) -> None:
    waits: list[float] = []
    with collector(certificate, ["429"]) as here:
        result = sent(
            tmp_path, entry(here, certificate), event_lines(1), Patience(sleep=waits.append)
        )
    assert result.complete
    assert waits == [7.0]


@pytest.mark.parametrize(
    ("kind", "why"),
    [("expired", "certificate has expired"), ("wrong-name", "not valid for 'localhost'")],
)
def test_a_collector_that_cannot_prove_who_it_is_is_sent_nothing(
    kind: CertificateKind, why: str, tmp_path: Path
) -> None:
    bad = make_certificate(tmp_path / "bad", kind)
    waits: list[float] = []
    with collector(bad) as here:
        result = sent(tmp_path, entry(here, bad), event_lines(1), Patience(sleep=waits.append))
    assert len(result.faults) == 1
    assert "its certificate is refused" in result.faults[0]
    assert why in result.faults[0]
    assert here.requests == []
    assert waits == []


def test_a_run_that_still_goes_is_sent_as_far_as_its_lines_are_whole(
    tmp_path: Path, certificate: Certificate
) -> None:
    lines = event_lines(1)
    reports = tmp_path / "reports"
    folder = run_with(reports, lines[:1], file="events.ndjson.part")
    with (folder / "events.ndjson.part").open("a") as file:
        file.write(lines[1][:40])
    with collector(certificate) as here:
        path = targets(tmp_path, entry(here, certificate))
        deliveries = Deliveries(load_targets(path), reports, HURRY)
        assert deliveries.add(folder) == ()
        assert [one.sent for one in deliveries.flush()] == [1]
        (folder / "events.ndjson.part").unlink()
        run_with(reports, lines)
        assert [one.sent for one in deliveries.flush()] == [len(lines) - 1]
        assert [one.sent for one in deliveries.flush()] == [0]
    assert [uid(event) for event in here.taken] == [uid(line) for line in lines]


def test_a_run_that_was_removed_too_early_is_told(tmp_path: Path, certificate: Certificate) -> None:
    with collector(certificate, ["500"] * 6) as here:
        sent(tmp_path, entry(here, certificate), event_lines(1))
    (tmp_path / "reports" / "20261122T030000Z-01234567" / "events.ndjson").unlink()
    (only,) = deliver(tmp_path / "targets.json", tmp_path / "reports", (), HURRY)
    assert only.faults == ("20261122T030000Z-01234567: removed before all of it was delivered",)
