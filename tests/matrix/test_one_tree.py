"""One host, one tree of files, two protocols: one finding with two ways in."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from scanner.api import ScanDocument
from scanner.demo.generator import exams_csv, invent_people, people_csv
from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Verdict
from scanner.model.observation import EndpointObservation
from scanner.model.reading import Observed
from scanner.model.view import View
from tests.matrix import lab
from tests.servers import Openssh, Proftpd, Server, Vsftpd
from tests.servers.fixtures import StartServer
from tests.servers.tls import MODERN
from tests.servers.tree import Tree

PASSWORD = "ONE_TREE_PASSWORD"
PEOPLE = people_csv(invent_people(20))
LAST_WEEK = time.time() - 7 * 86_400


def plant(root: Path) -> Tree:
    for name in ("in/a.csv", "in/b.csv"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(PEOPLE)
    (root / "exams.csv").write_bytes(exams_csv(300))
    for path in root.rglob("*.csv"):
        os.utime(path, (LAST_WEEK, LAST_WEEK))
    return Tree(root)


def same_files(other: Server) -> Any:
    """Fill a root with the very files of another server: hard links, not copies."""

    def link(root: Path) -> Tree:
        for path in sorted(other.root.rglob("*")):
            place = root / path.relative_to(other.root)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            else:
                place.hardlink_to(path)
        return Tree(root)

    return link


def one_host(ftp: Server, sftp: Server, folder: Path) -> Path:
    account = {"username": "transfer", "password": f"env:{PASSWORD}"}
    entry = {
        "host": "127.0.0.1",
        "asset": "both",
        "endpoints": [
            {"port": ftp.port, "protocol": "ftp"},
            {"port": sftp.port, "protocol": "sftp"},
        ],
        "accounts": [account],
        **lab.trust_in(ftp),
        **lab.trust_in(sftp),
    }
    return lab.write_targets(folder, entry)


def clear_data(document: ScanDocument) -> list[Finding]:
    (report,) = document.hosts
    row = next(row for row in report.failures if row.id is FailureId.CLEAR_STORAGE)
    return [found for found in row.findings if found.facet == "clear-data"]


def endpoints(document: ScanDocument) -> list[EndpointObservation]:
    return list(lab.observations_of(document).endpoints)


def view_of(endpoint: EndpointObservation) -> View:
    assert endpoint.facts is not None
    (account,) = endpoint.facts.accounts
    assert isinstance(account.view, Observed), account
    return account.view.value


FTP: dict[str, Vsftpd | Proftpd] = {
    "vsftpd": Vsftpd(tls=MODERN, anonymous=False, local_users=True),
    "proftpd": Proftpd(tls=MODERN, tls_required="on", anonymous=False, local_users=True),
}


@pytest.mark.parametrize("ftp", FTP)
@pytest.mark.parametrize("sftp", ["chrooted", "whole"])
def test_the_same_files_through_two_protocols_are_one_finding(
    ftp: str,
    sftp: str,
    start_server: StartServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_ftp = start_server(FTP[ftp], contents=plant)
    secret = by_ftp.user("transfer").password
    monkeypatch.setenv(PASSWORD, secret)
    by_sftp = start_server(
        Openssh(chrooted=sftp == "chrooted", password=secret), contents=same_files(by_ftp)
    )

    document = lab.scan_listed(one_host(by_ftp, by_sftp, tmp_path), tmp_path / "state")

    (found,) = clear_data(document)
    assert found.verdict is Verdict.FAIL
    assert len(found.ways_in) == 2
    assert {way.split()[0] for way in found.ways_in} == {"ftp", "sftp"}
    assert "in clear in 2 files" in found.summary
    walks = [view_of(endpoint).walk for endpoint in endpoints(document)]
    assert [walk.sampled for walk in walks] == [3, 3]
    keys = [{file.key for file in walk.files} for walk in walks]
    assert (keys[0] == keys[1]) == (sftp == "chrooted")
