"""Removes run folders that are no longer needed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from scanner.api.job import Clock, utc_now
from scanner.errors import InputError
from scanner.sinks import run_shelf
from scanner.sinks.run_shelf import Pruned


def prune(
    reports: Path,
    *,
    keep: int | None = None,
    older_than: int | None = None,
    dry_run: bool = False,
    clock: Clock = utc_now,
) -> Pruned:
    """Remove all run folders but the newest ``keep``, or those begun over ``older_than`` days ago.

    See ``scanner.sinks.run_shelf.prune`` for what always stays. Raises ``InputError`` unless just
    one of both is given, and is at least 1.
    """
    if (keep is None) == (older_than is None) or min(keep or 1, older_than or 1) < 1:
        raise InputError("give one of --keep N and --older-than DAYS, at least 1")
    before = None if older_than is None else clock() - timedelta(days=older_than)
    return run_shelf.prune(reports, keep=keep, before=before, dry_run=dry_run)


def kept_newest(reports: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest ``keep`` runs once one has ended; return lines for a person.

    What cannot be removed is told and costs the run nothing.
    """
    try:
        done = run_shelf.prune(reports, keep=keep)
    except InputError as error:
        return tuple(f"nothing was removed: {problem}" for problem in error.problems)
    except OSError as error:
        return (f"nothing was removed: {reports}: {error.strerror}",)
    return lines(done)


def lines(done: Pruned, *, dry_run: bool = False) -> tuple[str, ...]:
    """Tell what was removed, and what stayed though it was old."""
    verb = "would remove" if dry_run else "removed"
    gone = (f"{verb} {name}" for name in done.removed)
    return (*gone, *(f"kept {name}: {why}" for name, why in done.stayed))
