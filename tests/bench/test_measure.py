"""On which cores the bench runs what it measures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.measure import run_together

USABLE = sorted(os.sched_getaffinity(0))
TELLS = [sys.executable, "-c", "import os; print(*sorted(os.sched_getaffinity(0)))"]


def cores_of(commands: int, spread: int, folder: Path) -> list[list[int]]:
    """The cores that each of so many commands had."""
    output = folder / "output"
    run_together([TELLS] * commands, spread=spread, output=output, errors=folder / "errors")
    told = [output, *(output.with_suffix(f".{number}") for number in range(1, commands))]
    return [[int(core) for core in path.read_text("ascii").split()] for path in told]


def test_one_command_has_as_many_cores_as_it_is_given(tmp_path: Path) -> None:
    assert cores_of(1, 1, tmp_path) == [USABLE[:1]]
    assert cores_of(1, 2, tmp_path) == [USABLE[:2]]


@pytest.mark.skipif(len(USABLE) < 2, reason="there is one core")
def test_commands_at_once_have_a_core_each(tmp_path: Path) -> None:
    assert cores_of(2, 2, tmp_path) == [[USABLE[0]], [USABLE[1]]]
