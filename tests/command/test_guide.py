"""The demonstration, and every command that the README shows."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from scanner.schemas.catalogue import load_schema
from tests.command.console import Console

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/targets.md",
    "docs/score.md",
    "docs/ssh.md",
    "docs/sampling.md",
    "docs/papers.md",
    "docs/operations.md",
    "docs/data-protection.md",
    "docs/report-page.md",
)
GROUPS: Final = ("policy", "audit")
"""Commands whose first word names a command of theirs."""
_INDENTED: Final = re.compile(r"^    scan (.+)$", re.MULTILINE)
_FENCED: Final = re.compile(r"^(?:\$ )?scan ([a-z].+)$", re.MULTILINE)
_INLINE: Final = re.compile(r"`scan ([a-z][^`]*)`")


def commands(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = "\n".join(re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    found = [*_INDENTED.findall(text), *_FENCED.findall(fences), *_INLINE.findall(text)]
    return list(dict.fromkeys(found))


SHOWN: Final = sorted({command for page in PAGES for command in commands(page)})


def test_the_guide_shows_commands() -> None:
    assert len(SHOWN) >= 8
    assert any(command.startswith("run ") for command in SHOWN)


@pytest.mark.parametrize("shown", SHOWN)
def test_a_shown_command_and_its_options_exist(console: Console, shown: str) -> None:
    name, *words = shlex.split(shown)
    group = words[:1] if name in GROUPS else []
    told = console.scan(name, *group, "--help")
    assert told.returncode == 0, told.stderr
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"^ +{option}\b", told.stdout, re.MULTILINE), option


@pytest.mark.parametrize("failure", ["plaintext-transport"])
def test_what_the_guide_explains_is_known(console: Console, failure: str) -> None:
    assert f"explain {failure}" in SHOWN
    assert console.scan("explain", failure).returncode == 0


def test_the_demonstration_fails_its_replica_and_leaves_a_valid_report(console: Console) -> None:
    begun = time.monotonic()
    told = console.scan("demo", "--reports", "out")
    assert time.monotonic() - begun < 60
    # Its findings are meant: what was to be shown was shown.
    assert told.returncode == 0, told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout.splitlines()[1].startswith("F      0  demo-replica ")
    (path,) = (console.folder / "out").glob("2*/report.json")
    assert told.stdout.endswith(f"Report: {path.relative_to(console.folder)}\n")
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = Draft202012Validator(load_schema("report"), format_checker=FormatChecker())
    assert [error.message for error in schema.iter_errors(document)] == []
    assert len(document["hosts"]) == document["scan"]["coverage"]["targeted"]
    hosts = {host["asset"]: host for host in document["hosts"]}
    replica = hosts["demo-replica"]
    assert (replica["grade"], replica["score"]) == ("F", 0.0)
    assert replica["megabus_match"]["cleared"] == 0
    assert hosts["demo-hardened"]["grade"] in {"A", "B"}
    assert "fail" not in {row["verdict"] for row in hosts["demo-hardened"]["failures"]}
    assert sorted(path.name for path in console.folder.iterdir()) == ["out"]
