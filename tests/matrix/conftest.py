"""Scans that several tests of the matrix look at, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.api import ScanDocument
from tests.matrix.lab import scan_ad_hoc
from tests.servers import POSTURES
from tests.servers.packages import Prefix


@pytest.fixture(scope="session")
def ad_hoc(
    server_packages: Prefix, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], ScanDocument]:
    """Return a function that scans a posture as nobody in particular, the first time only."""
    documents: dict[str, ScanDocument] = {}

    def scan(name: str) -> ScanDocument:
        if name not in documents:
            folder: Path = tmp_path_factory.mktemp("ad-hoc")
            with POSTURES[name].running() as server:
                documents[name] = scan_ad_hoc(server, folder / "state")
        return documents[name]

    return scan
