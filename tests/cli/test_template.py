"""Templates, filled in by a person who has never seen the format, through ``scan validate``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scanner.cli.app import application
from scanner.cli.choices import PaperName
from scanner.intake import templates
from tests.cli.shell import scan

PAPERS = ("contract", "order", "procedure", "attestation")
REGISTERS = ("warning", "alert", "inventory")
PDF = b"%PDF-1.7 a synthetic paper\n"


def run(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(application(), list(words))
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, told.stdout


def validated(path: Path, name: str) -> tuple[int, list[str]]:
    code, text = run("validate", str(path))
    assert run("validate", str(path), "--as", name) == (code, text)
    return code, text.splitlines()


def blanks(value: Any) -> int:
    if isinstance(value, dict):
        return sum(blanks(part) for key, part in value.items() if not key.startswith("x-"))
    return sum(map(blanks, value)) if isinstance(value, list) else value == ""


def without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_notes(v) for k, v in value.items() if not k.startswith("x-")}
    return [without_notes(each) for each in value] if isinstance(value, list) else value


def test_every_name_of_the_command_has_a_template() -> None:
    assert sorted(PaperName) == sorted(templates.NAMES)


@pytest.mark.parametrize("name", templates.NAMES)
def test_validate_tells_every_blank_of_a_template_by_its_line(name: str, tmp_path: Path) -> None:
    code, text = run("template", name)
    assert code == 0
    path = tmp_path / "paper.json"
    path.write_text(text, encoding="utf-8")
    code, lines = validated(path, name)
    assert code == 2
    assert len(lines) == blanks(json.loads(text)) >= 1
    written = text.splitlines()
    for line in lines:
        number = int(line.split("paper.json:")[1].split(":")[0])
        assert '""' in written[number - 1]
        assert "; " in line


@pytest.mark.parametrize("name", [*PAPERS, *REGISTERS])
def test_a_template_whose_blanks_are_filled_is_valid(name: str, tmp_path: Path) -> None:
    """Fills the blanks with what the notes give as examples, and names a file that is there."""
    (tmp_path / "paper.pdf").write_bytes(PDF)
    blank = json.loads(run("template", name)[1])
    filled = json.loads(run("template", name, "--filled")[1])
    into, out = (blank[0], filled[0]) if name in REGISTERS else (blank, filled)
    into.update(out)
    if "file" in into:
        into |= {"file": "paper.pdf", "sha256": hashlib.sha256(PDF).hexdigest()}
    path = tmp_path / "paper.json"
    path.write_text(json.dumps(blank), encoding="utf-8")
    assert validated(path, name) == (0, [])


def test_the_template_of_a_targets_file_is_valid_once_it_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    path.write_text(run("template", "targets", "--filled")[1], encoding="utf-8")
    assert validated(path, "targets") == (0, [])


@pytest.mark.parametrize("name", [*PAPERS, *REGISTERS])
def test_every_key_of_a_template_has_a_note_and_stands_in_the_schema(name: str) -> None:
    blank = json.loads(run("template", name)[1])
    entry = blank[0] if name in REGISTERS else blank
    keys = [key for key in entry if not key.startswith("x-")]
    assert all(entry[f"x-{key}"] for key in keys if key != "paper")
    filled = json.loads(run("template", name, "--filled")[1])
    assert {*without_notes(filled if name not in REGISTERS else filled[0])} <= {*keys}


def test_an_inventory_may_be_a_table(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(run("template", "inventory", "--format", "csv")[1], encoding="utf-8")
    code, lines = validated(path, "inventory")
    assert (code, len(lines)) == (2, 1)
    assert lines[0].endswith(":2: username: is empty; write the account's name")
    text = run("template", "inventory", "--format", "csv", "--filled")[1]
    path.write_text(text, encoding="utf-8")
    assert validated(path, "inventory") == (0, [])


def test_only_an_inventory_is_a_table() -> None:
    told = scan("template", "contract", "--format", "csv")
    assert (told.returncode, told.stdout) == (2, "")
    assert "leave --format csv out" in told.stderr


def test_an_unknown_template_is_refused() -> None:
    told = scan("template", "invoice")
    assert (told.returncode, told.stdout) == (2, "")
    assert "contract" in told.stderr
