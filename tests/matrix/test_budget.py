"""What a dry run promises at most holds for every posture, by the documents that are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.engine.plan import FTP_CONNECTIONS, SSH_CONNECTIONS

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
DATA_VERBS = ("LIST", "MLSD", "RETR")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_scan_opens_no_more_control_connections_than_planned(path: Path) -> None:
    (host,) = json.loads(path.read_text(encoding="utf-8"))["hosts"]
    for endpoint in host["endpoints"]:
        transfers = sum(endpoint["verbs"].get(verb, 0) for verb in DATA_VERBS)
        most = SSH_CONNECTIONS if endpoint["protocol"] == "sftp" else FTP_CONNECTIONS
        assert 1 <= endpoint["connections"] - transfers <= most


def test_there_is_a_document_for_every_server_product() -> None:
    products = {path.stem.split("-")[0] for path in GOLDEN}
    ftp = {"vsftpd", "proftpd", "pureftpd", "inetutils", "pyftpdlib", "aioftp"}
    assert products == ftp | {"openssh", "dropbear"}
