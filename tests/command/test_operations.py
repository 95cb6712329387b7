"""The way of docs/operations.md, walked: its own commands, in its own order, on a real server."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Final

from scanner.api.audit import verify_audit
from tests.command.console import Console
from tests.servers.fixtures import StartServer

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SHOWN: Final = [shlex.split(line) for line in re.findall(r"^    scan (.+)$", PAGE, re.MULTILINE)]
EXPORT: Final = """\
Server name;IP Address;Port;Protocol;Owner;Environment
;127.0.0.1;{port};FTP;Exchange team;test
;127.0.0.2;445;SMB;Files;test
"""


def test_a_team_walks_from_an_export_to_a_checked_audit_log(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("vsftpd-plain")
    folder = console.folder
    (folder / "cmdb.csv").write_text(EXPORT.format(port=server.port))
    ended = {}
    for words in SHOWN:
        if words[0] == "run" and "--dry-run" in words:
            fill_in(folder / "targets.json")
            assert console.scan("validate", "targets.json").returncode == 0
        done = console.scan(*words)
        ended[" ".join(words)] = done.returncode
        assert "BUG" not in done.stderr
    assert list(ended.values()) == [
        2,  # import: one row is no file transfer
        0,  # import, with that row left out
        2,  # validate: nobody has authorised it yet
        0,  # dry run
        1,  # run: the server is open
        0,  # deliver: nothing is left
        0,  # audit verify
    ]
    (report,) = (folder / "reports").glob("2*/report.json")
    (host,) = json.loads(report.read_text())["hosts"]
    assert (host["owner"], host["tags"]) == ("Exchange team", ["test"])
    assert '"Started"' in (folder / "siem.ndjson").read_text()
    assert "ftpscan_run_exit_code" in (folder / "ftpscan.prom").read_text()
    assert verify_audit(folder / "reports" / "audit.ndjson").records == 3


def fill_in(path: Path) -> None:
    document = json.loads(path.read_text())
    document["authorisation"] = {"reference": "CHG-1", "scope": ["127.0.0.0/8"]}
    document["delivery"] = [{"kind": "file", "path": "siem.ndjson"}]
    path.write_text(json.dumps(document))


def test_every_exit_code_has_its_line_for_the_night() -> None:
    from scanner.cli.exits import ExitCode  # noqa: PLC0415 - what the command line promises

    night = PAGE.partition("## At 3 a.m.")[2].partition("\n## ")[0]
    told = {int(code) for cell in re.findall(r"^\| ([0-9, ]+) \|", night, re.MULTILINE)
            for code in cell.split(", ")}  # fmt: skip
    assert {int(code) for code in ExitCode} <= told


def test_every_series_is_on_the_page_and_no_other() -> None:
    written = set(
        re.findall(r'"(ftpscan_[a-z_]+)"', (ROOT / "scanner/report/metrics.py").read_text())
    )
    told = set(re.findall(r"`(ftpscan_[a-z_]+)", PAGE))
    assert told == written
