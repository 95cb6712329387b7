"""``scan diff``: two runs compared."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.choices import SeverityName, one_of
from scanner.cli.console import columns, wants_colour, write

FORMATS = ("text", "json")


def diff(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run folder: the older one where two are given.")
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="The newer one. Left out: RUN and the one before it."),
    ] = None,
    *,
    output: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How it is told.")
    ] = "text",
    fail_on: Annotated[
        SeverityName,
        typer.Option(help="The severity from which a new or changed finding means exit code 1."),
    ] = SeverityName.HIGH,
) -> int:
    """Compare two runs: findings, assets, scores.

    New, changed, resolved and unchanged findings; what is still open but could not be told; assets
    that came and went. Never touches the network.
    """
    chosen = one_of("--format", output, FORMATS)
    from scanner.api.difference import compare
    from scanner.cli.exits import ExitCode
    from scanner.model.finding import Severity
    from scanner.report.difference import difference_document, difference_text

    with compare(run, other, Severity(fail_on.value)) as compared:
        if chosen == "json":
            write(difference_document(compared.difference))
        else:
            width, colour = columns(sys.stdout), wants_colour(sys.stdout)
            lines = difference_text(compared.difference, width=width, colour=colour)
            write(f"{line}\n" for line in lines)
        return ExitCode.FINDINGS if compared.alarming else ExitCode.OK
