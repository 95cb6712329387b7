"""``scan run --metrics`` as an operator runs it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.api.audit import verify_audit
from tests.cli.shell import environment, scan
from tests.deploy.operations import ended
from tests.servers.fixtures import StartServer


def targets(folder: Path, port: int) -> str:
    endpoints = [{"port": port, "protocol": "ftp"}]
    document = {
        "version": 1,
        "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
        "targets": [{"host": "127.0.0.1", "asset": "a", "endpoints": endpoints}],
    }
    path = folder / "targets.json"
    path.write_text(json.dumps(document))
    return str(path)


def run(folder: Path, port: int, metrics: Path) -> tuple[int, str]:
    done = scan(
        "run", targets(folder, port), "--metrics", str(metrics),
        "--reports", str(folder / "reports"), "--history", str(folder / "h.sqlite3"),
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_run_puts_its_textfile_in_place(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("vsftpd-plain")
    path = tmp_path / "ftpscan.prom"
    code, _ = run(tmp_path, server.port, path)
    text = path.read_text()
    assert code == 1
    assert 'ftpscan_run_exit_code{vantage="internal"} 1\n' in text
    assert 'ftpscan_assets{vantage="internal",state="assessed"} 1\n' in text
    assert 'failure="plaintext-transport",verdict="fail"} 1\n' in text
    assert 'ftpscan_findings_new{vantage="internal",severity="high"} ' in text
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.glob("*prom*")] == ["ftpscan.prom"]
    done = ended("promtool", "check", "metrics", text=text)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["gone/x.prom", "x.txt"])
def test_a_textfile_that_cannot_be_put_is_told_before_the_scan(tmp_path: Path, name: str) -> None:
    code, told = run(tmp_path, 1, tmp_path / name)
    assert code == 2
    assert "--metrics: " in told
    assert not (tmp_path / "reports").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["targets.json"]


def test_a_run_that_is_stopped_says_so_in_textfile_and_audit_log(tmp_path: Path) -> None:
    path = tmp_path / "ftpscan.prom"
    before = 'ftpscan_run_completed_timestamp_seconds{vantage="internal"} 1790000000\n'
    path.write_text(before)
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [
            sys.executable, "-m", "scanner", "run", targets(tmp_path, server.getsockname()[1]),
            "--metrics", str(path), "--reports", str(tmp_path / "reports"),
            "--history", str(tmp_path / "h.sqlite3"),
        ]  # fmt: skip
        quiet = subprocess.DEVNULL
        with subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment()) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 143
            connection.close()
    text = path.read_text()
    assert before in text
    assert 'ftpscan_run_exit_code{vantage="internal"} 143\n' in text
    log = tmp_path / "reports" / "audit.ndjson"
    assert verify_audit(log).breaks == ()
    _, looked, ended_as = (json.loads(line) for line in log.read_text().splitlines())
    assert looked["dialled"][0]["connections"] == 1
    assert ended_as["ended"] == "interrupted"
