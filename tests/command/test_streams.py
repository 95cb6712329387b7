"""Data on standard output, everything else on standard error, and nothing that colours a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from typer.testing import CliRunner

from scanner.cli.app import application
from scanner.model.failure import FailureId
from tests.command.console import Console, on_a_terminal
from tests.command.papers import entry, entry_of, written
from tests.servers.fixtures import StartServer

SCHEMA: Final = Path(__file__).parents[2] / "scanner" / "schemas" / "report-1.0.0.json"


def valid(text: str) -> dict[str, Any]:
    """Return a report that fits the published schema."""
    document: dict[str, Any] = json.loads(text)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)] == []
    return document


@pytest.mark.parametrize(
    "posture", ["vsftpd-plain", "pureftpd-tls-2", "openssh-legacy", "dropbear-password"]
)
def test_json_is_one_valid_document_and_nothing_else(
    console: Console, start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    told = console.scan("host", f"127.0.0.1:{server.port}", "--format", "json")
    document = valid(told.stdout)
    (host,) = document["hosts"]
    assert [row["id"] for row in host["failures"]] == [str(failure) for failure in FailureId]
    assert told.stdout.isascii()
    assert "\x1b" not in told.stdout + told.stderr


def test_json_is_what_a_pipe_gets_and_text_what_is_asked_for(
    console: Console, start_server: StartServer
) -> None:
    place = f"127.0.0.1:{start_server('openssh-keys').port}"
    valid(console.scan("host", place).stdout)
    text = console.scan("host", place, "--format", "text").stdout
    assert "open-zone" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_run_writes_its_table_and_a_valid_report(
    console: Console, start_server: StartServer
) -> None:
    written(console.folder, entry_of(start_server("vsftpd-plain"), "open"), entry(1, "closed"))
    told = console.scan("run", "targets.json")
    assert "open" in told.stdout
    assert "assets," not in told.stdout
    assert all(line.startswith("scan: ") for line in told.stderr.splitlines())
    assert "\x1b" not in told.stdout + told.stderr
    report = Path(told.stdout.splitlines()[-1].removeprefix("Report: "))
    document = valid((console.folder / report).read_text(encoding="utf-8"))
    assert {host["asset"] for host in document["hosts"]} == {"open", "closed"}


def test_assess_writes_the_same_document_and_the_same_table(
    console: Console, start_server: StartServer
) -> None:
    written(console.folder, entry_of(start_server("vsftpd-plain"), "open"))
    told = console.scan("run", "targets.json")
    (folder,) = (console.folder / "reports").glob("2*")
    before = (folder / "report.json").read_bytes()
    again = console.scan("assess", folder.relative_to(console.folder))
    assert (again.returncode, again.stdout) == (told.returncode, told.stdout)
    assert (folder / "report.json").read_bytes() == before


def test_colour_is_for_terminals_that_want_it(console: Console, start_server: StartServer) -> None:
    words = ("host", f"127.0.0.1:{start_server('vsftpd-plain').port}")
    assert "\x1b[" in on_a_terminal(console, *words)
    assert "\x1b" not in on_a_terminal(console, *words, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(console, *words, TERM="dumb")


def test_no_colour_goes_with_the_bar_of_a_run(console: Console) -> None:
    written(console.folder, entry(1, "closed"))
    said = on_a_terminal(console, "run", "targets.json", NO_COLOR="1")
    assert "\x1b[?25l" in said  # the bar is there
    assert re.findall(r"\x1b\[[0-9;]*[34][0-9]m", said) == []


@pytest.mark.parametrize("name", ["targets", "report", "report-1.0.0", "inventory", "warnings"])
def test_a_schema_is_a_valid_json_schema(console: Console, name: str) -> None:
    told = console.scan("schema", name)
    assert (told.returncode, told.stderr) == (0, "")
    schema = json.loads(told.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_checks_and_explanations_agree(console: Console) -> None:
    told = console.scan("checks", "--format", "json").stdout
    assert told == here("checks", "--format", "json")
    checks = json.loads(told)
    assert [check["id"] for check in checks] == [str(failure) for failure in FailureId]
    text = console.scan("checks").stdout
    for check in checks:
        assert check["id"] in text
        told = here("explain", check["id"])
        assert all(facet["id"] in told for facet in check["facets"])


def here(*words: str) -> str:
    """Return what ``scan`` says in this process, for what is asked too often to start one each."""
    result = CliRunner().invoke(application(), words)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_any_locale_will_do(console: Console, locale: str) -> None:
    variables = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = console.scan("explain", "open-zone", **variables)
    assert (told.returncode, told.stderr) == (0, "")
