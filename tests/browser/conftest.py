"""A browser for the tests of this folder, and the reason where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAMS, Tab, Wire, chromium, program


def unavailable(why: str) -> None:
    """Skip with the reason; where everything has to run, fail with it."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A browser that serves all tests."""
    path = program()
    if path is None:
        unavailable(f"no Chromium here: as root on Debian, apt-get install {PROGRAMS[0]}")
    else:
        with chromium(path, tmp_path_factory.mktemp("profile")) as wire:
            yield wire


@pytest.fixture
def tab(wire: Wire) -> Tab:
    """An empty tab, as wide as a desk's screen."""
    tab = wire.tab()
    tab.size(1440, 1000)
    return tab


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    try:
        return Path(str(files("axe_playwright_python") / "axe.min.js")).read_text("utf-8")
    except ModuleNotFoundError:
        unavailable("axe-core is missing: tools/venv.sh dev")
        raise
