"""Rules of the house that no linter knows: names, sizes, pages that must not go stale."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import scanner

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "scanner"
MOST_LINES = 400
MOST_FUNCTION_LINES = 45
MOST_LISTED_FUNCTION_LINES = 70
LONG_FUNCTIONS = {
    "scanner/cli/host.py:host": "one documented parameter for each option of the command",
    "scanner/cli/run.py:run": "one documented parameter for each option of the command",
    "scanner/clients/ssh_session.py:plain_options": "one line for each default that is switched off",
    "scanner/engine/observe.py:_endpoint": "one keyword for each thing that a probe is handed",
    "scanner/api/host.py:scan_host": "a public signature, and what each of its words promises",
}
"""Functions that may be longer than others: each is a list, and has no more branches for it."""
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)($|_)")
PUBLIC = {
    "Finding",
    "HostReport",
    "ScannerError",
    "Target",
    "Verdict",
    "__version__",
    "load_targets",
    "scan_host",
    "scan_targets",
}

LINK = re.compile(r"\[[^]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==[0-9][0-9A-Za-z.+!]*$")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])


def project() -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    table: dict[str, Any] = settings["project"]
    return table


def canonical(requirement: str) -> str:
    """The name of a requirement, as package indexes compare names."""
    name = REQUIREMENT.match(requirement)
    assert name is not None, f"{requirement!r} does not start with a name"
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_package_offers_the_public_names_and_no_others() -> None:
    assert set(scanner.__all__) == PUBLIC
    assert len(scanner.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_is_there_when_it_is_asked_for(name: str) -> None:
    assert getattr(scanner, name) is not None
    assert name in dir(scanner)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = scanner.no_such_name


def test_importing_the_package_imports_nothing_else() -> None:
    shown = "import sys, scanner; print(sorted(m for m in sys.modules if m.startswith('scanner.')))"
    done = subprocess.run(
        [sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_same_everywhere() -> None:
    assert project()["version"] == scanner.__version__


def test_modules_are_short_enough_to_be_read() -> None:
    lines = {short(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def function_lines(path: Path) -> dict[str, int]:
    """The lines of each function of a module, from ``def`` to its end; methods with their class."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = (*names, child.name)
                if not isinstance(child, ast.ClassDef) and child.end_lineno is not None:
                    name = f"{short(path)}:{'.'.join(inner)}"
                    lines = child.end_lineno - child.lineno + 1
                    found[name] = max(lines, found.get(name, 0))
            visit(child, inner)

    visit(ast.parse(path.read_text("utf-8")), ())
    return found


def test_functions_are_short_enough_to_be_read() -> None:
    lines = {name: count for path in modules() for name, count in function_lines(path).items()}
    most = dict.fromkeys(LONG_FUNCTIONS, MOST_LISTED_FUNCTION_LINES)
    long = {n: count for n, count in lines.items() if count > most.get(n, MOST_FUNCTION_LINES)}
    assert long == {}


def test_modules_say_what_they_are_about() -> None:
    vague = [short(path) for path in modules() if VAGUE.search(path.stem)]
    vague += [short(path.parent) for path in modules() if VAGUE.search(path.parent.name)]
    assert vague == []


@pytest.mark.parametrize("page", pages(), ids=short)
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    targets = LINK.findall(page.read_text("utf-8"))
    dead = [to for to in targets if "://" not in to and not (page.parent / to).exists()]
    assert dead == []


@pytest.mark.parametrize("page", pages(), ids=short)
def test_a_page_names_only_paths_that_are_there(page: Path) -> None:
    places = (ROOT, PACKAGE, page.parent)
    folders = {path.name for place in (ROOT, PACKAGE) for path in place.iterdir() if path.is_dir()}
    named = QUOTED_PATH.findall(page.read_text("utf-8"))
    dead = [
        path
        for path in named
        if path.split("/")[0] in folders and not any((place / path).exists() for place in places)
    ]
    assert dead == []


def test_every_dependency_has_a_reason_on_its_page() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = {canonical(line[3:]) for line in text.splitlines() if line.startswith("## ")}
    optional = [name for names in project()["optional-dependencies"].values() for name in names]
    assert {canonical(one) for one in [*project()["dependencies"], *optional]} == explained


def test_every_dependency_is_pinned_to_a_version_and_to_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not PIN.match(line)] == []
    lists = ("requirements-dev.txt", "requirements-alone.txt")
    development = [line for name in lists for line in (ROOT / name).read_text("utf-8").splitlines()]
    wanted = [line for line in development if line and not line.startswith("#")]
    optional = [name for names in project()["optional-dependencies"].values() for name in names]
    wanted += [*project()["dependencies"], *optional]
    assert {canonical(one) for one in wanted} <= {canonical(pin) for pin in pins}
