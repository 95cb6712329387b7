"""Scans that several tests of the matrix look at, each made once."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.api import ScanDocument
from tests.matrix.lab import scan_ad_hoc
from tests.servers import POSTURES, Server
from tests.servers.packages import Prefix


@dataclass(frozen=True, slots=True)
class Logged:
    """What a server's own logs say of one scan. ``None`` where the product does not tell."""

    connections: int | None
    logins: int | None
    """Those let in."""
    logins_failed: int


Scan = tuple[ScanDocument, Logged]


@pytest.fixture(scope="session")
def scanned(
    server_packages: Prefix, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Scan]:
    """Return a function that scans a posture as nobody in particular, the first time only.

    The processes that share the tests share these scans, too.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    known: dict[str, Scan] = {}

    def scan(name: str) -> Scan:
        if name not in known:
            known[name] = _once(shared, name)
        return known[name]

    return scan


def _once(shared: Path, name: str) -> Scan:
    """Return what the first process that asked was told."""
    kept = shared / f"{name}.pickle"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            folder = shared / f"ad-hoc-{name}"
            folder.mkdir()
            kept.write_bytes(pickle.dumps(_scan(name, folder)))
        told: Scan = pickle.loads(kept.read_bytes())
        return told


def _scan(name: str, folder: Path) -> Scan:
    with POSTURES[name].running() as server:
        document = scan_ad_hoc(server, folder / "state")
        server.settle()
        return document, _logged(server)


def _logged(server: Server) -> Logged:
    tells = server.log_format
    return Logged(
        connections=None if tells.connection is None else server.accepted_connections(),
        logins=None if tells.login is None else server.accepted_logins(),
        logins_failed=server.failed_logins(),
    )


@pytest.fixture(scope="session")
def ad_hoc(
    scanned: Callable[[str], Scan],
) -> Callable[[str], ScanDocument]:
    """Return what ``scanned`` does, without the logs."""
    return lambda name: scanned(name)[0]
