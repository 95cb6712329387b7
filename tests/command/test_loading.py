"""What a scan loads: a nightly run over thousands pays once, an ad-hoc call each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server

HEAVY = (
    "{'asyncssh', 'paramiko', 'aioftp', 'pyftpdlib', 'jinja2', 'rich', 'pydantic', 'cattrs',"
    " 'jsonschema', 'dns', 're2', 'stdnum'}"
)
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
print(json.dumps(sorted(HEAVY & set(sys.modules))))
""".replace("HEAVY", HEAVY)
COMMAND = """
import json, sys
from scanner.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("server", ["openssh-password", "dropbear-keys"], indirect=True)
def test_an_ssh_server_is_judged_without_the_libraries_that_log_in(
    server: Server, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SCAN, str(server.port), str(tmp_path / "history.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(done.stdout) == []


def loaded_by(*words: str) -> tuple[dict[str, Any], set[str]]:
    """Run a command; return its document and the names of what it loaded."""
    command = [sys.executable, "-c", COMMAND, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return json.loads(done.stdout), set(json.loads(done.stderr.splitlines()[-1]))


def below(package: str, modules: set[str]) -> set[str]:
    return {name for name in modules if f"{name}.".startswith(f"{package}.")}


@pytest.mark.parametrize("server", ["vsftpd-plain"], indirect=True)
def test_an_ftp_server_without_tls_is_judged_without_ssh_and_without_certificates(
    server: Server, tmp_path: Path
) -> None:
    at = f"127.0.0.1:{server.port}"
    words = ("--protocol", "ftp", "--format", "json", "--history", str(tmp_path / "history.db"))
    document, loaded = loaded_by("host", at, *words)

    (endpoint,) = document["hosts"][0]["endpoints"]
    assert endpoint["anonymous_view"]["walk"]["sampled"], endpoint
    unused = ("asyncssh", "paramiko", "cryptography", "cattrs", "pydantic", "jsonschema", "rich")
    assert [name for name in unused if below(name, loaded)] == []
    assert below("scanner.content.formats", loaded) == set()
    assert {
        name for name in loaded if name.startswith(("scanner.clients.ssh", "scanner.probes.ssh"))
    } == set()
    assert {"scanner.logs", "scanner.intake.registers", "scanner.wire.tls"} & loaded == set()
    assert {"scanner.probes.integrity", "scanner.wire.identity"} & loaded == set()
    assert {name for name in loaded if name.startswith("scanner.wire.tls_")} == set()
    assert {"uvloop", "statistics", "zoneinfo"} & loaded == set()


@pytest.mark.parametrize("server", ["openssh-password"], indirect=True)
def test_an_ssh_server_is_judged_without_ftp_and_without_certificates(
    server: Server, tmp_path: Path
) -> None:
    at = f"127.0.0.1:{server.port}"
    words = ("--protocol", "sftp", "--format", "json", "--history", str(tmp_path / "history.db"))
    document, loaded = loaded_by("host", at, *words)

    (endpoint,) = document["hosts"][0]["endpoints"]
    assert endpoint["methods"]["methods"], endpoint
    unused = ("asyncssh", "paramiko", "cryptography.x509", "cattrs", "pydantic", "jsonschema")
    assert [name for name in unused if below(name, loaded)] == []
    assert {
        name for name in loaded if name.startswith(("scanner.clients.ftp", "scanner.probes.ftp"))
    } == set()
    assert {
        "scanner.logs",
        "scanner.intake.registers",
        "scanner.content.recognise",
        "scanner.history.fleet",
        "scanner.probes.ssh_key_queries",
        "cryptography.hazmat.primitives.serialization.ssh",
    } & loaded == set()


def test_nobody_looks_for_garbage_while_a_command_loads() -> None:
    script = "import gc\nfrom scanner.cli import main\ntry:\n    main()\nfinally:\n"
    command = [sys.executable, "-c", f"{script}    print(gc.get_threshold()[0])", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert int(done.stdout.splitlines()[-1]) >= 10_000
