"""What a scan costs a server: within what a dry run promises, and as the server itself logged it.

The bytes of the golden documents vary from scan to scan; ``received.json`` holds them as they were
the last time that they changed by more than a tenth (or half a KiB). It is written as the golden
documents are:

    SCANNER_ACCEPT=1 pytest tests/matrix/test_budget.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from scanner.api import ScanDocument
from scanner.engine.plan import FTP_CONNECTIONS, SSH_CONNECTIONS, planned
from scanner.model.target import Endpoint, Protocol, Target
from tests.matrix.conftest import Logged
from tests.matrix.cost import RECEIVED, control_connections, endpoint_of, received
from tests.matrix.test_golden import ACCEPT
from tests.servers import POSTURES, Dropbear, Openssh, ProftpdSftp

GOLDEN: Final = sorted((Path(__file__).parent / "golden").glob("*.json"))
TELLING: Final = [
    name
    for name in POSTURES
    if name.split("-", maxsplit=1)[0] in {"vsftpd", "proftpd", "pureftpd", "openssh", "dropbear"}
]
"""The postures of products that log every connection."""
TELLING_LOGINS: Final = [
    name
    for name in TELLING
    if not isinstance(POSTURES[name].options, ProftpdSftp | Openssh | Dropbear)
]
"""The postures of products that log every login that was let in."""

_LATE: Final = 1024
"""What an SSH server may send behind the host key, on a connection that was made for the key alone."""

Scanned = Callable[[str], tuple[ScanDocument, Logged]]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_scan_opens_no_more_control_connections_than_planned(path: Path) -> None:
    endpoint = endpoint_of(json.loads(path.read_text(encoding="utf-8")))
    most = SSH_CONNECTIONS if endpoint["protocol"] == "sftp" else FTP_CONNECTIONS
    assert 1 <= control_connections(endpoint) <= most


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_scan_tries_no_more_logins_than_planned(path: Path) -> None:
    endpoint = endpoint_of(json.loads(path.read_text(encoding="utf-8")))
    only = Endpoint(port=1, protocol=Protocol(endpoint["protocol"]))
    plan = planned(Target(host="192.0.2.1", asset="x", endpoints=(only,)))
    assert endpoint["logins"] <= plan.logins


def test_there_is_a_document_for_every_server_product() -> None:
    products = {path.stem.split("-")[0] for path in GOLDEN}
    assert products == {name.split("-")[0] for name in POSTURES}
    ftp = {"vsftpd", "proftpd", "pureftpd", "inetutils", "pyftpdlib", "aioftp"}
    ssh = {"openssh", "dropbear", "asyncssh", "paramiko", "tinysshd"}
    assert products == ftp | ssh


@pytest.mark.parametrize("name", TELLING)
def test_a_server_logs_as_many_connections_as_the_document_says(
    name: str, scanned: Scanned
) -> None:
    document, logged = scanned(name)
    assert control_connections(endpoint_of(document.as_dict())) == logged.connections


@pytest.mark.parametrize("name", TELLING_LOGINS)
def test_a_server_logs_as_many_logins_as_the_document_says(name: str, scanned: Scanned) -> None:
    document, logged = scanned(name)
    endpoint = endpoint_of(document.as_dict())
    assert endpoint["logins"] - endpoint["logins_failed"] == logged.logins
    assert endpoint["logins_failed"] == logged.logins_failed


@pytest.mark.parametrize("name", POSTURES)
def test_a_scan_receives_about_as_many_bytes_as_are_on_record(name: str, scanned: Scanned) -> None:
    document, _ = scanned(name)
    endpoint = endpoint_of(document.as_dict())
    now = endpoint["bytes"]
    late = _LATE * (endpoint["connections"] - 1) if endpoint["protocol"] == "sftp" else 0
    recorded = received()
    if os.environ.get(ACCEPT):
        if name not in recorded or not about(now, recorded[name], late):
            kept = {one: recorded[one] for one in recorded if one in POSTURES} | {name: now}
            RECEIVED.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="ascii")
        pytest.fail(f"{RECEIVED.name} is as it should be; unset {ACCEPT}")
    assert about(now, recorded[name], late), __doc__


def about(now: int, recorded: int, late: int) -> bool:
    """Certificates, times, padding and farewells vary; anything more is meant, or a mistake.

    ``late`` bytes may have come in before we left, or not.
    """
    return abs(now - recorded) <= max(recorded // 10, 512) + late


def test_bytes_are_on_record_for_every_posture_and_for_no_other() -> None:
    assert set(received()) == set(POSTURES)
