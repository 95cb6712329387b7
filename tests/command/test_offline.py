"""What needs no network is done where there is none: ``unshare -n`` leaves not even loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.command.console import Console
from tests.command.papers import entry, written

EXAMPLE: Final = Path(__file__).parents[2] / "targets.example.json"
ALONE: Final = ("unshare", "-n", "--")


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    """Fail with the reason where no network namespace can be made."""
    try:
        subprocess.run([*ALONE, "true"], capture_output=True, text=True, check=True, timeout=10)
    except FileNotFoundError:
        pytest.fail("unshare (util-linux) is needed to cut the network off", pytrace=False)
    except subprocess.CalledProcessError as fault:
        pytest.fail(f"the network cannot be cut off: {fault.stderr}", pytrace=False)


def test_without_a_network_nothing_can_be_scanned(console: Console) -> None:
    """The control: what follows would fail if it dialled."""
    written(console.folder, entry(1, "closed"))
    told = console.scan("run", "targets.json", before=ALONE)
    assert told.returncode == 3, told.stderr
    assert "network unreachable" in told.stderr or "no local address" in told.stderr


def test_a_plan_needs_no_packet(console: Console) -> None:
    """Nor a name server: no name of the example exists."""
    targets = written(
        console.folder,
        {"host": "scans.transfer.example.org", "asset": "exchange"},
        entry(2121, "local", accounts=[{"username": "transfer", "password": "env:PASSWORD"}]),
        authorisation={"reference": "CHG-1", "scope": ["*.transfer.example.org", "127.0.0.0/8"]},
    )
    told = console.scan("run", targets, "--dry-run", before=ALONE, PASSWORD="x")
    assert (told.returncode, told.stderr) == (0, "")
    assert "scans.transfer.example.org ftp:21, ftps:990, sftp:22" in told.stdout
    assert "as transfer" in told.stdout
    assert "at most, 2 assets" in told.stdout
    assert sorted(path.name for path in console.folder.iterdir()) == ["targets.json"]


def test_the_plan_of_a_share_is_a_part_of_the_plan(console: Console) -> None:
    written(console.folder, *(entry(1 + number, f"asset-{number}") for number in range(5)))
    shares = [
        console.scan("run", "targets.json", "--dry-run", "--shard", f"{n}/2", before=ALONE).stdout
        for n in (1, 2)
    ]
    assert [share.count("asset-") for share in shares] == [3, 2]


def test_the_example_says_which_papers_and_secrets_it_lacks(console: Console) -> None:
    """All its keys are known; what it names belongs to a team that does not exist."""
    told = console.scan("validate", EXAMPLE, before=ALONE)
    assert told.returncode == 2
    lines = told.stdout.splitlines()
    missing = ("does not exist", "is not set", "names no file", "is not installed")
    assert [line for line in lines if not any(words in line for words in missing)] == []
    for name in ("house-ca.pem", "accounts.csv", "MODALITY_PUSH_PASSWORD", "operator-a.pub"):
        assert any(name in line for line in lines), name
    assert f"scan: {EXAMPLE}: {len(lines)} problems\n" == told.stderr


def test_the_example_is_not_run_without_its_secrets(console: Console) -> None:
    told = console.scan("run", EXAMPLE, "--reports", "reports", before=ALONE)
    assert (told.returncode, told.stdout) == (2, "")
    assert "MODALITY_PUSH_PASSWORD" in told.stderr
    assert list(console.folder.iterdir()) == []


def test_the_plan_of_the_example_notes_the_secrets_it_lacks(console: Console) -> None:
    told = console.scan("run", EXAMPLE, "--dry-run", before=ALONE)
    assert (told.returncode, told.stderr) == (0, "")
    assert "  ! modality-push: env:MODALITY_PUSH_PASSWORD: is not set" in told.stdout
    assert "at most, 3 assets" in told.stdout


def test_a_file_in_order_is_valid(console: Console) -> None:
    targets = written(console.folder, entry(1, "closed"))
    told = console.scan("validate", targets, before=ALONE)
    assert (told.returncode, told.stdout) == (0, "")
    assert told.stderr == f"scan: {targets}: valid\n"


@pytest.mark.parametrize("words", [("checks",), ("explain", "open-zone"), ("schema", "report")])
def test_reference_needs_no_network(console: Console, words: tuple[str, ...]) -> None:
    assert console.scan(*words, before=ALONE).returncode == 0
