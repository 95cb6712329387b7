"""A running scan and the outside world: signals, the lock, a reader that goes away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from scanner.schemas.catalogue import load_schema
from tests.command.console import SCRIPT, Console
from tests.command.papers import entry, entry_of, written
from tests.servers.fixtures import StartServer

PROMPT_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 20.0


@contextmanager
def mute() -> Iterator[socket.socket]:
    """Listen on loopback, accept when told, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_WAIT_SECONDS)
        yield listener


def port_of(listener: socket.socket) -> int:
    port = listener.getsockname()[1]
    assert isinstance(port, int)
    return port


def the_report(console: Console) -> dict[str, Any]:
    (path,) = (console.folder / "reports").glob("*/report.json")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(load_schema("report"))
    assert [error.message for error in validator.iter_errors(report)] == []
    return report


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_valid_report_with_every_target(
    console: Console, start_server: StartServer, number: signal.Signals, code: int
) -> None:
    """One target is done, three are being scanned, two wait for their turn."""
    done = start_server("vsftpd-plain")
    with ExitStack() as stack:
        listeners = [stack.enter_context(mute()) for _ in range(3)]
        waiting = [entry(1 + n, f"waiting-{n}") for n in range(2)]
        targets = [
            entry_of(done, "done"),
            *(entry(port_of(one), f"mute-{n}") for n, one in enumerate(listeners)),
            *waiting,
        ]
        limits = {"connections": 3}
        written(console.folder, *targets, defaults={"limits": limits, "timeout_seconds": 60})
        with console.started("run", "targets.json") as process:
            held = [stack.enter_context(one.accept()[0]) for one in listeners]
            process.send_signal(number)
            begun = time.monotonic()
            out, err = process.communicate(timeout=_WAIT_SECONDS)
            assert time.monotonic() - begun < PROMPT_SECONDS
        assert len(held) == 3
    assert process.returncode == code, err
    report = the_report(console)
    hosts = {host["asset"]: host for host in report["hosts"]}
    assert set(hosts) == {target["asset"] for target in targets}
    assert {row["verdict"] for row in hosts["done"]["failures"]} >= {"fail"}
    for asset in set(hosts) - {"done"}:
        assert {row["verdict"] for row in hosts[asset]["failures"]} == {"unknown"}
        assert "interrupted" in json.dumps(hosts[asset]["failures"])
    assert report["scan"]["coverage"]["targeted"] == len(targets)
    assert "interrupted" in err
    assert "Traceback" not in err
    assert "Report: reports/" in out


def test_a_run_that_was_interrupted_can_be_judged_again(console: Console) -> None:
    with mute() as listener:
        written(console.folder, entry(port_of(listener), "mute", timeout_seconds=60))
        with console.started("run", "targets.json") as process:
            connection, _ = listener.accept()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=_WAIT_SECONDS)
            connection.close()
    before = the_report(console)
    (folder,) = (console.folder / "reports").glob("*Z-*")
    told = console.scan("assess", folder)
    assert told.returncode == 3, told.stderr
    assert the_report(console) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_an_ad_hoc_scan(console: Console, number: signal.Signals, code: int) -> None:
    with mute() as listener, console.started("host", f"127.0.0.1:{port_of(listener)}") as process:
        connection, _ = listener.accept()
        process.send_signal(number)
        out, err = process.communicate(timeout=_WAIT_SECONDS)
        connection.close()
    assert process.returncode == code
    (host,) = json.loads(out)["hosts"]
    assert {row["verdict"] for row in host["failures"]} == {"unknown"}
    assert [endpoint["reason"] for endpoint in host["endpoints"]] == ["interrupted"]
    assert err == "scan: interrupted: what was seen is told, the rest is unknown\n"


def test_a_second_run_is_75_while_the_first_is_under_way_and_not_afterwards(
    console: Console,
) -> None:
    with mute() as listener:
        written(console.folder, entry(port_of(listener), "mute", timeout_seconds=60))
        with console.started("run", "targets.json") as process:
            connection, _ = listener.accept()
            second = console.scan("run", "targets.json", "--reports", "elsewhere")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=_WAIT_SECONDS)
            connection.close()
    assert (second.returncode, second.stdout) == (75, "")
    assert "another run holds the lock" in second.stderr
    assert not (console.folder / "elsewhere").exists()
    written(console.folder, entry(1, "closed"))
    assert console.scan("run", "targets.json").returncode == 3


def test_the_lock_of_a_run_that_was_killed_is_free(console: Console) -> None:
    with mute() as listener:
        written(console.folder, entry(port_of(listener), "mute", timeout_seconds=60))
        with console.started("run", "targets.json") as process:
            connection, _ = listener.accept()
            process.kill()
            process.communicate(timeout=_WAIT_SECONDS)
            connection.close()
    assert process.returncode == -signal.SIGKILL
    written(console.folder, entry(1, "closed"))
    assert console.scan("run", "targets.json").returncode == 3


def test_an_ad_hoc_scan_beside_a_run_needs_no_lock(console: Console) -> None:
    with mute() as listener:
        written(console.folder, entry(port_of(listener), "mute", timeout_seconds=60))
        with console.started("run", "targets.json") as process:
            connection, _ = listener.accept()
            beside = console.scan("host", "127.0.0.1:1")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=_WAIT_SECONDS)
            connection.close()
    assert beside.returncode == 3, beside.stderr


@pytest.mark.parametrize(
    "words", [("checks",), ("schema", "report"), ("checks", "--format", "json")]
)
def test_a_reader_that_goes_away_ends_the_output_quietly(
    console: Console, words: tuple[str, ...]
) -> None:
    """As in ``scan checks | head -1``, where the pipe has to end well as a whole."""
    told = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" "$@" | head -1', str(SCRIPT), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=console.folder,
        env=console.environment({}),
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.count("\n") == 1


def test_a_reader_that_was_never_there_is_no_fault(console: Console) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [SCRIPT, "checks"],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=console.environment({}),
    ) as process:
        os.close(writing)
        _, err = process.communicate(timeout=_WAIT_SECONDS)
    assert (process.returncode, err) == (0, "")


def test_a_run_whose_reader_went_away_still_leaves_its_report(
    console: Console, tmp_path: Path
) -> None:
    written(tmp_path, entry(1, "closed"))
    with console.started("run", "targets.json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        assert process.wait(timeout=_WAIT_SECONDS) == 3
    assert [host["asset"] for host in the_report(console)["hosts"]] == ["closed"]
