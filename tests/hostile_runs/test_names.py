"""Real servers whose files and banners are named to deceive whoever reads the report."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import ScanDocument, scan_host
from scanner.report.document import encode
from scanner.report.text import host_text
from tests.hostile import ESCAPES
from tests.hostile_runs.ground import FORGERY
from tests.hostile_runs.lab import write_targets
from tests.hostile_runs.words import dangerous, obeyed
from tests.servers import Openssh, Server
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

_ESCAPES: Final = ESCAPES.replace("\x00", "")  # no file system holds a NUL
FOLDERS: Final = (
    b"line\nopen-zone PASS",
    _ESCAPES.encode(),
    b"\xff\xfe",
    b"-rf",
    b"*",
    b"\r",
    b"a -> b",
)
FILES: Final = (
    b"x\ntype=file;size=7;modify=20240101000000; forged.csv",
    b"x\n-rw-r--r--    1 0        0               7 Jan 01 00:00 forged.sql",
    FORGERY.replace("/", "|").encode(),
    b"members.csv\x1b[2J",
    b"r\r\n226 done.txt",
)


def deceive(root: Path) -> Tree:
    """Fill ``root`` with folders, and each of them with files, of hostile names."""
    for folder in FOLDERS:
        path = root / os.fsdecode(folder)
        path.mkdir()
        for name in FILES:
            (path / os.fsdecode(name)).write_bytes(b"nothing\n")
    return Tree(root)


def said(document: ScanDocument) -> dict[str, Any]:
    (report,) = document.hosts
    whole = json.loads(encode(document.as_dict()))
    return {
        "document": whole,
        "rows": whole["hosts"][0]["failures"],
        "observations": [dataclasses.asdict(seen) for seen in report.observations],
        "text": host_text(report),
    }


def walk_of(observations: list[dict[str, Any]], *, account: bool = False) -> dict[str, Any]:
    facts = observations[0]["endpoints"][0]["facts"]
    view = facts["accounts"][0]["view"] if account else facts["anonymous_view"]
    walk = view["value"]["walk"]
    assert isinstance(walk, dict)
    return walk


def assert_harmless(told: dict[str, Any]) -> None:
    assert dangerous(told["document"]) == []
    assert dangerous(told["observations"]) == []
    lines: Sequence[str] = told["text"].split("\n")
    assert [line for line in lines if obeyed(line)] == []
    assert [line for line in lines if line.startswith("open-zone PASS")] == []


async def scan_with_account(server: Server, tmp_path: Path) -> dict[str, Any]:
    targets = write_targets(
        tmp_path,
        {
            "host": server.host,
            "asset": "named",
            "endpoints": [{"port": server.port, "protocol": "sftp"}],
            "host_keys": [key.fingerprint for key in server.host_keys],
            "accounts": [{"username": "transfer", "password": "file:password"}],
        },
    )
    (tmp_path / "password").write_text(server.user("transfer").password, encoding="utf-8")
    document = await scan_host(server.host, targets=targets, history=tmp_path / "history.sqlite3")
    return said(document)


def is_one_line(name: bytes) -> bool:
    return not {b"\r", b"\n"} & {name[i : i + 1] for i in range(len(name))}


async def test_names_over_sftp_forge_no_entry_and_hide_none(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh(), contents=deceive)
    told = await scan_with_account(server, tmp_path)
    walk = walk_of(told["observations"], account=True)
    folders = sum(map(is_one_line, FOLDERS))
    files = folders * sum(map(is_one_line, FILES))
    assert len(walk["files"]) == files
    assert walk["entries"] == folders + files
    # A name of two lines is no entry, yet counted: what it hides keeps the walk from being whole.
    assert walk["unparsed"] == len(FOLDERS) - folders + folders * len(FILES) - files
    assert "unparsed" in walk["stopped"]
    (storage,) = [row for row in told["rows"] if row["id"] == "clear-storage"]
    assert storage["verdict"] == "unknown"
    assert_harmless(told)


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"])
async def test_names_over_ftp_are_harmless(
    start_server: StartServer, tmp_path: Path, posture: str
) -> None:
    server = start_server(posture, contents=deceive)
    document = await scan_host(server.host, port=server.port, history=tmp_path / "history.sqlite3")
    told = said(document)
    walk = walk_of(told["observations"])
    assert walk["directories"] >= 1
    # Pure-FTPd does not show such names at all; the others' listings are seen to be suspect.
    assert (walk["forged_possible"] > 0) is (posture != "pureftpd-plain")
    assert dangerous(walk["unparsed_shapes"]) == []
    assert_harmless(told)


async def test_a_banner_over_ssh_is_harmless(start_server: StartServer, tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_bytes((FORGERY + ESCAPES).encode() * 20)
    server = start_server(Openssh(extra=(f"Banner {banner}",)))
    told = said(
        await scan_host(server.host, port=server.port, history=tmp_path / "history.sqlite3")
    )
    assert "owned" in json.dumps(told["observations"])
    assert_harmless(told)
