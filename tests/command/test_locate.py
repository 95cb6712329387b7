"""``scan locate``: the names of a finding's files, live, for a person at a terminal."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from scanner.demo.generator import invent_people, people_csv
from tests.command.console import Console, on_a_terminal
from tests.command.papers import entry_of, secret, written
from tests.servers import Server
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree, plant

NAME = "dupont_martine_19570214.csv"


def named(root: Path) -> Tree:
    """Plant the tree and, among it, an export whose name tells of a person."""
    tree = plant(root)
    (root / "pub").mkdir(exist_ok=True)
    path = root / "pub" / NAME
    path.write_bytes(people_csv(invent_people(20)))
    path.parent.chmod(0o755)
    path.chmod(0o644)
    return tree


def scanned(console: Console, server: Server, **more: Any) -> tuple[Path, dict[str, str]]:
    """Run once; return the run folder and the uid of each facet's finding."""
    written(console.folder, entry_of(server, "open", **more))
    console.scan("run", "targets.json")
    (folder,) = (console.folder / "reports").glob("2*")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    rows = report["hosts"][0]["failures"]
    return folder, {each["facet"]: each["uid"] for row in rows for each in row["findings"]}


def stored(folder: Path) -> bytes:
    """Return every byte below a folder, databases as text as well."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    whole = b"".join(path.read_bytes() for path in files)
    for path in files:
        if path.suffix == ".db":
            with sqlite3.connect(path) as database:
                whole += "\n".join(database.iterdump()).encode()
            database.close()
    return whole


def test_the_names_are_shown_on_a_terminal_and_kept_nowhere(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("vsftpd-plain", contents=named)
    folder, uids = scanned(console, server)
    tree = Path(server.tree.root)

    said = on_a_terminal(console, "locate", str(folder), uids["clear-data"])

    assert f"/pub/{NAME}" in said
    assert "surname" in said
    assert "csv, clear" in said
    kept = b"".join(
        stored(path) for path in console.folder.iterdir() if path.is_dir() and path != tree
    )
    assert NAME.encode() not in kept
    assert b"dupont" not in kept.lower()


def test_an_account_is_asked_again_with_its_credentials(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("openssh-password", contents=named)
    password = secret(console.folder, "password", server.user("transfer").password)
    folder, uids = scanned(
        console, server, accounts=[{"username": "transfer", "password": password}],
        areas={"private": [str(server.root)]},
    )  # fmt: skip

    said = on_a_terminal(console, "locate", str(folder), uids["clear-data"][:12])

    assert NAME in said
    assert "transfer over sftp" in said


def test_without_a_terminal_nothing_is_shown(console: Console) -> None:
    told = console.scan("locate", "anywhere", "v1:any")
    assert (told.returncode, told.stdout) == (2, "")
    assert "is no terminal" in told.stderr


def test_a_finding_that_names_no_file_is_told(console: Console, start_server: StartServer) -> None:
    folder, uids = scanned(console, start_server("openssh-keys"))
    for uid, words in (
        (uids["ssh-none"], "No file that this finding is about"),
        (uids["ssh-broken-algorithms"], "is about no file"),
        ("v1:nothing", "no finding of that uid"),
        ("v1:", "several findings begin so"),
    ):
        assert words in on_a_terminal(console, "locate", str(folder), uid)
