"""Who started this process: the name that the system has for the user, and what called it."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

_CRON = frozenset({"cron", "crond", "anacron", "fcron"})
_MOST_PARENTS = 8


def caller(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return ``user``, ``context`` and ``machine``; ``sudo_user`` where sudo says who asked.

    ``context`` is ``systemd``, ``kubernetes``, ``cron``, ``terminal`` or ``other``.
    """
    known = os.environ if environ is None else environ
    told = {
        "user": _user(os.geteuid()),
        "context": _context(known),
        "machine": os.uname().nodename,
    }
    if asked := known.get("SUDO_USER", ""):
        told["sudo_user"] = asked[:64]
    return told


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _context(environ: Mapping[str, str]) -> str:
    # A shell below a unit inherits its variables, but not the number of its first process.
    if environ.get("SYSTEMD_EXEC_PID") in {str(os.getpid()), str(os.getppid())}:
        return "systemd"
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if any(name in _CRON for name in _ancestors()):
        return "cron"
    return "terminal" if sys.stdin is not None and sys.stdin.isatty() else "other"


def _ancestors() -> list[str]:
    """Return the names of the processes above this one, nearest first, as far as can be told."""
    names: list[str] = []
    pid = os.getppid()
    while pid > 1 and len(names) < _MOST_PARENTS:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            break
        head, _, rest = stat.rpartition(")")
        names.append(head.partition("(")[2])
        pid = int(rest.split()[1])
    return names
