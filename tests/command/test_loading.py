"""What a scan loads: a nightly run over thousands pays once, an ad-hoc call each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Server

SCAN = """
import asyncio, json, sys
from pathlib import Path
from scanner import scan_host
from scanner.model.target import Protocol
port, history = int(sys.argv[1]), Path(sys.argv[2])
document = asyncio.run(
    scan_host("127.0.0.1", port=port, protocol=Protocol.SFTP, history=history)
)
(endpoint,) = document.as_dict()["hosts"][0]["endpoints"]
assert endpoint["methods"]["methods"], endpoint
heavy = {"asyncssh", "paramiko", "aioftp", "pyftpdlib", "jinja2", "rich"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.parametrize("server", ["openssh-password", "dropbear-keys"], indirect=True)
def test_an_ssh_server_is_judged_without_the_libraries_that_log_in(
    server: Server, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SCAN, str(server.port), str(tmp_path / "history.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(done.stdout) == []
