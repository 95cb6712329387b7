"""Scans that several tests of the matrix look at, each made once."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def scanned(
    server_packages: Prefix, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[ScanDocument, Logged]]:
    """Return a function that scans a posture as nobody in particular, the first time only."""
    known: dict[str, tuple[ScanDocument, Logged]] = {}

    def scan(name: str) -> tuple[ScanDocument, Logged]:
        if name not in known:
            folder: Path = tmp_path_factory.mktemp("ad-hoc")
            with POSTURES[name].running() as server:
                document = scan_ad_hoc(server, folder / "state")
                server.settle()
                known[name] = document, _logged(server)
        return known[name]

    return scan


def _logged(server: Server) -> Logged:
    tells = server.log_format
    return Logged(
        connections=None if tells.connection is None else server.accepted_connections(),
        logins=None if tells.login is None else server.accepted_logins(),
        logins_failed=server.failed_logins(),
    )


@pytest.fixture(scope="session")
def ad_hoc(
    scanned: Callable[[str], tuple[ScanDocument, Logged]],
) -> Callable[[str], ScanDocument]:
    """Return what ``scanned`` does, without the logs."""
    return lambda name: scanned(name)[0]
