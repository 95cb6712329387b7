"""Run the real programs that own a format, from Debian packages unpacked beside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.servers.packages import Prefix, unpack

_SECONDS: Final = 90
SECRET: Final = "demo-secret"


def run(
    folder: Path, name: str, *words: str, stdin: bytes = b"", more: dict[str, str] | None = None
) -> bytes:
    """Run a program in ``folder`` and return its output; its failure fails the test."""
    prefix = unpack()
    done = subprocess.run(
        [_path(prefix, name), *words],
        cwd=folder,
        input=stdin,
        env={**_environment(prefix, folder), **(more or {})},
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    told = (done.stdout + done.stderr)[-800:].decode("utf-8", "replace")
    assert done.returncode == 0, f"{name} {' '.join(words)}: {told}"
    return done.stdout


def made(folder: Path, result: str, name: str, *words: str, stdin: bytes = b"") -> bytes:
    """Run a program and return the file that it wrote."""
    run(folder, name, *words, stdin=stdin)
    return (folder / result).read_bytes()


def _path(prefix: Prefix, name: str) -> str:
    """Prefer an unpacked program; gpg, openssl, zip and git are the system's."""
    for folder in ("usr/bin", "usr/sbin", "sbin"):
        if (prefix.root / folder / name).exists():
            return str(prefix.root / folder / name)
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed, nor in an unpacked package"
    return found


def _environment(prefix: Prefix, home: Path) -> dict[str, str]:
    libraries = ":".join(str(path) for path in prefix.library_folders)
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": libraries,
        "PYTHONPATH": str(prefix.root / "usr/lib/python3/dist-packages"),
    }
