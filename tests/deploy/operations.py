"""The programs that judge what is shipped for operators, from Debian packages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.servers.packages import Prefix, location, unpack

PROGRAMS = (
    "systemd",
    "libsystemd-shared",
    # Shared libraries that a small Debian lacks.
    "libapparmor1",
    "libip4tc2",
    "libkmod2",
    "libseccomp2",
    # promtool.
    "prometheus",
)
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def programs() -> Prefix:
    """Return the unpacked programs, fetched on the first call."""
    return unpack(location().with_name("operations"), PROGRAMS)


def ended(name: str, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of the programs, in its own libraries, and return how it ended."""
    prefix = programs()
    folders = [*prefix.library_folders, *(prefix.root / "usr/lib").glob("*/systemd")]
    shared = os.pathsep.join(map(str, [*folders, *(prefix.root / "lib").glob("*/systemd")]))
    return subprocess.run(
        [str(prefix.program(name)), *words],
        env={**os.environ, "LD_LIBRARY_PATH": shared, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": ""},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
