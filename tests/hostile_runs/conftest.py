"""Scans that many tests look at, made once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.hostile_runs.lab import Outcome, scan_each


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Scan every hostile server by itself."""
    return asyncio.run(scan_each(tmp_path_factory.mktemp("hostile")))


@pytest.fixture
def outcome(outcomes: Mapping[str, Outcome], request: pytest.FixtureRequest) -> Outcome:
    """Return the outcome of the case that the test names."""
    return outcomes[request.param]
