"""Fetches peers that come as Python packages, runs them, and tells their versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / ".cache" / "peers"
PYTHON: Final = FOLDER / "bin" / "python"
SECONDS: Final = 180


def fetch(package: str, module: str) -> bool:
    """Put a package into an environment of the peers' own; whether it is there."""
    if not PYTHON.exists():
        venv.create(FOLDER, with_pip=True)
    if _is_installed(module):
        return True
    quiet = [str(PYTHON), "-m", "pip", "install", "--quiet", package]
    subprocess.run(quiet, stdin=subprocess.DEVNULL, check=False)
    return _is_installed(module)


def need_nmap() -> None:
    """Raise ``SystemExit`` where nmap is missing."""
    if shutil.which("nmap") is None:
        sys.exit("nmap is missing: install it (on Debian: apt-get install nmap)")


def need_ssh_audit() -> None:
    """Fetch ssh-audit; raise ``SystemExit`` where it cannot be had."""
    if not fetch("ssh-audit", "ssh_audit"):
        sys.exit("ssh-audit could not be installed by its name")


def _is_installed(module: str) -> bool:
    asked = [str(PYTHON), "-c", f"import {module}"]
    return subprocess.run(asked, stdin=subprocess.DEVNULL, check=False).returncode == 0


def package_version(package: str) -> str:
    """Return a fetched package's name and version."""
    said = f"import importlib.metadata as m; print({package!r}, m.version({package!r}))"
    return version(str(PYTHON), "-c", said)


def version(*command: str) -> str:
    """Return the first three words of what a command prints: its name and version."""
    return " ".join(done(list(command)).split()[:3])


def done(command: list[str], *, codes: Iterable[int] = (0,)) -> str:
    """Return what a command printed; raise ``SystemExit`` where it ended with another code."""
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if ended.returncode not in codes:
        sys.exit(f"{' '.join(command[:4])} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return ended.stdout
