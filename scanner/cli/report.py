"""``scan report``: draw the report of a run again."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.choices import one_of
from scanner.cli.console import columns, note, wants_colour, write

FORMATS = ("html", "csv", "text", "json")


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="What to draw.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; else standard output.")
    ] = None,
) -> int:
    """Draw a run's report again: as page, table, text or document.

    From the report.json in its folder. Never touches the network, and changes nothing there.
    """
    chosen = one_of("--format", form, FORMATS)
    from scanner import api

    if output is not None:
        note(f"written: {api.redraw_into(run, chosen, output)}")
        return 0
    width, colour = columns(sys.stdout), wants_colour(sys.stdout)
    write(api.redraw(run, chosen, width=width, colour=colour))
    return 0
