"""``scan locate`` reads live: nothing remembered, nothing tried beside, nothing written."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.demo.generator import invent_people, people_csv
from tests.command.console import Console, on_a_terminal
from tests.matrix import lab
from tests.servers import Server
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

NAME = "Zorba Quillfeather"
SECRET = "LOCATE_PASSWORD"
PEOPLE = people_csv(invent_people(12))
LAST_WEEK = time.time() - 7 * 86_400


def exports(root: Path) -> Tree:
    """Five exports that carry a person's name, beside notes that nobody looks for."""
    folder = root / "export" / NAME
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"{NAME} {number}.csv").write_bytes(PEOPLE)
    (root / "export" / "harmless notes.txt").write_text("nothing\n")
    for path in root.rglob("*.*"):
        os.utime(path, (LAST_WEEK, LAST_WEEK))
    return Tree(root)


def scanned(console: Console, server: Server, **more: Any) -> tuple[Path, dict[str, Any]]:
    """Scan a server as a nightly run; return its folder, and the finding on clear data."""
    lab.write_targets(console.folder, lab.listed(server, **more))
    password = server.user("transfer").password if server.users else ""
    done = console.scan("run", "targets.json", **{SECRET: password})
    assert done.returncode == 1, done.stderr
    (folder,) = (console.folder / "reports").glob("2*")
    document = json.loads((folder / "report.json").read_text())
    return folder.relative_to(console.folder), finding(document, "clear-data")


def finding(document: Mapping[str, Any], facet: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item
        for row in document["hosts"][0]["failures"]
        for item in row["findings"]
        if item["facet"] == facet
    )
    return found


def everything_written(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_transfer(server: Server) -> dict[str, Any]:
    account = {"username": "transfer", "password": f"env:{SECRET}"}
    return {"accounts": [account], **lab.trust_in(server)}


@pytest.mark.parametrize(
    ("posture", "supplied"),
    [("vsftpd-plain", False), ("proftpd-tls-on", True), ("openssh-chrooted", True)],
)
def test_an_operator_is_shown_the_names_that_stored_output_masks(
    posture: str, *, supplied: bool, console: Console, start_server: StartServer
) -> None:
    server = start_server(posture, contents=exports)
    run, clear = scanned(console, server, **(of_transfer(server) if supplied else {}))
    password = server.user("transfer").password if supplied else ""

    said = on_a_terminal(console, "locate", str(run), clear["uid"], **{SECRET: password})

    shown = [line.strip() for line in said.splitlines() if line.startswith("  /")]
    assert len(set(shown)) == 5  # a scan would have stopped at proof, after three
    assert all(line.startswith(f"/export/{NAME}/{NAME} ") for line in shown)
    assert said.count("12 nir") == 5
    assert "harmless" not in said


def test_what_a_limit_leaves_unread_is_told(console: Console, start_server: StartServer) -> None:
    server = start_server("vsftpd-plain", contents=exports)
    run, clear = scanned(console, server, limits={"files_sampled": 2})

    said = " ".join(on_a_terminal(console, "locate", str(run), clear["uid"]).split())

    assert "4 files were not read (more files than limits.files_sampled)" in said


def test_nothing_that_is_written_holds_a_name(console: Console, start_server: StartServer) -> None:
    server = start_server("vsftpd-plain", contents=exports)
    run, clear = scanned(console, server)
    report = (console.folder / run / "report.json").read_bytes()

    said = on_a_terminal(console, "locate", str(run), clear["uid"])

    assert NAME in said
    after = everything_written(console.folder)
    log = after[console.folder / "reports" / "audit.ndjson"].splitlines()
    begun, looked, ended = (json.loads(line) for line in log[3:])
    assert (begun["command"], ended["ended"]) == ("locate", "done")
    assert begun["about"].startswith("clear-storage of ")
    assert looked["dialled"][0]["asked"]["RETR"] >= 5
    assert after[console.folder / run / "report.json"] == report
    assert [path for path, data in after.items() if b"Quillfeather" in data] == []
    assert {path.name for path in after} <= {
        "targets.json",
        "report.json",
        "report.html",
        "findings.csv",
        "events.ndjson",
        "audit.ndjson",
        "run.json",
        "observations.ndjson",
        ".lock",
        "history.sqlite3",
        "history.sqlite3.key",
        "history.sqlite3.lock",
        "history.sqlite3-wal",
        "history.sqlite3-shm",
    }


def test_it_is_read_again_and_not_remembered(console: Console, start_server: StartServer) -> None:
    server = start_server("vsftpd-plain", contents=exports)
    run, clear = scanned(console, server)
    for path in (server.root / "export" / NAME).iterdir():
        path.write_bytes(b"x" * len(PEOPLE))
        os.utime(path, (LAST_WEEK, LAST_WEEK))

    said = on_a_terminal(console, "locate", str(run), clear["uid"])

    assert "No file that this finding is about" in said
    again = console.scan("run", "targets.json")
    assert again.returncode in {0, 1, 3}  # what was remembered is still there


def test_names_obey_nobody(console: Console, start_server: StartServer) -> None:
    def hostile(root: Path) -> Tree:
        (root / "a\x1b]0;owned\x07\u202e.csv").write_bytes(PEOPLE)
        return Tree(root)

    server = start_server("vsftpd-plain", contents=hostile)
    run, clear = scanned(console, server)

    said = on_a_terminal(console, "locate", str(run), clear["uid"])

    assert r"/a\x1b]0;owned\x07\u202e.csv" in said
    assert "\x1b]" not in said


def test_what_authorises_a_scan_authorises_this_too(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("vsftpd-plain", contents=exports)
    run, clear = scanned(console, server)
    document = json.loads((console.folder / "targets.json").read_text())
    words = ("locate", str(run), clear["uid"])

    document["authorisation"]["valid_until"] = "2020-01-01"
    (console.folder / "targets.json").write_text(json.dumps(document))
    assert NAME not in (said := on_a_terminal(console, *words))
    assert "2020-01-01" in said

    document["authorisation"]["valid_until"] = "2999-01-01"
    document["authorisation"]["scope"] = ["192.0.2.0/24"]
    (console.folder / "targets.json").write_text(json.dumps(document))
    assert NAME not in on_a_terminal(console, *words)


def test_nothing_is_tried_beside_looking(console: Console, start_server: StartServer) -> None:
    """A target may have opted in to the write test: to show names is no reason to write."""
    server = start_server("vsftpd-writable", contents=exports)
    run, clear = scanned(console, server, allow={"write_test": True})
    server.settle()
    before = server.verbs()
    assert "STOR" in before

    assert NAME in on_a_terminal(console, "locate", str(run), clear["uid"])

    server.settle()
    later = server.verbs()[len(before) :]
    assert "RETR" in later
    assert not {"STOR", "DELE"} & set(later)
