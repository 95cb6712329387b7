"""A fault of the scanner's own: 70, told in one line that quotes nothing a server said."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.command.console import Console
from tests.command.papers import entry, entry_of, written
from tests.servers.fixtures import StartServer

SAID: Final = "something that a server said"


def broken(console: Console, place: str, name: str) -> dict[str, str]:
    """Return the environment in which ``name`` of module ``place`` raises."""
    folder = console.folder / "breaking"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import {place} as module\n"
        "def broken(*_args, **_more):\n"
        f"    raise ZeroDivisionError({SAID!r})\n"
        f"module.{name} = broken\n",
        encoding="utf-8",
    )
    return {"PYTHONPATH": str(folder)}


def the_hosts(console: Console) -> dict[str, dict[str, Any]]:
    (path,) = (console.folder / "reports").glob("2*/report.json")
    hosts = json.loads(path.read_text(encoding="utf-8"))["hosts"]
    return {host["asset"]: host for host in hosts}


def test_a_fault_of_a_command_is_one_line(console: Console) -> None:
    variables = broken(console, "scanner.checks.registry", "all_checks")
    told = console.scan("checks", **variables)
    assert (told.returncode, told.stdout) == (70, "")
    assert told.stderr.startswith("scan: this is a fault of the scanner: ZeroDivisionError in ")
    assert told.stderr.count("\n") == 1
    assert SAID not in told.stderr


def test_a_fault_of_a_judge_makes_an_error_of_the_asset_and_nothing_else(console: Console) -> None:
    written(console.folder, entry(1, "closed"))
    variables = broken(console, "scanner.checks.base", "evaluate")
    told = console.scan("run", "targets.json", **variables)
    assert told.returncode == 70, told.stderr
    assert "(BUG)" in told.stderr
    rows = the_hosts(console)["closed"]["failures"]
    assert {row["verdict"] for row in rows} == {"error"}
    assert SAID not in json.dumps(rows) + told.stdout + told.stderr


def test_a_fault_of_a_probe_leaves_the_other_assets_as_they_are(
    console: Console, start_server: StartServer
) -> None:
    strict, plain = start_server("openssh-keys"), start_server("vsftpd-plain")
    written(console.folder, entry_of(strict, "strict"), entry_of(plain, "plain"))
    told = console.scan("run", "targets.json", **broken(console, "scanner.probes.sftp", "survey"))
    assert told.returncode == 70, told.stderr
    hosts = the_hosts(console)
    strict_rows = {row["id"]: row["verdict"] for row in hosts["strict"]["failures"]}
    assert strict_rows["plaintext-transport"] == "error"
    assert "error" not in {row["verdict"] for row in hosts["plain"]["failures"]}
    assert {row["verdict"] for row in hosts["plain"]["failures"]} >= {"fail"}
    assert SAID not in json.dumps(hosts) + told.stdout + told.stderr


def test_a_traceback_is_shown_only_to_whoever_asks(console: Console) -> None:
    variables = broken(console, "scanner.checks.registry", "all_checks")
    told = console.scan("--debug", "checks", **variables)
    assert told.returncode == 70
    assert "scan: Traceback" in told.stderr
