"""One tree behind several doors of one server: one finding for each question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import ScanDocument
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from tests.matrix import lab
from tests.servers import MODERN, Openssh, Server, Vsftpd
from tests.servers.fixtures import StartServer

PASSWORD: Final = "One-word-for-all-doors"
VARIABLE: Final = "VIEWS_PASSWORD"

Scan = Callable[..., ScanDocument]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Return a function that scans the ports of several servers as one target."""
    monkeypatch.setenv(VARIABLE, PASSWORD)

    def together(*servers: Server, **more: Any) -> ScanDocument:
        entry = {
            "host": "127.0.0.1",
            "asset": "files",
            "endpoints": [{"port": one.port, "protocol": one.protocol} for one in servers],
            "accounts": [{"username": "transfer", "password": f"env:{VARIABLE}"}],
            **more,
        }
        for server in servers:
            entry.update(lab.trust_in(server))
        return lab.scan_listed(lab.write_targets(tmp_path, entry), tmp_path / "state")

    return together


def _same_tree(root: Path, **more: Any) -> Vsftpd:
    extra = (f"local_root={root}", f"anon_root={root}")
    return Vsftpd(tls=MODERN, local_users=True, password=PASSWORD, extra=extra, **more)


@pytest.mark.parametrize("chrooted", [True, False], ids=["chrooted", "whole machine"])
def test_the_same_files_by_ftp_ftps_and_sftp_are_one_finding(
    chrooted: bool,  # noqa: FBT001 - a case, not a switch
    start_server: StartServer,
    scan: Scan,
) -> None:
    ssh = start_server(Openssh(chrooted=chrooted, password=PASSWORD))
    explicit = start_server(_same_tree(ssh.root, anonymous=False))
    implicit = start_server(_same_tree(ssh.root, anonymous=False, implicit=True))
    document = scan(explicit, implicit, ssh)
    (found,) = lab.findings(document, FailureId.CLEAR_STORAGE)
    assert found.verdict is Verdict.FAIL
    assert found.ways_in == tuple(
        f"{one.protocol} 127.0.0.1:{one.port} as transfer" for one in (explicit, implicit, ssh)
    )
    assert "in clear in 1 file (" in found.summary
    assert "more)" not in found.summary
    _assert_every_facet_is_told_once(document)


def _assert_every_facet_is_told_once(document: ScanDocument) -> None:
    for row in lab.report_of(document).failures:
        told = [(finding.facet, finding.vantage) for finding in row.findings]
        assert len(told) == len(set(told))


def test_anonymous_by_two_doors_is_one_finding(start_server: StartServer, scan: Scan) -> None:
    explicit = start_server(Vsftpd(tls=MODERN))
    extra = (f"anon_root={explicit.root}",)
    implicit = start_server(
        Vsftpd(tls=MODERN, implicit=True, tls_required="everybody", extra=extra)
    )
    document = scan(explicit, implicit, accounts=[])
    by_facet = {each.facet: each for each in lab.findings(document, FailureId.OPEN_ZONE)}
    doors = [f"{one.protocol} 127.0.0.1:{one.port}" for one in (explicit, implicit)]
    assert list(by_facet["anonymous-read"].ways_in) == doors
    assert "more)" not in by_facet["anonymous-read"].summary
    (storage,) = lab.findings(document, FailureId.CLEAR_STORAGE)
    assert list(storage.ways_in) == [f"{door} as anonymous" for door in doors]
    assert "in clear in 1 file (" in storage.summary
    _assert_every_facet_is_told_once(document)
