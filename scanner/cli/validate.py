"""``scan validate``: is the targets file, and every paper it names, fit for use?"""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.choices import PaperName
from scanner.cli.console import note, write


def validate(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file or paper.")],
    kind: Annotated[
        PaperName | None,
        typer.Option("--as", help="What the file is, where it does not say so itself."),
    ] = None,
) -> int:
    """Check a targets file and every paper it names.

    A file that is one paper by itself is checked as such. All errors, with their place, go to
    standard output, one a line.
    """
    from scanner import api
    from scanner.report.lines import safe

    paper = str(kind) if kind else api.paper_kind(targets)
    if paper and kind is not PaperName.TARGETS:
        problems = api.validate_paper(targets, paper)
        write(f"{safe(problem)}\n" for problem in problems)
        note(f"{targets}: {_told(len(problems))}")
        return 2 if problems else 0
    problems = api.validate(targets)
    write(f"{safe(problem)}\n" for problem in problems)
    note(f"{targets}: {_told(len(problems))}")
    return 2 if problems else 0


def _told(problems: int) -> str:
    if problems == 0:
        return "valid"
    return "1 problem" if problems == 1 else f"{problems} problems"
