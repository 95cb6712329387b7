"""The commands of runs over a broker, as an operator types them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import environment, scan
from tests.servers.nats import NatsServer, identities, nats_server


def nats(server: NatsServer, role: str) -> tuple[str, ...]:
    return ("--nats", server.url, "--nats-tls", str(server.identities[role]))


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside the block, and no longer, whatever becomes of that."""
    with subprocess.Popen(
        [sys.executable, "-m", "scanner", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def written(folder: Path, *hosts: dict[str, Any]) -> Path:
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"]}
    path = folder / "targets.json"
    path.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": hosts}))
    return path


@pytest.mark.timeout(180)
def test_a_run_over_a_broker_is_told_of_and_cancelled(tmp_path: Path) -> None:
    with (
        nats_server(tmp_path, identities(tmp_path)) as server,
        socket.create_server(("127.0.0.1", 0)) as mute,
    ):
        endpoints = [{"port": mute.getsockname()[1], "protocol": "ftp"}]
        path = written(
            tmp_path,
            {"host": "127.0.0.1", "asset": "closed", "endpoints": [{"port": 1, "protocol": "ftp"}]},
            # It is looked at until the run is cancelled, however long the commands take.
            {"host": "127.0.0.1", "asset": "mute", "endpoints": endpoints, "timeout_seconds": 300},
        )
        own = ("--base", str(tmp_path), "--history", str(tmp_path / "w" / "history.sqlite3"))
        options = ("--reports", str(tmp_path / "reports"), "--history", str(tmp_path / "h.sqlite3"))
        with (
            started("worker", "--vantage", "internal", *nats(server, "internal"), *own) as worker,
            started(
                "run", str(path), "--engine", "nats", *nats(server, "coordinator"), *options
            ) as run,
        ):
            mute.settimeout(60)
            connection, _ = mute.accept()
            (folder,) = (tmp_path / "reports").glob("2*")
            kept = folder / "observations.ndjson"
            deadline = time.monotonic() + 30
            while not kept.exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            told = scan("status", str(folder), *nats(server, "coordinator"))
            assert (told.returncode, told.stderr) == (0, "")
            assert "running: 2 assets\ninternal: 1 told, 0 batches wait, " in told.stdout
            cancelled = scan("cancel", str(folder), *nats(server, "coordinator"))
            assert cancelled.returncode == 0, cancelled.stderr
            out, err = run.communicate(timeout=60)
            connection.close()
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=30)
    assert "interrupted: what was seen is written, the rest is unknown" in err
    assert "2 assets: 2 U" in out
    assert (run.returncode, worker.returncode) == (3, 143)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {each["asset"] for each in report["hosts"]} == {"closed", "mute"}
    assert "Traceback" not in err
    assert scan("status", str(folder)).stdout.startswith("interrupted: 2 assets\n")


def test_what_cannot_be_reached_is_told_in_one_line(tmp_path: Path) -> None:
    who = identities(tmp_path)["coordinator"]
    path = written(tmp_path, {"host": "127.0.0.1", "asset": "a"})
    options = ("--reports", str(tmp_path / "reports"), "--history", str(tmp_path / "h.sqlite3"))
    where = ("--nats", "tls://127.0.0.1:1", "--nats-tls", str(who))
    told = scan("worker", "--vantage", "internal", *where, "--history", str(tmp_path / "w.sqlite3"))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "scan: tls://127.0.0.1:1: the broker does not answer\n"
    told = scan("run", str(path), "--engine", "nats", *where, *options)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    told = scan("worker", "--vantage", "A.B", *where, "--history", str(tmp_path / "w.sqlite3"))
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    told = scan("cancel", str(tmp_path), *where)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
