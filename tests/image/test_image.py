"""The container image, built for real and tried. Opt-in, since it takes minutes and root.

The marker's exclusion stands in pyproject.toml (`addopts`): a plain run counts these tests as
deselected, and `make test-image` selects them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import scanner

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]

REPOSITORY = Path(__file__).resolve().parents[2]
WORK = REPOSITORY / ".cache" / "image"
NAME = "localhost/transfer-exposure-scanner:test"


def buildah(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(WORK / "storage.conf")}
    return subprocess.run(
        ["buildah", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


class Container:
    """A container of the image. The words are the whole command: buildah adds no entry point."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *words: str, volume: str | None = None) -> subprocess.CompletedProcess[str]:
        mounts = ["--volume", volume] if volume else []
        return buildah("run", "--isolation", "chroot", *mounts, self.name, "--", *words)


@pytest.fixture(scope="module")
def container() -> Container:
    build = REPOSITORY / "tests" / "image" / "build.sh"
    done = subprocess.run(
        [str(build), str(WORK), NAME],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    started = buildah("from", "--pull-never", NAME)
    assert started.returncode == 0, started.stderr
    return Container(started.stdout.strip())


@pytest.fixture(scope="module")
def config(container: Container) -> dict[str, Any]:
    del container  # built by then
    shown = buildah("inspect", "--type", "image", NAME)
    settings: dict[str, Any] = json.loads(shown.stdout)["Docker"]["config"]
    return settings


def test_starts_scan_and_nothing_else(config: dict[str, Any]) -> None:
    assert config["Entrypoint"] == ["scan"]
    assert config["WorkingDir"] == "/work"


def test_names_its_user_by_number_and_it_is_not_root(
    config: dict[str, Any], container: Container
) -> None:
    assert config["User"] == "10001:10001"
    assert container.run("id", "-u").stdout.strip() == "10001"


def test_keeps_the_history_on_a_volume_that_its_user_owns(
    config: dict[str, Any], container: Container
) -> None:
    assert list(config["Volumes"]) == ["/var/lib/scanner"]
    where = "from scanner.history import default_path; print(default_path())"
    default = container.run("/opt/scanner/bin/python", "-c", where)
    assert default.stdout.startswith("/var/lib/scanner/"), default.stderr
    written = container.run("sh", "-c", 'touch "$HOME/x" "$XDG_STATE_HOME/x"')
    assert written.returncode == 0, written.stderr


def test_tells_the_version_of_this_checkout(container: Container) -> None:
    assert container.run("scan", "--version").stdout.split()[1] == scanner.__version__


def test_its_user_cannot_change_the_program(container: Container) -> None:
    owned = container.run("find", "/opt/scanner", "-not", "-type", "l", "-writable")
    assert (owned.returncode, owned.stdout) == (0, "")


def test_holds_no_installer_beside_the_program(container: Container) -> None:
    tried = container.run("/opt/scanner/bin/python", "-m", "pip", "--version")
    assert tried.returncode == 1
    assert "No module named pip" in tried.stderr


def test_keeps_nothing_of_the_build(container: Container) -> None:
    assert container.run("test", "!", "-e", "/src").returncode == 0


def test_validates_a_targets_file_of_its_host(container: Container) -> None:
    # Its user must come in where only root may: pytest's own folders are private.
    with TemporaryDirectory(prefix="scanner-image-") as folder:
        Path(folder).chmod(0o755)
        targets = Path(folder, "targets.json")
        leave = {"reference": "TEST-1", "scope": ["*.example.org"]}
        document = {"version": 1, "authorisation": leave, "targets": [{"host": "a.example.org"}]}
        targets.write_text(json.dumps(document), "utf-8")
        checked = container.run("scan", "validate", "targets.json", volume=f"{folder}:/work:ro")
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_names_what_the_example_lacks(container: Container) -> None:
    # The papers and secrets that the example names belong to nobody: all of them are missing,
    # and nothing else is wrong with it.
    example = f"{REPOSITORY / 'targets.example.json'}:/work/targets.json:ro"
    checked = container.run("scan", "validate", "targets.json", volume=example)
    assert checked.returncode == 2, checked.stdout + checked.stderr
    missing = re.compile(r"does not exist|is not set|names no file|not installed")
    problems = checked.stdout.splitlines()
    assert [line for line in problems if not missing.search(line)] == []


def test_runs_the_demo(container: Container) -> None:
    demo = container.run("scan", "demo", "--reports", "/var/lib/scanner/reports")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    shown = container.run("sh", "-c", "cat /var/lib/scanner/reports/*/report.json")
    letters = {host["grade"] for host in json.loads(shown.stdout)["hosts"]}
    assert {"B", "F"} <= letters
