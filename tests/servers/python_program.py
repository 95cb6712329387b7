"""Servers that are Python libraries: how their programs are started, in a process each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.servers import process

_FOLDER = Path(__file__).parent


def launch(program: str, port: int, settings: dict[str, Any], folder: Path) -> process.Launch:
    """Return how to run the program beside this module, which reads ``settings`` as JSON.

    It is run as a file: loading the package of the tests would take longer than the server.
    """
    path = folder / "settings.json"
    path.touch(mode=0o600)  # it may hold passwords
    path.write_text(json.dumps({"host": process.HOST, "port": port, **settings}), "ascii")
    command = [sys.executable, "-P", str(_FOLDER / program), str(path)]
    return process.Launch(command=command, environment={"PYTHONUTF8": "1"})
