"""Runs ``scan`` as a process of its own, as an operator would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping


def environment(**changes: str) -> Mapping[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "SCANNER_DEBUG"}
    return {**kept, "COLUMNS": "80", **changes}


def scan(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "scanner", *arguments, **changes)


def python(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(**changes),
    )
