"""``scan validate``: is the targets file, and every paper it names, fit for use?"""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.console import note, write


def validate(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file.")],
) -> int:
    """Check a targets file and every paper it names.

    All errors, with their place, go to standard output, one a line.
    """
    from scanner import api
    from scanner.report.lines import safe

    problems = api.validate(targets)
    write(f"{safe(problem)}\n" for problem in problems)
    note(f"{targets}: {_told(len(problems))}")
    if unserved := api.unserved_note(targets):
        note(unserved)
    return 2 if problems else 0


def _told(problems: int) -> str:
    if problems == 0:
        return "valid"
    return "1 problem" if problems == 1 else f"{problems} problems"
