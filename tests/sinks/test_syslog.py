"""A real rsyslog takes our events: all of them, also when it is stopped or killed meanwhile."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.api import RunRequest, run
from scanner.demo.fleet import demo_fleet
from scanner.report.fit import line
from scanner.sinks.flush import Delivery, Patience
from scanner.sinks.syslog import frame
from tests.servers.certificates import (
    Certificate,
    CertificateKind,
    make_certificate,
    make_client_certificate,
)
from tests.servers.process import free_port
from tests.servers.rsyslog_tls import check, configured, events_in, rsyslog
from tests.sinks.runs import by_id, event_lines, uid
from tests.sinks.test_http import sent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def many() -> list[str]:
    """So many events that a receiver can go away amid their delivery."""
    return event_lines(400)


def entry(port: int, trusted: Certificate, **more: object) -> dict[str, object]:
    ca = str(trusted.authority)
    return {"kind": "syslog", "host": "localhost", "port": port, "ca": ca, **more}


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


async def test_every_event_of_a_demonstration_arrives_once_and_byte_for_byte(
    tmp_path: Path, certificate: Certificate
) -> None:
    with rsyslog(tmp_path / "rsyslog", certificate) as receiver:
        async with demo_fleet(tmp_path / "fleet") as fleet:
            document = json.loads(fleet.targets.read_text())
            document["delivery"] = [entry(receiver.process.port, certificate)]
            fleet.targets.write_text(json.dumps(document))
            result = await run(
                RunRequest(
                    targets=fleet.targets,
                    reports=tmp_path / "reports",
                    history=tmp_path / "history.sqlite3",
                ),
                lambda _: None,
            )
        wanted = (result.folder / "events.ndjson").read_text().splitlines()
        arrived = receiver.events()
    assert [one.complete for one in result.deliveries] == [True]
    assert len(wanted) == result.hosts * 9 + 2
    assert [line(event) for event in by_id(arrived).values()] == wanted
    assert not receiver.rejected.exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_receiver_that_goes_away_amid_a_delivery_misses_nothing(
    ending: signal.Signals, tmp_path: Path, certificate: Certificate, many: list[str]
) -> None:
    lines = many
    port, gone = free_port(), threading.Event()
    results: list[Delivery] = []

    def note_failure(_: float) -> None:
        gone.set()
        time.sleep(0.05)

    patience = Patience(sleep=note_failure, tries=400)
    delivery = threading.Thread(
        target=lambda: results.append(sent(tmp_path, entry(port, certificate), lines, patience))
    )
    with rsyslog(tmp_path / "rsyslog", certificate, port=port) as first:
        delivery.start()
        until(lambda: first.count() > 400)
        first.end(ending)
        before = first.count()
        until(gone.is_set)
    assert 400 < before < len(lines)
    with rsyslog(tmp_path / "rsyslog", certificate, port=port) as second:
        delivery.join(60)
        arrived = second.events()
    (result,) = results
    assert (result.complete, result.sent) == (True, len(lines))
    assert {uid(event): line(event) for event in arrived} == {uid(each): each for each in lines}
    assert by_id(arrived).keys() == {uid(each) for each in lines}
    assert not second.rejected.exists()


def test_what_was_taken_outlives_a_kill_at_that_very_moment(
    tmp_path: Path, certificate: Certificate
) -> None:
    lines = event_lines(22)
    with rsyslog(tmp_path / "rsyslog", certificate) as receiver:
        result = sent(tmp_path, entry(receiver.process.port, certificate), lines)
        receiver.end(signal.SIGKILL)
    assert result.complete
    assert [line(event) for event in events_in(receiver.received)] == lines


def test_the_client_shows_its_certificate_and_without_it_is_not_let_in(
    tmp_path: Path, certificate: Certificate
) -> None:
    shown, key = make_client_certificate(tmp_path / "client", "scanner.example.org")
    lines = event_lines(1)
    with rsyslog(tmp_path / "rsyslog", certificate, peer="scanner.example.org") as receiver:
        port = receiver.process.port
        stranger = sent(tmp_path, entry(port, certificate), lines)
        assert (stranger.sent, stranger.left) == (0, len(lines))
        assert len(stranger.faults) == 1
        ours = entry(port, certificate, certificate=str(shown), private_key=f"file:{key}")
        assert sent(tmp_path, ours, lines).complete
    assert [line(event) for event in receiver.events()] == lines


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("expired", "certificate has expired"),
        ("wrong-name", "not valid for 'localhost'"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_a_receiver_that_cannot_prove_who_it_is_is_sent_nothing(
    kind: CertificateKind, why: str, tmp_path: Path
) -> None:
    bad = make_certificate(tmp_path / "bad", kind)
    with rsyslog(tmp_path / "rsyslog", bad) as receiver:
        result = sent(tmp_path, entry(receiver.process.port, bad), event_lines(1))
    assert len(result.faults) == 1
    assert "its certificate is refused" in result.faults[0]
    assert why in result.faults[0]
    assert receiver.events() == []


def test_a_connection_ends_in_an_orderly_way(tmp_path: Path, certificate: Certificate) -> None:
    with rsyslog(tmp_path / "rsyslog", certificate) as receiver:
        assert sent(tmp_path, entry(receiver.process.port, certificate), event_lines(1)).complete
    console = (tmp_path / "rsyslog" / "console").read_text()
    assert "SSL" not in console
    assert "closed" not in console


def test_ecs_over_syslog_is_read_too(tmp_path: Path, certificate: Certificate) -> None:
    lines = event_lines(1)
    with rsyslog(tmp_path / "rsyslog", certificate) as receiver:
        assert sent(
            tmp_path, entry(receiver.process.port, certificate, format="ecs"), lines
        ).complete
    assert [each["event"]["id"] for each in receiver.events()] == [uid(each) for each in lines]


def test_a_message_is_counted_in_bytes_and_framed_as_the_standard_says() -> None:
    event = event_lines(1)[1]
    count, _, message = frame(event, "ocsf", "scanner-1").partition(b" ")
    assert int(count) == len(message) < 8096
    read = json.loads(event)
    head = f"<{13 * 8 + {5: 2, 4: 3, 3: 4, 2: 5, 1: 6}[read['severity_id']]}>1 {read['time_dt']}"
    code = read["metadata"]["event_code"]
    assert message.decode() == f"{head} scanner-1 ftpscan - {code} - @cee: {event}"
    assert datetime.fromisoformat(read["time_dt"]).tzinfo == UTC


def test_rsyslog_itself_finds_no_fault_in_the_configuration_that_is_shipped(
    tmp_path: Path, certificate: Certificate
) -> None:
    path = tmp_path / "rsyslog.conf"
    path.write_text(configured(tmp_path, certificate, free_port(), "scanner.example.org"))
    done = check(path)
    assert done.returncode == 0, done.stderr
    path.write_text(path.read_text().replace('type="omfile"', 'type="omfyle"'))
    assert check(path).returncode != 0
