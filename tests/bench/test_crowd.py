"""Hundreds of hosts at once, all live: none may be lost to our own load (root)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOSTS = 600
SECONDS = 2


def test_no_live_host_is_lost_because_we_were_busy(tmp_path: Path) -> None:
    inside = ["unshare", "--net", sys.executable, "-m", "tests.bench.crowd"]
    done = subprocess.run(
        [*inside, str(HOSTS), str(SECONDS), str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert json.loads(done.stdout) == {"listed": HOSTS}
