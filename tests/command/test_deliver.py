"""Delivery by the installed command: one clear line for each fault, and the right exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command.console import Console
from tests.servers.certificates import make_certificate
from tests.servers.http_collector import collector
from tests.servers.process import free_port
from tests.sinks.runs import event_lines, run_with, uid
from tests.sinks.test_http import targets

UNDELIVERED = 4


def ended(folder: Path) -> Path:
    (found,) = (folder / "reports").glob("2*")
    return found


def closed_host() -> dict[str, object]:
    """A target that nothing listens on: its scan is incomplete (3), and finds nothing."""
    return {"host": "127.0.0.1", "asset": "a", "endpoints": [{"port": 1, "protocol": "ftp"}]}


def night(console: Console, delivery: Mapping[str, object]) -> tuple[int, list[str]]:
    path = targets(console.folder, delivery)
    document = json.loads(path.read_text())
    document["targets"] = [closed_host()]
    path.write_text(json.dumps(document))
    told = console.scan("run", path)
    assert "Traceback" not in told.stderr
    return told.returncode, told.stderr.splitlines()


def about(lines: list[str], kind: str) -> str:
    (only,) = (line for line in lines if line.startswith(f"scan: {kind} "))
    return only


def test_a_run_delivers_to_a_file_and_what_it_came_to_stands(console: Console) -> None:
    code, lines = night(console, {"kind": "file", "path": "out/events.ndjson"})
    assert code == UNDELIVERED
    assert "No such file or directory" in about(lines, "file")
    (console.folder / "out").mkdir()
    told = console.scan("deliver", "targets.json")
    assert told.returncode == 0, told.stderr
    wanted = (ended(console.folder) / "events.ndjson").read_text()
    assert (console.folder / "out" / "events.ndjson").read_text() == wanted
    assert f"{wanted.count(chr(10))} events sent" in told.stderr
    code, _ = night(console, {"kind": "file", "path": "out/events.ndjson"})
    assert code == 3


def test_what_is_left_after_a_delivery_is_told_in_the_runs_textfile(console: Console) -> None:
    path = targets(console.folder, {"kind": "file", "path": "out/events.ndjson"})
    document = json.loads(path.read_text())
    document["targets"] = [closed_host()]
    path.write_text(json.dumps(document))
    metrics = console.folder / "scan.prom"
    words = ("deliver", "targets.json", "--metrics", "scan.prom")
    unready = console.scan(*words)
    assert (unready.returncode, unready.stderr.count("\n")) == (2, 1)
    assert "holds no run; scan run --metrics writes it first" in unready.stderr
    assert console.scan("run", path, "--metrics", "scan.prom").returncode == UNDELIVERED
    before = metrics.read_text()
    left = len((ended(console.folder) / "events.ndjson").read_text().splitlines())
    out = console.folder / "out/events.ndjson"
    series = f'ftpscan_delivery_left_events{{vantage="internal",receiver="file {out}"}}'
    assert f"{series} {left}\n" in before
    assert console.scan(*words).returncode == UNDELIVERED
    assert metrics.read_text() == before
    (console.folder / "out").mkdir()
    assert console.scan(*words).returncode == 0
    assert metrics.read_text() == before.replace(f"{series} {left}\n", f"{series} 0\n")
    assert metrics.stat().st_mode & 0o777 == 0o644


def test_a_receiver_with_an_expired_certificate_costs_one_line_and_exit_4(console: Console) -> None:
    bad = make_certificate(console.folder / "bad", "expired")
    with collector(bad) as here:
        delivery = {"kind": "http", "url": here.url, "ca": str(bad.authority)}
        code, lines = night(console, delivery)
        assert here.requests == []
    assert code == UNDELIVERED
    told = about(lines, "http")
    assert "its certificate is refused: certificate has expired" in told
    assert "0 events sent, 11 left" in told
    assert (ended(console.folder) / "report.json").is_file()


def test_what_nobody_took_is_taken_the_next_day(console: Console) -> None:
    good = make_certificate(console.folder / "good")
    lines = event_lines(1)
    run = run_with(console.folder / "reports", lines)
    with collector(good, ["403"]) as here:
        targets(console.folder, {"kind": "http", "url": here.url, "ca": str(good.authority)})
        first = console.scan("deliver", "targets.json", run)
        second = console.scan("deliver", "targets.json")
        assert (first.returncode, second.returncode) == (UNDELIVERED, 0)
        assert [uid(event) for event in here.taken] == [uid(line) for line in lines]
        assert "answered 403; check url and token" in first.stderr
        again = console.scan("deliver", "targets.json", run)
        assert again.returncode == 0
        assert len(here.taken) == 2 * len(lines)


def test_a_missing_secret_or_authority_is_told_and_nothing_is_lost(console: Console) -> None:
    good = make_certificate(console.folder / "good")
    with collector(good) as here:
        code, lines = night(console, {"kind": "http", "url": here.url, "token": "env:NOT_THERE"})
        assert code == UNDELIVERED
        assert "env:NOT_THERE: is not set" in about(lines, "http")
        targets(console.folder, {"kind": "http", "url": here.url, "ca": "no-such.pem"})
        told = console.scan("deliver", "targets.json")
        assert told.returncode == UNDELIVERED
        assert "no-such.pem: not usable as authorities (PEM) to trust" in told.stderr
        assert here.requests == []


def test_a_receiver_that_is_not_there_is_tried_and_told(console: Console) -> None:
    port = free_port()
    run = run_with(console.folder / "reports", event_lines(1))
    targets(console.folder, {"kind": "syslog", "host": "localhost", "port": port})
    told = console.scan("deliver", "targets.json", run)
    assert told.returncode == UNDELIVERED
    assert told.stderr.splitlines() == [
        f"scan: syslog localhost:{port}: 0 events sent, 11 left: localhost:{port}: connection refused"
    ]


@pytest.mark.parametrize(
    ("delivery", "why"),
    [
        ({"kind": "syslog", "host": "siem example.org"}, "delivery[0].host"),
        ({"kind": "syslog", "host": "https://siem.example.org"}, "delivery[0].host"),
        ({"kind": "syslog", "host": "siem.example.org", "port": 65536}, "delivery[0].port"),
        ({"kind": "http", "url": "ftp://siem.example.org/x"}, "delivery[0].url"),
        ({"kind": "http", "url": "https://siem.example.org:x/"}, "delivery[0].url"),
        ({"kind": "http", "url": "https:///ingest"}, "delivery[0].url"),
        ({"kind": "syslog", "host": "siem.example.org", "format": "splunk-hec"}, ".format: "),
        (
            {"kind": "http", "url": "https://siem.example.org/", "private_key": "env:KEY"},
            "needs the certificate beside it",
        ),
        ({"kind": "http", "url": "https://siem.example.org/", "token": "s3cr3t"}, ".token"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_scanned(
    delivery: dict[str, object], why: str, console: Console
) -> None:
    code, lines = night(console, delivery)
    assert code == 2
    assert len(lines) == 1
    assert why in lines[0]
    assert "s3cr3t" not in lines[0]
    assert not (console.folder / "reports").exists()


def test_what_cannot_be_delivered_at_all_is_a_fault_of_the_caller(console: Console) -> None:
    targets(console.folder)
    told = console.scan("deliver", "targets.json")
    assert (told.returncode, "lists no delivery" in told.stderr) == (2, True)
    targets(console.folder, {"kind": "file", "path": "x"})
    told = console.scan("deliver", "targets.json", "no-such-run")
    assert (told.returncode, "not a run folder" in told.stderr) == (2, True)
    run = run_with(console.folder / "elsewhere", event_lines(1))
    told = console.scan("deliver", "targets.json", run)
    assert (told.returncode, "does not lie in reports" in told.stderr) == (2, True)


def test_a_memory_that_is_damaged_is_told_and_left_alone(console: Console) -> None:
    run = run_with(console.folder / "reports", event_lines(1))
    targets(console.folder, {"kind": "file", "path": "x"})
    assert console.scan("deliver", "targets.json", run).returncode == 0
    (memory,) = (console.folder / "reports" / ".delivery").glob("*.json")
    assert memory.stat().st_mode & 0o777 == 0o600
    memory.write_text("{")
    told = console.scan("deliver", "targets.json")
    assert told.returncode == UNDELIVERED
    assert f"{memory.name}: not readable" in told.stderr
    assert memory.read_text() == "{"


def test_events_of_one_host_are_printed_as_ocsf_and_as_ecs(console: Console) -> None:
    ocsf = console.scan("host", "127.0.0.1:1", "--format", "ndjson")
    ecs = console.scan("host", "127.0.0.1:1", "--format", "ecs")
    assert len(ocsf.stdout.splitlines()) == len(ecs.stdout.splitlines()) == 11
    classes = [json.loads(line)["class_uid"] for line in ocsf.stdout.splitlines()]
    assert classes == [6007, *[2003] * 9, 6007]
    assert {json.loads(line)["ecs"]["version"] for line in ecs.stdout.splitlines()} == {"9.4.0"}
