"""``scan prune``: remove run folders that are no longer needed."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def prune(
    reports: Annotated[Path, typer.Argument(metavar="REPORTS", help="Where run folders lie.")],
    *,
    keep: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Keep the newest N runs.")
    ] = None,
    older_than: Annotated[
        int | None, typer.Option(metavar="DAYS", min=1, help="Remove runs begun before that.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be removed, and touch nothing.")
    ] = False,
) -> int:
    """Remove old run folders, and print their names.

    A run that still goes, or whose events were not all delivered, stays: it is told on standard
    error. What no run has made is never touched.
    """
    from scanner import api
    from scanner.cli.console import note, write
    from scanner.cli.exits import ExitCode

    done = api.prune(reports, keep=keep, older_than=older_than, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    write(f"{verb} {name}\n" for name in done.removed)
    for name, why in done.stayed:
        note(f"kept {name}: {why}")
    return ExitCode.OK
