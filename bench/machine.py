"""What a table of measurements says of the machine it was made on."""

from __future__ import annotations

import os
import platform
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path


def describe() -> str:
    """Return one line: day, processor, cores, kernel, Python, OpenSSL and present load."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    load = os.getloadavg()[0]
    return (
        f"{day}; {_processor()}, {len(os.sched_getaffinity(0))} cores; "
        f"Linux {platform.release().split('-')[0]}; Python {platform.python_version()}; "
        f"{ssl.OPENSSL_VERSION.rsplit(' ', 3)[0]}; load {load:.1f} at the start"
    )


def beside_python(name: str) -> str:
    """Return the path of a console script of the environment that runs this.

    Raises ``SystemExit`` with one line where there is none.
    """
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        sys.exit(f"{path} is missing: run tools/venv.sh dev, and this with .venv/bin/python")
    return str(path)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
