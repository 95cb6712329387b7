"""The run folders below ``reports/``: which is the latest, and which are old enough to go."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scanner.errors import InputError, LockedError
from scanner.sinks.lock import exclusive
from scanner.sinks.outbox import waiting
from scanner.sinks.run_folder import HEAD, LOCK, STAMP

LATEST = "latest"
_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_GONE = re.compile(rf"\.{_NAME.pattern}\.gone")
_RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Shelved:
    """One run folder. ``whole``: its run has ended, and its report is there."""

    path: Path
    started: datetime
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed (or would be), by name, oldest first; and why others had to stay."""

    removed: tuple[str, ...] = ()
    stayed: tuple[tuple[str, str], ...] = ()


def shelved(reports: Path) -> list[Shelved]:
    """Return the run folders of a directory, oldest first.

    Only what a run has made counts: a directory of that name, itself no link, with a ``run.json``
    that tells the same run. Raises ``InputError`` where the directory cannot be read.
    """
    try:
        names = sorted(one.name for one in reports.iterdir() if _NAME.fullmatch(one.name))
    except OSError as error:
        raise InputError(f"{reports}: {error.strerror}; name the folder of the runs") from error
    found = (_shelved(reports / name) for name in names)
    return [one for one in found if one is not None]


def _shelved(path: Path) -> Shelved | None:
    try:
        started = datetime.strptime(path.name.partition("-")[0], STAMP).replace(tzinfo=UTC)
        if not stat.S_ISDIR(path.lstat().st_mode):
            return None
        file = path / HEAD
        if not stat.S_ISREG(file.lstat().st_mode):
            return None
        head = json.loads(file.read_text(encoding="utf-8"))
        if not str(head["uid"]).startswith(path.name.rpartition("-")[2]):
            return None
        return Shelved(path, started, str(head["state"]) != _RUNNING)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def point_latest(run: Path) -> str | None:
    """Let ``reports/latest`` lead to a run that has ended, in one step; return what hindered it.

    A relative link, so that the directory can be moved. It never goes back to an older run, and
    what is there and no link is left alone.
    """
    link = run.parent / LATEST
    draft = run.parent / f".{LATEST}.{os.getpid()}"
    try:
        if link.is_symlink():
            now = str(link.readlink())
            if _NAME.fullmatch(now) and now > run.name and link.exists():
                return None
        elif link.exists():
            return f"{link}: is not a link of ours, and is left alone"
        draft.unlink(missing_ok=True)
        draft.symlink_to(run.name)
        draft.replace(link)
    except OSError as error:
        return f"{link}: {error.strerror}"
    return None


def prune(
    reports: Path,
    *,
    keep: int | None = None,
    before: datetime | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Remove old run folders: all but the newest ``keep`` whole ones, or those begun ``before``.

    A run that is locked, or that still waits to be delivered, stays. A run that was killed goes
    once it is older than all that are kept. Raises ``InputError`` where the folder, or the memory
    of what was delivered, cannot be read: nothing is removed then.
    """
    runs = shelved(reports)
    undelivered = waiting(reports)
    removed: list[str] = []
    stayed: list[tuple[str, str]] = []
    for run in _old(runs, keep, before):
        if memory := undelivered.get(run.path.name):
            why = f"not all of it was delivered (see scan deliver, or move {memory} away)"
        else:
            why = _cleared(run.path, dry_run=dry_run)
        if why:
            stayed.append((run.path.name, why))
        else:
            removed.append(run.path.name)
    if not dry_run:
        _sweep(reports)
    return Pruned(removed=tuple(removed), stayed=tuple(stayed))


def _old(runs: list[Shelved], keep: int | None, before: datetime | None) -> Iterator[Shelved]:
    whole = [run for run in runs if run.whole]
    kept = whole[-keep:] if keep else []
    for run in runs:
        beyond = keep is not None and len(whole) >= keep and run.path.name < kept[0].path.name
        if beyond or (before is not None and run.started < before):
            yield run


def _cleared(path: Path, *, dry_run: bool) -> str:
    """Remove a run folder, first by its name and then for good; return what hindered it."""
    try:
        with exclusive(path / LOCK):
            if not dry_run:
                gone = path.with_name(f".{path.name}.gone")
                path.rename(gone)
                shutil.rmtree(gone)
    except LockedError:
        return "a run writes it, or it is being judged again"
    except InputError as error:
        return "; ".join(error.problems)
    except OSError as error:
        return f"{error.filename or path}: {error.strerror}"
    return ""


def _sweep(reports: Path) -> None:
    """Remove what an earlier death left half removed, and a link that leads nowhere."""
    for one in reports.iterdir():
        if _GONE.fullmatch(one.name) and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
    link = reports / LATEST
    if link.is_symlink() and not link.exists() and _NAME.fullmatch(str(link.readlink())):
        link.unlink(missing_ok=True)
