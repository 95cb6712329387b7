"""``scan merge`` of shares that a signal or a kill cut short."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.schemas.catalogue import load_schema
from tests.command.console import Console
from tests.command.papers import entry, written

SHARES = 3
_WAIT_SECONDS = 20.0


@pytest.fixture
def mutes() -> Iterator[list[socket.socket]]:
    """Listeners that accept when told, and never say a word."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        for each in found:
            each.settimeout(_WAIT_SECONDS)
        yield found


def fleet(console: Console, mutes: list[socket.socket]) -> list[str]:
    """Write a fleet of three shares: of each one target is done at once; of two the next one
    is held, and another waits. Return the names.
    """
    held = [*(each.getsockname()[1] for each in mutes), 9]
    listed = [
        *(entry(1 + n, f"done-{n + 1}") for n in range(SHARES)),
        *(entry(port, f"held-{n + 1}") for n, port in enumerate(held)),
        *(entry(11 + n, f"waits-{n + 1}") for n in range(SHARES)),
    ]
    defaults = {"limits": {"connections": 1}, "timeout_seconds": 60}
    written(console.folder, *listed, defaults=defaults)
    return [each["asset"] for each in listed]


def state_of(folder: Path) -> str:
    state: str = json.loads((folder / "run.json").read_text())["state"]
    return state


def kept_in(folder: Path) -> set[str]:
    path = folder / "observations.ndjson"
    lines = path.read_text().splitlines() if path.exists() else []
    return {json.loads(line)["asset"] for line in lines}


def cut(console: Console, index: int, listener: socket.socket, number: signal.Signals) -> Path:
    """Run a share until its first target is kept and its second one waits; then end it so."""
    own = f"share-{index}"
    with console.started(
        *("run", "targets.json", "--shard", f"{index}/{SHARES}", "--reports", own)
    ) as process:
        connection, _ = listener.accept()
        (folder,) = (console.folder / own).glob("2*")
        deadline = time.monotonic() + _WAIT_SECONDS
        while f"done-{index}" not in kept_in(folder):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, number)
        process.communicate(timeout=_WAIT_SECONDS)
        connection.close()
    return folder


def merged(console: Console, *folders: Path) -> dict[str, Any]:
    """Merge; return the report, which holds what every report does."""
    told = console.scan("merge", *folders, "--reports", "merged")
    assert told.returncode == 3, told.stderr
    assert "Traceback" not in told.stderr
    (folder,) = (console.folder / "merged").glob("2*")
    assert state_of(folder) == "interrupted"
    events = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines()]
    assert [events[0]["activity_name"], events[-1]["activity_name"]] == ["Started", "Cancelled"]
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, load_schema("report"))
    return report


def verdicts(host: dict[str, Any]) -> set[str]:
    return {row["verdict"] for row in host["failures"]}


def test_the_merged_document_is_interrupted_and_holds_each_target_once(
    console: Console, mutes: list[socket.socket]
) -> None:
    names = fleet(console, mutes)
    stopped = cut(console, 1, mutes[0], signal.SIGTERM)
    killed = cut(console, 2, mutes[1], signal.SIGKILL)
    share = ("--shard", f"3/{SHARES}", "--reports", "share-3")
    assert console.scan("run", "targets.json", *share).returncode == 3
    (whole,) = (console.folder / "share-3").glob("2*")
    states = [state_of(each) for each in (stopped, killed, whole)]
    assert states == ["interrupted", "running", "done"]
    with (killed / "observations.ndjson").open("ab") as kept:
        kept.write(b'{"asset":"held-2","observ')  # what a kill leaves of a line

    report = merged(console, stopped, killed, whole)
    assert Counter(each["asset"] for each in report["hosts"]) == Counter(names)
    assert report["scan"]["coverage"]["targeted"] == len(names)
    hosts = {each["asset"]: each for each in report["hosts"]}
    reasons = {name: each["endpoints"][0]["reason"] for name, each in hosts.items()}
    unscanned = {f"{what}-{share}" for what in ("held", "waits") for share in (1, 2)}
    assert {name for name, why in reasons.items() if why == "interrupted"} == unscanned
    for name in unscanned:
        assert verdicts(hosts[name]) == {"unknown"}
    for name in ("held-2", "waits-2"):
        assert "none of the merged runs holds it" in json.dumps(hosts[name])


def test_shares_that_all_were_killed_are_merged_too(
    console: Console, mutes: list[socket.socket]
) -> None:
    names = fleet(console, mutes)
    killed = [cut(console, 1 + n, mute, signal.SIGKILL) for n, mute in enumerate(mutes)]
    report = merged(console, *killed)
    assert Counter(each["asset"] for each in report["hosts"]) == Counter(names)
    assert report["scan"]["finished"] >= report["scan"]["started"]
    hosts = {each["asset"]: each for each in report["hosts"]}
    done = {"done-1", "done-2"}
    for name in names:
        assert (hosts[name]["endpoints"][0]["reason"] != "interrupted") == (name in done)
        assert verdicts(hosts[name]) == {"unknown"} or name in done
