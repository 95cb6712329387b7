"""Fixtures that every test may use."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more of the machine than of the code; the tests that bound time
# do so themselves.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SHARED = {
    "tests/matrix/test_postures.py": "postures",
    "tests/matrix/test_golden.py": "postures",
    "tests/matrix/test_budget.py": "postures",
}
"""Files that look at the same scans: one process makes them once for all."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, where tests are spread over several."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(SHARED.get(path, path)))
