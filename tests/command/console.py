"""Runs the installed ``scan`` as an operator would: a process of its own, nothing inherited."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(sys.executable).with_name("scan")
MISSING: Final = (
    f"{SCRIPT} does not exist: install the package into the environment of these tests "
    "(pip install -e .)"
)
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A shell in ``folder``, which is where its home and its state are."""

    folder: Path

    def scan(
        self,
        *arguments: str | Path,
        before: Sequence[str] = (),
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``scan`` to its end. ``before`` is put before it, such as ``unshare -n``."""
        return subprocess.run(
            [*before, SCRIPT, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            cwd=self.folder,
            env=self.environment(variables),
        )

    @contextmanager
    def started(self, *arguments: str | Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Start ``scan`` for the block; it is killed where it has not ended with it."""
        with subprocess.Popen(
            [SCRIPT, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment(variables),
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return a bare environment: what it holds besides is ``variables``."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        here = str(self.folder)
        return {**kept, "HOME": here, "XDG_STATE_HOME": f"{here}/state", **variables}


def on_a_terminal(console: Console, *words: str, **variables: str) -> str:
    """Return what ``scan`` writes to a terminal."""
    leader, follower = pty.openpty()
    variables = {"TERM": "xterm-256color", **variables}
    with subprocess.Popen(
        [SCRIPT, *words],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        cwd=console.folder,
        env=console.environment(variables),
    ) as process:
        os.close(follower)
        said = b""
        while chunk := _read(leader):
            said += chunk
        process.wait(timeout=60)
    os.close(leader)
    return said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux tells that nobody is left at the other end
        return b""
