"""The installed command, and targets files for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command.console import MISSING, SCRIPT, Console


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    if not SCRIPT.is_file():
        pytest.fail(MISSING, pytrace=False)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """Return a shell in an empty folder."""
    return Console(folder=tmp_path)
