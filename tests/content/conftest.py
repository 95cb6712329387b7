"""What the tests of content leave behind: nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_agent_stays(tmp_path: Path) -> Iterator[None]:
    """End the agents that gpg started for homes of this test: they outlive it by themselves."""
    yield
    for socket in tmp_path.rglob("S.gpg-agent"):
        command = ["gpgconf", "--homedir", str(socket.parent), "--kill", "gpg-agent"]
        subprocess.run(command, check=False, capture_output=True, timeout=30)
